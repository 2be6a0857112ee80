"""Mail: what was sent, so that nobody is told twice, and what came and was of no use."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "mailed",
        sa.Column("owner_id", sa.BigInteger, nullable=False),
        sa.Column("thread", sa.Text, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("sent_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("owner_id", "thread", "digest", name="pk_mailed"),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["principal.id"], name="fk_mailed_owner_id", ondelete="CASCADE"
        ),
    )
    op.create_index("ix_mailed_sent_at", "mailed", ["sent_at"])
    op.create_table(
        "kept_mail",
        sa.Column("id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("received_at", sa.BigInteger, nullable=False),
        sa.Column("sender", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_kept_mail"),
    )
