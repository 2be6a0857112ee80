"""iTIP messages that came by mail: who may say what, and to whom it goes (RFC 6047 §2.2, §3).

From is believed: whether a mail is from whom it says is judged by the mail server that took it. It
has to be the ATTENDEE who answers, or the ORGANIZER who invites; SENT-BY convinces nobody.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Final, NamedTuple

from caldavd.errors import Refused
from caldavd.ical.parse import Document, stored
from caldavd.ical.validate import DEFAULT, Limits
from caldavd.itip.address import normal
from caldavd.itip.bounce import Bounce
from caldavd.itip.incoming import judged, read_message
from caldavd.itip.incoming_mail import Carried, Incoming
from caldavd.itip.incoming_reply import replier
from caldavd.itip.outside import understood
from caldavd.itip.refreshing import refreshing
from caldavd.itip.snapshot import Meeting, Role
from caldavd.itip.snapshot import meeting as read_meeting
from caldavd.model import Principal, PrincipalKind
from caldavd.service import routes, schedule, undelivered
from caldavd.store import identities, ids, mails, objects, principals, scheduling, tasks
from caldavd.store.engine import ReadTx, WriteTx
from caldavd.store.tasks import Message

_MAIL: Final = "mailto:"
_OF_ATTENDEE: Final = frozenset({"REPLY", "COUNTER", "REFRESH"})
_ANSWERED_BY_PROGRAMS: Final = frozenset({"REPLY"})
"""What a program may say for somebody, as one does for a room; it makes nobody answer."""
_UNWANTED: Final = "a program answered, and nobody waits for that"
PAGE: Final = 500


class Fate(Enum):
    """What became of a mail."""

    DELIVERED = "delivered"
    """It is on its way to calendars of this server."""
    BOUNCED = "bounced"
    """It returns a mail of this server, and the organizer's object says so now."""
    DROPPED = "dropped"
    """It is of a kind that nobody waits for."""
    REFUSED = "refused"
    """It may not say what it says, or cannot be read: it is kept, with the reason."""


@dataclass(frozen=True, slots=True)
class Received:
    """What became of a mail, and why; `tasks`: the deliveries that it caused."""

    fate: Fate
    reason: str = ""
    tasks: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Rules:
    """What mails are held to."""

    server: str = ""
    """The server's own mail address."""
    trusted: frozenset[str] = frozenset()
    """Addresses that may speak for everybody in their own domain, lower case."""
    limits: Limits = DEFAULT


class Spoken(NamedTuple):
    """A message of somebody without an account."""

    method: str
    text: str
    uid: str
    sender: str


class Untrusted(Exception):
    """A message that its sender may not send, or that concerns nobody here."""


async def receive(
    tx: WriteTx, rules: Rules, mail: Incoming, recipients: Sequence[str], now: int
) -> Received:
    """Hands over what a mail carries; `recipients`: the addresses that it was delivered to.

    Of a mail that carries several messages, those that may be are handed over. The same mail again
    does the same again, which changes no calendar. Raises nothing that a mail could cause.
    """
    if mail.mark and mail.mark == rules.server:
        return Received(Fate.DROPPED, "this server sent it itself")
    if mail.bounce is not None:
        return await _bounced(tx, mail.bounce, now)
    reasons: list[str] = [] if mail.carried else [_UNWANTED]
    made: list[int] = []
    for one in mail.carried:
        if mail.auto and one.method not in _ANSWERED_BY_PROGRAMS:
            reasons.append(_UNWANTED)
            continue
        try:
            made += await _deliver(tx, rules, mail, one, recipients, now)
        except Refused as refused:
            reasons.append(refused.reason)
        except Untrusted as untrusted:
            reasons.append(str(untrusted))
    if made:
        return Received(Fate.DELIVERED, "; ".join(reasons), tuple(made))
    return Received(Fate.DROPPED if mail.auto else Fate.REFUSED, "; ".join(reasons))


async def _bounced(tx: WriteTx, of: Bounce, now: int) -> Received:
    said = f"a mail of this server came back with {of.status}"
    try:
        changed = await undelivered.returned(tx, of, now)
    except undelivered.Foreign:
        return Received(Fate.REFUSED, "what it returns was not sent by this server, or long ago")
    return Received(Fate.BOUNCED if changed else Fate.DROPPED, said)


async def hand_over(
    tx: WriteTx,
    recipient: Principal,
    said: Spoken,
    now: int,
    *,
    notice: bool,
) -> int:
    """Makes a message, and the task of delivering it to a principal: the id of the task.

    `notice`: what it says in words has reached the recipient by no mail yet. Who answers and has
    an account here has not answered in the own calendar. So they are told how it stands once the
    answer is there, as if they had asked for that.
    """
    made = await _task(tx, recipient, said, now, notice=notice)
    if said.method == "REPLY" and await _local(tx, {said.sender}):
        document = await schedule.parsed(tx, said.text)
        text = refreshing(document, said.sender, schedule.moment(now))
        await _task(tx, recipient, said._replace(method="REFRESH", text=text), now)
    return made


async def _task(
    tx: WriteTx, recipient: Principal, said: Spoken, now: int, *, notice: bool = False
) -> int:
    message = Message(ids.new(), said.uid, said.method, said.sender, said.text, now)
    address = f"{_MAIL}{recipient.addresses[0]}" if recipient.addresses else ""
    what = mails.payload(address, notice=notice)
    task = tasks.new(tasks.ITIP, recipient.id, now, message.id, what)
    await tasks.add_message(tx, message)
    await tasks.add(tx, [task])
    return task.id


async def _deliver(
    tx: WriteTx,
    rules: Rules,
    mail: Incoming,
    carried: Carried,
    recipients: Sequence[str],
    now: int,
) -> list[int]:
    at = schedule.moment(now)
    document, method = await tx.offload(_read, carried.text, rules.limits, at)
    meeting = await tx.offload(judged, document, method)
    if method == "PUBLISH":
        raise Untrusted("what is published is sent to nobody in particular")
    speaks_for = _spoken_for(document, method, meeting)
    speaker = _speaker(method, speaks_for, mail.sender, rules.trusted)
    organizers = await _local(tx, meeting.organizers)
    if method in _OF_ATTENDEE and not meeting.organizers:
        to = await _organizing(tx, meeting.uid, speaker, recipients)
    elif method in _OF_ATTENDEE:
        to = sorted(set(organizers.values()))
    elif organizers:
        raise Untrusted("its organizer has an account here: what changes there is sent from there")
    else:
        everybody = {who for part in meeting.parts.values() for who in part.attendees}
        to = await _meant(tx, everybody, recipients)
    if not to:
        raise Untrusted("it is for nobody who has an account here")
    sender_id = next(iter((await _local(tx, {speaker})).values()), 0)
    to = sorted(await routes.open_to(tx, sender_id, dict.fromkeys(to, method)))
    if not to:
        raise Untrusted("whom it is for takes nothing like it from who sent it")
    found = await principals.by_ids(tx, to)
    # Whom the mail itself was delivered to reads there what it says.
    read = set((await _local(tx, {normal(one) for one in recipients})).values())
    said, told = Spoken(method, document.text, meeting.uid, speaker), method in _OF_ATTENDEE
    return [
        await hand_over(tx, one, said, now, notice=told and one.id not in read) for one in found
    ]


def _read(text: str, limits: Limits, at: datetime) -> tuple[Document, str]:
    document, method = read_message(text.encode(), limits)
    return understood(document, method, at), method


def _spoken_for(document: Document, method: str, meeting: Meeting) -> frozenset[str]:
    """Those of whom a message may be. Raises Refused."""
    if method == "REPLY":
        return frozenset({replier(document)})
    if method in _OF_ATTENDEE:
        asked = (frozenset(part.attendees) for part in meeting.parts.values())
        return frozenset.intersection(*asked) - meeting.organizers
    return meeting.organizers


def _speaker(method: str, speaks_for: frozenset[str], sender: str, trusted: Collection[str]) -> str:
    """Of whom a message is that this sender sent. Raises Untrusted."""
    if sender in speaks_for:
        return sender
    bare, domain = sender.removeprefix(_MAIL), sender.rpartition("@")[2]
    if bare in trusted and all(one.endswith(f"@{domain}") for one in speaks_for) and speaks_for:
        return min(speaks_for)
    whom = "an attendee" if method in _OF_ATTENDEE else "the organizer"
    raise Untrusted(f"a {method} from {bare}, who is not {whom} of it")


async def _meant(tx: ReadTx, attendees: set[str], recipients: Sequence[str]) -> list[int]:
    """The accounts here among the attendees; of them those to whom the mail was delivered.

    A mail to an address that is no account's, as that of the server is, is for all of them.
    """
    asked = set((await _local(tx, attendees)).values())
    to = {normal(one) for one in recipients}
    named = await _local(tx, to)
    if to and len(named) == len(to):
        asked &= set(named.values())
    return sorted(asked)


async def _organizing(tx: WriteTx, uid: str, attendee: str, recipients: Sequence[str]) -> list[int]:
    """Those to whom a mail was delivered that organize this meeting, and asked this attendee.

    Exchange answers without an ORGANIZER, which a REPLY has to have (RFC 5546 §3.2.3). Raises
    Untrusted where it is nobody's.
    """
    to = sorted(set((await _local(tx, {normal(one) for one in recipients})).values()))
    if not to:
        raise Untrusted("it names no organizer, and came to nobody who has an account here")
    found = [one for one in await principals.by_ids(tx, to) if await _asked(tx, one, uid, attendee)]
    if not found:
        bare = attendee.removeprefix(_MAIL)
        raise Untrusted(f"it names no organizer, and to whom it came did not ask {bare} to that")
    return [one.id for one in found]


async def _asked(tx: WriteTx, who: Principal, uid: str, attendee: str) -> bool:
    """Whether somebody organizes a meeting with this attendee."""
    # By mail an organizer is known by a mail address; others are for clients of this server.
    me = schedule.addresses(who, routes.Rules())
    for one in await scheduling.of_uid(tx, who.id, uid):
        text = (await objects.contents(tx, [one.id]))[one.id]
        of = await tx.offload(_meeting, text)
        asked = any(attendee in part.attendees for part in of.parts.values())
        if asked and of.role(me) is Role.ORGANIZER:
            return True
    return False


def _meeting(text: str) -> Meeting:
    return read_meeting(stored(text))


async def _local(tx: ReadTx, addresses: Collection[str]) -> dict[str, int]:
    """The accounts here that have these addresses, by address."""
    mail = {
        principals.normal(one.removeprefix(_MAIL)) for one in addresses if one.startswith(_MAIL)
    }
    found: dict[str, int] = {}
    for start in range(0, len(mail), PAGE):
        page = await identities.of(tx, sorted(mail)[start : start + PAGE], (), ())
        found |= {
            one: of.id for one, of in page.by_mail.items() if of.kind is not PrincipalKind.GROUP
        }
    return found
