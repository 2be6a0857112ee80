"""Principals, collections, calendar objects with their index, change log, properties."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    _principals()
    _collections()
    _calendar_objects()
    _changes()
    _properties_and_settings()


def _integer(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=nullable, autoincrement=False)


def _small(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.SmallInteger, nullable=False, autoincrement=False)


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=nullable)


def _reference(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [target], name=f"fk_{table}_{column}", ondelete="CASCADE"
    )


def _principals() -> None:
    op.create_table(
        "principal",
        _integer("id"),
        _text("kind"),
        _text("name"),
        _text("display_name"),
        _text("uuid"),
        _text("password_hash", nullable=True),
        _integer("auth_revision"),
        _integer("disabled_at", nullable=True),
        _integer("created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_principal"),
        sa.UniqueConstraint("name", name="uq_principal_name"),
    )
    op.create_table(
        "address",
        _text("address"),
        _integer("principal_id"),
        _small("position"),
        sa.PrimaryKeyConstraint("address", name="pk_address"),
        _reference("address", "principal_id", "principal.id"),
    )
    op.create_index(
        "ix_address_principal_id_position", "address", ["principal_id", "position"]
    )
    op.create_table(
        "app_password",
        _integer("id"),
        _integer("principal_id"),
        _text("label"),
        _text("password_hash"),
        _integer("created_at"),
        _integer("used_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_app_password"),
        sa.UniqueConstraint("principal_id", "label", name="uq_app_password_principal_id_label"),
        _reference("app_password", "principal_id", "principal.id"),
    )


def _collections() -> None:
    op.create_table(
        "collection",
        _integer("id"),
        _integer("owner_id"),
        _text("kind"),
        _text("name"),
        _text("uuid"),
        _text("components"),
        _integer("incarnation"),
        _integer("revision"),
        _integer("floor"),
        _integer("created_at"),
        _integer("modified_at"),
        _integer("trashed_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_collection"),
        _reference("collection", "owner_id", "principal.id"),
    )
    untrashed = sa.text("trashed_at IS NULL")
    op.create_index(
        "uq_collection_owner_id_name",
        "collection",
        ["owner_id", "name"],
        unique=True,
        sqlite_where=untrashed,
        postgresql_where=untrashed,
    )


def _calendar_objects() -> None:
    op.create_table(
        "calendar_object",
        _integer("id"),
        _integer("owner_id"),
        _integer("collection_id"),
        _text("name"),
        _text("uid"),
        _text("component"),
        _text("etag"),
        _integer("size_bytes"),
        _integer("created_at"),
        _integer("modified_at"),
        _integer("indexed_from", nullable=True),
        _integer("indexed_until", nullable=True),
        _text("content"),
        sa.PrimaryKeyConstraint("id", name="pk_calendar_object"),
        sa.UniqueConstraint(
            "collection_id", "name", name="uq_calendar_object_collection_id_name"
        ),
        sa.UniqueConstraint("collection_id", "uid", name="uq_calendar_object_collection_id_uid"),
        _reference("calendar_object", "collection_id", "collection.id"),
    )
    unbounded = sa.text("indexed_until IS NOT NULL OR indexed_from IS NOT NULL")
    op.create_index(
        "ix_calendar_object_unbounded",
        "calendar_object",
        ["collection_id", "indexed_until"],
        sqlite_where=unbounded,
        postgresql_where=unbounded,
    )
    op.create_table(
        "occurrence",
        _integer("owner_id"),
        _integer("collection_id"),
        _integer("object_id"),
        _small("kind"),
        _small("band"),
        _integer("starts"),
        _integer("ends"),
        _small("busy"),
        sa.PrimaryKeyConstraint(
            "collection_id",
            "kind",
            "band",
            "starts",
            "object_id",
            "ends",
            "busy",
            name="pk_occurrence",
        ),
        _reference("occurrence", "object_id", "calendar_object.id"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_occurrence_object_id", "occurrence", ["object_id"])


def _changes() -> None:
    op.create_table(
        "change",
        _integer("owner_id"),
        _integer("collection_id"),
        _text("name"),
        _integer("revision"),
        _small("deleted"),
        _integer("changed_at"),
        sa.PrimaryKeyConstraint("collection_id", "name", name="pk_change"),
        sa.UniqueConstraint("collection_id", "revision", name="uq_change_collection_id_revision"),
        _reference("change", "collection_id", "collection.id"),
        sqlite_with_rowid=False,
    )
    removed = sa.text("deleted = 1")
    op.create_index(
        "ix_change_removed",
        "change",
        ["changed_at"],
        sqlite_where=removed,
        postgresql_where=removed,
    )


def _properties_and_settings() -> None:
    op.create_table(
        "property",
        _integer("owner_id"),
        _integer("resource_id"),
        _integer("reader_id"),
        _text("name"),
        _text("value"),
        sa.PrimaryKeyConstraint("resource_id", "reader_id", "name", name="pk_property"),
    )
    op.create_table(
        "setting",
        _text("name"),
        _text("value"),
        sa.PrimaryKeyConstraint("name", name="pk_setting"),
    )
