"""An organizer and attendees on one server: what clients do, and messages that come late or twice.

Whatever a client of one of them writes goes through `plan`, each message through `receive`; a
recipient gets messages in the order in which they were sent, as the store sees to.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias

from caldavd.errors import Refused
from caldavd.ical.contentline import Component, Line, parameter, read
from caldavd.ical.parse import Document, parse, stored
from caldavd.ical.recurrence import Instance, instances
from caldavd.ical.write import write
from caldavd.itip.address import Addresses
from caldavd.itip.comments import ATTENDEE_COMMENT
from caldavd.itip.incoming_reply import replier
from caldavd.itip.message import PRIVATE_COMMENT, Message
from caldavd.itip.occurrence import Instances
from caldavd.itip.plan import plan, refresh
from caldavd.itip.receive import receive
from caldavd.itip.snapshot import copied, drop_lines, meeting, put_line, with_parameter
from caldavd.model import Window
from tests.unit.itip.meetings import of

ORGANIZER: Final = "ann"
OTHERS: Final = ("bob", "cid", "dan")
ANSWERS: Final = ("ACCEPTED", "DECLINED", "TENTATIVE")
WORDS: Final = ("Tea", "Talk", "Walk", "Work")
WINDOW: Final = Window(None, datetime(2026, 3, 1, tzinfo=UTC))

Act: TypeAlias = Callable[["Client"], None]
Seen: TypeAlias = dict[str, tuple[object, ...]]
"""What stands in an object, by instance."""


@dataclass(frozen=True, slots=True)
class Step:
    """What somebody's client does, or that a message comes (`deliver`)."""

    act: str
    who: str
    number: int = 0
    """Which instance, hour, word or answer."""


def address(who: str) -> str:
    return f"mailto:{who}@example.com"


class World:
    """The objects of one UID in the calendars of all, and the messages on their way."""

    def __init__(self, text: str, everybody: Iterable[str]) -> None:
        self.texts: dict[str, str] = {}
        self.queues: dict[str, deque[Message]] = {who: deque() for who in everybody}
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        self.log: list[str] = []
        self.put(ORGANIZER, text)

    def put(self, who: str, text: str | None) -> None:
        """A client stores, or removes, an object; what is refused changes nothing."""
        self.now += timedelta(seconds=1)
        before = self.texts.get(who)
        old = None if before is None else stored(before)
        try:
            new = None if text is None else parse(text.encode())
            made = plan(old, new, of(who), self.now)
        except Refused as refusal:
            self.log.append(f"refused: {refusal.reason}")
            return
        if new is None:
            del self.texts[who]
        else:
            self.texts[who] = made.text or new.text
        self._send(made.messages)

    def deliver(self, who: str, twice: bool = False) -> None:
        """The next message comes."""
        if not self.queues[who]:
            return
        message = self.queues[who].popleft()
        self._receive(who, message)
        if twice:
            before = self.texts.get(who)
            self._receive(who, message)
            assert self.texts.get(who) == before

    def settle(self) -> None:
        """All messages come, and all that they lead to."""
        for _ in range(1_000):
            waiting = [who for who, queue in self.queues.items() if queue]
            if not waiting:
                return
            self.deliver(waiting[0])
        raise AssertionError("there is no end of messages")

    def do(self, step: Step) -> None:
        """A step, if it can be taken."""
        if step.act.startswith("deliver"):
            self.deliver(step.who, step.act == "deliver twice")
            return
        text = self.texts.get(step.who)
        if text is None:
            return
        if step.act == "delete":
            if not self.queues[step.who] and not self.queues[ORGANIZER]:
                self.put(step.who, None)
                self.deliver(ORGANIZER)
            return
        client = Client(text, step.who, step.number)
        acts = ORGANIZER_ACTS if step.who == ORGANIZER else ATTENDEE_ACTS
        acts[step.act](client)
        self.put(step.who, client.text())

    def _receive(self, who: str, message: Message) -> None:
        self.now += timedelta(seconds=1)
        text = self.texts.get(who)
        told = stored(message.text)
        old = None if text is None else stored(text)
        outcome = receive(old, told, message.method, of(who), self.now)
        self.log.append(
            f"{who} got {message.method}: {outcome.ignored} {outcome.answer} {outcome.refresh}"
        )
        if outcome.text is not None:
            parse(outcome.text.encode())
            self.texts[who] = outcome.text
        to = outcome.refresh
        if outcome.answer == "REQUEST":
            to |= {replier(told)}
        if outcome.answer == "REFRESH":
            self._refresh(frozenset({address(who)}))
        elif to:
            self._refresh(to)

    def _refresh(self, to: Addresses) -> None:
        text = self.texts.get(ORGANIZER)
        if text is not None:
            self._send(refresh(stored(text), to, of(ORGANIZER), self.now))

    def _send(self, messages: Iterable[Message]) -> None:
        for message in messages:
            self.log.append(f"  sent {message.method} to {message.recipient}")
            self.queues[message.recipient[7:10]].append(message)


class Client:
    """An object in the hands of somebody's client."""

    def __init__(self, text: str, who: str, number: int) -> None:
        self.document = stored(text)
        (self.calendar,) = read(text)
        self.who = who
        self.number = number

    def text(self) -> str:
        return write([self.calendar])

    @property
    def parts(self) -> list[Component]:
        return [part for part in self.calendar.components if part.name != "VTIMEZONE"]

    @property
    def master(self) -> Component | None:
        return next((part for part in self.parts if not _key(part)), None)

    @property
    def recurs(self) -> bool:
        return self.master is not None and self.master.first("RRULE") is not None

    def key(self) -> str:
        """The instance that the number says."""
        found = sorted(_instances(self.document))
        return found[self.number % len(found)] if found else ""

    def one(self) -> Component | None:
        """The component of that instance: an override is made if there is none."""
        key = self.key()
        for part in self.parts:
            if _key(part) == key:
                return part
        found = Instances(meeting(self.document)).find(key)
        if found is None:
            return None
        self.calendar.components.append(copied(found.component))
        return self.calendar.components[-1]

    def each(self, whole: bool) -> list[Component]:
        """All components, or that of one instance."""
        if whole:
            return self.parts
        one = self.one()
        return [] if one is None else [one]

    def remove(self, key: str) -> None:
        """Removes an override."""
        self.calendar.components = [
            part
            for part in self.calendar.components
            if part.name == "VTIMEZONE" or not key or _key(part) != key
        ]

    def exclude(self) -> None:
        """Takes an instance out of the series."""
        key = self.key()
        if self.recurs and self.master is not None and key:
            self.remove(key)
            self.master.lines.append(Line("EXDATE", "", key))


def _key(part: Component) -> str:
    line = part.first("RECURRENCE-ID")
    return "" if line is None else line.value


def _instances(document: Document) -> dict[str, Instance]:
    """What takes place, by RECURRENCE-ID; what does not recur, by an empty one."""
    return {
        "" if one.recurrence_id is None else f"{one.recurrence_id:%Y%m%dT%H%M%SZ}": one
        for one in instances(document, WINDOW, UTC)
    }


# --- What an organizer's client does ---


def _says(name: str, values: Sequence[str], whole: bool) -> Act:
    def act(client: Client) -> None:
        for part in client.each(whole):
            put_line(part, Line(name, "", values[client.number % len(values)]))

    return act


def _move(client: Client) -> None:
    """Moves all: a client lets go of what it knew of single instances."""
    if client.master is not None:
        _at_hour(client.master, 9 + client.number % 3)
        drop_lines(client.master, "EXDATE")
        client.calendar.components = [client.master]


def _move_one(client: Client) -> None:
    for part in client.each(False):
        _at_hour(part, 13 + client.number % 3)


def _at_hour(part: Component, hour: int) -> None:
    for line in [line for line in part.lines if line.name in ("DTSTART", "DTEND", "DUE")]:
        later = hour + (line.name != "DTSTART")
        put_line(part, line._replace(value=f"{line.value[:9]}{later:02}0000Z"))


def _longer(client: Client) -> None:
    for part in client.each(client.number % 2 == 0):
        for line in [line for line in part.lines if line.name in ("DTEND", "DUE")]:
            put_line(part, line._replace(value=f"{line.value[:11]}{client.number % 4}500Z"))


def _rule(client: Client) -> None:
    """Makes a series longer or shorter; overrides go with their instances."""
    if client.recurs and client.master is not None:
        put_line(client.master, Line("RRULE", "", f"FREQ=DAILY;COUNT={3 + client.number % 3}"))
        alone = Component("VCALENDAR", client.calendar.lines, [client.master])
        bare = Component(client.master.name, list(client.master.lines))
        drop_lines(bare, "EXDATE")
        alone.components = [bare]
        found = _instances(stored(write([alone])))
        for key in [_key(part) for part in client.parts]:
            if key not in found:
                client.remove(key)


def _include(client: Client) -> None:
    if client.master is not None:
        drop_lines(client.master, "EXDATE")


def _revert(client: Client) -> None:
    if client.recurs:
        client.remove(client.key())


def _invite(whole: bool) -> Act:
    def act(client: Client) -> None:
        who = address(OTHERS[client.number % len(OTHERS)])
        for part in client.each(whole):
            if all(line.value != who for line in part.all("ATTENDEE")):
                part.lines.append(Line("ATTENDEE", ";RSVP=TRUE", who))

    return act


def _uninvite(whole: bool) -> Act:
    def act(client: Client) -> None:
        who = address(OTHERS[client.number % len(OTHERS)])
        for part in client.each(whole):
            part.lines = [x for x in part.lines if x.name != "ATTENDEE" or x.value != who]

    return act


def _revise(client: Client) -> None:
    for part in client.each(client.number % 2 == 0):
        line = part.first("SEQUENCE")
        put_line(part, Line("SEQUENCE", "", str(1 + int(line.value if line else "0"))))


# --- What an attendee's client does ---


def _answer(which: str) -> Act:
    def act(client: Client) -> None:
        parts = client.each(which != "one")
        if which == "series" and client.master is not None:
            parts = [client.master]
        for part in parts:
            said = ANSWERS[client.number % len(ANSWERS)]
            part.lines = [
                with_parameter(line, "PARTSTAT", said)
                if line.name == "ATTENDEE" and line.value == address(client.who)
                else line
                for line in part.lines
            ]

    return act


def _comment(whole: bool) -> Act:
    def act(client: Client) -> None:
        for part in client.each(whole):
            put_line(part, Line(PRIVATE_COMMENT, "", WORDS[client.number % len(WORDS)]))

    return act


def _own(client: Client) -> None:
    for part in client.each(client.number % 2 == 0):
        put_line(part, Line("TRANSP", "", "TRANSPARENT"))
        part.lines.append(Line("X-MOZ-LASTACK", "", "20260101T000000Z"))


ORGANIZER_ACTS: Final[Mapping[str, Act]] = {
    "summary": _says("SUMMARY", WORDS, True),
    "summary of one": _says("SUMMARY", WORDS, False),
    "location": _says("LOCATION", WORDS, True),
    "location of one": _says("LOCATION", WORDS, False),
    "status": _says("STATUS", ("TENTATIVE", "CONFIRMED"), True),
    "cancel": _says("STATUS", ("CANCELLED",), True),
    "cancel one": _says("STATUS", ("CANCELLED",), False),
    "move": _move,
    "move one": _move_one,
    "longer": _longer,
    "rule": _rule,
    "exclude": Client.exclude,
    "include": _include,
    "revert": _revert,
    "revise": _revise,
    "invite": _invite(True),
    "invite to one": _invite(False),
    "uninvite": _uninvite(True),
    "uninvite from one": _uninvite(False),
}
ATTENDEE_ACTS: Final[Mapping[str, Act]] = {
    "answer": _answer("all"),
    "answer series": _answer("series"),
    "answer one": _answer("one"),
    "remove one": Client.exclude,
    "comment": _comment(True),
    "comment one": _comment(False),
    "own": _own,
}


def seen(text: str | None, who: str) -> Seen:
    """What somebody sees of an object: when what takes place where, and who said what to it."""
    if text is None:
        return {}
    found: Seen = {}
    for key, one in _instances(stored(text)).items():
        people = {
            line.value: (parameter(line, "PARTSTAT") or "NEEDS-ACTION")
            for line in one.component.all("ATTENDEE")
        }
        said = tuple(_said(one.component, name) for name in ("SUMMARY", "LOCATION", "STATUS"))
        if said[-1] != "CANCELLED" and address(who) in people:
            found[key] = (one.start, one.end, *said, people)
    return found


def _said(part: Component, name: str) -> str:
    line = part.first(name)
    return "CONFIRMED" if line is None and name == "STATUS" else line.value if line else ""


def _comment_of(part: Component, who: str) -> str:
    """What an attendee told the organizer, in the object of either."""
    for line in part.lines:
        if line.name == PRIVATE_COMMENT:
            return line.value
        ref = parameter(line, "X-CALENDARSERVER-ATTENDEE-REF")
        if line.name == ATTENDEE_COMMENT and ref == address(who):
            return line.value
    return ""


def differences(world: World, who: str) -> list[str]:
    """What an attendee's copy says differently; what was declined may be gone from it."""
    theirs, mine = seen(world.texts.get(ORGANIZER), who), seen(world.texts.get(who), who)
    found = [f"{key}: only {who} has it" for key in mine.keys() - theirs.keys()]
    for key, told in theirs.items():
        if key in mine and mine[key] != told:
            found.append(f"{key}: {told} is {mine[key]}")
        people = told[-1]
        assert isinstance(people, dict)
        if key not in mine and people[address(who)] != "DECLINED":
            found.append(f"{key}: {told} is not there")
    return found


def lost_comments(world: World, who: str) -> list[str]:
    """What an attendee's copy tells the organizer, and does not stand there."""
    mine, theirs = (_comments(world.texts.get(one), who) for one in (who, ORGANIZER))
    return [
        f"{key}: {mine[key]} is {theirs[key]}"
        for key in mine.keys() & theirs
        if mine[key] not in ("", theirs[key])
    ]


def _comments(text: str | None, who: str) -> dict[str, str]:
    found = {} if text is None else _instances(stored(text))
    return {
        key: _comment_of(one.component, who)
        for key, one in found.items()
        if address(who) in {line.value for line in one.component.all("ATTENDEE")}
    }
