"""Reports that ask for a part of the calendar, and the checks of their answers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Final

from tests.benchmarks import items, webdav
from tests.benchmarks.client import Answer, Exchange, Round, Source, Wrong
from tests.benchmarks.subject import Subject
from tests.benchmarks.webdav import CALDAV, multistatus

_LEFT_OVER: Final = re.compile(r"^(?:RRULE|EXDATE|RDATE|BEGIN:VTIMEZONE|[^:\n]*TZID=)", re.M)
_STARTS: Final = re.compile(r"^DTSTART[^:\n]*:(\d{8})", re.M)
_BUSY: Final = re.compile(r"^FREEBUSY([^:\n]*):(.*)$", re.M)
_DURATION: Final = re.compile(r"PT(?:(\d+)H)?(?:(\d+)M)?")


async def time_range(weeks: int, subject: Subject) -> Source:
    """calendar-query of some weeks, with texts."""
    return Round(
        _query(subject, webdav.query(start, end), partial(has_texts, _texts(subject, start, end)))
        for start, end in items.ranges(weeks)
    )


async def expanded(subject: Subject) -> Source:
    """calendar-query of a week, every instance by itself."""
    exchanges = []
    for start, end in items.ranges(1):
        days = {
            item.name: [day for day in item.days(end) if day >= start]
            for item in subject.items
            if item.is_in(start, end)
        }
        body = webdav.query(start, end, expanded=True)
        exchanges.append(_query(subject, body, partial(_has_instances, days)))
    return Round(exchanges)


async def with_text(subject: Subject) -> Source:
    """calendar-query of what has a word in its summary: the index cannot decide it."""
    texts = {item.name: item.text() for item in subject.items if item.rare}
    return Round([_query(subject, webdav.text_query(items.RARE), partial(has_texts, texts))])


async def free_busy(subject: Subject) -> Source:
    """free-busy-query of the calendar, for a month."""
    exchanges = []
    for start, end in items.ranges(5):
        request = subject.asker.request(
            "REPORT", subject.calendar, webdav.free_busy(start, end), Depth="1"
        )
        check = partial(_is_busy, items.busy(subject.items, start, end))
        exchanges.append(Exchange(request, 200, check))
    return Round(exchanges)


def has_texts(texts: dict[str, str], answer: Answer) -> None:
    """Raises Wrong unless the members are these, each with its text as it was put."""
    found = multistatus(answer)
    found.require_members(set(texts))
    for name, text in texts.items():
        # An XML parser may have made LF of CRLF.
        sent = found.text(name, CALDAV + "calendar-data").replace("\r\n", "\n")
        if sent != text.replace("\r\n", "\n"):
            raise Wrong(f"calendar-data of {name} is not what was put")


def _query(subject: Subject, body: str, check: partial[None]) -> Exchange:
    return Exchange(subject.asker.request("REPORT", subject.calendar, body, Depth="1"), 207, check)


def _texts(subject: Subject, start: date, end: date) -> dict[str, str]:
    return {item.name: item.text() for item in subject.items if item.is_in(start, end)}


def _has_instances(days: dict[str, list[date]], answer: Answer) -> None:
    found = multistatus(answer)
    found.require_members(set(days))
    for name, expected in days.items():
        text = found.text(name, CALDAV + "calendar-data").replace("\r\n", "\n")
        if left := _LEFT_OVER.search(text):
            raise Wrong(f"{left[0]} is left in {name}, which was to be expanded")
        if sorted(_STARTS.findall(text)) != [f"{day:%Y%m%d}" for day in expected]:
            raise Wrong(f"{name} was expanded to other instances than on {expected}")


def _is_busy(expected: Sequence[tuple[datetime, datetime]], answer: Answer) -> None:
    text = answer.body.decode().replace("\r\n ", "").replace("\r\n", "\n")
    found = []
    for parameters, values in _BUSY.findall(text):
        if parameters not in {"", ";FBTYPE=BUSY"}:
            raise Wrong(f"FREEBUSY{parameters} in a calendar where all is busy")
        found += [_period(value) for value in values.split(",")]
    if sorted(found) != list(expected):
        raise Wrong(f"{len(found)} busy periods are not the {len(expected)} that there are")


def _period(value: str) -> tuple[datetime, datetime]:
    first, _, last = value.partition("/")
    begins = _instant(first)
    if duration := _DURATION.fullmatch(last):
        hours, minutes = (int(part or 0) for part in duration.groups())
        return begins, begins + timedelta(hours=hours, minutes=minutes)
    return begins, _instant(last)


def _instant(text: str) -> datetime:
    return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
