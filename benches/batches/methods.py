"""The ways to set new_amount = old_amount in every row of `entry`."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from . import server, tables

# Rows that the loops change in one transaction which are written for this benchmark, here and in alembic_revision.py.
BATCH = 5000

# Rows a second of the run that holds itself back.
PACE = 20000
WAL_PACE = "10MB"

REQUIREMENTS = ["alembic==1.20.*", "pg-batch==1.1.1", "psycopg[binary]==3.*", "SQLAlchemy==2.*"]


@dataclass
class Method:
    """A way to do it, ready to be run."""

    name: str
    directory: Path
    command: list
    # Statements for the fresh copy, which are not measured.
    prepare: list = field(default_factory=list)

    def is_longhaul(self):
        return self.name in LONGHAUL


@dataclass
class Tools:
    """The programs that the methods need."""

    longhaul: Path
    venv: Path
    work: Path


def build(name, table, tools):
    """The method for this table; None where it can't do such a table."""
    directory = tools.work / name
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    if name in LONGHAUL:
        return longhaul(name, directory, tools)
    return OTHERS[name](name, directory, table, tools)


def psql(*statements):
    command = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1"]
    for statement in statements:
        command += ["-c", statement]
    return command


def update(name, directory, table, tools):
    return Method(name, directory, psql("UPDATE entry SET new_amount = old_amount"))


def procedure(name, directory, table, tools):
    key = table.key_columns()
    first, following = (", ".join(f"{record}.{column}" for column in table.key) for record in ["first", "following"])
    text = f"""
        CREATE PROCEDURE fill_new_amount() LANGUAGE plpgsql AS $$
        DECLARE
            first record;
            following record;
            began timestamptz;
            more boolean := true;
        BEGIN
            SELECT {key} INTO first FROM entry ORDER BY {key} LIMIT 1;
            WHILE more LOOP
                SELECT {key} INTO following FROM entry
                WHERE ({key}) >= ({first}) ORDER BY {key} OFFSET {BATCH} LIMIT 1;
                more := FOUND;
                began := clock_timestamp();
                IF more THEN
                    UPDATE entry SET new_amount = old_amount
                    WHERE ({key}) >= ({first}) AND ({key}) < ({following});
                ELSE
                    UPDATE entry SET new_amount = old_amount WHERE ({key}) >= ({first});
                END IF;
                COMMIT;
                RAISE NOTICE 'batch took %', extract(epoch FROM clock_timestamp() - began);
                first := following;
            END LOOP;
        END
        $$"""
    return Method(name, directory, psql("CALL fill_new_amount()"), prepare=[text])


def alembic(name, directory, table, tools):
    """A project as `alembic init` makes it, with one revision; only its address is taken from DATABASE_URL."""
    program = str(tools.venv / "bin/alembic")
    subprocess.run([program, "init", "migrations"], cwd=directory, check=True, capture_output=True)
    shutil.copy(Path(__file__).parent / "alembic_revision.py", directory / "migrations/versions/fill_new_amount.py")
    environment = directory / "migrations/env.py"
    line = "config = context.config\n"
    text = environment.read_text()
    if line not in text:
        sys.exit(f"{environment} has no `{line.strip()}`: has Alembic's template changed?")
    address = (
        "\nimport os\n"
        'url = os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://", 1)\n'
        'config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))\n'
    )
    environment.write_text(text.replace(line, line + address, 1))
    return Method(name, directory, [program, "upgrade", "head"])


def pg_batch(name, directory, table, tools):
    # It writes keys into its statements as they are, which only numbers bear, and knows only one column.
    if list(table.key.values()) != ["bigint"]:
        return None
    command = [
        str(tools.venv / "bin/pg_batch"), "-H", os.environ["PGHOST"], "-P", os.environ["PGPORT"],
        "-U", os.environ["PGUSER"], "-p", os.environ["PGPASSWORD"], "-d", tables.COPY, "-t", "entry",
        "-id", table.key_columns(), "-s", "new_amount = old_amount",
        "-w", "new_amount IS DISTINCT FROM old_amount", "--no_confirm",
    ]
    return Method(name, directory, command)


def rewrite(name, directory, table, tools):
    """What could be done if nobody else needed the table: it is locked against everybody until the end."""
    statements = ["ALTER TABLE entry ADD COLUMN new_amount numeric(12,2) GENERATED ALWAYS AS (old_amount) STORED"]
    if table.changes_index:
        statements.append(tables.index_on_the_changed_column())
    command = psql(*statements) + ["--single-transaction"]
    return Method(name, directory, command, prepare=["ALTER TABLE entry DROP COLUMN new_amount"])


def longhaul(name, directory, tools):
    workers, options = LONGHAUL[name]
    (directory / "jobs").mkdir()
    (directory / "jobs/fill.toml").write_text(
        f'[job]\ntable = "entry"\nset = {{ new_amount = "old_amount" }}\n{options}'
    )
    command = [str(tools.longhaul), "run", "fill", "--workers", str(workers), "--no-progress"]
    return Method(name, directory, command)


# Each one's workers, and what its job file says beyond table and columns.
LONGHAUL = {
    "keyed": (1, '\n[batch]\norder = "key"\nstrides = 1\n'),
    "longhaul-1": (1, ""),
    "longhaul-2": (2, ""),
    "longhaul-4": (4, ""),
    "paced": (1, f"\n[limits]\nrows_per_second = {PACE}\n"),
    "paced-wal": (1, f'\n[limits]\nrows_per_second = {PACE}\nwal_per_second = "{WAL_PACE}"\n'),
}

OTHERS = {
    "update": update,
    "procedure": procedure,
    "alembic": alembic,
    "pg-batch": pg_batch,
    "rewrite": rewrite,
}

COMPARED = ["update", "procedure", "alembic", "pg-batch", "keyed", "longhaul-1", "longhaul-2", "longhaul-4", "rewrite"]


def batch_times(method, said):
    """Seconds of each batch, in their order; an empty list where the method has none or doesn't tell."""
    if method.is_longhaul():
        return [batch.seconds for batch in backfill_batches()]
    return [float(seconds) for seconds in re.findall(r"batch took ([0-9.]+)", said)]


@dataclass
class Batch:
    """A batch as longhaul logged it."""

    rows: int
    seconds: float
    # Seconds between the run's start and the batch's end.
    ended_after: float


def backfill_batches():
    """longhaul's batches but those of the sweeps, in their order. It keeps 10,000 of each range."""
    answer = server.sql("""
        SELECT batch.rows_changed, extract(epoch FROM batch.duration),
               extract(epoch FROM batch.finished_at - run.started_at)
        FROM longhaul.batch JOIN longhaul.range ON range.id = batch.range_id JOIN longhaul.run ON run.id = range.run_id
        WHERE range.pass = 0
        ORDER BY batch.finished_at""", tables.COPY)
    fields = [line.split("|") for line in answer.splitlines()]
    return [Batch(int(rows), float(seconds), float(after)) for rows, seconds, after in fields]


def make_venv(directory):
    """The other tools, installed once and kept."""
    ready = directory / "requirements.txt"
    wanted = "\n".join(REQUIREMENTS)
    if not ready.exists() or ready.read_text() != wanted:
        print("installing Alembic and pg-batch into", directory, file=sys.stderr)
        shutil.rmtree(directory, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", directory], check=True)
        subprocess.run([directory / "bin/pip", "install", "--quiet", *REQUIREMENTS], check=True)
        ready.write_text(wanted)
    return directory
