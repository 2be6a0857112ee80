"""When alarms go off (RFC 5545 §3.8.6, RFC 4791 §9.9)."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

import pytest

from caldavd.ical import alarm
from caldavd.ical.contentline import read
from caldavd.ical.parse import Document, parse
from caldavd.ical.recurrence import instances
from caldavd.model import Window
from tests.unit.builders import component, event, todo, valarm

BERLIN = ZoneInfo("Europe/Berlin")
ALWAYS = Window(None, None)


def at(text: str) -> datetime:
    return datetime.strptime(text, "%Y%m%dT%H%M%S").replace(tzinfo=UTC)


def document(text: str) -> Document:
    return parse(text.encode())


def first(text: str, floating: tzinfo = UTC) -> list[datetime]:
    """When the alarm of the object's first component first goes off, for each instance."""
    found = document(text)
    ringing = alarm.read(found.components[0].components[0], found.zones)
    assert ringing is not None
    times = [
        alarm.first(ringing, instance, floating) for instance in instances(found, ALWAYS, floating)
    ]
    return [datetime.fromtimestamp(time, UTC) for time in times if time is not None]


def related(end: str, trigger: str) -> str:
    return component("VALARM", ["ACTION:DISPLAY", f"TRIGGER;RELATED={end}:{trigger}"])


HOUR = {"start": "20260105T090000Z", "end": "20260105T100000Z"}
FIRST = {
    "before the start": (event(**HOUR, alarms=[valarm("-PT15M")]), "20260105T084500"),
    "after the start": (event(**HOUR, alarms=[valarm("PT5M")]), "20260105T090500"),
    "with a plus": (event(**HOUR, alarms=[valarm("+PT5M")]), "20260105T090500"),
    "at the start, said so": (
        event(**HOUR, alarms=[related("START", "PT0S")]),
        "20260105T090000",
    ),
    "before the end": (event(**HOUR, alarms=[related("END", "-PT5M")]), "20260105T095500"),
    "after the end, in small letters": (
        event(**HOUR, alarms=[related("end", "PT5M")]),
        "20260105T100500",
    ),
    "after the end by a duration": (
        event(start="20260105T080000Z", duration="PT2H", alarms=[related("END", "PT5M")]),
        "20260105T100500",
    ),
    "of an event without an end": (
        event(start="20260105T080000Z", alarms=[related("END", "PT5M")]),
        "20260105T080500",
    ),
    "absolute": (event(**HOUR, alarms=[valarm("20260101T120000Z")]), "20260101T120000"),
    "of a task that starts": (
        todo(start="20260105T090000Z", due="20260106T090000Z", alarms=[valarm("-PT1H")]),
        "20260105T080000",
    ),
    "of a task's due date": (
        todo(start="20260105T090000Z", due="20260106T090000Z", alarms=[related("END", "-PT1H")]),
        "20260106T080000",
    ),
    "of a task that is only due": (
        todo(due="20260106T090000Z", alarms=[related("START", "-PT1H")]),
        "20260106T080000",
    ),
}


@pytest.mark.rfc("5545 3.8.6.3")
@pytest.mark.rfc("5545 3.6.6")
@pytest.mark.parametrize(("text", "expected"), FIRST.values(), ids=FIRST)
def test_an_alarm_goes_off_relative_to_its_anchor(text: str, expected: str) -> None:
    assert first(text) == [at(expected)]


@pytest.mark.rfc("5545 3.8.6.3")
def test_a_whole_day_starts_at_midnight_where_the_user_is() -> None:
    text = event(start="20260105", alarms=[valarm("-PT15M")])

    assert first(text, BERLIN) == [at("20260104T224500")]


@pytest.mark.rfc("5545 3.3.6")
def test_a_day_before_is_the_same_wall_time_across_a_change_of_clocks() -> None:
    start = "Europe/Berlin:20260329T090000"
    nominal = event(start=start, alarms=[valarm("-P1D")])
    exact = event(start=start, alarms=[valarm("-PT24H")])

    assert first(nominal) == [at("20260328T080000")]
    assert first(exact) == [at("20260328T070000")]


def test_an_alarm_of_a_task_without_dates_never_goes_off() -> None:
    assert first(todo(alarms=[valarm()])) == []


def test_an_alarm_beyond_the_calendar_never_goes_off() -> None:
    assert first(event(start="99980105T090000Z", alarms=[valarm("P146000D")])) == []


BROKEN = {
    "no trigger": ["ACTION:AUDIO"],
    "no duration": ["TRIGGER:PTX"],
    "no date": ["TRIGGER;VALUE=DATE-TIME:20261332T000000Z"],
    "an empty trigger": ["TRIGGER:"],
    "no number of repetitions": ["TRIGGER:PT0S", "REPEAT:many", "DURATION:PT5M"],
}


@pytest.mark.rfc("5545 3.6.6")
@pytest.mark.parametrize("lines", BROKEN.values(), ids=BROKEN)
def test_a_broken_alarm_is_passed_over(lines: list[str]) -> None:
    assert alarm.read(read(component("VALARM", lines))[0], {}) is None


REPEATED = component("VALARM", ["TRIGGER:-PT15M", "REPEAT:2", "DURATION:PT5M", "ACTION:AUDIO"])
"""Goes off at 08:45, 08:50 and 08:55 for an event at 09:00."""

RANGES = {
    ("20260105T084500", "20260105T084501"): True,
    ("20260105T084501", "20260105T085000"): False,
    ("20260105T084501", "20260105T085001"): True,
    ("20260105T085500", "20260105T085501"): True,
    ("20260105T085501", "20260106T000000"): False,
    ("20260104T000000", "20260105T084500"): False,
    ("20260105T085001", None): True,
    ("20260105T085501", None): False,
    (None, "20260105T084500"): False,
    (None, "20260105T084501"): True,
}


@pytest.mark.rfc("5545 3.8.6.2")
@pytest.mark.parametrize(("bounds", "expected"), RANGES.items())
def test_an_alarm_goes_off_again_as_often_as_it_says(
    bounds: tuple[str | None, str | None], expected: bool
) -> None:
    found = document(event(**HOUR, alarms=[REPEATED]))
    ringing = alarm.read(found.components[0].components[0], {})
    window = Window(*(None if text is None else at(text) for text in bounds))
    (instance,) = instances(found, ALWAYS, UTC)

    assert ringing is not None
    assert alarm.goes_off(ringing, instance, window, UTC) == expected


@pytest.mark.parametrize("lines", [["REPEAT:2"], ["DURATION:PT5M"], ["REPEAT:2", "DURATION:PT0S"]])
def test_without_both_repeat_and_duration_it_goes_off_once(lines: list[str]) -> None:
    found = document(event(**HOUR, alarms=[valarm("-PT15M", lines=lines)]))
    ringing = alarm.read(found.components[0].components[0], {})

    assert ringing is not None and (ringing.repeat, ringing.every_s) == (0, 0)


def test_an_instance_for_which_it_goes_off_in_a_window_overlaps_the_reach() -> None:
    found = document(event(start="20260105", end="20260108", alarms=[related("END", "-P3DT2H")]))
    ringing = alarm.read(found.components[0].components[0], {})
    window = Window(at("20260104T220000"), at("20260104T220001"))
    assert ringing is not None

    reached = instances(found, alarm.reach(ringing, window), UTC)

    assert [alarm.goes_off(ringing, i, window, UTC) for i in reached] == [True]


def test_a_reach_past_the_ends_of_the_calendar_is_open() -> None:
    found = document(event(**HOUR, alarms=[valarm("-P30D")]))
    ringing = alarm.read(found.components[0].components[0], {})
    last = datetime.max.replace(tzinfo=UTC)
    assert ringing is not None

    assert alarm.reach(ringing, Window(last, last)) == Window(None, None)
