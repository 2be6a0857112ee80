"""What follows for others when somebody's calendar object changes (RFC 6638 §3.2).

Whoever writes, it is done for the owner of the calendar. Messages and what is to be done with them
are rows of the transaction that writes the object: what leaves, leaves with it.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from caldavd.acl.privileges import Privilege
from caldavd.errors import UNIQUE_SCHEDULING_OBJECT_RESOURCE, Failed, Refused
from caldavd.ical import parse
from caldavd.ical.parse import Document
from caldavd.itip.address import Addresses, normal
from caldavd.itip.plan import Message, Plan, beside_ignored, plan, with_statuses
from caldavd.itip.snapshot import Role
from caldavd.model import Collection, Kind, Principal, Stored
from caldavd.service.offload import offloaded
from caldavd.service.routes import Route, Rules, routes
from caldavd.store import ids, mails, objects, principals, scheduling, tasks
from caldavd.store.engine import ReadTx, WriteTx

PAGE: Final = 100
MAILS_A_MINUTE: Final = 60
"""Of one sender's mails so many are due at a time: those of others do not wait for all of them."""
MAX_MAILS: Final = 20_000
"""That wait for one sender: a working day's; who writes what would mail more is asked to wait."""
WAIT_S: Final = 3_600
SENDS: Final = {"REPLY": Privilege.SCHEDULE_SEND_REPLY}
"""The privilege on the sender's outbox that a method takes; the others take that of an invite."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Who writes, for whoever the calendar belongs to."""

    rules: Rules
    require: Callable[[WriteTx, Collection, Privilege], Awaitable[None]]
    """Raises NeedPrivileges unless whoever writes may send for the owner of a calendar."""
    outgoing: list[int] = field(default_factory=list)
    """Ids of tasks, for who sees to them once all is committed."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document as it is to be stored, its Schedule-Tag as `save` takes it, and who is told."""

    document: Document
    tag: str | None = None
    messages: tuple[Message, ...] = ()
    routes: dict[str, Route] = field(default_factory=dict)


class AlreadyScheduled(Refused):
    """Another object of the same owner is about the same meeting: which (RFC 6638 §3.2.4.1)."""

    def __init__(self, holder: Stored) -> None:
        super().__init__(
            UNIQUE_SCHEDULING_OBJECT_RESOURCE,
            "another of your calendars has this meeting: change or move it there",
        )
        self.holder = holder


async def prepare(
    tx: WriteTx,
    sender: Sender,
    calendar: Collection,
    existing: Stored | None,
    document: Document,
    now: int,
) -> Prepared:
    """What follows from a document that takes the place of `existing` in a locked calendar.

    Costs no statement where nobody else has to do with either. Raises what `plan` does,
    AlreadyScheduled, NeedPrivileges.
    """
    was = existing is not None and existing.schedule_tag is not None
    if calendar.kind != Kind.CALENDAR.value or not (was or concerns_others(document)):
        return Prepared(document)
    before = None if existing is None else await document_of(tx, existing)
    return await prepare_from(tx, sender, calendar, existing, (before, document), now)


async def prepare_from(
    tx: WriteTx,
    sender: Sender,
    calendar: Collection,
    existing: Stored | None,
    change: tuple[Document | None, Document],
    now: int,
) -> Prepared:
    """As `prepare`, of a document that takes the place of what others know: (that, the document).

    Raises what `prepare` does.
    """
    before, document = change
    was = existing is not None and existing.schedule_tag is not None
    owner = await _owner(tx, calendar)
    planned = await _planned(tx, before, document, addresses(owner, sender.rules), now)
    if planned.kind is Role.NONE:
        await _require(tx, sender, calendar, planned.messages)
        found = await routes(tx, sender.rules, owner, planned.messages)
        return Prepared(document, "" if was else None, planned.messages, found)
    await _require_alone(tx, calendar, document.uid)
    await _require(tx, sender, calendar, planned.messages)
    found = await routes(tx, sender.rules, owner, planned.messages)
    text = document.text if planned.text is None else planned.text
    statuses = {one: route.status for one, route in found.items()}
    if statuses:
        statuses = beside_ignored(document, statuses)
        text = await tx.offload(with_statuses, text, statuses)
    stored = document if text == document.text else await parsed(tx, text)
    return Prepared(stored, _tag(existing, planned), planned.messages, found)


async def send(
    tx: WriteTx,
    sender: Sender,
    calendar: Collection,
    prepared: Prepared,
    now: int,
    *,
    most: int | None = MAX_MAILS,
) -> None:
    """Stores the messages, and what is to be done with them.

    Raises Failed(429) if more than `most` mails would wait.
    """
    work = (calendar.owner_id, prepared.messages, prepared.routes, now)
    sender.outgoing.extend(await _store(tx, *work, most=most))


async def removed(
    tx: WriteTx,
    sender: Sender,
    calendar: Collection,
    stored: Stored,
    now: int,
    *,
    reply: bool = True,
) -> None:
    """Tells others of an object that is about to be removed from a locked calendar.

    Without `reply` an attendee says nothing (RFC 6638 §8.1). Raises NeedPrivileges.
    """
    if stored.schedule_tag is None or calendar.kind != Kind.CALENDAR.value:
        return
    owner = await _owner(tx, calendar)
    me = addresses(owner, sender.rules)
    planned = await _planned(tx, await document_of(tx, stored), None, me, now, reply=reply)
    await _require(tx, sender, calendar, planned.messages)
    found = await routes(tx, sender.rules, owner, planned.messages)
    # What goes away is never kept from it by the mails that say so.
    sender.outgoing.extend(await _store(tx, calendar.owner_id, planned.messages, found, now))


async def all_removed(
    tx: WriteTx, sender: Sender, calendar: Collection, now: int, *, reply: bool = True
) -> None:
    """As `removed`, for all objects of a locked calendar that goes."""
    after = 0
    while page := await scheduling.in_calendar(tx, calendar.id, after, PAGE):
        for one in page:
            await removed(tx, sender, calendar, one, now, reply=reply)
        after = page[-1].id


def concerns_others(document: Document) -> bool:
    """Whether an object says who organizes it: all others are their owner's alone."""
    return any(component.first("ORGANIZER") is not None for component in document.components)


def addresses(of: Principal, rules: Rules) -> Addresses:
    """All calendar user addresses of a principal, as they are compared."""
    path = rules.principal_path(of.name)
    spelled = (f"urn:uuid:{of.uuid}", path, path.rstrip("/"))
    return frozenset(normal(one) for one in (*(f"mailto:{m}" for m in of.addresses), *spelled))


async def parsed(tx: ReadTx, text: str) -> Document:
    """The document of a text that was stored, or made by the server itself."""
    return await offloaded(tx, len(text), parse.stored, text)


async def document_of(tx: ReadTx, stored: Stored) -> Document:
    """The document of an object that is stored."""
    return await parsed(tx, (await objects.contents(tx, [stored.id]))[stored.id])


def moment(now: int) -> datetime:
    """An instant as iTIP takes it."""
    return datetime.fromtimestamp(now, UTC)


def new_tag() -> str:
    """A Schedule-Tag that nothing had before."""
    return secrets.token_hex(8)


async def post(
    tx: WriteTx, rules: Rules, owner: Principal, messages: tuple[Message, ...], now: int
) -> list[int]:
    """Stores messages that the server itself sends for somebody; the ids of the tasks."""
    found = await routes(tx, rules, owner, messages)
    return await _store(tx, owner.id, messages, found, now)


async def _store(
    tx: WriteTx,
    owner_id: int,
    messages: Iterable[Message],
    found: dict[str, Route],
    now: int,
    *,
    most: int | None = None,
) -> list[int]:
    """One row for each text, and a task for each recipient whom it can reach.

    Raises Failed(429) if more than `most` mails would wait.
    """
    messages = tuple(messages)
    work = (owner_id, messages, found, now)
    few = len(messages) <= PAGE
    rows, made, mailed = _rows(*work) if few else await tx.offload(_rows, *work)
    for row in rows:
        await tasks.add_message(tx, row)
    made += await _in_turn(tx, owner_id, mailed, most)
    numbered = [one._replace(id=id_) for one, id_ in zip(made, ids.many(len(made)), strict=True)]
    for start in range(0, len(numbered), PAGE):  # so that whoever else waits has a turn
        await tasks.add(tx, numbered[start : start + PAGE])
    return [one.id for one in numbered]


def _rows(
    owner_id: int, messages: Iterable[Message], found: dict[str, Route], now: int
) -> tuple[list[tasks.Message], list[tasks.Task], list[tasks.Task]]:
    """The rows of messages, of tasks within this server, and of mails."""
    rows: dict[tuple[str, str], tasks.Message] = {}
    made: list[tasks.Task] = []
    mailed: list[tasks.Task] = []
    for one in messages:
        route = found[one.recipient]
        if route.kind is None:
            continue
        key = (one.method, one.text)
        if key not in rows:
            rows[key] = tasks.Message(ids.new(), one.uid, one.method, one.sender, one.text, now)
        id_ = rows[key].id
        if route.principal_id is None:
            what = mails.payload(one.recipient, forced=one.forced, again=one.again)
            mailed.append(tasks.new(route.kind, owner_id, now, id_, what))
        else:
            made.append(tasks.new(route.kind, route.principal_id, now, id_, one.recipient))
    return list(rows.values()), made, mailed


async def _in_turn(
    tx: WriteTx, owner_id: int, mailed: list[tasks.Task], most: int | None
) -> list[tasks.Task]:
    """One sender's mails, due after those of the same sender that wait. Raises Failed(429)."""
    if not mailed:
        return []
    before = await tasks.waiting_of(tx, tasks.MAIL, owner_id)
    if most is not None and before + len(mailed) > most:
        raise Failed(
            429,
            f"more than {most} mails would wait to be sent: try again in an hour",
            headers=(("Retry-After", str(WAIT_S)),),
        )
    return [
        one._replace(due_at=one.due_at + number // MAILS_A_MINUTE * 60)
        for number, one in enumerate(mailed, before)
    ]


async def _planned(
    tx: WriteTx,
    before: Document | None,
    after: Document | None,
    me: Addresses,
    now: int,
    *,
    reply: bool = True,
) -> Plan:
    def work() -> Plan:
        return plan(before, after, me, moment(now), reply=reply)

    size = sum(len(one.text) for one in (before, after) if one is not None)
    return await offloaded(tx, size, work)


async def _owner(tx: WriteTx, calendar: Collection) -> Principal:
    found = await principals.by_id(tx, calendar.owner_id)
    if found is None:
        raise principals.LoginEnded
    return found


async def _require(
    tx: WriteTx, sender: Sender, calendar: Collection, messages: Iterable[Message]
) -> None:
    """Whoever makes the owner send something, must be allowed to (RFC 6638 §6.2)."""
    for needed in {SENDS.get(one.method, Privilege.SCHEDULE_SEND_INVITE) for one in messages}:
        await sender.require(tx, calendar, needed)


async def _require_alone(tx: WriteTx, calendar: Collection, uid: str) -> None:
    """Raises AlreadyScheduled."""
    for holder in await scheduling.of_uid(tx, calendar.owner_id, uid):
        if holder.collection_id != calendar.id and holder.schedule_tag is not None:
            raise AlreadyScheduled(holder)


def _tag(existing: Stored | None, planned: Plan) -> str | None:
    """The Schedule-Tag as `save` takes it (RFC 6638 §3.2.10)."""
    if planned.keeps_tag and existing is not None and existing.schedule_tag is not None:
        return None
    return new_tag()
