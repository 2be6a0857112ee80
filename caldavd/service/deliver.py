"""Deliver a message to a principal of this server (RFC 6638 §4)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from typing import Final

from caldavd.errors import Refused
from caldavd.ical.parse import Document
from caldavd.itip import plan as itip
from caldavd.itip.address import Addresses, normal
from caldavd.itip.notice import tells_in_words
from caldavd.itip.outcome import Outcome
from caldavd.model import Collection, Principal, Stored
from caldavd.service import book, boxes, inbox, schedule
from caldavd.service.letter import Letter
from caldavd.service.offload import offloaded
from caldavd.service.quota import require_room
from caldavd.service.routes import Rules
from caldavd.service.save import save
from caldavd.store import collections, ids, mails, objects, principals, scheduling, tasks
from caldavd.store.engine import WriteTx
from caldavd.store.tasks import Task

REFRESH: Final = "refresh"
"""A kind of task: tell attendees of answers that came since."""
AT_ONCE: Final = 10
"""To so many attendees answers are told one by one; to more, those of some seconds together."""
QUOTAS: Final = 2
"""What others send may take so many times the quota: who has no room is still invited."""
TOGETHER_S: Final = 5
TOLD_IN_S: Final = 20
"""So many more can be told in a second: who has more people waits for more answers."""
OF_ATTENDEES: Final = frozenset({"REPLY", "REFRESH", "COUNTER"})
"""The methods of messages to an organizer."""


async def deliver(tx: WriteTx, rules: Rules, of: Task, letter: Letter, now: int) -> list[int]:
    """Does what a message asks for to its recipient's calendars; the ids of tasks that follow.

    The same message again changes nothing. A recipient who is gone gets nothing.
    """
    recipient = await principals.by_id(tx, of.owner_id)
    if recipient is None:
        return []
    message, read = letter.message, await letter.read(tx)
    component = read.document.component
    bookable = book.is_bookable(recipient)
    locked = await _locked(tx, recipient.id, message.uid, component, together=bookable)
    me = schedule.addresses(recipient, rules)
    existing, text = await _existing(tx, recipient.id, message.uid, locked)
    before, outcome = await letter.outcome(tx, text, me, now)
    answered = book.Answered(outcome)
    if bookable and locked:
        work = (outcome, message, before)
        answered = await book.answer(tx, rules, recipient, locked[0], work, now)
        outcome = answered.outcome
    if locked and existing is None and outcome.text is not None:
        await _require_room(tx, rules, locked[0], outcome.text)
    after = await _write(tx, locked, existing, outcome, message.uid, now) or before
    if outcome.inbox:
        await _tell(tx, rules, recipient.id, letter, outcome, now)
    await _note(tx, rules, of, letter, outcome)
    if after is None:
        return []
    asked = []
    if answered.messages:
        asked = await schedule.post(tx, rules, recipient, answered.messages, now)
    if outcome.answer == "REQUEST":
        # Who answered does not know how things stand.
        to = frozenset({normal(message.sender)})
        again = message.method == "REFRESH"
        asked += await refresh(tx, rules, recipient, after, to, now, again=again)
    return asked + await _follow(tx, rules, recipient, after, outcome, now)


async def tell_again(tx: WriteTx, rules: Rules, of: Task, now: int) -> list[int]:
    """Tells the attendees of an object how it stands, once for all answers of some seconds."""
    organizer = await principals.by_id(tx, of.owner_id)
    locked = await _locked(tx, of.owner_id, of.payload)
    _, text = await _existing(tx, of.owner_id, of.payload, locked)
    if organizer is None or text is None:
        return []
    document = await schedule.parsed(tx, text)
    return await refresh(tx, rules, organizer, document, None, now)


async def _locked(
    tx: WriteTx, owner_id: int, uid: str, component: str = "VEVENT", *, together: bool = False
) -> list[Collection]:
    """The calendar that holds the object of a UID, locked; else the one that it would be put in,
    which is one for that component.

    `together`: all others of the owner's are locked with it, as their content decides too.
    """
    found = await scheduling.of_uid(tx, owner_id, uid)
    if found:
        wanted = [found[0].collection_id]
    else:
        default = await boxes.default_calendar(tx, owner_id, component)
        wanted = [] if default is None else [default.id]
    others = [one.id for one in await collections.calendars(tx, owner_id)] if together else []
    locked = await collections.lock(tx, *wanted, *others) if wanted else []
    return [one for one in locked if one.trashed_at is None and one.id in wanted]


async def _existing(
    tx: WriteTx, owner_id: int, uid: str, locked: Iterable[Collection]
) -> tuple[Stored | None, str | None]:
    """The object of a UID in a locked calendar, and its text, as it is under the lock."""
    among = {one.id for one in locked}
    for stored in await scheduling.of_uid(tx, owner_id, uid):
        if stored.collection_id in among:
            return stored, (await objects.contents(tx, [stored.id]))[stored.id]
    return None, None


async def _write(
    tx: WriteTx,
    locked: list[Collection],
    existing: Stored | None,
    outcome: Outcome,
    uid: str,
    now: int,
) -> Document | None:
    """Stores what became of the recipient's object."""
    if outcome.text is None or not locked:
        return None
    document = outcome.made or await schedule.parsed(tx, outcome.text)
    name = existing.name if existing else await _free_name(tx, locked[0], uid)
    keeps = outcome.keeps_tag and existing is not None and existing.schedule_tag is not None
    tag = None if keeps else schedule.new_tag()
    await save(tx, locked[0], existing, name, document, now, schedule_tag=tag)
    return document


async def _free_name(tx: WriteTx, calendar: Collection, uid: str) -> str:
    name = f"{hashlib.blake2b(uid.encode(), digest_size=16).hexdigest()}.ics"
    taken = await objects.get(tx, calendar.id, name)
    return name if taken is None else f"{ids.new():x}.ics"


async def _require_room(tx: WriteTx, rules: Rules, collection: Collection, text: str) -> None:
    """Raises Refused(QUOTA_NOT_EXCEEDED)."""
    size_bytes = len(text.encode())
    await require_room(tx, collection, size_bytes, rules.quota_bytes, times=QUOTAS)


async def _tell(
    tx: WriteTx, rules: Rules, recipient_id: int, letter: Letter, outcome: Outcome, now: int
) -> None:
    """Puts a message into the recipient's inbox, if there is room."""
    message, document = letter.message, (await letter.read(tx)).document
    box = (await scheduling.inboxes(tx, [recipient_id])).get(recipient_id)
    if box is None:
        return
    who = message.sender if message.method in OF_ATTENDEES else ""
    if message.method == "COUNTER":
        who += " COUNTER"  # Whoever proposes another time answers too: both are to be seen.
    for locked in await collections.lock(tx, box.id):
        of = inbox.key(message.uid, who)
        with suppress(Refused):
            await _require_room(tx, rules, locked, message.text)
            await inbox.put(tx, locked, of, document, now, outcome.changes)


async def _note(tx: WriteTx, rules: Rules, of: Task, letter: Letter, outcome: Outcome) -> None:
    """Has what somebody said mailed to the organizer: few clients show what is in an inbox.

    A little later, as somebody may say more at the same time.
    """
    if not rules.mails or not mails.is_notice(of.payload):
        return
    to = mails.recipient_of(of.payload)
    if to and tells_in_words(await letter.read(tx), outcome):
        what = mails.payload(to, notice=True)
        task = tasks.new(tasks.MAIL, of.owner_id, of.created_at, letter.message.id, what)
        await tasks.add(tx, [task._replace(due_at=of.created_at + TOGETHER_S)])


async def _follow(
    tx: WriteTx,
    rules: Rules,
    recipient: Principal,
    after: Document,
    outcome: Outcome,
    now: int,
) -> list[int]:
    """What is due to others: answers are told to the other attendees."""
    if not outcome.refresh:
        return []
    if len(outcome.refresh) <= AT_ONCE:
        return await refresh(tx, rules, recipient, after, outcome.refresh, now)
    due_at = now + TOGETHER_S + len(outcome.refresh) // TOLD_IN_S
    task = tasks.new(REFRESH, recipient.id, now, None, after.uid)._replace(due_at=due_at)
    return await tasks.add_once(tx, task)


async def refresh(
    tx: WriteTx,
    rules: Rules,
    organizer: Principal,
    document: Document,
    to: Addresses | None,
    now: int,
    *,
    again: bool = False,
) -> list[int]:
    """REQUESTs to attendees, to local ones unless they asked for that (`again`).

    Nobody is mailed because somebody else answered.
    """
    me = schedule.addresses(organizer, rules)
    everybody = frozenset(
        normal(line.value) for part in document.components for line in part.all("ATTENDEE")
    )
    wanted = everybody if to is None else to

    def work() -> tuple[itip.Message, ...]:
        return itip.refresh(document, wanted, me, schedule.moment(now))

    messages = await offloaded(tx, len(document.text), work)
    if not again:
        return await schedule.post(tx, rules.without_mail(), organizer, messages, now)
    messages = tuple(replace(one, again=True, forced=False) for one in messages)
    return await schedule.post(tx, rules, organizer, messages, now)
