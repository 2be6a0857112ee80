"""Which zone a TZID means."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from caldavd.ical.contentline import Component, read
from caldavd.ical.timezone import (
    DescribedZone,
    resolve,
    zone_from_calendar,
    zone_from_component,
    zone_from_id,
)
from tests.unit.builders import BERLIN, calendar, component


def described(text: str) -> Component:
    return read(text)[0]


def vtimezone(*observances: tuple[str, ...], tzid: str = "Mars/Phobos") -> str:
    return component(
        "VTIMEZONE",
        [f"TZID:{tzid}"],
        [component(name, lines) for name, *lines in observances],
    )


STANDARD = (
    "STANDARD",
    "DTSTART:20201025T030000",
    "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU",
    "TZOFFSETFROM:+0330",
    "TZOFFSETTO:+0230",
)
DAYLIGHT = (
    "DAYLIGHT",
    "DTSTART:20210328T020000",
    "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU;UNTIL=20250330T000000Z",
    "TZOFFSETFROM:+0230",
    "TZOFFSETTO:+0330",
)
MARS = zone_from_component("Mars/Phobos", described(vtimezone(STANDARD, DAYLIGHT)))


@pytest.mark.parametrize(
    ("tzid", "key"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        ("/freeassociation.sourceforge.net/Europe/Berlin", "Europe/Berlin"),
        ("/freeassociation.sourceforge.net/Tzfile/America/New_York", "America/New_York"),
        ("/mozilla.org/20050126_1/America/Argentina/Ushuaia", "America/Argentina/Ushuaia"),
        ("W. Europe Standard Time", "Europe/Berlin"),
    ],
)
def test_the_database_knows_names_with_prefixes_and_those_of_windows(tzid: str, key: str) -> None:
    assert zone_from_id(tzid) == ZoneInfo(key)


@pytest.mark.parametrize("tzid", ["", "Nowhere/Else", "../etc/passwd", "/", "Europe", "\0"])
def test_an_unknown_name_is_no_zone(tzid: str) -> None:
    assert resolve(tzid, {}) is None


def test_utc_is_utc() -> None:
    assert zone_from_id("Etc/UTC") is UTC


@pytest.mark.rfc("5545 3.6.5")
def test_a_timezone_that_differs_from_the_database_wins() -> None:
    other = described(vtimezone(STANDARD, DAYLIGHT, tzid="Europe/Berlin"))

    zone = resolve("Europe/Berlin", {"Europe/Berlin": other})

    assert zone is not None and zone.utcoffset(datetime(2022, 1, 1)) == timedelta(hours=2.5)  # noqa: DTZ001


def test_a_timezone_that_says_the_same_is_that_of_the_database() -> None:
    recent = BERLIN.replace("19700329", "20200329").replace("19701025", "20191027")

    assert resolve("Europe/Berlin", {"Europe/Berlin": described(recent)}) == ZoneInfo(
        "Europe/Berlin"
    )


@pytest.mark.rfc("5545 3.3.5")
@pytest.mark.rfc("5545 3.3.14")
@pytest.mark.parametrize(
    ("wall", "fold", "utc"),
    [
        ("2020-01-01T00:00:00", 0, "2019-12-31T20:30:00"),
        ("2022-01-01T12:00:00", 0, "2022-01-01T09:30:00"),
        ("2022-03-27T01:59:59", 0, "2022-03-26T23:29:59"),
        ("2022-03-27T02:30:00", 0, "2022-03-27T00:00:00"),
        ("2022-03-27T03:00:00", 0, "2022-03-26T23:30:00"),
        ("2022-10-30T02:30:00", 0, "2022-10-29T23:00:00"),
        ("2022-10-30T02:30:00", 1, "2022-10-30T00:00:00"),
        ("2022-10-30T03:00:00", 0, "2022-10-30T00:30:00"),
        ("2030-07-01T12:00:00", 0, "2030-07-01T09:30:00"),
    ],
)
def test_a_described_zone_reads_the_clock_as_its_text_says(wall: str, fold: int, utc: str) -> None:
    moment = datetime.fromisoformat(wall).replace(tzinfo=MARS, fold=fold)

    assert moment.astimezone(UTC) == datetime.fromisoformat(utc).replace(tzinfo=UTC)


def test_a_described_zone_shows_every_instant_of_a_repeated_hour() -> None:
    first = datetime(2022, 10, 29, 22, 30, tzinfo=UTC)

    shown = [(first + timedelta(minutes=30 * n)).astimezone(MARS) for n in range(5)]

    assert [(moment.strftime("%H:%M"), moment.fold) for moment in shown] == [
        ("02:00", 0),
        ("02:30", 0),
        ("02:00", 1),
        ("02:30", 1),
        ("03:00", 0),
    ]


@pytest.mark.rfc("4791 5.2.2")
def test_a_calendar_with_one_timezone_is_a_zone() -> None:
    tzid, zone = zone_from_calendar(calendar(vtimezone(STANDARD, DAYLIGHT)))

    assert (tzid, isinstance(zone, DescribedZone)) == ("Mars/Phobos", True)


@pytest.mark.rfc("4791 5.2.2")
@pytest.mark.parametrize(
    "text",
    [
        "",
        calendar(),
        calendar(BERLIN, BERLIN),
        calendar(component("VEVENT", ["UID:1"])),
        calendar(component("VTIMEZONE", ["TZID:A"])),
        calendar(vtimezone(("STANDARD", "DTSTART:20200101T000000"))),
        calendar(vtimezone(("STANDARD", *STANDARD[1:3], "TZOFFSETFROM:1", "TZOFFSETTO:+0100"))),
        calendar(vtimezone(("STANDARD", "DTSTART:x", "TZOFFSETFROM:+0100", "TZOFFSETTO:+0100"))),
    ],
)
def test_other_texts_are_no_zone(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        zone_from_calendar(text)
