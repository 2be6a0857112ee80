"""What is to be done once what caused it is committed: deliveries, mails.

A task is claimed for a time, and given back or removed before that ends; else somebody else claims
it. So it is done at least once, however many processes there are, and whichever of them ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import Final, NamedTuple

from sqlalchemy import bindparam, delete, exists, func, insert, literal_column, select, update

from caldavd.store import ids
from caldavd.store.engine import ReadTx, WriteTx
from caldavd.store.statement import In
from caldavd.store.tables import message, task

ITIP: Final = "itip"
"""Deliver a message to a principal of this server, its owner."""
MAIL: Final = "mail"
"""Send a message of its owner by mail."""


class State(IntEnum):
    """Whether anybody tries; stored, so a number never changes its meaning."""

    WAITING = 0
    DEAD = 1


class Message(NamedTuple):
    """An iTIP message that one or many tasks are about."""

    id: int
    uid: str
    method: str
    sender: str
    text: str
    created_at: int


class Task(NamedTuple):
    """A task row; `due_at` of a claimed one is when others may claim it."""

    id: int
    kind: str
    owner_id: int
    message_id: int | None
    payload: str
    due_at: int
    attempts: int
    created_at: int
    error: str | None = None
    state: int = State.WAITING


_COLUMNS: Final = tuple(task.c)
# A literal: it is what the index of those that wait is made by.
_WAITING: Final = task.c.state == literal_column("0")
_ADD: Final = insert(task)
_ADD_MESSAGE: Final = insert(message)
# Of several claimers on PostgreSQL each skips what another has locked; SQLite has one writer.
_DUE: Final = (
    select(task.c.id)
    .where(task.c.kind == bindparam("of_kind"), _WAITING, task.c.due_at <= bindparam("now"))
    .order_by(task.c.due_at, task.c.id)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
    .cte("due")
)
_CLAIM: Final = (
    update(task)
    .where(task.c.id.in_(select(_DUE.c.id)))
    .values(due_at=bindparam("until"), attempts=task.c.attempts + 1)
    .returning(*_COLUMNS)
)
_SAME: Final = select(task.c.id).where(
    task.c.kind == bindparam("of_kind"),
    _WAITING,
    task.c.owner_id == bindparam("owner_id"),
    task.c.payload == bindparam("payload"),
)
_DONE: Final = delete(task).where(In(task.c.id, "ids"))
_TAKE: Final = (
    delete(task)
    .where(
        task.c.id.in_(
            select(task.c.id)
            .join(message, message.c.id == task.c.message_id)
            .where(
                task.c.owner_id == bindparam("owner_id"),
                task.c.kind == bindparam("of_kind"),
                _WAITING,
                task.c.id <= bindparam("up_to"),
                message.c.uid == bindparam("uid"),
                message.c.sender == bindparam("sender"),
            )
        )
    )
    .returning(*_COLUMNS)
)
_FAILED: Final = (
    update(task)
    .where(task.c.id == bindparam("of_id"), task.c.due_at == bindparam("held_until"))
    .values(due_at=bindparam("next_at"), error=bindparam("reason"), state=bindparam("becomes"))
)
_MESSAGES: Final = select(*message.c).where(In(message.c.id, "ids"))
_OLD: Final = (
    select(message.c.id)
    .where(
        message.c.created_at < bindparam("before"),
        ~exists().where(task.c.message_id == message.c.id),
    )
    .limit(bindparam("limit"))
)
_FORGET: Final = delete(message).where(In(message.c.id, "ids"))
_FORGET_DEAD: Final = delete(task).where(
    task.c.state == literal_column("1"), task.c.due_at < bindparam("before")
)
_WAITING_OF: Final = (
    select(func.count())
    .select_from(task)
    .where(task.c.owner_id == bindparam("owner_id"), task.c.kind == bindparam("of_kind"), _WAITING)
)
_COUNTS: Final = select(task.c.kind, task.c.state, func.count()).group_by(task.c.kind, task.c.state)


def new(
    kind: str, owner_id: int, now: int, message_id: int | None = None, payload: str = ""
) -> Task:
    """A task that is due at once, and not stored yet."""
    return Task(ids.new(), kind, owner_id, message_id, payload, now, 0, now)


async def add_message(tx: WriteTx, one: Message) -> None:
    """Adds a message, before the tasks that are about it."""
    await tx.run(_ADD_MESSAGE, **one._asdict())


async def add(tx: WriteTx, tasks: Iterable[Task]) -> None:
    """Adds tasks, each with an id of its own."""
    await tx.many(_ADD, (one._asdict() | {"state": int(one.state)} for one in tasks))


async def add_once(tx: WriteTx, one: Task) -> list[int]:
    """Adds a task, unless one of the same kind, owner and payload waits already; its id."""
    same = {"of_kind": one.kind, "owner_id": one.owner_id, "payload": one.payload}
    if await tx.one(_SAME, **same) is not None:
        return []
    await add(tx, [one])
    return [one.id]


async def claim(tx: WriteTx, kind: str, now: int, lease_s: int, limit: int) -> list[Task]:
    """Makes those that are due the caller's until `now + lease_s`, at most `limit`, oldest first.

    Nobody else gets them before; each counts as one more attempt.
    """
    rows = await tx.all(_CLAIM, of_kind=kind, now=now, until=now + lease_s, limit=limit)
    return sorted((Task._make(row) for row in rows), key=lambda one: one.id)


async def take(tx: WriteTx, of: Task, about: Message) -> list[tuple[Task, Message]]:
    """Removes a task that is to be done now, with those that have to be done before it.

    These are the ones that its sender left earlier about the same UID for the same owner,
    whoever has claimed them. Oldest first; none if somebody did it since it was claimed.
    """
    said = {"uid": about.uid, "sender": about.sender}
    rows = await tx.all(_TAKE, owner_id=of.owner_id, of_kind=of.kind, up_to=of.id, **said)
    found = sorted((Task._make(row) for row in rows), key=lambda one: one.id)
    if not found or found[-1].id != of.id:
        return []
    others = [one.message_id for one in found[:-1] if one.message_id is not None]
    known = {about.id: about} | (await messages(tx, others) if others else {})
    return [(one, known[one.message_id]) for one in found if one.message_id is not None]


async def done(tx: WriteTx, ids_: Sequence[int]) -> int:
    """Removes tasks that were done; how many nobody had removed before."""
    return await tx.run(_DONE, ids=ids_)


async def failed(tx: WriteTx, of: Task, now: int, error: str, retry_at: int | None) -> bool:
    """Gives a claimed task back, due at `retry_at`; None: nobody is to try again.

    False if it is not the caller's any more: its lease was over, and somebody else has it.
    """
    changed = await tx.run(
        _FAILED,
        of_id=of.id,
        held_until=of.due_at,
        next_at=now if retry_at is None else retry_at,
        reason=error,
        becomes=int(State.DEAD if retry_at is None else State.WAITING),
    )
    return bool(changed)


async def messages(tx: ReadTx, ids_: Sequence[int]) -> dict[int, Message]:
    """Messages by id."""
    rows = await tx.all(_MESSAGES, ids=ids_)
    return {row[0]: Message._make(row) for row in rows}


async def forget_messages(tx: WriteTx, before: int, limit: int) -> int:
    """Removes messages older than that second that no task is about; how many, at most `limit`."""
    found = [row[0] for row in await tx.all(_OLD, before=before, limit=limit)]
    return await tx.run(_FORGET, ids=found) if found else 0


async def forget_dead(tx: WriteTx, before: int) -> int:
    """Removes tasks that were given up before that second; how many."""
    return await tx.run(_FORGET_DEAD, before=before)


async def waiting_of(tx: ReadTx, kind: str, owner_id: int) -> int:
    """How many tasks of a kind wait for one owner."""
    row = await tx.one(_WAITING_OF, of_kind=kind, owner_id=owner_id)
    return 0 if row is None else int(row[0])


async def counts(tx: ReadTx) -> dict[tuple[str, State], int]:
    """How many tasks there are, by kind and state."""
    return {(row[0], State(row[1])): row[2] for row in await tx.all(_COUNTS)}
