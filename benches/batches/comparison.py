"""Every method on every table, one at a time, in another order each round."""

import sys

from . import methods, results, server, tables
from .command import run


def measure(arguments, tools, invocation):
    for name in arguments.tables or tables.ALL:
        if name == "large" and arguments.server != "default":
            print("large is measured with default settings only: ten times 2 GB would need rows too long for a page",
                  file=sys.stderr)
            continue
        table = tables.ALL[name]
        tables.build(table, arguments.rows)
        measure_table(arguments, tools, invocation, table)
        server.drop_database(tables.COPY)
        server.drop_database(table.template())


def measure_table(arguments, tools, invocation, table):
    first = results.next_round(arguments.out, results.Comparison, settings=arguments.server, table=table.name,
                               rows=arguments.rows)
    for number in range(first, first + arguments.rounds):
        for name in results.turn(arguments.methods or methods.COMPARED, number):
            method = methods.build(name, table, tools)
            if method is None:
                print(f"{name} can't do {table.name}", file=sys.stderr)
                continue
            sample = measure_method(method, table)
            results.append(arguments.out, results.Comparison(
                invocation=invocation.began, settings=arguments.server, table=table.name, rows=arguments.rows,
                round=number, method=name, **sample,
            ))


def measure_method(method, table):
    server.copy_database(table.template(), tables.COPY)
    table_before, index_before = server.sizes(tables.COPY)
    for statement in method.prepare:
        server.sql(statement, tables.COPY)
    wal = server.wal_position()
    done = run(method, tables.COPY)
    wal = server.wal_position() - wal
    table_after, index_after = server.sizes(tables.COPY)
    hot = server.hot_share(tables.COPY)
    tables.check(method.name, tables.COPY)
    times = methods.batch_times(method, done.said)
    return {
        "wall_s": done.wall,
        "backfill_s": methods.backfill_batches()[-1].ended_after if method.is_longhaul() else None,
        "wal_bytes": wal,
        "table_bytes_before": table_before,
        "index_bytes_before": index_before,
        "table_bytes_after": table_after,
        "index_bytes_after": index_after,
        "hot_share": hot,
        "batches": len(times) or None,
        "batch_p50_s": percentile(times, 0.5),
        "batch_p99_s": percentile(times, 0.99),
        "memory_mb": done.memory,
        "cpu_s": done.cpu,
    }


def percentile(values, share):
    """The smallest value that so great a share of them doesn't exceed; None where there are none."""
    ordered = sorted(values)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)] if ordered else None
