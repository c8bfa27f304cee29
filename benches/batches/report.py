"""What was measured as Markdown: medians over the rounds, and what a reader needs to judge them."""

import statistics

from . import methods, results, tables, traffic


def render(directory):
    comparisons = results.read(directory, results.Comparison)
    traffics = results.read(directory, results.Traffic)
    growths = results.read(directory, results.Growth)
    used = {sample.invocation for sample in comparisons + traffics + growths}
    invocations = [one for one in results.read(directory, results.Invocation) if one.began in used]
    parts = [describe(invocations)] if invocations else ["Nothing has been measured."]
    parts += render_comparisons(comparisons)
    parts += render_traffic(traffics)
    parts += render_growth(growths)
    return "\n\n".join(parts) + "\n"


def describe(invocations):
    """One paragraph for all that was measured alike, and the commands, each with its time and the load before it."""
    lines = []
    alike = group(invocations, lambda one: (one.longhaul, one.packages, one.postgres, one.machine))
    for (longhaul, packages, postgres, machine), those in alike.items():
        lines.append(f"{longhaul}, {packages}, PostgreSQL {postgres} · {machine}\n")
        for (settings, values), _ in group(those, lambda one: (one.settings, one.server_settings)).items():
            lines.append(f"- Settings `{settings}`: {values}")
        lines += [f"- {one.began}, load {one.load}: `{one.command}`, settings `{one.settings}`" for one in those]
    return "\n".join(lines)


def render_comparisons(samples):
    if not samples:
        return
    yield (
        "Wall time is of the whole command; of longhaul's, with its sweeps and its proof. Backfill is its time "
        "without them. WAL is all that the server wrote meanwhile, sizes are of the table with its indexes. A batch "
        "of longhaul's is timed from its transaction's start to just before its commit, of the others with the commit. "
        "Memory and CPU time are of the client's process, without the server. The server's buffers are cold at the "
        "start, the file system's cache is not."
    )
    for (settings, table, rows), those in group(samples, lambda s: (s.settings, s.table, s.rows)).items():
        before = median(those, lambda s: s.table_bytes_before + s.index_bytes_before)
        head = (
            f"### {table}, {rows:,} rows, settings `{settings}`\n\n"
            f"{tables.ALL[table].description}; {size(before)} with its indexes · {rounds(those)}\n\n"
        )
        columns = ["method", "wall", "× `update`", "backfill", "rows/s", "WAL", "size after", "table", "indexes",
                   "HOT", "batches", "batch p50", "batch p99", "memory", "CPU"]
        of = group(those, lambda s: s.method)
        base = median(of.get("update", []), lambda s: s.wall_s)
        rows_of_table = [
            comparison_row(name, of[name], base) for name in methods.COMPARED if name in of
        ]
        yield head + table_of(columns, rows_of_table)


def comparison_row(name, samples, base):
    def of(value):
        return median(samples, value)

    wall = of(lambda s: s.wall_s)
    grown = of(lambda s: (s.table_bytes_after + s.index_bytes_after) / (s.table_bytes_before + s.index_bytes_before))
    return [
        f"`{name}`",
        seconds(wall),
        f"{wall / base:.2f}" if base else "–",
        seconds(of(lambda s: s.backfill_s)),
        f"{of(lambda s: s.rows / s.wall_s):,.0f}",
        size(of(lambda s: s.wal_bytes)),
        f"×{grown:.2f}",
        f"×{of(lambda s: s.table_bytes_after / s.table_bytes_before):.2f}",
        f"×{of(lambda s: s.index_bytes_after / s.index_bytes_before):.2f}",
        share(of(lambda s: s.hot_share)),
        number(of(lambda s: s.batches)),
        milliseconds(of(lambda s: s.batch_p50_s)),
        milliseconds(of(lambda s: s.batch_p99_s)),
        f"{of(lambda s: s.memory_mb):.1f} MB",
        f"{of(lambda s: s.cpu_s):.2f} s",
    ]


def render_traffic(samples):
    if not samples:
        return
    yield (
        f"Other clients begin {traffic.RATE} transactions a second on the same table, each reading a random row and "
        "updating another, in a column that the job leaves alone. A latency counts from when the transaction should "
        "have begun, and so includes the wait for a client that was busy with the one before. It counts for every "
        "transaction that should have begun while the method ran. "
        f"`none` is no run at all; `paced` is one worker with rows_per_second = {methods.PACE}, stopped in the middle, "
        f"and `paced-wal` the same with wal_per_second = {methods.WAL_PACE}."
    )
    for (settings, table, rows), those in group(samples, lambda s: (s.settings, s.table, s.rows)).items():
        columns = ["while", "p50", "p99", "worst", "transactions/s", "failed", "watched for", "rows/s"]
        of = group(those, lambda s: s.method)
        order = traffic.MEASURED + [name for name in of if name not in traffic.MEASURED]
        body = [traffic_row(name, of[name]) for name in order if name in of]
        yield (
            f"### Traffic on {table}, {rows:,} rows, settings `{settings}`\n\n{rounds(those)}\n\n"
            + table_of(columns, body)
        )


def traffic_row(name, samples):
    def of(value):
        return median(samples, value)

    return [
        f"`{name}`",
        milliseconds(of(lambda s: s.p50_s)),
        milliseconds(of(lambda s: s.p99_s)),
        milliseconds(of(lambda s: s.worst_s)),
        f"{of(lambda s: s.transactions_per_s):,.0f}",
        number(of(lambda s: s.failed)),
        seconds(of(lambda s: s.wall_s)),
        "–" if name == "none" else f"{of(lambda s: s.rows_per_s):,.0f}",
    ]


def render_growth(samples):
    if not samples:
        return
    yield (
        "The first batch is timed from the run's beginning by the database's clock, and from the start of the "
        "command, with all checks before it. The tenths compare the time of a row in the last tenth of the batches "
        "with the first."
    )
    for (settings, name), those in group(samples, lambda s: (s.settings, s.method)).items():
        columns = ["rows", "wall", "backfill", "a row", "first batch of the run", "of the command", "memory",
                   "a row in the first tenth", "in the last tenth"]
        body = [growth_row(rows, some) for rows, some in sorted(group(those, lambda s: s.rows).items())]
        yield (
            f"### Growth of narrow, `{name}`, settings `{settings}`\n\n{rounds(those)}\n\n" + table_of(columns, body)
        )


def growth_row(rows, samples):
    def of(value):
        return median(samples, value)

    return [
        f"{rows:,}",
        seconds(of(lambda s: s.wall_s)),
        seconds(of(lambda s: s.backfill_s)),
        microseconds(of(lambda s: s.backfill_s / s.rows)),
        milliseconds(of(lambda s: s.first_batch_s)),
        milliseconds(of(lambda s: s.first_batch_of_command_s)),
        f"{of(lambda s: s.memory_mb):.1f} MB",
        microseconds(of(lambda s: s.first_tenth_s)),
        microseconds(of(lambda s: s.last_tenth_s)),
    ]


def group(things, key):
    groups = {}
    for thing in things:
        groups.setdefault(key(thing), []).append(thing)
    return groups


def median(samples, value):
    """None where no sample has the value."""
    values = [one for one in map(value, samples) if one is not None]
    return statistics.median(values) if values else None


def rounds(samples):
    """How many samples the medians are of."""
    counts = {len(some) for some in group(samples, lambda s: (s.method, s.rows)).values()}
    least, most = min(counts), max(counts)
    if most == 1:
        return "one round"
    return f"medians of {most} rounds" if least == most else f"medians of {least} to {most} rounds"


def table_of(columns, rows):
    lines = ["| " + " | ".join(columns) + " |", "|---" * len(columns) + "|"]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines)


def seconds(value):
    return "–" if value is None else f"{value:.1f} s" if value < 100 else f"{value:,.0f} s"


def milliseconds(value):
    if value is None:
        return "–"
    return f"{value:.1f} s" if value >= 10 else f"{value * 1000:,.0f} ms" if value > 0.1 else f"{value * 1000:.1f} ms"


def microseconds(value):
    return "–" if value is None else f"{value * 1e6:.2f} µs"


def size(value):
    return "–" if value is None else f"{value / 1e9:.2f} GB" if value >= 1e9 else f"{value / 1e6:,.0f} MB"


def share(value):
    return "–" if value is None else f"{value:.0%}"


def number(value):
    return "–" if value is None else f"{value:,.0f}"
