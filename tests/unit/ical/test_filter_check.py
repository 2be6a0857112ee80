"""Sound and unsound filters (RFC 4791 §7.8: valid-filter, supported-filter)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from caldavd.errors import SUPPORTED_COLLATION, SUPPORTED_FILTER, VALID_FILTER, Condition, Refused
from caldavd.ical.filter import CompFilter, Filter, ParamFilter, PropFilter, TextMatch, check
from caldavd.model import Window

JANUARY = Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC))
TEXT = TextMatch("x")


def calendar(*components: CompFilter, props: tuple[PropFilter, ...] = ()) -> Filter:
    return Filter(CompFilter("VCALENDAR", prop_filters=props, comp_filters=components))


def event(*props: PropFilter) -> Filter:
    return calendar(CompFilter("VEVENT", prop_filters=props))


def nested(*names: str, time_range: Window | None = None) -> Filter:
    inner = CompFilter(names[-1], time_range=time_range)
    for name in reversed(names[:-1]):
        inner = CompFilter(name, comp_filters=(inner,))
    return Filter(inner)


SOUND = {
    "a calendar": calendar(),
    "a calendar in small letters": nested("vcalendar", "vevent"),
    "a time-range on every component that has times": calendar(
        *(CompFilter(n, time_range=JANUARY) for n in ("VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY"))
    ),
    "a time-range on the calendar": nested("VCALENDAR", time_range=JANUARY),
    "a time-range on an alarm": nested("VCALENDAR", "VTODO", "VALARM", time_range=JANUARY),
    "an alarm in the calendar": nested("VCALENDAR", "VALARM", time_range=JANUARY),
    "a range open at its end": nested(
        "VCALENDAR", "VEVENT", time_range=Window(JANUARY.start, None)
    ),
    "a range open at its start": nested(
        "VCALENDAR", "VEVENT", time_range=Window(None, JANUARY.end)
    ),
    "daylight in a time zone": nested("VCALENDAR", "VTIMEZONE", "DAYLIGHT"),
    "available in an availability": nested("VCALENDAR", "VAVAILABILITY", "AVAILABLE"),
    "non-standard names": nested("VCALENDAR", "X-THING", "X-PART"),
    "a participant": nested("VCALENDAR", "VEVENT", "PARTICIPANT"),
    "a text and a parameter": event(
        PropFilter("ATTENDEE", text_match=TEXT, param_filters=(ParamFilter("CN", False, TEXT),))
    ),
    "a property's time": event(PropFilter("created", time_range=JANUARY)),
    "a property of the components in the calendar": calendar(
        props=(PropFilter("SUMMARY", text_match=TEXT),)
    ),
}

UNSOUND: dict[str, tuple[Filter, Condition]] = {
    "no calendar": (nested("VEVENT"), VALID_FILTER),
    "no name": (nested("VCALENDAR", ""), VALID_FILTER),
    "no property name": (event(PropFilter("")), VALID_FILTER),
    "a calendar in a calendar": (nested("VCALENDAR", "VCALENDAR"), VALID_FILTER),
    "an event in a task": (nested("VCALENDAR", "VTODO", "VEVENT"), VALID_FILTER),
    "an alarm in a journal entry": (nested("VCALENDAR", "VJOURNAL", "VALARM"), VALID_FILTER),
    "daylight outside of a time zone": (nested("VCALENDAR", "DAYLIGHT"), VALID_FILTER),
    "a time-range on a summary": (event(PropFilter("SUMMARY", time_range=JANUARY)), VALID_FILTER),
    "a time-range on a time zone": (
        nested("VCALENDAR", "VTIMEZONE", time_range=JANUARY),
        VALID_FILTER,
    ),
    "a time-range on something unknown": (
        nested("VCALENDAR", "X-THING", time_range=JANUARY),
        SUPPORTED_FILTER,
    ),
    "a time-range on a property of unknown type": (
        event(PropFilter("X-WHEN", time_range=JANUARY)),
        SUPPORTED_FILTER,
    ),
    "a time-range without bounds": (
        nested("VCALENDAR", "VEVENT", time_range=Window(None, None)),
        VALID_FILTER,
    ),
    "a time-range that ends before it starts": (
        nested("VCALENDAR", "VEVENT", time_range=Window(JANUARY.end, JANUARY.start)),
        VALID_FILTER,
    ),
    "an empty time-range": (
        event(PropFilter("DTSTART", time_range=Window(JANUARY.start, JANUARY.start))),
        VALID_FILTER,
    ),
    "is-not-defined beside a property": (
        calendar(CompFilter("VEVENT", True, prop_filters=(PropFilter("UID"),))),
        VALID_FILTER,
    ),
    "is-not-defined beside a text": (event(PropFilter("UID", True, text_match=TEXT)), VALID_FILTER),
    "is-not-defined beside a parameter's text": (
        event(PropFilter("UID", param_filters=(ParamFilter("X-A", True, TEXT),))),
        VALID_FILTER,
    ),
    "a time-range beside a text": (
        event(PropFilter("DTSTART", time_range=JANUARY, text_match=TEXT)),
        VALID_FILTER,
    ),
    "an unknown collation": (
        event(PropFilter("UID", text_match=TextMatch("x", "i;basic"))),
        SUPPORTED_COLLATION,
    ),
    "an unknown collation for a parameter": (
        event(PropFilter("UID", param_filters=(ParamFilter("A", False, TextMatch("x", "i;b")),))),
        SUPPORTED_COLLATION,
    ),
    "too many elements": (event(*[PropFilter("UID")] * 300), SUPPORTED_FILTER),
}


@pytest.mark.rfc("4791 9.7")
@pytest.mark.parametrize("filter", SOUND.values(), ids=SOUND)
def test_a_sound_filter_passes(filter: Filter) -> None:
    check(filter)


@pytest.mark.rfc("4791 7.8")
@pytest.mark.parametrize(("filter", "condition"), UNSOUND.values(), ids=UNSOUND)
def test_an_unsound_filter_is_refused_by_its_condition(
    filter: Filter, condition: Condition
) -> None:
    with pytest.raises(Refused) as refusal:
        check(filter)

    assert refusal.value.condition == condition
