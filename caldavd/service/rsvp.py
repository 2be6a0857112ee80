"""Answers of people without an account, by links in the mails that invite them.

What is answered is handed to the organizer as a mail with it would be.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from typing import NamedTuple

from caldavd.ical.parse import Document, stored
from caldavd.itip import rsvp, ticket
from caldavd.itip.home import may_be_in_utc
from caldavd.itip.rsvp import Asked, Host, Said
from caldavd.itip.ticket import Ticket
from caldavd.languages.codes import DEFAULT_CODE
from caldavd.languages.known import first_known
from caldavd.model import Principal
from caldavd.service import schedule, zone
from caldavd.service.mail_in import Spoken, hand_over
from caldavd.service.offload import offloaded
from caldavd.service.routes import Rules
from caldavd.store import keys, objects, principals, scheduling
from caldavd.store.engine import ReadTx, WriteTx


class Why(Enum):
    """Why nothing can be answered by a link."""

    UNKNOWN = "unknown"
    EXPIRED = "expired"
    OVER = "over"
    """It does not take place, or not with whom the link is for."""
    CHANGED = "changed"
    """It is no longer what the answer is to."""


class Closed(Exception):
    """Nothing can be answered by this link, or not this."""

    def __init__(self, why: Why) -> None:
        super().__init__(why.value)
        self.why = why


@dataclass(frozen=True, slots=True)
class Found:
    """What a link is to."""

    organizer: Principal
    asked: Asked
    is_newer: bool
    """Whether the meeting was changed since the mail with the link."""


class Given(NamedTuple):
    """What came of an answer: the ids of the tasks that deliver it."""

    tasks: tuple[int, ...]


def _uncounted(of: Ticket) -> None:
    pass


async def find(
    tx: ReadTx,
    token: str,
    rules: Rules,
    now: int,
    languages: tuple[str | None, str] = (None, DEFAULT_CODE),
    opened: Callable[[Ticket], None] = _uncounted,
) -> Found:
    """What a link is to, as it stands. Raises Closed, and what `opened` does.

    It is told in the first of the `languages`, else in the organizer's, else in the second.
    `opened` is called before anything of what the link is to is read.
    """
    of = await _ticket(tx, token, now)
    opened(of)
    organizer = await principals.by_id(tx, of.owner_id)
    if organizer is None:
        raise Closed(Why.OVER)
    wanted, otherwise = languages
    host = Host(
        schedule.addresses(organizer, rules),
        organizer.display_name or organizer.name,
        first_known(wanted, organizer.language, otherwise),
    )
    for one in await scheduling.of_uid(tx, organizer.id, of.uid):
        if one.schedule_tag is None:
            break  # a copy, of which nobody is told
        content = (await objects.contents(tx, [one.id]))[one.id]
        if await offloaded(tx, len(content), may_be_in_utc, content):
            homes = await zone.homes(tx, [(organizer.id, of.uid)])
            host = replace(host, home=homes.get((organizer.id, of.uid)))
        work = (content, of.attendee, host, schedule.moment(now))
        asked = await offloaded(tx, len(content), _asked, *work)
        if asked is not None:
            return Found(organizer, asked, asked.sequence > of.sequence)
    raise Closed(Why.OVER)


async def answer(tx: WriteTx, token: str, seen: str, said: Said, rules: Rules, now: int) -> Given:
    """Hands over an answer to what was `seen` (the digest of it); nothing if it says nothing new.

    Raises Closed.
    """
    found = await find(tx, token, rules, now)
    asked, at = found.asked, schedule.moment(now)
    if asked.digest != seen:
        raise Closed(Why.CHANGED)
    texts: list[tuple[str, str]] = []
    if (said.answer, said.comment) != (asked.answer, asked.comment):
        texts.append(("REPLY", await tx.offload(rsvp.replying, asked, said, at)))
    if said.start is not None and asked.slot is not None:
        texts.append(("COUNTER", rsvp.countering(asked, said, at)))
    made = [
        await hand_over(
            tx,
            found.organizer,
            Spoken(method, text, asked.uid, asked.attendee),
            now,
            notice=True,
        )
        for method, text in texts
    ]
    return Given(tuple(made))


async def _ticket(tx: ReadTx, token: str, now: int) -> Ticket:
    key = await keys.get(tx, keys.ANSWERS)
    found = None if key is None else ticket.read(token, key)
    if found is None:
        raise Closed(Why.UNKNOWN)
    if found.expires_at <= now:
        raise Closed(Why.EXPIRED)
    return found


def _asked(content: str, attendee: str, host: Host, at: datetime) -> Asked | None:
    document: Document = stored(content)
    return rsvp.asked(document, attendee, host, at)
