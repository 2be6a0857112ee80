"""Write locks (RFC 4918 class 2), and what quotas are counted with (RFC 4331)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _locks()
    _quotas()


def _integer(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False, autoincrement=False)


def _small(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.SmallInteger, nullable=False, autoincrement=False)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def _reference(column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [target], name=f"fk_dav_lock_{column}", ondelete="CASCADE"
    )


def _locks() -> None:
    op.create_table(
        "dav_lock",
        _text("token"),
        _integer("owner_id"),
        _integer("collection_id"),
        _text("name"),
        _small("shared"),
        _small("infinite"),
        _integer("creator_id"),
        _text("root"),
        _text("owner"),
        _integer("expires_at"),
        sa.PrimaryKeyConstraint("token", name="pk_dav_lock"),
        _reference("collection_id", "collection.id"),
        _reference("creator_id", "principal.id"),
    )
    op.create_index("ix_dav_lock_owner_id_expires_at", "dav_lock", ["owner_id", "expires_at"])
    op.create_index("ix_dav_lock_collection_id_name", "dav_lock", ["collection_id", "name"])
    op.create_index("ix_dav_lock_creator_id", "dav_lock", ["creator_id"])
    op.create_index("ix_dav_lock_expires_at", "dav_lock", ["expires_at"])


def _quotas() -> None:
    zero = sa.text("0")
    op.add_column("principal", sa.Column("quota_bytes", sa.BigInteger))
    op.add_column(
        "collection", sa.Column("size_bytes", sa.BigInteger, nullable=False, server_default=zero)
    )
    op.execute(
        "UPDATE collection SET size_bytes = (SELECT coalesce(sum(calendar_object.size_bytes), 0)"
        " FROM calendar_object WHERE calendar_object.collection_id = collection.id)"
    )
