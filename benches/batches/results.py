"""The CSV files of what was measured. Every invocation appends to them, so that a long one can be done in pieces."""

import csv
import dataclasses
import datetime
import os
import platform
import subprocess
import sys

from . import server


@dataclasses.dataclass
class Invocation:
    """On what, with what and how something was measured. The samples name it by when it began."""

    began: str
    command: str
    settings: str
    longhaul: str
    packages: str
    postgres: str
    server_settings: str
    machine: str
    load: str


def describe_invocation(arguments, venv):
    said = subprocess.run([arguments.longhaul, "--version"], capture_output=True, text=True, check=True)
    listed = subprocess.run([venv / "bin/pip", "list", "--format=freeze"], capture_output=True, text=True, check=True)
    versions = dict(line.split("==") for line in listed.stdout.splitlines() if "==" in line)
    named = {"alembic": "Alembic", "SQLAlchemy": "SQLAlchemy", "psycopg": "psycopg", "pg-batch": "pg-batch"}
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return Invocation(
        began=datetime.datetime.now().isoformat(" ", "seconds"),
        command=arguments.command,
        settings=arguments.server,
        longhaul=said.stdout.strip(),
        packages=", ".join(f"{named[name]} {versions[name]}" for name in named),
        postgres=server.version(),
        server_settings=server.described_settings(),
        machine=f"{os.cpu_count()} cores, {memory:.0f} GB of memory, {platform.system()} {platform.machine()}, "
                f"Python {platform.python_version()}",
        load=", ".join(f"{value:.1f}" for value in os.getloadavg()),
    )


@dataclasses.dataclass
class Comparison:
    """One run of one method with nothing else on the server."""

    invocation: str
    settings: str
    table: str
    rows: int
    round: int
    method: str
    wall_s: float
    # longhaul: from the run's beginning to the end of its last batch before the sweeps.
    backfill_s: float
    wal_bytes: int
    table_bytes_before: int
    index_bytes_before: int
    table_bytes_after: int
    index_bytes_after: int
    hot_share: float
    batches: int
    batch_p50_s: float
    batch_p99_s: float
    memory_mb: float
    cpu_s: float


@dataclasses.dataclass
class Traffic:
    """What the other clients had while one method ran."""

    invocation: str
    settings: str
    table: str
    rows: int
    round: int
    method: str
    wall_s: float
    rows_per_s: float
    transactions: int
    failed: int
    transactions_per_s: float
    p50_s: float
    p99_s: float
    worst_s: float


@dataclasses.dataclass
class Growth:
    """One run on a table of one size."""

    invocation: str
    settings: str
    rows: int
    round: int
    method: str
    wall_s: float
    backfill_s: float
    # From the run's beginning by the database's clock, and from the start of the command.
    first_batch_s: float
    first_batch_of_command_s: float
    memory_mb: float
    # Seconds that a row took in the first and in the last tenth of the batches.
    first_tenth_s: float
    last_tenth_s: float


def file_of(directory, kind):
    return directory / f"{kind.__name__.lower()}.csv"


def append(directory, sample):
    """Adds it to the file and says it on standard error."""
    file = file_of(directory, type(sample))
    names = [field.name for field in dataclasses.fields(sample)]
    values = [written(value) for value in dataclasses.astuple(sample)]
    if file.exists():
        with file.open(newline="") as source:
            if next(csv.reader(source), None) != names:
                sys.exit(f"{file} has other columns: move it away, or take another --out")
        with file.open("a", newline="") as sink:
            csv.writer(sink).writerow(values)
    else:
        with file.open("w", newline="") as sink:
            csv.writer(sink).writerows([names, values])
    said = " ".join(f"{name}={value}" for name, value in zip(names, values))
    print(f"{type(sample).__name__.lower()}: {said}", file=sys.stderr, flush=True)


def written(value):
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def read(directory, kind):
    """All samples of this kind so far."""
    file = file_of(directory, kind)
    if not file.exists():
        return []
    with file.open(newline="") as source:
        return [parse(row, kind) for row in csv.DictReader(source)]


def parse(row, kind):
    convert = {field.name: field.type for field in dataclasses.fields(kind)}
    return kind(**{name: convert[name](value) if value else None for name, value in row.items()})


def next_round(directory, kind, **like):
    """The number of the round that follows those which have been measured of the same."""
    rounds = [
        sample.round for sample in read(directory, kind)
        if all(getattr(sample, name) == value for name, value in like.items())
    ]
    return max(rounds, default=0) + 1


def turn(things, number):
    """The same things, beginning with another each round, so that none is always measured first."""
    start = (number - 1) % len(things)
    return things[start:] + things[:start]
