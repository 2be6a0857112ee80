"""Calendars shared with others, invitations, and the notifications that tell of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "collection", sa.Column("shared", sa.SmallInteger, nullable=False, server_default="0")
    )
    _shares()
    _invitations()
    _notifications()


def _shares() -> None:
    op.create_table(
        "share",
        _integer("id"),
        _integer("owner_id"),
        _integer("collection_id"),
        _integer("sharee_id"),
        _small("level"),
        _text("summary"),
        _text("common_name"),
        _integer("created_at"),
        _integer("changed_at"),
        sa.PrimaryKeyConstraint("id", name="pk_share"),
        sa.UniqueConstraint(
            "collection_id", "sharee_id", name="uq_share_collection_id_sharee_id"
        ),
        _reference("share", "collection_id", "collection.id"),
    )
    op.create_index("ix_share_sharee_id", "share", ["sharee_id"])


def _invitations() -> None:
    op.create_table(
        "invitation",
        _integer("owner_id"),
        _integer("collection_id"),
        _text("uid"),
        _small("answer"),
        _text("name", nullable=True),
        _integer("incarnation"),
        _text("summary"),
        _integer("created_at"),
        _integer("changed_at"),
        sa.PrimaryKeyConstraint("owner_id", "collection_id", name="pk_invitation"),
        sa.UniqueConstraint("owner_id", "name", name="uq_invitation_owner_id_name"),
        _reference("invitation", "owner_id", "principal.id"),
        _reference("invitation", "collection_id", "collection.id"),
    )
    op.create_index("ix_invitation_collection_id", "invitation", ["collection_id"])


def _notifications() -> None:
    op.create_table(
        "notification",
        _integer("id"),
        _integer("owner_id"),
        _integer("collection_id"),
        _text("name"),
        _text("content"),
        _text("etag"),
        _integer("created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_notification"),
        sa.UniqueConstraint("collection_id", "name", name="uq_notification_collection_id_name"),
        _reference("notification", "collection_id", "collection.id"),
    )


def _integer(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False, autoincrement=False)


def _small(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.SmallInteger, nullable=False, autoincrement=False)


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=nullable)


def _reference(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [target], name=f"fk_{table}_{column}", ondelete="CASCADE"
    )
