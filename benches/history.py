"""Measures longhaul's history commands beside Alembic's. Run by `scripts/bench history`.

The same history of small revisions is written for each tool: every other one creates a table, the next adds a column
to it, and the way down undoes it. psql runs the same statements from one file, a transaction each and no record kept:
about what the server alone takes, which every runner pays. Each subject has a database of its own, made anew for every
round. The subjects take turns, command by command, and begin in another order each round. What is compared is the
median over the rounds of wall time; CPU time and peak memory are of the tool's process alone, not of the server.
"""

import argparse
import csv
import datetime
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

REQUIREMENTS = ["alembic==1.20.*", "psycopg[binary]==3.*", "SQLAlchemy==2.*"]
COMMANDS = ["upgrade", "current", "heads", "history", "downgrade"]


@dataclass
class Subject:
    """A tool as it is set up to be measured."""

    name: str
    database: str
    directory: Path
    # Each command's program and arguments.
    commands: dict


@dataclass
class Sample:
    """One run of one command."""

    round: int
    subject: str
    command: str
    wall: float
    cpu: float
    memory: float


def main():
    arguments = read_arguments()
    arguments.out.mkdir(parents=True, exist_ok=True)
    venv = make_venv(arguments.out / "alembic")
    work = arguments.out / "history"
    shutil.rmtree(work, ignore_errors=True)
    subjects = [
        longhaul(arguments, work / "longhaul"),
        alembic(arguments, venv, work / "alembic", per_migration=False),
        alembic(arguments, venv, work / "alembic_each", per_migration=True),
        psql(arguments, work / "psql"),
    ]
    samples = measure(subjects, arguments)
    write_csv(samples, arguments.out / "history.csv")
    report = render(samples, subjects, arguments, venv)
    (arguments.out / "history.md").write_text(report)
    print(report)


def read_arguments():
    parser = argparse.ArgumentParser(prog="scripts/bench history", description=__doc__.splitlines()[0])
    parser.add_argument("--revisions", type=int, default=1000, help="length of the history [1000]")
    parser.add_argument("--rounds", type=int, default=5, help="rounds, of which the medians are taken [5]")
    parser.add_argument("--longhaul", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, required=True, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.revisions < 1 or arguments.rounds < 1:
        parser.error("both numbers must be at least 1")
    return arguments


def make_venv(directory):
    """The other tool, installed once and kept."""
    ready = directory / "requirements.txt"
    wanted = "\n".join(REQUIREMENTS)
    if not ready.exists() or ready.read_text() != wanted:
        print("installing Alembic into", directory, file=sys.stderr)
        shutil.rmtree(directory, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", directory], check=True)
        subprocess.run([directory / "bin/pip", "install", "--quiet", *REQUIREMENTS], check=True)
        ready.write_text(wanted)
    return directory


def revisions(count):
    """Each revision's id, its parent, its statements up and down, and the same in Alembic's words."""
    parent = None
    for number in range(count):
        identity = f"{number:04x}be9c4a11"
        table = f"item_{number // 2}"
        if number % 2 == 0:
            up = f"CREATE TABLE {table} (id bigint NOT NULL);"
            down = f"DROP TABLE {table};"
            columns = 'sa.Column("id", sa.BigInteger(), nullable=False)'
            operations = (f'op.create_table("{table}", {columns})', f'op.drop_table("{table}")')
        else:
            up = f"ALTER TABLE {table} ADD COLUMN amount integer;"
            down = f"ALTER TABLE {table} DROP COLUMN amount;"
            added = f'op.add_column("{table}", sa.Column("amount", sa.Integer()))'
            operations = (added, f'op.drop_column("{table}", "amount")')
        yield number, identity, parent, (up, down), operations
        parent = identity


def longhaul(arguments, directory):
    files = directory / "jobs"
    files.mkdir(parents=True)
    for number, identity, parent, (up, down), _ in revisions(arguments.revisions):
        revises = f"-- revises: {parent}\n" if parent else ""
        (files / f"20260101_{identity}_revision_{number}.sql").write_text(
            f"-- revision: {identity}\n{revises}-- message: revision {number}\n\n"
            f"-- migrate:up\n{up}\n\n-- migrate:down\n{down}\n"
        )
    program = str(arguments.longhaul.resolve())
    commands = {command: [program, command] for command in ["current", "heads", "history"]}
    commands["upgrade"] = [program, "upgrade", "head"]
    if knows_downgrade(program):
        commands["downgrade"] = [program, "downgrade", "base", "--yes"]
    return Subject("longhaul", "bench_longhaul", directory, commands)


def psql(arguments, directory):
    """The statements alone, as a floor under the other figures."""
    directory.mkdir(parents=True)
    ups, downs = zip(*(statements for _, _, _, statements, _ in revisions(arguments.revisions)))
    commands = {}
    for command, statements in [("upgrade", ups), ("downgrade", reversed(downs))]:
        file = directory / f"{command}.sql"
        file.write_text("".join(f"BEGIN; {statement} COMMIT;\n" for statement in statements))
        commands[command] = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", str(file.resolve())]
    return Subject("psql", "bench_psql", directory, commands)


def knows_downgrade(program):
    return subprocess.run([program, "downgrade", "--help"], capture_output=True).returncode == 0


def alembic(arguments, venv, directory, per_migration):
    """A project as `alembic init` makes it; only the address is filled in, and the transactions where asked."""
    directory.mkdir(parents=True)
    program = str((venv / "bin/alembic").resolve())
    subprocess.run([program, "init", "migrations"], cwd=directory, check=True, capture_output=True)
    database = f"bench_{directory.name}"
    ini = directory / "alembic.ini"
    url = database_url(database).replace("postgresql://", "postgresql+psycopg://", 1).replace("%", "%%")
    replace(ini, "driver://user:pass@localhost/dbname", url)
    if per_migration:
        environment = directory / "migrations/env.py"
        online = "connection=connection, target_metadata=target_metadata"
        replace(environment, online, f"{online}, transaction_per_migration=True")
    versions = directory / "migrations/versions"
    for number, identity, parent, _, (up, down) in revisions(arguments.revisions):
        (versions / f"{identity}_revision_{number}.py").write_text(alembic_revision(number, identity, parent, up, down))
    commands = {command: [program, command] for command in ["current", "heads", "history"]}
    commands["upgrade"] = [program, "upgrade", "head"]
    commands["downgrade"] = [program, "downgrade", "base"]
    name = "Alembic, a transaction each" if per_migration else "Alembic"
    return Subject(name, database, directory, commands)


def alembic_revision(number, identity, parent, up, down):
    return f'''"""revision {number}

Revision ID: {identity}
Revises: {parent or ""}
Create Date: 2026-01-01 00:00:00.000000

"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision: str = {identity!r}
down_revision: Union[str, Sequence[str], None] = {parent!r}
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    """Upgrade schema."""
    {up}


def downgrade() -> None:
    """Downgrade schema."""
    {down}
'''


def replace(file, old, new):
    text = file.read_text()
    if old not in text:
        sys.exit(f"{file} has no `{old}`: has Alembic's template changed?")
    file.write_text(text.replace(old, new))


def database_url(database):
    """The server's address, from `longhaul postgres`, with another database."""
    server, separator, _ = os.environ["DATABASE_URL"].rpartition("/")
    if not separator:
        sys.exit("DATABASE_URL names no server: start this with scripts/bench")
    return f"{server}/{database}"


def measure(subjects, arguments):
    samples = []
    for subject in subjects:
        # Python keeps what it compiled of the revisions; the first run of each would pay for that alone.
        if "heads" in subject.commands:
            run(subject, "heads")
    for number in range(arguments.rounds):
        for subject in subjects:
            sql(f"DROP DATABASE IF EXISTS {subject.database}")
            sql(f"CREATE DATABASE {subject.database}")
        turn = number % len(subjects)
        for command in COMMANDS:
            sql("CHECKPOINT")
            for subject in subjects[turn:] + subjects[:turn]:
                if command not in subject.commands:
                    continue
                wall, cpu, memory = run(subject, command)
                samples.append(Sample(number + 1, subject.name, command, wall, cpu, memory))
                check(subject, command, arguments.revisions)
                print(f"round {number + 1}: {subject.name}: {command}: {wall:.3f} s", file=sys.stderr)
    return samples


def sql(statement, database="postgres"):
    command = ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", statement]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def check(subject, command, count):
    """What was measured has really been done."""
    tables = int(sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND tablename LIKE 'item%'",
                     subject.database))
    expected = 0 if command == "downgrade" else (count + 1) // 2
    if tables != expected:
        sys.exit(f"{subject.name}: {command} leaves {tables} tables, and {expected} were expected")


def run(subject, command):
    """Wall seconds, CPU seconds and peak memory in MB of one command."""
    environment = {**os.environ, "DATABASE_URL": database_url(subject.database), "PGDATABASE": subject.database}
    output = subject.directory / "output.txt"
    with output.open("wb") as sink:
        started = time.perf_counter()
        process = subprocess.Popen(
            subject.commands[command], cwd=subject.directory, env=environment,
            stdin=subprocess.DEVNULL, stdout=sink, stderr=subprocess.STDOUT,
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{subject.name}: {command} ended with {process.returncode}:\n{output.read_text()[-2000:]}")
    kilobyte = 1 if sys.platform == "darwin" else 1024
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * kilobyte / 1e6


def write_csv(samples, file):
    with file.open("w", newline="") as sink:
        writer = csv.writer(sink)
        writer.writerow(["round", "subject", "command", "wall_s", "cpu_s", "memory_mb"])
        for s in samples:
            writer.writerow([s.round, s.subject, s.command, f"{s.wall:.4f}", f"{s.cpu:.4f}", f"{s.memory:.1f}"])


def render(samples, subjects, arguments, venv):
    """The medians as a Markdown table, with what a reader needs to judge them."""
    def median(subject, command, value):
        values = [value(s) for s in samples if s.subject == subject.name and s.command == command]
        return statistics.median(values) if values else None

    ours, others = subjects[0], [s for s in subjects[1:] if s.name != "psql"]
    lines = [f"{describe(arguments, venv)}", ""]
    lines.append("| command | " + " | ".join(s.name for s in subjects) + " | "
                 + " | ".join(f"{s.name} ÷ longhaul" for s in others) + " |")
    lines.append("|---" * (1 + len(subjects) + len(others)) + "|")
    for command in COMMANDS:
        walls = [median(subject, command, lambda s: s.wall) for subject in subjects]
        ratios = [f"{wall / walls[0]:.1f}" if walls[0] else "–" for wall in walls[1:1 + len(others)]]
        lines.append(f"| `{command}` | " + " | ".join(map(milliseconds, walls)) + " | " + " | ".join(ratios) + " |")
    for title, value, unit in [("CPU time of the tool", lambda s: s.cpu, milliseconds),
                               ("peak memory of the tool", lambda s: s.memory, megabytes)]:
        for command in ["current", "upgrade"]:
            values = [median(subject, command, value) for subject in subjects]
            ratios = [f"{v / values[0]:.1f}" for v in values[1:1 + len(others)]]
            lines.append(f"| {title}, `{command}` | " + " | ".join(map(unit, values)) + " | "
                         + " | ".join(ratios) + " |")
    if "downgrade" not in ours.commands:
        lines += ["", "This longhaul has no `downgrade` yet."]
    return "\n".join(lines) + "\n"


def milliseconds(seconds):
    return "–" if seconds is None else f"{seconds * 1000:,.0f} ms" if seconds > 0.1 else f"{seconds * 1000:.1f} ms"


def megabytes(value):
    return "–" if value is None else f"{value:.0f} MB"


def describe(arguments, venv):
    version = subprocess.run([arguments.longhaul, "--version"], capture_output=True, text=True, check=True)
    listed = subprocess.run([venv / "bin/pip", "list", "--format=freeze"], capture_output=True, text=True, check=True)
    packages = dict(line.split("==") for line in listed.stdout.splitlines() if "==" in line)
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return (
        f"{datetime.date.today()} · {arguments.revisions:,} revisions, medians of {arguments.rounds} rounds · "
        f"{version.stdout.strip()}, Alembic {packages['alembic']}, SQLAlchemy {packages['SQLAlchemy']}, "
        f"psycopg {packages['psycopg']}, Python {platform.python_version()}, "
        f"PostgreSQL {sql('SHOW server_version').split()[0]} (fsync {sql('SHOW fsync')}, "
        f"synchronous_commit {sql('SHOW synchronous_commit')}) · {os.cpu_count()} cores, load {load} at the end · "
        f"`scripts/bench history --revisions {arguments.revisions} --rounds {arguments.rounds}`"
    )


if __name__ == "__main__":
    main()
