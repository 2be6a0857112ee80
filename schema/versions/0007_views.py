"""How closed objects are to others, and what their readers have as their own in them."""

from __future__ import annotations

import re
from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_PAGE = 100
_FOLDS = ("\r\n ", "\r\n\t", "\n ", "\n\t", "\r ", "\r\t")
_END = re.compile(r"\r+\n?")
_CLASS = re.compile(r"^CLASS(?:;[^:\n]*)?:(.*)$", re.MULTILINE | re.IGNORECASE)
_ACCESS = {"PUBLIC": 0, "CONFIDENTIAL": 1}
_PRIVATE = 2


def upgrade() -> None:
    access = sa.Column("access", sa.SmallInteger, nullable=False, server_default="0")
    op.add_column("calendar_object", access)
    op.add_column("change", sa.Column("vanished", sa.BigInteger))
    op.execute("UPDATE change SET vanished = revision WHERE deleted = 1")
    _close(op.get_bind())
    op.create_table(
        "personal",
        *(_integer(name) for name in ("owner_id", "object_id", "reader_id", "collection_id")),
        *(_integer(name) for name in ("revision", "modified_at")),
        sa.Column("etag", sa.Text, nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("object_id", "reader_id", name="pk_personal"),
        _reference("object_id", "calendar_object.id"),
        _reference("reader_id", "principal.id"),
    )
    op.create_index(
        "ix_personal_reader_id_collection_id_revision",
        "personal", ["reader_id", "collection_id", "revision"]
    )


def _integer(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False, autoincrement=False)


def _reference(column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [target], name=f"fk_personal_{column}", ondelete="CASCADE"
    )


def _close(connection: sa.Connection) -> None:
    """Marks the objects whose texts have a CLASS; the database finds the few that have."""
    for id_, text in _with_class(connection):
        closed = max((_access(value) for value in _CLASS.findall(_unfolded(text))), default=0)
        if closed:
            connection.execute(
                sa.text("UPDATE calendar_object SET access = :access WHERE id = :id"),
                {"access": closed, "id": id_},
            )
    connection.execute(
        sa.text(
            "UPDATE change SET vanished = revision WHERE EXISTS (SELECT 1 FROM calendar_object o"
            " WHERE o.collection_id = change.collection_id AND o.name = change.name"
            " AND o.access = :private)"
        ),
        {"private": _PRIVATE},
    )


def _with_class(connection: sa.Connection) -> Iterator[tuple[int, str]]:
    unfolded: sa.ColumnElement[str] = sa.column("content", sa.Text)
    for fold in _FOLDS:
        unfolded = sa.func.replace(unfolded, fold, "")
    id_ = sa.column("id", sa.BigInteger)
    page = (
        sa.select(id_, sa.column("content"))
        .select_from(sa.table("calendar_object"))
        .where(sa.func.lower(unfolded).like("%class%"), id_ > sa.bindparam("after"))
        .order_by(id_)
        .limit(_PAGE)
    )
    after = 0
    while rows := connection.execute(page, {"after": after}).all():
        yield from ((row[0], row[1]) for row in rows)
        after = rows[-1][0]


def _unfolded(text: str) -> str:
    return _END.sub("\n", text).replace("\n ", "").replace("\n\t", "")


def _access(value: str) -> int:
    return _ACCESS.get(value.strip().upper(), _PRIVATE)
