"""Groups, delegation and access control entries."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "membership",
        _integer("group_id"),
        _integer("member_id"),
        sa.PrimaryKeyConstraint("group_id", "member_id", name="pk_membership"),
        _reference("membership", "group_id", "principal.id"),
        _reference("membership", "member_id", "principal.id"),
    )
    op.create_index("ix_membership_member_id", "membership", ["member_id"])
    op.create_table(
        "delegation",
        _integer("owner_id"),
        _small("level"),
        _integer("delegate_id"),
        sa.PrimaryKeyConstraint("owner_id", "level", "delegate_id", name="pk_delegation"),
        _reference("delegation", "owner_id", "principal.id"),
        _reference("delegation", "delegate_id", "principal.id"),
    )
    op.create_index("ix_delegation_delegate_id", "delegation", ["delegate_id"])
    op.create_table(
        "ace",
        _integer("owner_id"),
        _integer("resource_id"),
        _small("position"),
        _small("grantee"),
        _integer("principal_id"),
        _integer("privileges"),
        sa.PrimaryKeyConstraint("resource_id", "position", name="pk_ace"),
        _reference("ace", "resource_id", "collection.id"),
    )
    op.create_index("ix_ace_principal_id", "ace", ["principal_id"])


def _integer(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False, autoincrement=False)


def _small(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.SmallInteger, nullable=False, autoincrement=False)


def _reference(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [target], name=f"fk_{table}_{column}", ondelete="CASCADE"
    )
