"""Objects whose index does not reach back over all of the past are found by an index."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    begun = sa.text("indexed_from IS NOT NULL")
    op.create_index(
        "ix_calendar_object_begun",
        "calendar_object",
        ["collection_id", "indexed_from"],
        sqlite_where=begun,
        postgresql_where=begun,
    )
