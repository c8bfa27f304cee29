"""What is asked of the private server that `longhaul postgres` started for this process."""

import os
import shutil
import subprocess
import sys
import time

# What each kind of server is started with. fsync, synchronous_commit and autovacuum stay on, as initdb has them.
SETTINGS = {
    "default": {},
    "tuned": {
        "shared_buffers": "2GB",
        "max_wal_size": "8GB",
        "checkpoint_timeout": "15min",
        "maintenance_work_mem": "256MB",
        "wal_compression": "off",
    },
}

# What a reader needs to know of a server to judge its figures.
REPORTED = ["shared_buffers", "max_wal_size", "checkpoint_timeout", "maintenance_work_mem", "wal_compression",
            "wal_level", "full_page_writes", "fsync", "synchronous_commit", "autovacuum"]


def sql(statement, database="postgres"):
    """The answer of one statement, or the end of this program with what the server said."""
    command = ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", database, "-c", statement]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"in {database}: {statement}\n{done.stderr}")
    return done.stdout.strip()


def database_url(database):
    server, separator, _ = os.environ.get("DATABASE_URL", "").rpartition("/")
    if not separator:
        sys.exit("DATABASE_URL names no server: start this with scripts/bench")
    return f"{server}/{database}"


def version():
    return sql("SHOW server_version").split()[0]


def described_settings():
    return ", ".join(f"{name} {sql(f'SHOW {name}')}" for name in REPORTED)


def shared_buffers():
    """In bytes."""
    return int(sql("SELECT setting::bigint * 8192 FROM pg_settings WHERE name = 'shared_buffers'"))


def program(name):
    """A program of the server's own installation, so that its version is the server's; else the one on the PATH."""
    directory = sql("SELECT setting FROM pg_config WHERE name = 'BINDIR'")
    found = shutil.which(name, path=directory) or shutil.which(name)
    if found is None:
        sys.exit(f"there is no {name} beside the server's programs")
    return found


def drop_database(database):
    # FORCE ends an autovacuum worker that is still busy in it.
    sql(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")


def copy_database(template, database):
    """A fresh copy, on disk and with no checkpoint due, so that every method begins alike."""
    drop_database(database)
    # Without this, version 15 and later would write the whole copy into the WAL.
    strategy = "STRATEGY = FILE_COPY" if int(sql("SHOW server_version_num")) >= 150000 else ""
    sql(f"CREATE DATABASE {database} TEMPLATE = {template} {strategy}")
    sql("CHECKPOINT")


def wal_position():
    """In bytes since the beginning of the WAL."""
    return int(sql("SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')"))


def sizes(database):
    """Bytes of the table and of its indexes."""
    answer = sql("SELECT pg_table_size('entry'), pg_indexes_size('entry')", database)
    table, indexes = answer.split("|")
    return int(table), int(indexes)


def hot_share(database):
    """The part of all updates that touched no index; None where nothing was updated."""
    before = None
    # A session reports its counters a moment late: ask until they stand still.
    for _ in range(20):
        counters = sql("SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'entry'", database)
        if counters == before:
            break
        before = counters
        time.sleep(1)
    updates, hot = map(int, counters.split("|"))
    return hot / updates if updates else None
