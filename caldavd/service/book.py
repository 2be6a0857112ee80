"""Rooms and resources that answer by themselves, with the request that they are asked by.

All is decided under the locks of all calendars of the room: of two who ask at once, one is first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from typing import Final

from caldavd.errors import Refused
from caldavd.ical.freebusy import BusyPeriod
from caldavd.ical.hours import Hours, told
from caldavd.ical.parse import Document
from caldavd.ical.recurrence import TooMany
from caldavd.itip import booking
from caldavd.itip import plan as itip
from caldavd.itip.address import Addresses
from caldavd.itip.booking import DECLINED, NEEDS_ACTION, Asked, Decision, Terms
from caldavd.itip.outcome import Outcome
from caldavd.itip.reason import Reason, Why
from caldavd.itip.snapshot import meeting
from caldavd.languages.known import first_known
from caldavd.languages.phrases import Language
from caldavd.model import Collection, Principal, PrincipalKind, Window
from caldavd.service import availability, freebusy, schedule, zone
from caldavd.service.offload import offloaded
from caldavd.service.routes import Rules, known
from caldavd.store import members, principals, rooms, scheduling, tasks
from caldavd.store.engine import WriteTx
from caldavd.store.rooms import Room

ASKS: Final = frozenset({"REQUEST", "ADD"})
MAX_BUSY: Final = 20_000
"""Instances in the way of which a room that has more of them leaves the answer to its managers."""
_KINDS: Final = frozenset({PrincipalKind.ROOM.value, PrincipalKind.RESOURCE.value})


@dataclass(frozen=True, slots=True)
class Answered:
    """The room's object with its answer, and what is to be told."""

    outcome: Outcome
    messages: tuple[itip.Message, ...] = ()


def is_bookable(principal: Principal) -> bool:
    """Whether a principal is a room or a resource."""
    return principal.kind in _KINDS


async def answer(
    tx: WriteTx,
    rules: Rules,
    room: Principal,
    calendar: Collection,
    asked: tuple[Outcome, tasks.Message, Document | None],
    now: int,
) -> Answered:
    """What a room says to a message that was received into a locked calendar.

    Nothing, unless somebody asks for it, and it answers by itself. What it said already stands:
    `asked` is what becomes of the message, and the object that was there before.
    """
    outcome, message, before = asked
    if message.method not in ASKS or outcome.text is None:
        return Answered(outcome)
    document = outcome.made or await schedule.parsed(tx, outcome.text)
    me = schedule.addresses(room, rules)
    size = len(document.text)
    document = await offloaded(tx, size, booking.unanswered, document, before, me)
    outcome = replace(outcome, text=document.text, made=document)
    of = (await rooms.of(tx, [room.id])).get(room.id)
    if of is None or of.policy != rooms.AUTOMATIC:
        return Answered(outcome)
    may_book = await _may_book(tx, rules, of, message.sender)
    floating = await zone.floating(tx, calendar.id, room.id, room.id)
    decision = await _decided(tx, of, document, me, (may_book, floating, now))
    if decision is None or decision.partstat == NEEDS_ACTION:
        return Answered(outcome)

    language = await _language(tx, rules, message.sender)

    def work() -> tuple[str, tuple[itip.Message, ...]]:
        parts = booking.pending(meeting(document), me)
        new = booking.answered(document, parts, me, decision, language)
        planned = itip.plan(document, new, me, schedule.moment(now))
        return planned.text or new.text, planned.messages

    text, messages = await offloaded(tx, len(document.text), work)
    # Nobody reads what came into the inbox of a room that answers by itself.
    return Answered(replace(outcome, text=text, inbox=False, made=None), messages)


async def _decided(
    tx: WriteTx, of: Room, document: Document, me: Addresses, given: tuple[bool, tzinfo, int]
) -> Decision | None:
    """What the room answers; None: everything is answered, or takes no time."""
    may_book, floating, now = given
    parts = booking.pending(meeting(document), me)
    if not parts or document.component != "VEVENT":
        return None
    try:
        asked = await tx.offload(booking.asked_of, document, parts, of.ahead_days, floating, now)
    except TooMany:
        return Decision(DECLINED, Reason(Why.INSTANCES, booking.MAX_INSTANCES))
    try:
        busy, closed = await _occupied(tx, of.principal_id, document.uid, asked)
    except Refused:  # more instances than can be looked at: whoever manages it has to
        return Decision(NEEDS_ACTION)
    hours = await _hours(tx, of.principal_id) if booking.conflicts(closed, asked) else ()
    terms = Terms(True, of.ahead_days, of.longest_s, of.conflicts_percent, hours)
    return booking.decide(terms, may_book, busy, asked, now, closed)


async def _hours(tx: WriteTx, room_id: int) -> tuple[Hours, ...]:
    """When a room is open."""
    text = await availability.of(tx, room_id)
    return () if text is None else tuple(await tx.offload(told, text))


async def _occupied(
    tx: WriteTx, room_id: int, uid: str, asked: Sequence[Asked]
) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """When a room is taken from the first to the last of instances, a meeting apart; when closed.

    Raises Refused(NUMBER_OF_MATCHES).
    """
    if not asked:
        return [], []
    first, last = min(one.starts for one in asked), max(one.ends for one in asked)
    window = Window(datetime.fromtimestamp(first, UTC), datetime.fromtimestamp(last, UTC))
    found = await freebusy.of_users_without(tx, [room_id], window, MAX_BUSY, [uid])
    inboxes = await scheduling.inboxes(tx, [room_id])
    closed = await availability.overlaid(tx, inboxes, window, {room_id: []})
    return _spans(found[room_id]), _spans(closed[room_id])


def _spans(periods: Sequence[BusyPeriod]) -> list[tuple[int, int]]:
    return [(one.starts, one.ends) for one in periods]


async def _may_book(tx: WriteTx, rules: Rules, of: Room, organizer: str) -> bool:
    """Whether an organizer, by a calendar user address, is among those who can book a room."""
    if of.bookers_id == rooms.EVERYBODY:
        return True
    who = (await known(tx, rules, [organizer])).get(organizer)
    return who is not None and of.bookers_id in await members.identities_of(tx, who.id)


async def _language(tx: WriteTx, rules: Rules, organizer: str) -> Language:
    """The language of who asks, by a calendar user address; the server's for others."""
    who = (await known(tx, rules, [organizer])).get(organizer)
    found = await principals.without_addresses(tx, [who.id]) if who is not None else []
    return first_known(*(one.language for one in found), rules.language)
