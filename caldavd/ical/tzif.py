"""What the zone database knows of a zone: the changes of its clocks (RFC 9636)."""

from __future__ import annotations

import re
import zoneinfo
from calendar import monthrange
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from importlib import resources
from struct import unpack_from
from typing import Final, NamedTuple

LAST_YEAR: Final = 2200
"""Changes by a rule that never ends are told up to here."""
_EARLIEST: Final = -(2**40)
"""Some files begin with a change that took place before the universe did."""
_EPOCH: Final = date(1970, 1, 1).toordinal()
_DAY: Final = 86_400
_HEADER: Final = ">4sc15x6l"
_HEADER_BYTES: Final = 44
_NAME: Final = r"(<[^>]+>|[A-Za-z]+)"
_OFFSET: Final = r"([+-]?[\d:]+)"
_RULE: Final = re.compile(
    rf"{_NAME}{_OFFSET}(?:{_NAME}{_OFFSET}?,([^,/]+)(?:/{_OFFSET})?,([^,/]+)(?:/{_OFFSET})?)?"
)


class Clock(NamedTuple):
    """What clocks show for a while."""

    offset: int
    """Seconds east of Greenwich."""
    daylight: bool
    name: str


class Change(NamedTuple):
    """A moment, in epoch seconds, at which clocks change."""

    at: int
    before: Clock
    after: Clock

    @property
    def wall(self) -> datetime:
        """What clocks that are not changed show at that moment, as VTIMEZONE has it."""
        return wall(self.at, self.before)


class Yearly(NamedTuple):
    """A change of each year: a day as POSIX writes it, and seconds after its midnight."""

    day: str
    seconds: int
    before: Clock
    after: Clock

    def of(self, year: int) -> Change:
        """The change of that year."""
        midnight = (_day(self.day, year) - _EPOCH) * _DAY
        return Change(midnight + self.seconds - self.before.offset, self.before, self.after)


class History(NamedTuple):
    """All that is known of a zone."""

    first: Clock
    changes: tuple[Change, ...]
    """Those that no rule makes, in order."""
    rules: tuple[Yearly, ...]
    """What holds from then on: nothing or two rules, in order of the year."""
    since: int
    """The first year of the rules."""

    def until(self, year: int) -> Iterator[Change]:
        """The changes before that year, in order."""
        end = (date(year, 1, 1).toordinal() - _EPOCH) * _DAY
        yield from (change for change in self.changes if change.at < end)
        for each in range(self.since, year) if self.rules else ():
            yield from (rule.of(each) for rule in self.rules)

    def at(self, moment: int) -> Change | None:
        """The change to what clocks show at a moment; None if that is what they showed first."""
        year = wall(moment, self.first).year
        known = [change for change in self.changes if change.at <= moment]
        for each in range(max(self.since, year - 1), min(year + 2, 10_000)) if self.rules else ():
            known += [change for rule in self.rules if (change := rule.of(each)).at <= moment]
        return known[-1] if known else None


def wall(at: int, clock: Clock) -> datetime:
    """What a clock shows at a moment in epoch seconds."""
    return (datetime.fromtimestamp(0, UTC) + timedelta(seconds=at + clock.offset)).replace(
        tzinfo=None
    )


@lru_cache(maxsize=128)
def history(key: str) -> History:
    """What the database has under a name that zoneinfo takes. Raises LookupError, ValueError."""
    return parse(load(key))


def load(key: str) -> bytes:
    """The file of a zone, found where zoneinfo finds it. Raises LookupError, ValueError."""
    zoneinfo.ZoneInfo(key)  # refuses what is no name, and paths that lead elsewhere
    for place in zoneinfo.TZPATH:
        try:
            with open(f"{place}/{key}", "rb") as file:
                return file.read()
        except OSError:
            continue
    return resources.files("tzdata").joinpath("zoneinfo", *key.split("/")).read_bytes()


def parse(content: bytes) -> History:
    """The history in a TZif file of version 2 or later. Raises ValueError."""
    magic, version, *counts = unpack_from(_HEADER, content)
    if magic != b"TZif" or version == b"\0":
        raise ValueError("no TZif file of version 2 or later")
    start = _HEADER_BYTES + _block_bytes(counts, 4)
    _, _, *counts = unpack_from(_HEADER, content, start)
    start += _HEADER_BYTES
    footer = content[start + _block_bytes(counts, 8) :].decode("ascii").strip("\n")
    first, changes = _changes(content, start, counts)
    rules = _rules(footer)
    if not rules:
        return History(first, tuple(_without_pauses(changes)), (), LAST_YEAR)
    return _merged(first, changes, rules)


def _block_bytes(counts: list[int], time_bytes: int) -> int:
    in_utc, standard, leaps, times, types, characters = counts
    entries = times * (time_bytes + 1) + leaps * (time_bytes + 4)
    return entries + types * 6 + characters + standard + in_utc


def _changes(content: bytes, start: int, counts: list[int]) -> tuple[Clock, list[Change]]:
    """The clock before the first change, and the changes that are listed.

    Some of these change nothing, but say that from there on the rules hold.
    """
    _, _, _, times, types, characters = counts
    moments = unpack_from(f">{times}q", content, start)
    indices = unpack_from(f">{times}B", content, start + times * 8)
    place = start + times * 9
    names = content[place + types * 6 : place + types * 6 + characters]
    clocks = []
    for number in range(types):
        offset, daylight, name = unpack_from(">lBB", content, place + number * 6)
        text = names[name : names.index(b"\0", name)].decode("ascii")
        clocks.append(Clock(offset, bool(daylight), text))
    first = before = clocks[0]
    changes = []
    for at, index in zip(moments, indices, strict=True):
        after = clocks[index]
        if at < _EARLIEST:
            first = before = after
        else:
            changes.append(Change(at, before, after))
        before = after
    return first, changes


def _without_pauses(changes: list[Change]) -> list[Change]:
    return [change for change in changes if change.before != change.after]


def _rules(footer: str) -> tuple[Yearly, ...]:
    """The rules of a footer, which is a POSIX TZ string; none where clocks no longer change."""
    found = _RULE.fullmatch(footer)
    if found is None or found[3] is None:
        return ()
    standard = Clock(-_seconds(found[2]), False, found[1].strip("<>"))
    ahead = standard.offset + 3_600 if found[4] is None else -_seconds(found[4])
    summer = Clock(ahead, True, found[3].strip("<>"))
    rules = (
        Yearly(found[5], _seconds(found[6] or "2"), standard, summer),
        Yearly(found[7], _seconds(found[8] or "2"), summer, standard),
    )
    return tuple(sorted(rules, key=lambda rule: rule.of(2000).at))


def _merged(first: Clock, changes: list[Change], rules: tuple[Yearly, ...]) -> History:
    """The history in which the rules begin with the first whole year from which on they hold."""
    left, year = list(changes), 1970
    if left:
        # The rules hold as soon as nothing more is listed, which may be in the middle of a year.
        year = left[-1].wall.year
        for change in [rule.of(year) for rule in rules]:
            if change.at > left[-1].at and change.before == left[-1].after:
                left.append(change)
        year += 1
    left = _without_pauses(left)
    while left and [rule.of(year - 1) for rule in rules] == left[-len(rules) :]:
        del left[-len(rules) :]
        year -= 1
    return History(first, tuple(left), rules, year)


def _seconds(text: str) -> int:
    sign = -1 if text.startswith("-") else 1
    hours, minutes, seconds = (*map(int, text.lstrip("+-").split(":")), 0, 0)[:3]
    return sign * (hours * 3_600 + minutes * 60 + seconds)


def _day(text: str, year: int) -> int:
    """The ordinal of `M3.5.0`, the fifth or last Sunday of March; of `J60` or `59`, by number."""
    if text[0] != "M":
        number = int(text.lstrip("J"))
        if text[0] == "J":  # leap days are not counted
            return date(year, 1, 1).toordinal() + _julian(number, year)
        return date(year, 1, 1).toordinal() + number
    month, week, weekday = map(int, text[1:].split("."))
    first = date(year, month, 1)
    day = 1 + (weekday - first.isoweekday()) % 7 + (week - 1) * 7
    return first.replace(day=day if day <= monthrange(year, month)[1] else day - 7).toordinal()


def _julian(number: int, year: int) -> int:
    leap = monthrange(year, 2)[1] == 29
    return number - 1 + (leap and number > 59)
