"""Objects into one VCALENDAR: each time zone once, no TZID with two meanings."""

from __future__ import annotations

import pytest

from caldavd.ical import combine
from caldavd.ical.combine import Zones
from caldavd.ical.parse import parse
from tests.unit.builders import BERLIN, calendar, vevent

WRITTEN_OTHERWISE = BERLIN.replace("TZNAME:CEST", "TZNAME:MESZ")
MOSCOW = "\r\n".join(
    (
        "BEGIN:VTIMEZONE",
        "TZID:Customized",
        "BEGIN:STANDARD",
        "DTSTART:19700101T000000",
        "TZOFFSETFROM:+0300",
        "TZOFFSETTO:+0300",
        "END:STANDARD",
        "END:VTIMEZONE",
        "",
    )
)
TOKYO = MOSCOW.replace("+0300", "+0900")


def berlin(uid: str) -> str:
    return vevent(uid=uid, start="Europe/Berlin:20260105T090000")


def customized(uid: str) -> str:
    return vevent(uid=uid, start="Customized:20260105T090000")


def test_a_time_zone_is_written_once() -> None:
    zones = Zones()

    texts = [zones.add(calendar(BERLIN, berlin(uid))) for uid in ("1", "2")]

    assert texts == [BERLIN + berlin("1"), berlin("2")]


def test_a_time_zone_in_other_words_is_the_same() -> None:
    zones = Zones()
    zones.add(calendar(BERLIN, berlin("1")))

    text = zones.add(calendar(WRITTEN_OTHERWISE, berlin("2")))

    assert text == berlin("2")


@pytest.mark.rfc("5545 3.6.5")
def test_a_tzid_that_means_another_zone_gets_another_name() -> None:
    zones = Zones()
    zones.add(calendar(MOSCOW, customized("1")))

    text = zones.add(calendar(TOKYO, customized("2")))

    assert text == (TOKYO + customized("2")).replace("Customized", "Customized (2)")


def test_the_third_object_of_a_renamed_zone_uses_the_new_name() -> None:
    zones = Zones()
    zones.add(calendar(MOSCOW, customized("1")))
    zones.add(calendar(TOKYO, customized("2")))

    text = zones.add(calendar(TOKYO, customized("3")))

    assert text == customized("3").replace("Customized", "Customized (2)")


def test_a_time_zone_that_cannot_be_read_is_kept_as_it_is() -> None:
    broken = MOSCOW.replace("TZOFFSETTO:+0300\r\n", "")
    zones = Zones()

    texts = [zones.add(calendar(broken, customized(uid))) for uid in ("1", "2")]

    assert texts == [broken + customized("1"), customized("2")]


def test_the_whole_can_be_read_again() -> None:
    text = combine.head("Family, friends", "#3B82F6FF") + Zones().add(calendar(BERLIN, berlin("1")))

    document = parse((text + combine.TAIL).encode())

    assert {line.name: line.value for line in document.calendar.lines} == {
        "VERSION": "2.0",
        "PRODID": combine.PRODUCT,
        "CALSCALE": "GREGORIAN",
        "NAME": r"Family\, friends",
        "X-WR-CALNAME": r"Family\, friends",
        "X-APPLE-CALENDAR-COLOR": "#3B82F6FF",
    }


def test_what_the_server_noted_for_itself_stays_here() -> None:
    noted = (
        "ATTENDEE;PARTSTAT=ACCEPTED;X-CALDAVD-REPLIED=20260101T000000Z;CN=B:mailto:b@example.com",
        "X-CALDAVD-RECEIVED;SEQUENCE=2;PARTSTAT=ACCEPTED:20260101T000000Z",
        "X-CALDAVD-REMOVED;SEQUENCE=2;INSTANCE=20260107T090000Z:20260101T000000Z",
        "X-OTHER:kept",
    )
    left = ("ATTENDEE;PARTSTAT=ACCEPTED;CN=B:mailto:b@example.com", "X-OTHER:kept")

    written = Zones().add(calendar(vevent(lines=noted)))

    assert written == vevent(lines=left)
