"""Why a room or a resource declines, and how it tells whoever asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import Enum
from typing import Final

from caldavd.ical.hours import DAYS, Hours
from caldavd.ical.values import DAY_S, Temporal
from caldavd.itip.moments import clock_time, in_words
from caldavd.itip.plain import plain
from caldavd.languages.phrases import Language

SHOWN: Final = 10
"""How many instances are named."""
MAX_HOURS: Final = 5
"""Rows of opening hours; a room that has more of them does not tell them."""


class Why(Enum):
    """What stands in the way."""

    BOOKERS = "bookers"
    """Who asks is not among those who can book it."""
    OVER = "over"
    AHEAD = "ahead"
    LONGEST = "longest"
    INSTANCES = "instances"
    OCCUPIED = "occupied"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why not. `most` is what is allowed: days ahead, seconds of length, or instances."""

    why: Why
    most: int = 0
    taken: tuple[Temporal, ...] = ()
    """When instances begin at which it is not free."""
    shut: tuple[Temporal, ...] = ()
    """At which it is not open."""
    hours: tuple[Hours, ...] = ()
    """When it is."""


def told(of: Reason, language: Language) -> str:
    """A reason in words."""
    rooms = language.rooms
    match of.why:
        case Why.BOOKERS:
            return rooms.bookers
        case Why.OVER:
            return rooms.over
        case Why.AHEAD:
            return rooms.ahead.of(of.most)
        case Why.LONGEST:
            return rooms.longest.format(length=_length(of.most, language))
        case Why.INSTANCES:
            return rooms.instances.of(of.most)
    words = [rooms.not_free.format(when=_listed(of.taken, language))] if of.taken else []
    if of.shut:
        words.append(rooms.not_open.format(when=_listed(of.shut, language)))
        if 0 < len(of.hours) <= MAX_HOURS:
            hours = "; ".join(_hours(one, language) for one in of.hours)
            words.append(rooms.open.format(hours=hours))
    return " ".join(words)


def _listed(moments: Sequence[Temporal], language: Language) -> str:
    words = [_when(one, language) for one in moments[:SHOWN]]
    more = len(moments) - SHOWN
    return "; ".join([*words, language.rows.more.of(more)] if more > 0 else words)


def _when(of: Temporal, language: Language) -> str:
    """As the organizer wrote it, who knows in which zone that was."""
    day = in_words(of, language)
    if not isinstance(of, datetime):
        return day
    if of.tzinfo is UTC:
        return language.times.at.format(day=day, time=clock_time(of), zone=language.times.utc)
    return language.rooms.at.format(day=day, time=clock_time(of))


def _length(seconds: int, language: Language) -> str:
    if seconds % DAY_S == 0:
        return language.rooms.days.of(seconds // DAY_S)
    if seconds % 3_600 == 0:
        return language.rooms.hours.of(seconds // 3_600)
    return language.pages.minutes.of(seconds // 60)


def _hours(of: Hours, language: Language) -> str:
    return f"{_days(of.days, language)} {of.starts}–{of.ends} ({plain(of.zone)})"


def _days(text: str, language: Language) -> str:
    """Days of the week by their names, one day as a date; a rule that says more as it is."""
    try:
        return in_words(date.fromisoformat(text), language)
    except ValueError:
        pass
    runs = [part.split("-") for part in text.split(",")]
    if not {day for run in runs for day in run} <= set(DAYS):
        return plain(text)
    names = language.times.weekdays
    return ", ".join("–".join(names[DAYS.index(day)] for day in run) for run in runs)
