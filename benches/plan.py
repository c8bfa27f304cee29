"""Measures how near `longhaul plan` comes to the run that follows it. Run by `scripts/bench plan`.

Each round builds a table afresh, plans the job, writes a checkpoint, runs the job, and sets the forecast beside what came of
it. What is compared is the middle of each range with the truth; `within` says whether the truth lies in the range itself.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parent))
from batches import server  # noqa: E402

TABLES = {
    "narrow": "bigint key, 130 bytes a row, 3 indexes",
    "indexed": "as narrow, with a fourth index, on the changed column: no update is heap-only",
    "trigger": "as narrow, with an AFTER trigger that writes a row elsewhere",
    "uuid": "random uuid key, 140 bytes a row, 3 indexes",
}

JOB = '[job]\ntable = "entry"\nset = { new_amount = "old_amount" }\n'

TRIGGER = """
    CREATE TABLE audit (at timestamptz, amount numeric);
    CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN INSERT INTO audit VALUES (now(), NEW.new_amount); RETURN NULL; END $$;
    CREATE TRIGGER audit AFTER UPDATE ON entry FOR EACH ROW EXECUTE FUNCTION audit()"""


def main():
    arguments = read_arguments()
    server.sql("SELECT 1")
    print(f"PostgreSQL {server.version()}: {server.described_settings()}\n")
    print("| table | workers | time foretold | took | off | within | WAL foretold | written | off |")
    print("|---|---|---|---|---|---|---|---|---|")
    for workers in arguments.workers.split(","):
        for name in arguments.tables.split(","):
            rounds = [measure(name, workers, arguments) for _ in range(arguments.rounds)]
            print(row(name, workers, rounds), flush=True)


def read_arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench plan", description=__doc__.splitlines()[0])
    parser.add_argument("--tables", default=",".join(TABLES), metavar="NAME,…", help=f"of {', '.join(TABLES)} [all]")
    parser.add_argument("--workers", default="1,2", metavar="N,…", help="numbers of workers [1,2]")
    parser.add_argument("--rows", type=int, default=1_000_000, help="rows of the table [1000000]")
    parser.add_argument("--rounds", type=int, default=3, help="rounds, of which the median is shown [3]")
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--longhaul", type=Path, required=True, help=argparse.SUPPRESS)
    return parser.parse_args()


def build(name, rows):
    server.drop_database("bench_plan")
    server.sql("CREATE DATABASE bench_plan")
    key, value = ("uuid", "gen_random_uuid()") if name == "uuid" else ("bigint", "g + 1")
    statements = [
        f"""CREATE TABLE entry (
            id {key} NOT NULL, account_id integer NOT NULL, booked_at timestamptz NOT NULL,
            old_amount numeric(12,2) NOT NULL, new_amount numeric(12,2), note text NOT NULL);
        CREATE TABLE nothing (id int PRIMARY KEY, done bool)""",
        f"""INSERT INTO entry
            SELECT {value}, g * 7919 % 50000, timestamptz '2020-01-01 00:00+00' + g * interval '30 seconds',
                   g * 7919 % 10000000 / 100.0, NULL, md5(g::text) || md5((-g)::text)
            FROM generate_series(0::bigint, {rows} - 1) AS g""",
        "ALTER TABLE entry ADD PRIMARY KEY (id)",
        "CREATE INDEX entry_account ON entry (account_id)",
        "CREATE INDEX entry_booked ON entry (booked_at)",
    ]
    if name == "indexed":
        statements.append("CREATE INDEX entry_new_amount ON entry (new_amount)")
    if name == "trigger":
        statements.append(TRIGGER)
    for statement in statements + ["VACUUM (ANALYZE) entry", "CHECKPOINT"]:
        server.sql(statement, "bench_plan")


def measure(name, workers, arguments):
    build(name, arguments.rows)
    with tempfile.TemporaryDirectory() as directory:
        jobs = Path(directory) / "jobs"
        jobs.mkdir()
        (jobs / "fill.toml").write_text(JOB)
        plan = json.loads(longhaul(arguments, directory, "plan", "fill", "--json", "--workers", workers))
        server.sql("CHECKPOINT", "bench_plan")
        wal, began = server.wal_position(), time.monotonic()
        longhaul(arguments, directory, "run", "fill", "-q", "--workers", workers)
        took, wal = time.monotonic() - began, server.wal_position() - wal
    left = int(server.sql("SELECT count(*) FROM entry WHERE new_amount IS DISTINCT FROM old_amount", "bench_plan"))
    if left:
        sys.exit(f"{left} rows were not changed")
    return {"time": plan["forecast"]["time"], "took": took, "wal": plan["forecast"]["wal"], "written": wal}


def longhaul(arguments, directory, *words):
    command = [arguments.longhaul.resolve(), *words, "--database-url", server.database_url("bench_plan")]
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{words}: {done.stdout}\n{done.stderr}")
    return done.stdout


def row(name, workers, rounds):
    middle = lambda span: (span["low"] + span["high"]) / 2
    off = lambda span, truth: median(round_[truth] / middle(round_[span]) - 1 for round_ in rounds)
    shown = sorted(rounds, key=lambda round_: round_["took"])[len(rounds) // 2]
    within = sum(round_["time"]["low"] <= round_["took"] <= round_["time"]["high"] for round_ in rounds)
    seconds = f"{shown['time']['low']:.1f} to {shown['time']['high']:.1f} s"
    sizes = f"{shown['wal']['low'] / 2**20:.0f} to {shown['wal']['high'] / 2**20:.0f} MB"
    return (f"| `{name}` | {workers} | {seconds} | {shown['took']:.1f} s | {off('time', 'took'):+.0%} | "
            f"{within} of {len(rounds)} | {sizes} | {shown['written'] / 2**20:.0f} MB | {off('wal', 'written'):+.0%} |")


if __name__ == "__main__":
    main()
