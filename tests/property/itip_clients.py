"""What clients of an organizer and of attendees do to their copies of a meeting or a task."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final, TypeAlias

from caldavd.ical.contentline import Component, Line, read
from caldavd.ical.parse import Document, stored
from caldavd.ical.recurrence import Instance, instances
from caldavd.ical.values import parse_temporal
from caldavd.ical.write import time_line, write
from caldavd.itip.instance import like, series
from caldavd.itip.message import PRIVATE_COMMENT
from caldavd.itip.occurrence import Instances
from caldavd.itip.snapshot import (
    copied,
    drop_lines,
    key_of_moment,
    meeting,
    part_of,
    put_line,
    start_of,
    with_parameter,
)
from caldavd.model import Window

ORGANIZER: Final = "ann"
OTHERS: Final = ("bob", "cid", "dan")
DELEGATE: Final = "eve"
"""Who is asked to nothing, unless somebody delegates."""
ANSWERS: Final = ("ACCEPTED", "DECLINED", "TENTATIVE")
WORDS: Final = ("Tea", "Talk", "Walk", "Work")
WINDOW: Final = Window(None, datetime(2026, 6, 1, tzinfo=UTC))

Act: TypeAlias = Callable[["Client"], None]


def address(who: str) -> str:
    return f"mailto:{who}@example.com"


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
        return next((part for part in self.parts if not self.key_of(part)), None)

    @property
    def recurs(self) -> bool:
        return self.master is not None and self.master.first("RRULE") is not None

    def key_of(self, part: Component) -> str:
        """The instance of a component; empty for that of all."""
        zones = self.document.zones
        return part_of(part, zones, start_of(self.document.components, zones)).key or ""

    def key(self) -> str:
        """The instance that the number says."""
        found = sorted(instances_of(self.document))
        return found[self.number % len(found)] if found else ""

    def one(self) -> Component | None:
        """The component of that instance: an override is made if there is none."""
        key = self.key()
        for part in self.parts:
            if self.key_of(part) == key:
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

    def keep(self, *parts: Component) -> None:
        """Removes all components but these."""
        kept = {id(part) for part in parts}
        self.calendar.components = [
            part
            for part in self.calendar.components
            if part.name == "VTIMEZONE" or id(part) in kept
        ]

    def remove(self, key: str) -> None:
        """Removes an override."""
        self.keep(*(part for part in self.parts if not key or self.key_of(part) != key))

    def exclude(self) -> None:
        """Takes an instance out of the series."""
        key = self.key()
        of = series(meeting(self.document).master, self.document.zones)
        if self.recurs and self.master is not None and of is not None and key:
            self.remove(key)
            line = like(of.pattern, parse_temporal(key), self.document.zones)
            self.master.lines.append(Line("EXDATE", line.parameter_text, line.value))


def instances_of(document: Document) -> dict[str, Instance]:
    """What takes place, by RECURRENCE-ID; what does not recur, by an empty one."""
    return {
        "" if one.recurrence_id is None else key_of_moment(one.recurrence_id): one
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
        client.keep(client.master)


def _move_one(client: Client) -> None:
    for part in client.each(False):
        _at_hour(part, 13 + client.number % 3)


def _at_hour(part: Component, hour: int) -> None:
    """Puts a component to another hour; what takes whole days, to another day."""
    for line in [line for line in part.lines if line.name in ("DTSTART", "DTEND", "DUE")]:
        later = hour + (line.name != "DTSTART")
        if "T" in line.value:
            value = f"{line.value[:9]}{later:02}{line.value[11:]}"
        else:
            start = part.first("DTSTART")
            first = line.value if start is None else start.value
            value = f"{first[:6]}{5 + later:02}" if line.name == "DTSTART" else _day(first, 1)
        put_line(part, line._replace(value=value))


def _day(value: str, days: int) -> str:
    found = parse_temporal(value)
    assert isinstance(found, date)
    return time_line("", found + timedelta(days=days)).value


def _longer(client: Client) -> None:
    for part in client.each(client.number % 2 == 0):
        for line in [line for line in part.lines if line.name in ("DTEND", "DUE")]:
            value = line.value
            if "T" in value:
                value = f"{value[:11]}{client.number % 4}5{value[13:]}"
            else:
                value = _day(value, 1)
            put_line(part, line._replace(value=value))


def _rule(client: Client) -> None:
    """Makes a series longer or shorter; overrides go with their instances."""
    _recurs_by(client, f"FREQ=DAILY;COUNT={3 + client.number % 3}")


def _split(client: Client) -> None:
    """Ends a series before an instance: the rest goes on as another meeting."""
    keys = sorted(instances_of(client.document))
    key = client.key()
    if client.recurs and key and key != keys[0]:
        at = parse_temporal(key)
        step = timedelta(seconds=1) if isinstance(at, datetime) else timedelta(days=1)
        _recurs_by(client, f"FREQ=DAILY;UNTIL={time_line('', at - step).value}")


def _recurs_by(client: Client, rule: str) -> None:
    if client.recurs and client.master is not None:
        put_line(client.master, Line("RRULE", "", rule))
        bare = Component(client.master.name, list(client.master.lines))
        drop_lines(bare, "EXDATE")
        zones = [one for one in client.calendar.components if one.name == "VTIMEZONE"]
        alone = Component("VCALENDAR", client.calendar.lines, [*zones, bare])
        found = instances_of(stored(write([alone])))
        for key in [client.key_of(part) for part in client.parts]:
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
        who = address((*OTHERS, DELEGATE)[client.number % 4])
        for part in client.each(whole):
            part.lines = [x for x in part.lines if x.name != "ATTENDEE" or x.value != who]

    return act


def _revise(client: Client) -> None:
    for part in client.each(client.number % 2 == 0):
        line = part.first("SEQUENCE")
        put_line(part, Line("SEQUENCE", "", str(1 + int(line.value if line else "0"))))


# --- What an attendee's client does ---


def _own_lines(client: Client, parts: Sequence[Component], **said: str) -> None:
    """Sets parameters of one's own ATTENDEE; an empty one goes."""
    for part in parts:
        for place, line in enumerate(part.lines):
            if line.name == "ATTENDEE" and line.value == address(client.who):
                for name, value in said.items():
                    told = filter(None, (value,))
                    part.lines[place] = with_parameter(
                        part.lines[place], name.replace("_", "-"), *told
                    )


def _answered_parts(client: Client, which: str) -> Sequence[Component]:
    if which == "series" and client.master is not None:
        return [client.master]
    return client.each(which != "one")


def _answer(which: str) -> Act:
    def act(client: Client) -> None:
        said = ANSWERS[client.number % len(ANSWERS)]
        _own_lines(client, _answered_parts(client, which), PARTSTAT=said, DELEGATED_TO="")

    return act


def _delegate(which: str) -> Act:
    def act(client: Client) -> None:
        others = [who for who in (*OTHERS, DELEGATE, DELEGATE) if who != client.who]
        to = address(others[client.number % len(others)])
        parts = [
            part
            for part in _answered_parts(client, which)
            if any(line.value == address(client.who) for line in part.all("ATTENDEE"))
        ]
        _own_lines(client, parts, PARTSTAT="DELEGATED", DELEGATED_TO=to)
        for part in parts:
            if all(line.value != to for line in part.all("ATTENDEE")):
                named = with_parameter(Line("ATTENDEE", "", to), "PARTSTAT", "NEEDS-ACTION")
                part.lines.append(with_parameter(named, "DELEGATED-FROM", address(client.who)))

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


def _progress(client: Client) -> None:
    """Says how far one is with a task."""
    done = client.number % 3
    for part in client.each(client.number % 2 == 0):
        if part.name != "VTODO" or _is_cancelled(part):
            continue
        said = ("NEEDS-ACTION", "IN-PROCESS", "COMPLETED")[done]
        put_line(part, Line("STATUS", "", said))
        put_line(part, Line("PERCENT-COMPLETE", "", str(50 * done)))
        drop_lines(part, "COMPLETED")
        if done == len(ANSWERS) - 1:
            part.lines.append(Line("COMPLETED", "", "20260104T120000Z"))
        _own_lines(client, [part], PARTSTAT=said, DELEGATED_TO="")


def _is_cancelled(part: Component) -> bool:
    line = part.first("STATUS")
    return line is not None and line.value == "CANCELLED"


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
    "split": _split,
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
    "delegate": _delegate("all"),
    "delegate one": _delegate("one"),
    "remove one": Client.exclude,
    "comment": _comment(True),
    "comment one": _comment(False),
    "own": _own,
    "progress": _progress,
}
