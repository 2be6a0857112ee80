"""Scheduling: inboxes and outboxes of all who have a calendar home, and what is to be delivered."""

from __future__ import annotations

import secrets
import time
import uuid
from collections.abc import Iterator
from itertools import count

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_PAGE = 500
_INBOX, _OUTBOX = "inbox", "outbox"
_COMPONENTS = {_INBOX: "VEVENT,VTODO,VJOURNAL", _OUTBOX: "VFREEBUSY"}
_EPOCH_MS = 1_767_225_600_000
_RANDOM_BITS = 22
_AUTHENTICATED = 2
_DELIVER = 0b111 << 10
_COLLECTION = sa.table(
    "collection",
    *map(sa.column, ("id", "owner_id", "kind", "name", "uuid", "components", "incarnation")),
    *map(sa.column, ("revision", "floor", "created_at", "modified_at", "trashed_at")),
    *map(sa.column, ("subscribed", "shared", "size_bytes")),
)
_INVITATION = sa.table("invitation", sa.column("owner_id"), sa.column("name"))
_ACE = sa.table(
    "ace",
    *map(sa.column, ("owner_id", "resource_id", "position", "grantee")),
    *map(sa.column, ("principal_id", "privileges")),
)


def upgrade() -> None:
    op.add_column("calendar_object", sa.Column("schedule_tag", sa.Text))
    _messages()
    _tasks()
    _default_calendars()
    _boxes(op.get_bind())


def _messages() -> None:
    op.create_table(
        "message",
        _integer("id"),
        *(_text(name) for name in ("uid", "method", "sender", "text")),
        _integer("created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_message"),
    )


def _tasks() -> None:
    op.create_table(
        "task",
        _integer("id"),
        _text("kind"),
        _integer("owner_id"),
        sa.Column("message_id", sa.BigInteger),
        _text("payload"),
        *(_integer(name) for name in ("due_at", "attempts", "created_at")),
        sa.Column("error", sa.Text),
        sa.Column("state", sa.SmallInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_task"),
        _reference("task", "owner_id", "principal.id"),
        _reference("task", "message_id", "message.id"),
    )
    op.create_index("ix_task_owner_id", "task", ["owner_id"])
    op.create_index("ix_task_message_id", "task", ["message_id"])
    waiting = sa.text("state = 0")
    op.create_index(
        "ix_task_waiting",
        "task",
        ["kind", "due_at"],
        sqlite_where=waiting,
        postgresql_where=waiting,
    )


def _default_calendars() -> None:
    op.create_table(
        "scheduling",
        _integer("owner_id"),
        _integer("default_calendar_id"),
        sa.PrimaryKeyConstraint("owner_id", name="pk_scheduling"),
        _reference("scheduling", "owner_id", "principal.id"),
        _reference("scheduling", "default_calendar_id", "collection.id"),
    )
    op.create_index(
        "ix_scheduling_default_calendar_id", "scheduling", ["default_calendar_id"]
    )


def _boxes(connection: sa.Connection) -> None:
    """Two collections each; everybody who has a login may deliver, and ask when one is busy."""
    taken = _taken(connection)
    now = int(time.time())
    ids = count(((time.time_ns() // 1_000_000 - _EPOCH_MS) << _RANDOM_BITS) + 1)
    for page in _pages(connection):
        made = [
            {
                "id": next(ids),
                "owner_id": owner_id,
                "kind": kind,
                "name": _free(taken, owner_id, kind),
                "uuid": str(uuid.uuid4()),
                "components": _COMPONENTS[kind],
                "incarnation": secrets.randbits(48),
                "revision": 1,
                "floor": 0,
                "created_at": now,
                "modified_at": now,
                "trashed_at": None,
                "subscribed": 0,
                "shared": 0,
                "size_bytes": 0,
            }
            for owner_id in page
            for kind in (_INBOX, _OUTBOX)
        ]
        connection.execute(sa.insert(_COLLECTION), made)
        entries = [
            {
                "owner_id": one["owner_id"],
                "resource_id": one["id"],
                "position": 0,
                "grantee": _AUTHENTICATED,
                "principal_id": 0,
                "privileges": _DELIVER,
            }
            for one in made
            if one["kind"] == _INBOX
        ]
        connection.execute(sa.insert(_ACE), entries)


def _taken(connection: sa.Connection) -> set[tuple[int, str]]:
    """The names in homes that a box may not have; few homes have one that begins so."""
    names: set[tuple[int, str]] = set()
    for of, condition in (
        (_COLLECTION, _COLLECTION.c.trashed_at.is_(None)),
        (_INVITATION, _INVITATION.c.name.is_not(None)),
    ):
        alike = sa.or_(of.c.name.like("inbox%"), of.c.name.like("outbox%"))
        rows = connection.execute(sa.select(of.c.owner_id, of.c.name).where(condition, alike))
        names.update((row[0], row[1]) for row in rows)
    return names


def _free(taken: set[tuple[int, str]], owner_id: int, wanted: str) -> str:
    name, number = wanted, 1
    while (owner_id, name) in taken:
        number += 1
        name = f"{wanted}-{number}"
    return name


def _pages(connection: sa.Connection) -> Iterator[list[int]]:
    """The ids of all who have a calendar home."""
    id_, kind = sa.column("id", sa.BigInteger), sa.column("kind")
    page = (
        sa.select(id_)
        .select_from(sa.table("principal"))
        .where(kind != "group", id_ > sa.bindparam("after"))
        .order_by(id_)
        .limit(_PAGE)
    )
    after = 0
    while rows := connection.execute(page, {"after": after}).all():
        yield [row[0] for row in rows]
        after = rows[-1][0]


def _integer(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=False, autoincrement=False)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text, nullable=False)


def _reference(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [target], name=f"fk_{table}_{column}", ondelete="CASCADE"
    )
