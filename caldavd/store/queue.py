"""Tasks as an operator sees them: what waits, what nobody tries any more, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from sqlalchemy import bindparam, delete, or_, select, update

from caldavd.store.engine import ReadTx, WriteTx
from caldavd.store.statement import In
from caldavd.store.tables import message, principal, task
from caldavd.store.tasks import State


class Queued(NamedTuple):
    """A task, whose it is, and what it is about."""

    id: int
    kind: str
    owner: str
    payload: str
    due_at: int
    attempts: int
    created_at: int
    error: str | None
    state: int
    method: str | None
    uid: str | None


_LIST: Final = (
    select(
        task.c.id,
        task.c.kind,
        principal.c.name,
        task.c.payload,
        task.c.due_at,
        task.c.attempts,
        task.c.created_at,
        task.c.error,
        task.c.state,
        message.c.method,
        message.c.uid,
    )
    .join(principal, principal.c.id == task.c.owner_id)
    .outerjoin(message, message.c.id == task.c.message_id)
    .where(task.c.state >= bindparam("least"))
    .order_by(task.c.id)
    .limit(bindparam("limit"))
)
_AGAIN: Final = {"due_at": bindparam("now"), "attempts": 0, "state": int(State.WAITING)}
_RETRY: Final = update(task).where(In(task.c.id, "ids")).values(_AGAIN)
_RETRY_ALL: Final = (
    update(task)
    .where(or_(task.c.state == int(State.DEAD), task.c.error.is_not(None)))
    .values(_AGAIN)
)
_REMOVE: Final = delete(task).where(In(task.c.id, "ids"))
_REMOVE_DEAD: Final = delete(task).where(task.c.state == int(State.DEAD))


async def queued(tx: ReadTx, *, dead: bool, limit: int) -> list[Queued]:
    """Tasks, oldest first; `dead`: only those that nobody tries any more."""
    least = State.DEAD if dead else State.WAITING
    return [Queued._make(row) for row in await tx.all(_LIST, least=int(least), limit=limit)]


async def retry(tx: WriteTx, ids: Sequence[int], now: int) -> int:
    """Makes tasks due at once, as if they were new; how many there are."""
    return await tx.run(_RETRY, ids=list(ids), now=now)


async def retry_all(tx: WriteTx, now: int) -> int:
    """Makes all that failed due at once, whether anybody would try again or not; how many."""
    return await tx.run(_RETRY_ALL, now=now)


async def remove(tx: WriteTx, ids: Sequence[int]) -> int:
    """Removes tasks; how many there were."""
    return await tx.run(_REMOVE, ids=list(ids))


async def remove_dead(tx: WriteTx) -> int:
    """Removes all that nobody tries any more; how many they were."""
    return await tx.run(_REMOVE_DEAD)
