"""What other clients of the table suffer while it is changed.

pgbench begins 400 transactions a second, whatever becomes of those before. Each reads a random row and updates
another, in a column that the job leaves alone. A transaction's latency counts from when it should have begun, so it
includes the wait for a client that was still busy with the one before: that is what a user waits. All transactions
count that should have begun while the method ran, also those that ended after it.
"""

import subprocess
import sys
import time
from dataclasses import dataclass

from . import methods, results, server, tables
from .command import Run, run
from .comparison import percentile

MEASURED = ["none", "update", "keyed", "longhaul-1", "longhaul-2", "paced", "paced-wal"]
PACED = ["paced", "paced-wal"]
RATE = 400

SCRIPT = """\\set seen random(1, {rows})
\\set touched random(1, {rows})
BEGIN;
SELECT old_amount, note FROM entry WHERE id = :seen;
UPDATE entry SET note = reverse(note) WHERE id = :touched;
COMMIT;
"""

# Seconds of traffic before the method begins.
WARM_UP = 5

# Seconds that the clients get to make up for what was held up.
LONGEST_DRAIN = 300


def measure(arguments, tools, invocation):
    for name in arguments.tables or ["narrow"]:
        table = tables.ALL[name]
        if list(table.key) != ["id"] or table.key["id"] != "bigint":
            print(f"no traffic on {name}: its keys can't be drawn by pgbench", file=sys.stderr)
            continue
        tables.build(table, arguments.rows)
        first = results.next_round(arguments.out, results.Traffic, settings=arguments.server, table=name,
                                   rows=arguments.rows)
        for number in range(first, first + arguments.rounds):
            for method in results.turn(arguments.methods or MEASURED, number):
                sample = measure_method(arguments, tools, table, method)
                results.append(arguments.out, results.Traffic(
                    invocation=invocation.began, settings=arguments.server, table=name, rows=arguments.rows,
                    round=number, method=method, **sample,
                ))
        server.drop_database(tables.COPY)
        server.drop_database(table.template())


def measure_method(arguments, tools, table, name):
    server.copy_database(table.template(), tables.COPY)
    method = None if name == "none" else methods.build(name, table, tools)
    if name != "none" and method is None:
        sys.exit(f"{name} can't do {table.name}")
    for statement in method.prepare if method else []:
        server.sql(statement, tables.COPY)
    clients = Clients(tools.work / "traffic", arguments.rows)
    try:
        time.sleep(WARM_UP)
        # The paced run and none at all have no end of their own that would be worth waiting for.
        if method is None:
            done = wait(arguments.seconds)
        else:
            done = run(method, tables.COPY, stop_after=arguments.seconds if name in PACED else None)
        clients.drain(done.ended)
    finally:
        clients.stop()
    if name not in ["none", *PACED]:
        tables.check(name, tables.COPY)
    transactions = clients.transactions()
    meant = [one for one in transactions if done.began <= one.due < done.ended]
    latencies = [one.latency for one in meant if not one.failed]
    ended = [one for one in transactions if not one.failed and done.began <= one.due + one.latency < done.ended]
    return {
        "wall_s": done.wall,
        "rows_per_s": rows_changed() / done.wall,
        "transactions": len(latencies),
        "failed": sum(one.failed for one in meant),
        "transactions_per_s": len(ended) / done.wall,
        "p50_s": percentile(latencies, 0.5),
        "p99_s": percentile(latencies, 0.99),
        "worst_s": max(latencies, default=None),
    }


def wait(seconds):
    began = time.time()
    time.sleep(seconds)
    ended = time.time()
    return Run(began=began, ended=ended, wall=ended - began, cpu=0, memory=0, said="")


def rows_changed():
    return int(server.sql("SELECT count(*) FROM entry WHERE new_amount IS NOT NULL", tables.COPY))


@dataclass
class Transaction:
    """One transaction of another client."""

    # When it should have begun, in seconds since the epoch.
    due: float
    # Seconds from then to its end.
    latency: float
    failed: bool


class Clients:
    """pgbench at work, until it is stopped."""

    def __init__(self, directory, rows):
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory
        for log in self.logs():
            log.unlink()
        script = directory / "traffic.sql"
        script.write_text(SCRIPT.format(rows=rows))
        # The time is a bound for the case that this program is killed.
        command = [server.program("pgbench"), "-n", "-M", "prepared", "-R", str(RATE), "-c", "8", "-j", "2",
                   "-T", "7200", "--random-seed=1", "-f", str(script), "-l", "--log-prefix", "latency", tables.COPY]
        self.output = (directory / "output.txt").open("wb")
        self.process = subprocess.Popen(command, cwd=directory, stdin=subprocess.DEVNULL,
                                        stdout=self.output, stderr=subprocess.STDOUT)

    def logs(self):
        """One for each of its threads."""
        return sorted(self.directory.glob("latency.*"))

    def drain(self, ended):
        """Waits until each thread is through with all that should have begun by then.

        A log is written a block at a time. A transaction that was due a second later, and stands in it, stands behind
        all those.
        """
        deadline = time.monotonic() + LONGEST_DRAIN
        while len(self.logs()) < 2 or any(last_due(log) < ended + 1 for log in self.logs()):
            if self.process.poll() is not None:
                sys.exit(f"pgbench ended:\n{(self.directory / 'output.txt').read_text()[-2000:]}")
            if time.monotonic() > deadline:
                sys.exit(f"the clients did not make up for what was held up within {LONGEST_DRAIN} s")
            time.sleep(0.5)

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.output.close()

    def transactions(self):
        return [one for log in self.logs() for one in map(parse, whole_lines(log.read_text()))]


def whole_lines(text):
    """All but the last, which may have been cut off."""
    return text.split("\n")[:-1]


def last_due(log):
    lines = whole_lines(log.read_text()[-2000:])
    return parse(lines[-1]).due if lines else 0


def parse(line):
    """A line of pgbench's log: client, number, latency, script, seconds and microseconds of its end, lag."""
    _, _, latency, _, seconds, microseconds, *_ = line.split()
    ended = int(seconds) + int(microseconds) / 1e6
    if not latency.isdigit():
        return Transaction(due=ended, latency=0, failed=True)
    return Transaction(due=ended - int(latency) / 1e6, latency=int(latency) / 1e6, failed=False)
