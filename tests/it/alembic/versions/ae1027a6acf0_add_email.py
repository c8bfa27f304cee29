"""add email

Revision ID: ae1027a6acf0
Revises: 1975ea83b712
Create Date: 2026-11-21 07:10:57.921582

"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision: str = 'ae1027a6acf0'
down_revision: Union[str, Sequence[str], None] = '1975ea83b712'
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    """Upgrade schema."""
    op.add_column("account", sa.Column("email", sa.Text()))
    op.execute("UPDATE account SET email = name || '@example.com; -- Running upgrade  -> ffff'")


def downgrade() -> None:
    """Downgrade schema."""
    op.drop_column("account", "email")
