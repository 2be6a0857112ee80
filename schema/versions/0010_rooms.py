"""Rooms and resources: what they are, and how they answer whoever invites them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "room",
        sa.Column("principal_id", sa.BigInteger, nullable=False),
        sa.Column("capacity", sa.BigInteger, nullable=False),
        sa.Column("location", sa.Text, nullable=False),
        sa.Column("features", sa.Text, nullable=False),
        sa.Column("policy", sa.Text, nullable=False),
        sa.Column("bookers_id", sa.BigInteger, nullable=False),
        sa.Column("ahead_days", sa.BigInteger, nullable=False),
        sa.Column("longest_s", sa.BigInteger, nullable=False),
        sa.Column("conflicts_percent", sa.SmallInteger, nullable=False),
        sa.PrimaryKeyConstraint("principal_id", name="pk_room"),
        sa.ForeignKeyConstraint(
            ["principal_id"], ["principal.id"], name="fk_room_principal_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_room_bookers_id", "room", ["bookers_id"])
    # Rooms that are there already answer nobody yet: whoever manages them does it until told else.
    op.execute(
        "INSERT INTO room SELECT id, 0, '', '', 'manual', 0, 0, 0, 0 "
        "FROM principal WHERE kind IN ('room', 'resource')"
    )
