"""merge billing

Revision ID: 9f0e1d2c3b4a
Revises: 3cd0a1b2e5f6, ae1027a6acf0
Create Date: 2026-11-21 07:10:59.033814

"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision: str = '9f0e1d2c3b4a'
down_revision: Union[str, Sequence[str], None] = ('3cd0a1b2e5f6', 'ae1027a6acf0')
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    """Upgrade schema."""
    pass


def downgrade() -> None:
    """Downgrade schema."""
    pass
