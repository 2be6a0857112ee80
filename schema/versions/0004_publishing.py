"""Links for outsiders, and calendars that are filled from feeds."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "collection", sa.Column("subscribed", sa.SmallInteger, nullable=False, server_default="0")
    )
    _links()
    _subscriptions()


def _integer(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=nullable, autoincrement=False)


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=nullable)


def _of_collection(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["collection_id"],
        ["collection.id"],
        name=f"fk_{table}_collection_id",
        ondelete="CASCADE",
    )


def _links() -> None:
    op.create_table(
        "link",
        _integer("id"),
        _integer("owner_id"),
        _integer("collection_id"),
        _text("digest"),
        _text("label"),
        sa.Column("mode", sa.SmallInteger, nullable=False, autoincrement=False),
        _integer("created_at"),
        _integer("used_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_link"),
        sa.UniqueConstraint("digest", name="uq_link_digest"),
        sa.UniqueConstraint("owner_id", "label", name="uq_link_owner_id_label"),
        _of_collection("link"),
    )
    op.create_index("ix_link_collection_id", "link", ["collection_id"])


def _subscriptions() -> None:
    op.create_table(
        "subscription",
        _integer("owner_id"),
        _integer("collection_id"),
        _text("source"),
        _integer("refresh_s"),
        _integer("due_at"),
        _integer("fetched_at", nullable=True),
        _integer("failures"),
        _text("error", nullable=True),
        _text("http_etag", nullable=True),
        _text("http_modified", nullable=True),
        _text("digest", nullable=True),
        sa.PrimaryKeyConstraint("collection_id", name="pk_subscription"),
        _of_collection("subscription"),
    )
    op.create_index("ix_subscription_due_at", "subscription", ["due_at"])
