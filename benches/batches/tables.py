"""The tables that are changed. All are called `entry`, each in a database of its own, which is copied for every run."""

import sys
from dataclasses import dataclass

from . import server

# The databases are named after the tables; this one is the copy that is changed.
COPY = "bench_copy"

# Text longer than this would be compressed or moved out of the row.
LONGEST_DETAIL = 1500

# Bytes that a row of `uuid` takes, with its entries in the three indexes.
UUID_ROW = 215


@dataclass(frozen=True)
class Table:
    """A table as it is built."""

    name: str
    description: str
    # The columns of the key with their types.
    key: dict
    # What they hold in row `g`, which counts from 0 to {rows} - 1, as SQL.
    key_values: str
    # Characters of further text in each row.
    detail: int = 0
    fillfactor: int = 100
    # Whether there is an index on the column that is changed.
    changes_index: bool = False

    def key_columns(self):
        return ", ".join(self.key)

    def template(self):
        return f"bench_{self.name}"


BIGINT = {"key": {"id": "bigint"}, "key_values": "g + 1"}
UUID = {"key": {"id": "uuid"}, "key_values": "gen_random_uuid()"}

# Entries come pay run by pay run, twelve of them, and in each company by company, a hundred of them: neighbours in the
# key lie on the same pages within a pay run, and far apart between pay runs.
COMPOSITE = {
    "key": {"company_id": "integer", "entry_no": "bigint", "line": "integer"},
    "key_values": "g * 1200 / {rows} % 100 + 1, g / 4 + 1, g % 4 + 1",
}

ALL = {
    table.name: table
    for table in [
        Table("narrow", "bigint key, 130 bytes a row, 3 indexes", **BIGINT),
        Table("wide", "bigint key, 970 bytes a row, 3 indexes", detail=832, **BIGINT),
        Table("uuid", "random uuid key, 140 bytes a row, 3 indexes", **UUID),
        Table("composite", "key of three columns, 140 bytes a row, 3 indexes", **COMPOSITE),
        Table("fillfactor", "as narrow, with fillfactor 90", fillfactor=90, **BIGINT),
        Table("indexed", "as narrow, with a fourth index, on the changed column", changes_index=True, **BIGINT),
        Table("large", "as uuid, with so much text that it is ten times shared_buffers", **UUID),
    ]
}


def build(table, rows):
    """Makes the database that copies are taken of: rows in place, statistics taken, all of it on disk."""
    print(f"building {table.name} with {rows:,} rows", file=sys.stderr)
    database = table.template()
    server.drop_database(database)
    server.sql(f"CREATE DATABASE {database}")
    detail = table.detail
    if table.name == "large":
        # A tenth more than ten times, since the estimate of a row's size is one.
        detail = min(LONGEST_DETAIL, max(0, 11 * server.shared_buffers() // rows - UUID_ROW))
    for statement in definition(table, rows, detail):
        server.sql(statement, database)
    server.sql("CHECKPOINT")
    size = sum(server.sizes(database))
    if table.name == "large" and size < 10 * server.shared_buffers():
        print(f"large is only {size / server.shared_buffers():.1f} times shared_buffers: take more --rows",
              file=sys.stderr)


def definition(table, rows, detail):
    columns = ", ".join(f"{name} {type} NOT NULL" for name, type in table.key.items())
    yield f"""
        CREATE TABLE entry (
            {columns},
            account_id integer NOT NULL,
            booked_at timestamptz NOT NULL,
            old_amount numeric(12,2) NOT NULL,
            new_amount numeric(12,2),
            note text NOT NULL,
            detail text NOT NULL
        ) WITH (fillfactor = {table.fillfactor})"""
    yield f"""
        INSERT INTO entry
        SELECT {table.key_values.format(rows=rows)},
               g * 7919 % 50000,
               timestamptz '2020-01-01 00:00+00' + g * interval '30 seconds',
               g * 7919 % 10000000 / 100.0,
               NULL,
               md5(g::text) || md5((-g)::text),
               left(repeat(md5(g::text), {detail // 32 + 1}), {detail})
        FROM generate_series(0::bigint, {rows} - 1) AS g"""
    yield f"ALTER TABLE entry ADD PRIMARY KEY ({table.key_columns()})"
    yield "CREATE INDEX entry_account ON entry (account_id)"
    yield "CREATE INDEX entry_booked ON entry (booked_at)"
    if table.changes_index:
        yield index_on_the_changed_column()
    yield "VACUUM (ANALYZE) entry"


def index_on_the_changed_column():
    return "CREATE INDEX entry_new_amount ON entry (new_amount)"


def check(method, database):
    """What was measured has really been done."""
    left = int(server.sql("SELECT count(*) FROM entry WHERE new_amount IS DISTINCT FROM old_amount", database))
    if left:
        sys.exit(f"{method}: {left:,} rows were not changed")
