"""What was sent by mail, what waits beside it, and mails that came and were of no use."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Final, NamedTuple

from sqlalchemy import bindparam, delete, func, insert, literal, literal_column, select
from sqlalchemy.dialects.postgresql import insert as upsert

from caldavd.store import ids
from caldavd.store.engine import ReadTx, WriteTx
from caldavd.store.statement import In
from caldavd.store.tables import kept_mail, mailed, message, task
from caldavd.store.tasks import MAIL, State

MAX_KEPT: Final = 500
"""Mails that are kept; of more the oldest go."""


WAITED_S: Final = 900
"""How long a mail waits, to be known later as the one that carried a message."""
MAX_EARLIER: Final = 20

_FORCED: Final = "!"
_AGAIN: Final = "~"
_NOTICE: Final = "?"


def payload(
    recipient: str, *, forced: bool = False, again: bool = False, notice: bool = False
) -> str:
    """What the task of a mail holds; `forced`: it is sent even if it tells nothing new.

    `again`: so it is, unless it was sent a short while ago. `notice`: it tells an organizer what
    somebody else said. So does a delivery, if they have not got that by mail.
    """
    mark = _FORCED if forced else _AGAIN if again else _NOTICE if notice else ""
    return mark + recipient


def recipient_of(payload_: str) -> str:
    """The calendar user address that a task is for."""
    return payload_[1:] if payload_[:1] in (_FORCED, _AGAIN, _NOTICE) else payload_


def is_notice(payload_: str) -> bool:
    """Whether an organizer is to be told by mail what somebody else said."""
    return payload_.startswith(_NOTICE)


def is_forced(payload_: str) -> bool:
    """Whether a mail is sent even if it tells nothing new."""
    return payload_.startswith(_FORCED)


def is_again(payload_: str) -> bool:
    """Whether a recipient asked for a mail that may tell nothing new."""
    return payload_.startswith(_AGAIN)


class Waiting(NamedTuple):
    """A mail that is to be sent, or was given up, among others to the same recipients."""

    task_id: int
    owner_id: int
    recipient: str
    uid: str
    message_id: int
    is_dead: bool = False
    """Whether nobody tries any more."""
    is_notice: bool = False


class Mailed(NamedTuple):
    """That a recipient was told of a change; `digest` tells which."""

    owner_id: int
    thread: str
    digest: str
    sent_at: int


class Earlier(NamedTuple):
    """A message that a mail may have carried."""

    method: str
    text: str
    message_id: int = 0


class Kept(NamedTuple):
    """A mail that nothing came of."""

    id: int
    received_at: int
    sender: str
    reason: str
    content: str
    """Base64 of the mail, or of its beginning."""


_WAITING: Final = (
    select(task.c.id, task.c.owner_id, task.c.payload, message.c.uid, message.c.id, task.c.state)
    .join(message, message.c.id == task.c.message_id)
    .where(
        In(task.c.owner_id, "owner_ids"),
        In(task.c.payload, "payloads"),
        task.c.kind == MAIL,
    )
    .order_by(task.c.id)
)
_IS_DUE: Final = (
    select(task.c.id)
    .where(
        task.c.kind == bindparam("of_kind"),
        task.c.state == literal_column("0"),
        task.c.due_at <= bindparam("now"),
    )
    .limit(1)
)
_EARLIER: Final = (
    select(message.c.method, message.c.text, message.c.id)
    .where(
        message.c.id.between(bindparam("from_id"), bindparam("to_id")),
        message.c.uid == bindparam("uid"),
        message.c.method.in_([literal("REQUEST"), literal("CANCEL")]),
    )
    .order_by(message.c.id.desc())
    .limit(bindparam("limit"))
)
_MAILED: Final = select(*mailed.c).where(
    In(mailed.c.owner_id, "owner_ids"), In(mailed.c.thread, "threads")
)
_INSERT: Final = upsert(mailed)
_NOTE: Final = _INSERT.on_conflict_do_update(
    index_elements=["owner_id", "thread", "digest"], set_={"sent_at": _INSERT.excluded.sent_at}
)
_OLD: Final = delete(mailed).where(mailed.c.sent_at < bindparam("before"))
_KEEP: Final = insert(kept_mail)
_KEPT: Final = select(
    kept_mail.c.id,
    kept_mail.c.received_at,
    kept_mail.c.sender,
    kept_mail.c.reason,
    literal_column("''"),
).order_by(kept_mail.c.id)
_ONE: Final = select(*kept_mail.c).where(kept_mail.c.id == bindparam("of_id"))
_REMOVE: Final = delete(kept_mail).where(In(kept_mail.c.id, "ids"))
_COUNT: Final = select(func.count()).select_from(kept_mail)
_OLDEST: Final = select(kept_mail.c.id).order_by(kept_mail.c.id).limit(bindparam("limit"))
_OUTDATED: Final = delete(kept_mail).where(kept_mail.c.received_at < bindparam("before"))


async def is_due(tx: ReadTx, kind: str, now: int) -> bool:
    """Whether any task of a kind is due: cheaper than to claim none."""
    return await tx.one(_IS_DUE, of_kind=kind, now=now) is not None


async def waiting(
    tx: ReadTx, owner_ids: Collection[int], recipients: Collection[str]
) -> list[Waiting]:
    """Mails of these senders to these recipients, oldest first: those that were claimed or given
    up too."""
    payloads = [mark + one for one in recipients for mark in ("", _FORCED, _AGAIN, _NOTICE)]
    rows = await tx.all(_WAITING, owner_ids=list(owner_ids), payloads=payloads)
    return [
        Waiting(
            *(row[0], row[1], recipient_of(row[2]), row[3], row[4]),
            is_dead=row[5] == State.DEAD,
            is_notice=is_notice(row[2]),
        )
        for row in rows
    ]


async def sent(tx: ReadTx, owner_ids: Collection[int], threads: Collection[str]) -> list[Mailed]:
    """What was sent in these threads."""
    rows = await tx.all(_MAILED, owner_ids=list(owner_ids), threads=list(threads))
    return [Mailed._make(row) for row in rows]


async def earlier(tx: ReadTx, uid: str, sent_at: int) -> list[Earlier]:
    """REQUESTs and CANCELs about a UID that a mail of that second may have carried, newest first.

    Ids rise with time, so few rows are looked at. None of a mail that waited for longer than that.
    """
    from_id, to_id = ids.at(sent_at - WAITED_S), ids.at(sent_at + 1)
    found = {"uid": uid, "from_id": from_id, "to_id": to_id, "limit": MAX_EARLIER}
    return [Earlier._make(row) for row in await tx.all(_EARLIER, **found)]


async def note_sent(tx: WriteTx, what: Iterable[Mailed]) -> None:
    """Notes what was sent."""
    for one in what:
        await tx.run(_NOTE, **one._asdict())


async def keep(tx: WriteTx, one: Kept) -> None:
    """Keeps a mail; the oldest goes where there are too many."""
    await tx.run(_KEEP, **one._asdict())
    row = await tx.one(_COUNT)
    over = 0 if row is None else int(row[0]) - MAX_KEPT
    if over > 0:
        await remove(tx, [row[0] for row in await tx.all(_OLDEST, limit=over)])


async def kept(tx: ReadTx) -> list[Kept]:
    """The mails that are kept, oldest first, without their content."""
    return [Kept._make(row) for row in await tx.all(_KEPT)]


async def kept_one(tx: ReadTx, id_: int) -> Kept | None:
    """One mail that is kept."""
    row = await tx.one(_ONE, of_id=id_)
    return None if row is None else Kept._make(row)


async def remove(tx: WriteTx, ids_: Sequence[int]) -> int:
    """Removes mails that are kept; how many there were."""
    return await tx.run(_REMOVE, ids=list(ids_))


async def forget(tx: WriteTx, sent_before: int, kept_before: int) -> int:
    """Forgets what was sent, and what was kept, before these seconds; how many rows."""
    outdated = await tx.run(_OUTDATED, before=kept_before)
    return outdated + await tx.run(_OLD, before=sent_before)
