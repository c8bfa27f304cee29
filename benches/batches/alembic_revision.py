"""fill new_amount

The one revision of the Alembic project that methods.py makes, written as Alembic's users write such a loop.
"""

import sys
import time

from alembic import op
from sqlalchemy import inspect, text

revision = "5c1d7e88a0f4"
down_revision = None

# As methods.py has it.
BATCH = 5000


def upgrade():
    # Within this block each statement is a transaction.
    with op.get_context().autocommit_block():
        fill(op.get_bind())


def fill(connection):
    key = inspect(connection).get_pk_constraint("entry")["constrained_columns"]
    columns = ", ".join(key)
    first = ", ".join(f":first_{column}" for column in key)
    following = ", ".join(f":following_{column}" for column in key)
    begin = text(f"SELECT {columns} FROM entry ORDER BY {columns} LIMIT 1")
    look = text(f"SELECT {columns} FROM entry WHERE ({columns}) >= ({first}) "
                f"ORDER BY {columns} OFFSET {BATCH} LIMIT 1")
    update = f"UPDATE entry SET new_amount = old_amount WHERE ({columns}) >= ({first})"
    row = connection.execute(begin).one_or_none()
    while row is not None:
        values = {f"first_{column}": value for column, value in zip(key, row)}
        row = connection.execute(look, values).one_or_none()
        began = time.perf_counter()
        if row is None:
            connection.execute(text(update), values)
        else:
            values.update({f"following_{column}": value for column, value in zip(key, row)})
            connection.execute(text(f"{update} AND ({columns}) < ({following})"), values)
        print(f"batch took {time.perf_counter() - began:.6f}", file=sys.stderr)


def downgrade():
    op.execute("UPDATE entry SET new_amount = NULL")
