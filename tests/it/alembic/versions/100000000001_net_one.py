"""net one

Revision ID: 100000000001
Revises: 
Create Date: 2026-11-21 07:10:59.400040

"""
from typing import Sequence, Union

from alembic import op
import sqlalchemy as sa


# revision identifiers, used by Alembic.
revision: str = '100000000001'
down_revision: Union[str, Sequence[str], None] = None
branch_labels: Union[str, Sequence[str], None] = ('net',)
depends_on: Union[str, Sequence[str], None] = '9f0e1d2c3b4a'


def upgrade() -> None:
    """Upgrade schema."""
    op.execute("CREATE TABLE net (id int)")


def downgrade() -> None:
    """Downgrade schema."""
    op.execute("DROP TABLE net")
