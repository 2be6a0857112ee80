"""Events and tasks in words, for people who read them in a mail (RFC 6047 §2.4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from caldavd.ical.contentline import Component, Line, parameter
from caldavd.itip.address import normal
from caldavd.itip.join import Link, links_of
from caldavd.itip.moments import moment_of, when
from caldavd.itip.plain import lines_of, plain, raw_text_of, text_of
from caldavd.itip.recurring import repeats
from caldavd.languages.phrases import Language

MAX_DESCRIPTION: Final = 8_000
MAX_PEOPLE: Final = 20


@dataclass(frozen=True, slots=True)
class Told:
    """What is said of an event or task; empty where nothing is known."""

    summary: str
    when: str = ""
    repeats: str = ""
    where: str = ""
    links: tuple[Link, ...] = ()
    """Where it is joined."""
    organizer: str = ""
    people: tuple[str, ...] = ()
    description: str = ""
    comment: str = ""
    answer: str = ""
    """What is answered beside another time that is proposed."""
    dates: int = 0
    """Of how many dates of a series it is; 0: of the whole, or of what is no series."""
    on: str = ""
    """Which date that is, if it is one."""
    goes_on: bool = False
    """Whether it is about all dates from then on."""
    exceptions: tuple[str, ...] = ()
    """What of a series is otherwise, or not at all."""
    changes: tuple[str, ...] = ()
    """What was said otherwise in the mail before, if that is known."""


def told(
    components: Sequence[Component], zones: Mapping[str, Component], language: Language
) -> Told:
    """What is said of the first of the components: the master, if there is one."""
    whole = next((c for c in components if c.first("RECURRENCE-ID") is None), None)
    one = components[0] if whole is None else whole
    organizer = one.first("ORGANIZER")
    return Told(
        text_of(one, "SUMMARY") or language.rows.no_title,
        when(one, zones, language),
        repeats(one, moment_of(one, "DTSTART", zones), language),
        text_of(one, "LOCATION"),
        links_of(one),
        "" if organizer is None else person(organizer),
        _people(list(one.all("ATTENDEE")), language),
        lines_of(raw_text_of(one, "DESCRIPTION"), MAX_DESCRIPTION),
        lines_of(raw_text_of(one, "COMMENT"), MAX_DESCRIPTION),
        dates=len(components) if whole is None else 0,
    )


def person(line: Line) -> str:
    """The name and the address of an ORGANIZER or ATTENDEE."""
    name = plain(parameter(line, "CN") or "")
    mail = plain(normal(line.value).removeprefix("mailto:"))
    return mail if not name or name.lower() == mail else f"{name} ({mail})"


def answer(line: Line, language: Language) -> str:
    """What an ATTENDEE answers."""
    answers = language.rows.answers
    return answers.get(answered(line), answers[""])


def answer_of(components: Sequence[Component], address: str, language: Language) -> str:
    """What somebody answers in a message that is not about that; empty if it is nothing."""
    lines = (line for part in components for line in part.all("ATTENDEE"))
    line = next((line for line in lines if normal(line.value) == normal(address)), None)
    if line is None or answered(line) == "NEEDS-ACTION":
        return ""
    return language.rows.row.format(title=person(line), value=answer(line, language))


def answered(line: Line) -> str:
    """The PARTSTAT of an ATTENDEE."""
    return (parameter(line, "PARTSTAT") or "NEEDS-ACTION").strip().upper()


def _people(lines: Sequence[Line], language: Language) -> tuple[str, ...]:
    shown = tuple(person(line) for line in lines[:MAX_PEOPLE])
    more = len(lines) - MAX_PEOPLE
    return shown if more <= 0 else (*shown, language.rows.others.of(more))
