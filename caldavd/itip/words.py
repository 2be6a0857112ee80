"""Events and tasks in words, for people who read them in a mail (RFC 6047 §2.4).

Times are told as the organizer wrote them, with their zone spelled out: whoever reads them far
away must not take them for their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

from caldavd.ical.contentline import Component, Line, parameter, unescape
from caldavd.ical.extent import temporal
from caldavd.ical.rule import Freq, Rule, parse_rule
from caldavd.ical.tznames import key_of
from caldavd.ical.values import Temporal, parse_nominal
from caldavd.itip.address import normal

MAX_WORDS: Final = 300
MAX_DESCRIPTION: Final = 8_000
MAX_PEOPLE: Final = 20

_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_UNITS: Final = {
    Freq.DAILY: "day",
    Freq.WEEKLY: "week",
    Freq.MONTHLY: "month",
    Freq.YEARLY: "year",
}
_ORDINALS: Final = {1: "first", 2: "second", 3: "third", 4: "fourth", 5: "fifth", -1: "last"}
_WORKDAYS: Final = tuple((0, day) for day in range(5))
_OTHERWISE: Final = "by a rule that your calendar program shows"
_REORDERS: Final = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that make a text read otherwise than it is written."""
_ANSWERS: Final = {
    "ACCEPTED": "accepted",
    "DECLINED": "declined",
    "TENTATIVE": "accepted tentatively",
    "DELEGATED": "delegated",
    "COMPLETED": "completed",
    "IN-PROCESS": "begun",
}


@dataclass(frozen=True, slots=True)
class Told:
    """What is said of an event or task; empty where nothing is known."""

    summary: str
    when: str = ""
    repeats: str = ""
    where: str = ""
    organizer: str = ""
    people: tuple[str, ...] = ()
    description: str = ""
    comment: str = ""
    exceptions: tuple[str, ...] = ()
    """What of a series is otherwise, or not at all."""
    changes: tuple[str, ...] = ()
    """What was said otherwise in the mail before, if that is known."""


def told(components: Sequence[Component], zones: Mapping[str, Component]) -> Told:
    """What is said of the first of the components: the master, if there is one."""
    one = next((c for c in components if c.first("RECURRENCE-ID") is None), components[0])
    organizer = one.first("ORGANIZER")
    return Told(
        text_of(one, "SUMMARY") or "(no title)",
        when(one, zones),
        _repeats(one, zones),
        text_of(one, "LOCATION"),
        "" if organizer is None else person(organizer),
        _people(list(one.all("ATTENDEE"))),
        lines_of(_text(one, "DESCRIPTION"), MAX_DESCRIPTION),
        lines_of(_text(one, "COMMENT"), MAX_DESCRIPTION),
    )


def plain(text: str, limit: int = MAX_WORDS) -> str:
    """One line without anything that could end a header, or turn around what follows."""
    shown = "".join(c if c.isprintable() else " " for c in text if c not in _REORDERS)
    line = " ".join(shown.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def lines_of(text: str, limit: int) -> str:
    """Lines of a longer text, each as `plain` has it."""
    cut = text if len(text) <= limit else text[: limit - 1] + "…"
    lines = [plain(line, limit) for line in cut.replace("\r\n", "\n").split("\n")]
    return "\n".join(lines).strip("\n")


def person(line: Line) -> str:
    """The name and the address of an ORGANIZER or ATTENDEE."""
    name = plain(parameter(line, "CN") or "")
    mail = plain(normal(line.value).removeprefix("mailto:"))
    return mail if not name or name.lower() == mail else f"{name} ({mail})"


def answer(line: Line) -> str:
    """What an ATTENDEE answers, as a participle."""
    given = (parameter(line, "PARTSTAT") or "NEEDS-ACTION").strip().upper()
    return _ANSWERS.get(given, "not answered")


# --- Times ---


def when(component: Component, zones: Mapping[str, Component]) -> str:
    """From when to when, each time with its zone; empty where neither can be read."""
    start, end = _moment(component, "DTSTART", zones), end_of(component, zones)
    due = component.name == "VTODO"
    if start is None:
        return "" if end is None else f"due {_single(component, 'DUE', end)}"
    if end is None:
        return _single(component, "DTSTART", start)
    if not isinstance(start, datetime) or not isinstance(end, datetime):
        return _dates(start, end, due)
    from_, to = _zone(component, "DTSTART", start), _zone(component, _end_name(component), end)
    if from_ != to:
        return f"{_clock(start)} ({from_}) to {_clock(end)} ({to})"
    if start.date() == end.date():
        return f"{_clock(start)} to {clock_time(end)} ({to})"
    return f"{_clock(start)} to {_clock(end)} ({to})"


def _moment(component: Component, name: str, zones: Mapping[str, Component]) -> Temporal | None:
    line = component.first(name)
    try:
        return None if line is None else temporal(line, zones)
    except ValueError:
        return None


def _end_name(component: Component) -> str:
    name = "DUE" if component.name == "VTODO" else "DTEND"
    return name if component.first(name) is not None else "DTSTART"


def end_of(component: Component, zones: Mapping[str, Component]) -> Temporal | None:
    """When it ends, or is due; None where that is not said, or cannot be read."""
    name = _end_name(component)
    if name != "DTSTART":
        return _moment(component, name, zones)
    start, line = _moment(component, "DTSTART", zones), component.first("DURATION")
    if start is None or line is None:
        return None
    try:
        length = parse_nominal(line.value.strip())
        end = start + timedelta(days=length.days)
        if not isinstance(end, datetime) or end.tzinfo is None:
            return end + timedelta(seconds=length.seconds)
        exact = end.astimezone(UTC) + timedelta(seconds=length.seconds)
        return exact.astimezone(end.tzinfo)
    except (ValueError, OverflowError):
        return None


def _single(component: Component, name: str, at: Temporal) -> str:
    if not isinstance(at, datetime):
        return f"{in_words(at)} (all day)"
    return f"{_clock(at)} ({_zone(component, name, at)})"


def _dates(start: Temporal, end: Temporal, due: bool) -> str:
    """A range of days; that of an event ends before its DTEND."""
    first = start.date() if isinstance(start, datetime) else start
    last = end.date() if isinstance(end, datetime) else end - timedelta(days=0 if due else 1)
    if last <= first:
        return f"{in_words(first)} (all day)"
    return f"{in_words(first)} to {in_words(last)}"


def in_words(day: date) -> str:
    """A day, with that of the week."""
    return f"{_DAYS[day.weekday()]} {day.day} {_MONTHS[day.month - 1]} {day.year}"


def clock_time(moment: datetime) -> str:
    """What clocks show."""
    return f"{moment.hour:02}:{moment.minute:02}"


def _clock(moment: datetime) -> str:
    return f"{in_words(moment)}, {clock_time(moment)}"


def zone_of_start(component: Component, start: datetime) -> str:
    """The zone in which a component begins, in words."""
    return _zone(component, "DTSTART", start)


def _zone(component: Component, name: str, moment: datetime) -> str:
    """The name of a zone, and how far its clocks are from UTC then."""
    offset = moment.utcoffset()
    if offset is None:
        return "local time, wherever you are"
    line = component.first(name)
    tzid = parameter(line, "TZID") if line is not None else None
    if tzid is None:
        return "UTC"
    minutes = int(offset.total_seconds()) // 60
    sign, minutes = ("-", -minutes) if minutes < 0 else ("+", minutes)
    shown = plain((key_of(tzid) or tzid).replace("_", " "))
    return f"{shown}, UTC{sign}{minutes // 60:02}:{minutes % 60:02}"


# --- Recurrence ---


def _repeats(component: Component, zones: Mapping[str, Component]) -> str:
    line = component.first("RRULE")
    if line is None:
        return "on other dates too" if component.first("RDATE") is not None else ""
    try:
        rule = parse_rule(line.value)
    except ValueError:
        return _OTHERWISE
    return _pattern(rule) + _ends(rule, _moment(component, "DTSTART", zones))


def _pattern(rule: Rule) -> str:
    unit = _UNITS.get(rule.freq)
    unusual = (
        *(rule.by_second, rule.by_minute, rule.by_hour),
        *(rule.by_year_day, rule.by_week_no, rule.by_set_pos, rule.by_month),
    )
    if unit is None or any(unusual):
        return _OTHERWISE
    every = f"every {unit}" if rule.interval == 1 else f"every {rule.interval} {unit}s"
    if not rule.by_day and not rule.by_month_day:
        return every
    if rule.freq is Freq.WEEKLY and not rule.by_month_day:
        return _weekly(rule, every)
    return _monthly(rule, every) if rule.freq is Freq.MONTHLY else _OTHERWISE


def _weekly(rule: Rule, every: str) -> str:
    if tuple(sorted(rule.by_day)) == _WORKDAYS and rule.interval == 1:
        return "every weekday (Monday to Friday)"
    if any(ordinal for ordinal, _ in rule.by_day):
        return _OTHERWISE
    return f"{every} on {_listed([_DAYS[day] for _, day in sorted(rule.by_day)])}"


def _monthly(rule: Rule, every: str) -> str:
    if rule.by_month_day == (-1,) and not rule.by_day:
        return f"{every} on the last day"
    if rule.by_month_day and not rule.by_day and min(rule.by_month_day) > 0:
        return f"{every} on day {_listed([str(day) for day in rule.by_month_day])}"
    if len(rule.by_day) == 1 and not rule.by_month_day and rule.by_day[0][0] in _ORDINALS:
        ordinal, day = rule.by_day[0]
        return f"{every} on the {_ORDINALS[ordinal]} {_DAYS[day]}"
    return _OTHERWISE


def _ends(rule: Rule, start: Temporal | None) -> str:
    if rule.count is not None:
        return f", {rule.count} times"
    until = rule.until
    if until is None:
        return ""
    if isinstance(until, datetime) and until.tzinfo and isinstance(start, datetime):
        until = until.astimezone(start.tzinfo) if start.tzinfo else until
    return f", until {in_words(until)}"


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _people(lines: Sequence[Line]) -> tuple[str, ...]:
    shown = tuple(person(line) for line in lines[:MAX_PEOPLE])
    return shown if len(lines) <= MAX_PEOPLE else (*shown, f"and {len(lines) - MAX_PEOPLE} others")


def text_of(component: Component, name: str) -> str:
    """A property of one line, as `plain` has it; empty if there is none."""
    return plain(_text(component, name))


def _text(component: Component, name: str) -> str:
    line = component.first(name)
    return "" if line is None else unescape(line.value)
