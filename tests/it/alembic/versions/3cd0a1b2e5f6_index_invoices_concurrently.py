"""index invoices concurrently

Revision ID: 3cd0a1b2e5f6
Revises: 27c6a30d7c24
Create Date: 2026-11-21 07:10:58.690799

"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision: str = '3cd0a1b2e5f6'
down_revision: Union[str, Sequence[str], None] = '27c6a30d7c24'
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    """Upgrade schema."""
    with op.get_context().autocommit_block():
        op.create_index("ix_invoice_account", "invoice", ["account_id"], postgresql_concurrently=True)


def downgrade() -> None:
    """Downgrade schema."""
    with op.get_context().autocommit_block():
        op.drop_index("ix_invoice_account", "invoice", postgresql_concurrently=True)
