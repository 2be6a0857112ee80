"""What an index can do for a filter."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from caldavd.ical.filter import (
    Bounds,
    CompFilter,
    Filter,
    ParamFilter,
    PropFilter,
    TextMatch,
    bounds,
)
from caldavd.model import Window

JANUARY = Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC))
JULY = Window(datetime(2026, 7, 1, tzinfo=UTC), datetime(2026, 8, 1, tzinfo=UTC))
UID = TextMatch("x", "i;octet")
BY_UID = PropFilter("UID", text_match=UID)
SUMMARY = PropFilter("SUMMARY", text_match=TextMatch("x"))
EVENT = CompFilter("VEVENT")
EVENT_IN_JANUARY = CompFilter("VEVENT", time_range=JANUARY)
ALARM = CompFilter("VALARM", time_range=JANUARY)


def calendar(
    *components: CompFilter, props: tuple[PropFilter, ...] = (), time_range: Window | None = None
) -> CompFilter:
    return CompFilter(
        "VCALENDAR", time_range=time_range, prop_filters=props, comp_filters=components
    )


DECIDED = {
    "everything": (calendar(), Bounds()),
    "one type": (calendar(CompFilter("vevent")), Bounds("VEVENT")),
    "one type in a time-range": (calendar(EVENT_IN_JANUARY), Bounds("VEVENT", JANUARY)),
    "any type in a time-range": (calendar(time_range=JANUARY), Bounds(None, JANUARY)),
    "one type, its time-range outside": (
        calendar(EVENT, time_range=JANUARY),
        Bounds("VEVENT", JANUARY),
    ),
    "a UID": (
        calendar(CompFilter("VEVENT", prop_filters=(BY_UID,))),
        Bounds("VEVENT", uid=UID),
    ),
    "a UID of any type": (calendar(props=(BY_UID,)), Bounds(uid=UID)),
    "a UID in a time-range": (
        calendar(CompFilter("VTODO", time_range=JANUARY, prop_filters=(BY_UID,))),
        Bounds("VTODO", JANUARY, UID),
    ),
}

UNDECIDED = {
    "no such type": (calendar(CompFilter("VEVENT", True)), Bounds()),
    "no calendar": (CompFilter("VCALENDAR", True), Bounds()),
    "a summary": (calendar(CompFilter("VEVENT", prop_filters=(SUMMARY,))), Bounds("VEVENT")),
    "a summary in a time-range": (
        calendar(CompFilter("VEVENT", time_range=JANUARY, prop_filters=(SUMMARY,))),
        Bounds("VEVENT", JANUARY),
    ),
    "a UID and a summary": (
        calendar(CompFilter("VEVENT", prop_filters=(SUMMARY, BY_UID))),
        Bounds("VEVENT", uid=UID),
    ),
    "a UID with a parameter": (
        calendar(
            CompFilter(
                "VEVENT",
                prop_filters=(
                    PropFilter("UID", text_match=UID, param_filters=(ParamFilter("X-A"),)),
                ),
            )
        ),
        Bounds("VEVENT", uid=UID),
    ),
    "not this UID": (
        calendar(props=(PropFilter("UID", text_match=TextMatch("x", "i;octet", True)),)),
        Bounds(),
    ),
    "a UID in any case": (
        calendar(props=(PropFilter("UID", text_match=TextMatch("x", "i;ascii-casemap")),)),
        Bounds(),
    ),
    "a property of the calendar": (
        calendar(EVENT, props=(PropFilter("METHOD"),)),
        Bounds("VEVENT"),
    ),
    "alarms, which may be far from their events": (
        calendar(CompFilter("VEVENT", comp_filters=(ALARM,))),
        Bounds("VEVENT"),
    ),
    "alarms of any type": (calendar(ALARM), Bounds()),
    "time zones, which objects of any type have": (calendar(CompFilter("VTIMEZONE")), Bounds()),
    "something non-standard": (calendar(CompFilter("X-THING")), Bounds()),
    "two types at once": (calendar(EVENT, CompFilter("VTODO")), Bounds("VEVENT")),
    "two time-ranges": (
        calendar(EVENT_IN_JANUARY, time_range=JULY),
        Bounds("VEVENT", JANUARY),
    ),
    "a type and a time zone": (calendar(EVENT, CompFilter("VTIMEZONE")), Bounds("VEVENT")),
    "no tasks, but events": (calendar(CompFilter("VTODO", True), EVENT), Bounds("VEVENT")),
}


@pytest.mark.parametrize(("top", "found"), DECIDED.values(), ids=DECIDED)
def test_an_index_decides(top: CompFilter, found: Bounds) -> None:
    expected = Bounds(found.component, found.window, found.uid, decided=True)

    assert bounds(Filter(top)) == expected


@pytest.mark.parametrize(("top", "found"), UNDECIDED.values(), ids=UNDECIDED)
def test_an_index_only_narrows(top: CompFilter, found: Bounds) -> None:
    assert bounds(Filter(top)) == found
