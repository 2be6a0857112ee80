"""VTIMEZONEs made of the zone database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from struct import pack
from zoneinfo import ZoneInfo

import pytest

from caldavd.ical import tzif
from caldavd.ical.contentline import read
from caldavd.ical.timezone import zone_from_calendar, zone_from_component
from caldavd.ical.tznames import names
from caldavd.ical.vtimezone import Range, calendar_text, timezone_text

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EUROPEAN = ["Europe/Berlin", "Europe/Dublin", "Europe/Riga", "Africa/Casablanca", "Asia/Gaza"]
OTHERS = ["America/New_York", "America/Nuuk", "Asia/Jerusalem", "Australia/Lord_Howe", "Etc/UTC"]


def instants(key: str) -> Iterator[datetime]:
    """The moments around each change of a zone, up to 2100."""
    for change in tzif.history(key).until(2100):
        for seconds in (-1, 0, 1):
            yield EPOCH + timedelta(seconds=change.at + seconds)


def epoch(year: int) -> int:
    return int(datetime(year, 1, 1, tzinfo=UTC).timestamp())


@pytest.mark.rfc("5545 3.6.5")
@pytest.mark.parametrize("key", EUROPEAN + OTHERS)
def test_the_whole_history_of_a_zone_says_what_the_database_says(key: str) -> None:
    text = timezone_text(key, Range())

    zone = zone_from_component("X", read(text.replace(f"TZID:{key}", "TZID:X"))[0])

    known = ZoneInfo(key)
    differing = [
        moment
        for moment in instants(key)
        if moment.astimezone(zone).utcoffset() != moment.astimezone(known).utcoffset()
    ]
    assert differing == []


@pytest.mark.rfc("7809 3.1.5")
def test_every_name_of_the_database_has_a_text_that_is_read_as_its_zone() -> None:
    zones = {name: zone_from_calendar(calendar_text(name)) for name in names()}

    unlike = [
        name
        for name, (tzid, zone) in zones.items()
        if tzid != name or not (zone is UTC or isinstance(zone, ZoneInfo))
    ]

    assert unlike == []


@pytest.mark.rfc("5545 3.6.5")
def test_what_happens_each_year_is_a_rule_without_an_end() -> None:
    text = timezone_text("Europe/Berlin", Range(epoch(2020)))

    assert text.splitlines() == [
        "BEGIN:VTIMEZONE",
        "TZID:Europe/Berlin",
        "BEGIN:STANDARD",
        "DTSTART:20200101T010000",
        "TZNAME:CET",
        "TZOFFSETFROM:+0100",
        "TZOFFSETTO:+0100",
        "END:STANDARD",
        "BEGIN:DAYLIGHT",
        "DTSTART:20200329T020000",
        "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU",
        "TZNAME:CEST",
        "TZOFFSETFROM:+0100",
        "TZOFFSETTO:+0200",
        "END:DAYLIGHT",
        "BEGIN:STANDARD",
        "DTSTART:20201025T030000",
        "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU",
        "TZNAME:CET",
        "TZOFFSETFROM:+0200",
        "TZOFFSETTO:+0100",
        "END:STANDARD",
        "END:VTIMEZONE",
    ]


@pytest.mark.rfc("7808 3.9")
@pytest.mark.rfc("7808 7.1")
def test_a_zone_that_is_cut_off_says_until_when_it_holds() -> None:
    text = timezone_text("America/New_York", Range(epoch(2010), epoch(2020)))

    assert "TZUNTIL:20200101T000000Z" in text
    assert "DTSTART:20091231T190000\r\nTZNAME:EST\r\nTZOFFSETFROM:-0500" in text
    assert "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU;UNTIL=20190310T070000Z" in text


@pytest.mark.rfc("7808 3.9")
def test_a_range_that_begins_with_a_change_has_nothing_before_it() -> None:
    change = next(one for one in tzif.history("Europe/Berlin").until(2030) if one.at > epoch(2029))

    text = timezone_text("Europe/Berlin", Range(change.at))

    assert text.count("BEGIN:") == 3
    assert "DTSTART:20290325T020000" in text


@pytest.mark.rfc("7808 7.2")
def test_a_name_that_means_another_zone_is_the_tzid_of_the_text() -> None:
    text = timezone_text("W. Europe Standard Time", aliased="Europe/Berlin")

    lines = text.splitlines()
    assert lines[1:3] == ["TZID:W. Europe Standard Time", "TZID-ALIAS-OF:Europe/Berlin"]


def test_an_unknown_name_has_no_text() -> None:
    with pytest.raises(ValueError, match="Mars/Phobos"):
        calendar_text("Mars/Phobos")


def tzif_file(footer: str, *, version: bytes = b"2") -> bytes:
    """A file without changes, whose footer says all."""
    header = pack(">4sc15x6l", b"TZif", version, 0, 0, 0, 0, 1, 4)
    block = pack(">lBB", 0, 0, 0) + b"XXX\0"
    return (header + block) * 2 + f"\n{footer}\n".encode()


@pytest.mark.parametrize(
    ("footer", "first", "second"),
    [
        ("XXX0YYY,M3.5.0,M10.5.0/3", "2024-03-31T02:00", "2024-10-27T03:00"),
        ("XXX0YYY,J60,J300/1:30", "2024-03-01T02:00", "2024-10-27T01:30"),
        ("XXX0YYY,59,299", "2024-02-29T02:00", "2024-10-26T02:00"),
        ("XXX0YYY,M3.4.4/50,M10.4.4/-1", "2024-03-30T02:00", "2024-10-23T23:00"),
        ("<-02>0<-01>-2,M10.1.0,M4.1.0/3", "2024-04-07T03:00", "2024-10-06T02:00"),
    ],
)
def test_each_form_of_a_yearly_change_is_understood(footer: str, first: str, second: str) -> None:
    history = tzif.parse(tzif_file(footer))

    walls = [rule.of(2024).wall.isoformat(timespec="minutes") for rule in history.rules]

    assert walls == [first, second]


def test_a_file_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="TZif"):
        tzif.parse(tzif_file("XXX0", version=b"\0"))
