"""What clients demand of recurrence, over the wire.

`ical` is tested by itself in more depth; these hold that a PUT takes what clients write, that a
query finds it by the index and that the answer shows the same instances.
"""

from __future__ import annotations

import pytest

from tests.protocol.client import Client
from tests.protocol.instances import LOCAL, SERIES, found, starts, within
from tests.protocol.rules import OBJECT
from tests.unit.builders import calendar as vcalendar
from tests.unit.builders import event, todo, vevent

# What instances there are: text, window, DTSTART of each

INSTANCES = {
    "gap": (
        event(**LOCAL, start="Europe/Berlin:20260328T023000", rrule="FREQ=DAILY;COUNT=3"),
        ["20260328T013000Z", "20260329T013000Z", "20260330T003000Z"],
    ),
    "fold": (
        event(**LOCAL, start="Europe/Berlin:20261024T023000", rrule="FREQ=DAILY;COUNT=3"),
        ["20261024T003000Z", "20261025T003000Z", "20261026T013000Z"],
    ),
    "until-utc": (
        event(
            **LOCAL,
            start="Europe/Berlin:20260705T090000",
            rrule="FREQ=DAILY;UNTIL=20260706T070000Z",
        ),
        ["20260705T070000Z", "20260706T070000Z"],
    ),
    "until-local": (
        event(
            **LOCAL,
            start="Europe/Berlin:20260705T090000",
            rrule="FREQ=DAILY;UNTIL=20260706T090000",
        ),
        ["20260705T070000Z", "20260706T070000Z"],
    ),
    "until-date": (
        event(**LOCAL, start="Europe/Berlin:20260705T090000", rrule="FREQ=DAILY;UNTIL=20260706"),
        ["20260705T070000Z", "20260706T070000Z"],
    ),
    "exdate-date": (
        event(**SERIES, rrule="FREQ=DAILY;COUNT=3", exdate=["20260106"]),
        ["20260105T090000Z", "20260107T090000Z"],
    ),
    "exdate-utc": (
        event(
            **LOCAL,
            start="Europe/Berlin:20260705T090000",
            rrule="FREQ=DAILY;COUNT=3",
            exdate=["20260706T070000Z"],
        ),
        ["20260705T070000Z", "20260707T070000Z"],
    ),
    "exdate-other-zone": (
        event(
            **LOCAL,
            start="Europe/Berlin:20260705T090000",
            rrule="FREQ=DAILY;COUNT=3",
            exdate=["America/New_York:20260706T030000"],
        ),
        ["20260705T070000Z", "20260707T070000Z"],
    ),
    "exdate-list": (
        event(**SERIES, rrule="FREQ=DAILY;COUNT=4", exdate=["20260106T090000Z,20260107T090000Z"]),
        ["20260105T090000Z", "20260108T090000Z"],
    ),
    "rdate": (
        event(**SERIES, rdate=["20260110T090000Z,20260112T090000Z", "20260201T120000Z"]),
        ["20260105T090000Z", "20260110T090000Z", "20260112T090000Z", "20260201T120000Z"],
    ),
    "rdate-date": (
        event(uid="a", start="20260105", rdate=["20260110"]),
        ["20260105", "20260110"],
    ),
    "rdate-zone": (
        event(**SERIES, rdate=["Europe/Berlin:20260705T090000"]),
        ["20260105T090000Z", "20260705T070000Z"],
    ),
    "rdate-period": (
        event(**SERIES, lines=["RDATE;VALUE=PERIOD:20260110T090000Z/PT3H"]),
        ["20260105T090000Z", "20260110T090000Z"],
    ),
    "recurrence-id-of-another-form": (
        event(
            **LOCAL,
            start="Europe/Berlin:20260705T090000",
            rrule="FREQ=DAILY;COUNT=2",
            overrides=[vevent(uid="a", start="20260710T090000Z", recurrence_id="20260706T070000Z")],
        ),
        ["20260705T070000Z", "20260710T090000Z"],
    ),
    "recurrence-id-of-a-date": (
        event(
            **SERIES,
            rrule="FREQ=DAILY;COUNT=2",
            overrides=[vevent(uid="a", start="20260120T090000Z", recurrence_id="20260106")],
        ),
        ["20260105T090000Z", "20260120T090000Z"],
    ),
    "this-and-future": (
        event(
            **SERIES,
            rrule="FREQ=DAILY;COUNT=4",
            overrides=[
                vevent(
                    uid="a",
                    start="20260107T110000Z",
                    duration="PT1H",
                    lines=["RECURRENCE-ID;RANGE=THISANDFUTURE:20260107T090000Z"],
                )
            ],
        ),
        ["20260105T090000Z", "20260106T090000Z", "20260107T110000Z", "20260108T110000Z"],
    ),
    "override-of-no-instance": (
        event(
            **SERIES,
            rrule="FREQ=DAILY;COUNT=2",
            overrides=[vevent(uid="a", start="20260301T090000Z", recurrence_id="20260228T090000Z")],
        ),
        ["20260105T090000Z", "20260106T090000Z", "20260301T090000Z"],
    ),
    "overrides-alone": (
        vcalendar(
            vevent(uid="a", start="20260301T090000Z", recurrence_id="20260228T090000Z"),
            vevent(uid="a", start="20260308T090000Z", recurrence_id="20260307T090000Z"),
        ),
        ["20260301T090000Z", "20260308T090000Z"],
    ),
    "dtstart-off-the-rule": (
        event(**SERIES, rrule="FREQ=WEEKLY;BYDAY=TU;COUNT=3"),
        ["20260105T090000Z", "20260106T090000Z", "20260113T090000Z"],
    ),
    "exrule": (
        event(**SERIES, rrule="FREQ=DAILY;COUNT=4", lines=["EXRULE:FREQ=DAILY;INTERVAL=2"]),
        ["20260106T090000Z", "20260108T090000Z"],
    ),
    "never": (
        event(**SERIES, rrule="FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"),
        ["20260105T090000Z"],
    ),
    "task": (
        todo(uid="a", start="20260105T090000Z", due="20260105T100000Z", rrule="FREQ=DAILY;COUNT=2"),
        ["20260105T090000Z", "20260106T090000Z"],
    ),
}


@pytest.mark.rfc("5545 3.8.5.1")
@pytest.mark.rfc("5545 3.8.5.2")
@pytest.mark.rfc("5545 3.8.5.3")
@pytest.mark.rfc("5545 3.3.10")
@pytest.mark.rfc("5545 3.8.4.4")
@pytest.mark.rfc("4791 9.6.5")
@pytest.mark.parametrize("name", INSTANCES)
async def test_series_has_these_instances_and_a_range_finds_each(
    ann: Client, calendar: str, name: str
):
    text, wanted = INSTANCES[name]

    assert await starts(ann, text) == wanted
    component = "VTODO" if name == "task" else "VEVENT"
    for start in wanted:
        at = start if "T" in start else start + "T000000Z"
        assert await found(ann, calendar, within(component, at, at[:-2] + "1Z")), start
    assert (await ann("GET", OBJECT)).text == text


@pytest.mark.rfc("5545 3.3.10")
@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MONTHLY;BYMONTHDAY=31;BYMONTH=4",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=31",
    ],
)
async def test_rule_that_never_matches_has_no_instances_and_is_no_error(
    ann: Client, calendar: str, rule: str
):
    await ann.put(OBJECT, event(**SERIES, rrule=rule))

    assert not await found(ann, calendar, within("VEVENT", "20270101T000000Z", "20990101T000000Z"))


@pytest.mark.rfc("4791 9.9")
@pytest.mark.rfc("5545 3.8.2.2")
@pytest.mark.rfc("5545 3.8.2.5")
@pytest.mark.parametrize(
    ("times", "inside", "outside"),
    [
        (
            ["DTEND:20260105T090000Z"],
            "20260105T085959Z/20260105T090001Z",
            "20260105T090001Z/20260105T100000Z",
        ),
        (
            ["DTEND:20260105T080000Z"],
            "20260105T085959Z/20260105T090001Z",
            "20260105T080000Z/20260105T090000Z",
        ),
        (
            ["DURATION:PT0S"],
            "20260105T090000Z/20260105T090001Z",
            "20260105T090001Z/20260105T100000Z",
        ),
        (
            ["DURATION:PT2H"],
            "20260105T105959Z/20260105T110000Z",
            "20260105T110000Z/20260105T120000Z",
        ),
    ],
    ids=["ends-as-it-begins", "ends-before-it-begins", "no-length", "two-hours"],
)
async def test_length_of_an_event_is_its_end_or_its_duration_and_never_negative(
    ann: Client, calendar: str, times: list[str], inside: str, outside: str
):
    text = vcalendar(
        "BEGIN:VEVENT\r\nUID:a\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:20260105T090000Z\r\n"
        + "\r\n".join(times)
        + "\r\nEND:VEVENT\r\n"
    )

    assert (await ann.put(OBJECT, text)).status == 201
    assert await found(ann, calendar, within("VEVENT", *inside.split("/")))
    assert not await found(ann, calendar, within("VEVENT", *outside.split("/")))


@pytest.mark.rfc("5545 3.8.4.4")
@pytest.mark.parametrize(
    "length", [{"end": "20260106T140000Z"}, {"duration": "PT5H"}], ids=["dtend", "duration"]
)
async def test_override_has_a_length_of_its_own(ann: Client, calendar: str, length: dict[str, str]):
    changed = vevent(uid="a", start="20260106T090000Z", recurrence_id="20260106T090000Z", **length)
    await ann.put(OBJECT, event(**SERIES, rrule="FREQ=DAILY;COUNT=3", overrides=[changed]))
    afternoons = [
        within("VEVENT", f"202601{day:02}T133000Z", f"202601{day:02}T140000Z") for day in (5, 6, 7)
    ]

    assert [await found(ann, calendar, range_) for range_ in afternoons] == [False, True, False]


@pytest.mark.rfc("4791 9.9")
@pytest.mark.rfc("5545 3.3.4")
@pytest.mark.rfc("5545 3.8.2.4")
async def test_day_without_an_end_lasts_that_day(ann: Client, calendar: str):
    await ann.put(OBJECT, event(uid="a", start="20260105"))
    hours = [
        ("20260104T230000Z", "20260105T000000Z"),
        ("20260105T230000Z", "20260106T000000Z"),
        ("20260106T000000Z", "20260106T010000Z"),
    ]

    assert [await found(ann, calendar, within("VEVENT", *hour)) for hour in hours] == [
        False,
        True,
        False,
    ]
