"""The law of free/busy: minute by minute, it is what the instances are."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from caldavd.ical.freebusy import BusyPeriod, bounds, busy, of_document
from caldavd.ical.index import index, place
from caldavd.ical.parse import parse
from caldavd.ical.periods import Busy
from caldavd.ical.recurrence import instances
from caldavd.ical.values import epoch
from caldavd.model import Window
from tests.property.test_recurrence_oracle import (
    DAY,
    FLOATING,
    LIMITS,
    PROFILE,
    Series,
    all_series,
    text,
)

MINUTE = 60
SAYS: dict[tuple[str, str], Busy | None] = {
    ("", ""): Busy.BUSY,
    ("OPAQUE", "CONFIRMED"): Busy.BUSY,
    ("", "TENTATIVE"): Busy.TENTATIVE,
    ("OPAQUE", "CANCELLED"): None,
    ("TRANSPARENT", ""): None,
    ("TRANSPARENT", "TENTATIVE"): None,
}
"""The table of RFC 4791 §7.10: TRANSP and STATUS to what they mean."""
DRAWN = sorted(SAYS) + [said for said, busy_ in SAYS.items() if busy_ is not None] * 2


@st.composite
def events(draw: st.DrawFn) -> tuple[str, Series, tuple[tuple[str, str], ...]]:
    """A text of a master and perhaps an override, each with a TRANSP and a STATUS of its own."""
    series = draw(all_series())
    moved = draw(st.sampled_from((None, 0, 2, -3)))
    if moved is not None:
        change = (series.start, series.start + moved * DAY, False)
        series = replace(series, overrides=(change,))
    said = tuple(draw(st.sampled_from(DRAWN)) for _ in range(2))
    parts = text(series, series.rule).split("BEGIN:VEVENT\r\n")
    told = [
        "".join(
            f"{name}:{value}\r\n"
            for name, value in zip(("TRANSP", "STATUS"), says, strict=True)
            if value
        )
        + part
        for says, part in zip(said, parts[1:], strict=False)
    ]
    return "BEGIN:VEVENT\r\n".join([parts[0], *told]), series, said


def minutes(periods: list[BusyPeriod]) -> dict[Busy, set[int]]:
    """The minutes of each type that some periods cover."""
    found: dict[Busy, set[int]] = {}
    for period in periods:
        covered = range(period.starts // MINUTE, -(-period.ends // MINUTE))
        found.setdefault(period.busy, set()).update(covered)
    return found


def model(source: str, said: tuple[tuple[str, str], ...], window: Window) -> dict[Busy, set[int]]:
    """The minutes of the window in which an instance takes place, by what its component says."""
    assert window.start is not None and window.end is not None
    inside = range(int(window.start.timestamp()) // MINUTE, int(window.end.timestamp()) // MINUTE)
    found: dict[Busy, set[int]] = {}
    for instance in instances(parse(source.encode(), LIMITS), window, FLOATING):
        says = said[int(instance.component.first("RECURRENCE-ID") is not None)]
        type_ = SAYS[says]
        if type_ is None or instance.start is None or instance.end is None:
            continue
        first, last = epoch(instance.start, FLOATING), epoch(instance.end, FLOATING)
        lasts = range(max(first // MINUTE, inside.start), min(-(-last // MINUTE), inside.stop))
        if lasts:
            found.setdefault(type_, set()).update(lasts)
    return found


def is_neat(periods: list[BusyPeriod]) -> bool:
    """In order, none empty, and no two of a type that could be one."""
    by_type = [[one for one in periods if one.busy is type_] for type_ in Busy]
    apart = all(left.ends < right.starts for of in by_type for left, right in pairwise(of))
    return apart and periods == sorted(periods) and all(one.starts < one.ends for one in periods)


@given(st.data())
@PROFILE
def test_busy_time_is_that_of_the_instances_by_index_and_by_text(data: st.DataObject) -> None:
    source, series, said = data.draw(events())
    first = datetime.combine(series.start, datetime.min.time(), UTC)
    now = first + data.draw(st.integers(-500, 3_000)) * DAY
    start = first + data.draw(st.one_of(st.integers(-3, 30), st.integers(-30, 3_000))) * DAY
    lasts = data.draw(st.sampled_from((timedelta(hours=7), 3 * DAY, 31 * DAY, 400 * DAY)))
    window = Window(start, start + lasts)
    document = parse(source.encode(), LIMITS)
    expected = model(source, said, window)

    by_text = busy(of_document(document, window, FLOATING), window)

    assert minutes(by_text) == expected
    assert is_neat(by_text)
    made = index(document, int(now.timestamp()))
    low, high = bounds(window)
    if (made.indexed_from or low) <= low and high <= (made.indexed_until or high):
        rows = [(*place(row, FLOATING), row.busy) for row in made.occurrences]
        assert busy(rows, window) == by_text
