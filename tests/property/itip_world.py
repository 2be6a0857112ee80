"""An organizer and attendees on one server: what clients do, and messages that come late or twice.

Whatever a client of one of them writes goes through `plan`, each message through `receive`; a
recipient gets what one sender sent in the order in which it was sent, as the store sees to. A
client may write what it made of an older text: of any that had the Schedule-Tag of now.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from caldavd.errors import Refused
from caldavd.ical.contentline import Component, Line, parameter
from caldavd.ical.parse import parse, stored
from caldavd.itip.address import Addresses
from caldavd.itip.comments import ATTENDEE_COMMENT
from caldavd.itip.incoming_reply import replier
from caldavd.itip.message import PRIVATE_COMMENT, Message
from caldavd.itip.plan import plan, refresh
from caldavd.itip.receive import receive
from tests.property.itip_clients import (
    ATTENDEE_ACTS,
    ORGANIZER,
    ORGANIZER_ACTS,
    Client,
    address,
    instances_of,
)
from tests.unit.itip.meetings import of

Seen: TypeAlias = dict[str, tuple[object, ...]]
"""What stands in an object, by instance."""


@dataclass(frozen=True, slots=True)
class Step:
    """What somebody's client does, or that a message comes (`deliver`)."""

    act: str
    who: str
    number: int = 0
    """Which instance, hour, word or answer; whose message comes."""
    stale: bool = False
    """Whether the client has not read what changed since the Schedule-Tag did."""


class World:
    """The objects of one UID in the calendars of all, and the messages on their way."""

    def __init__(self, text: str, everybody: Iterable[str]) -> None:
        self.texts: dict[str, str] = {}
        self.queues: dict[str, list[Message]] = {who: [] for who in everybody}
        self.came: list[tuple[str, Message]] = []
        """Every message that was delivered, and to whom."""
        self.silent: set[str] = set()
        """Who removed their copy, and told nobody."""
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        self.log: list[str] = []
        self._read: dict[str, str] = {}
        self._last = text
        self.put(ORGANIZER, text)

    def put(self, who: str, text: str | None, *, reply: bool = True) -> None:
        """A client stores, or removes, an object; what is refused changes nothing."""
        self.now += timedelta(seconds=1)
        before = self.texts.get(who)
        old = None if before is None else stored(before)
        try:
            new = None if text is None else parse(text.encode())
            made = plan(old, new, of(who), self.now, reply=reply)
        except Refused as refusal:
            self.log.append(f"{who} refused: {refusal.reason}")
            return
        if new is None:
            del self.texts[who]
        else:
            self._set(who, made.text or new.text, keeps_tag=made.keeps_tag)
        self._send(made.messages)

    def deliver(self, who: str, number: int = 0, *, twice: bool = False) -> None:
        """The next message of somebody comes."""
        senders = list(dict.fromkeys(message.sender for message in self.queues[who]))
        if not senders:
            return
        sender = senders[number % len(senders)]
        message = next(one for one in self.queues[who] if one.sender == sender)
        self.queues[who].remove(message)
        self.came.append((who, message))
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

    def again(self, number: int) -> None:
        """A message that came long ago comes again, if its recipient has an object for it."""
        who, message = self.came[number % len(self.came)]
        if who in self.texts:
            self._receive(who, message)

    def do(self, step: Step) -> None:
        """A step, taken by somebody else who can if that one cannot."""
        if step.act == "deliver all":
            self.settle()
        elif step.act.startswith("deliver"):
            who = self._or_other(step.who, [one for one, queue in self.queues.items() if queue])
            self.deliver(who, step.number, twice=step.act == "deliver twice")
        else:
            able = [who for who in self.texts if who != ORGANIZER]
            who = step.who if step.who == ORGANIZER else self._or_other(step.who, able)
            self._act(replace(step, who=who))

    def _or_other(self, who: str, able: Sequence[str]) -> str:
        return who if who in able or not able else able[len(self.log) % len(able)]

    def _act(self, step: Step) -> None:
        text = self.texts.get(step.who)
        if step.act == "restore" and text is None:
            self.put(step.who, self._last)
        if text is None or step.act == "restore":
            return
        if step.act.startswith("delete"):
            self.remove(step.who, reply=step.act == "delete")
            return
        client = Client(self._read[step.who] if step.stale else text, step.who, step.number)
        acts = ORGANIZER_ACTS if step.who == ORGANIZER else ATTENDEE_ACTS
        acts[step.act](client)
        self.put(step.who, client.text())

    def remove(self, who: str, *, reply: bool) -> None:
        """A client removes its copy."""
        if who == ORGANIZER:
            self._last = self.texts[who]
        if not reply:
            self.silent.add(who)
        self.put(who, None, reply=reply)

    def _set(self, who: str, text: str, *, keeps_tag: bool) -> None:
        if not keeps_tag or who not in self.texts:
            self._read[who] = text
        self.texts[who] = text
        self.silent.discard(who)

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
            self._set(who, outcome.text, keeps_tag=outcome.keeps_tag)
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


def seen(text: str | None, who: str) -> Seen:
    """What somebody sees of an object: when what takes place where, and who said what to it."""
    if text is None:
        return {}
    found: Seen = {}
    for key, one in instances_of(stored(text)).items():
        people = {line.value: _answer(line) for line in one.component.all("ATTENDEE")}
        said = tuple(_said(one.component, name) for name in ("SUMMARY", "LOCATION", "STATUS"))
        if said[-1] != "CANCELLED" and address(who) in people:
            found[key] = (one.start, one.end, *said, people)
    return found


def _answer(line: Line) -> tuple[str | None, ...]:
    delegation = (parameter(line, name) for name in ("DELEGATED-TO", "DELEGATED-FROM"))
    return (parameter(line, "PARTSTAT") or "NEEDS-ACTION", *delegation)


def _said(part: Component, name: str) -> str:
    line = part.first(name)
    if name == "STATUS" and part.name == "VTODO" and (line is None or line.value != "CANCELLED"):
        return ""  # How far one is: everybody's own.
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
    if who in world.silent:
        return []
    theirs, mine = seen(world.texts.get(ORGANIZER), who), seen(world.texts.get(who), who)
    found = [f"{key}: only {who} has it" for key in mine.keys() - theirs.keys()]
    for key, told in theirs.items():
        if key in mine and mine[key] != told:
            found.append(f"{key}: {told} is {mine[key]}")
        people = told[-1]
        assert isinstance(people, dict)
        if key not in mine and people[address(who)][0] != "DECLINED":
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
    found = {} if text is None else instances_of(stored(text))
    return {
        key: _comment_of(one.component, who)
        for key, one in found.items()
        if address(who) in {line.value for line in one.component.all("ATTENDEE")}
    }
