"""Objects without known time zones, and with all they refer to."""

from __future__ import annotations

import pytest

from caldavd.ical import parse
from caldavd.ical.byreference import Zones, shown, with_referenced, without_known
from caldavd.ical.vtimezone import timezone_text
from tests.unit.builders import BERLIN, calendar, component, event, vevent

START = "Europe/Berlin:20260105T090000"
END = "Europe/Berlin:20260105T100000"
PHOBOS = component(
    "VTIMEZONE",
    ["TZID:Mars/Phobos"],
    [
        component(
            "STANDARD",
            ["DTSTART:19700101T000000", "TZOFFSETFROM:+0330", "TZOFFSETTO:+0330"],
        )
    ],
)
NOT_BERLIN = BERLIN.replace("+0200", "+0300")


def meeting(*zones: str, start: str = START, end: str = END, **fields: object) -> str:
    return event(zones=zones, start=start, end=end, **fields)


@pytest.mark.rfc("7809 3.1.3")
@pytest.mark.parametrize(
    "zone",
    [
        timezone_text("Europe/Berlin"),
        BERLIN,
        BERLIN.replace("BEGIN:VTIMEZONE", "begin:vtimezone").replace("END:VT", "End:vt"),
        BERLIN.replace("TZID:Europe/Berlin", "TZID:US/Eastern")
        .replace("+0200", "-0400")
        .replace("+0100", "-0500")
        .replace("19700329T020000", "20070311T020000")
        .replace("19701025T030000", "20071104T020000")
        .replace("10;BYDAY=-1SU", "11;BYDAY=1SU")
        .replace("3;BYDAY=-1SU", "3;BYDAY=2SU"),
        BERLIN.replace("BEGIN:DAYLIGHT", "X-LIC-LOCATION:Europe/Berlin\r\nBEGIN:DAYLIGHT"),
        BERLIN.replace("DTSTART:1970", "DTSTART:x"),
    ],
    ids=["ours", "since 1970", "lower case", "another name", "with more lines", "unreadable"],
)
def test_a_zone_of_the_database_is_left_out_and_nothing_else(zone: str) -> None:
    assert without_known(meeting(zone)) == meeting()


@pytest.mark.rfc("7809 3.1.3")
@pytest.mark.parametrize("zone", [PHOBOS, NOT_BERLIN, PHOBOS.replace("Mars/", "Europe/")])
def test_a_zone_that_is_somebodys_own_stays(zone: str) -> None:
    assert without_known(meeting(zone)) == meeting(zone)


@pytest.mark.rfc("7809 3.1.3")
def test_of_several_zones_the_known_ones_are_left_out() -> None:
    text = meeting(PHOBOS, BERLIN, timezone_text("Asia/Tokyo"))

    assert without_known(text) == meeting(PHOBOS)


@pytest.mark.rfc("7809 3.1.3")
def test_rules_of_today_stay_where_the_object_is_of_a_time_that_had_others() -> None:
    old = {"start": "Europe/Berlin:19750704T090000", "end": "Europe/Berlin:19750704T100000"}

    assert without_known(meeting(BERLIN, **old)) == meeting(BERLIN, **old)


def test_times_in_utc_say_nothing_of_a_zone() -> None:
    alarm = ["X-ALARM:19750704T090000Z"]

    assert without_known(meeting(BERLIN, lines=alarm)) == meeting(lines=alarm)


@pytest.mark.rfc("7809 3.1.3")
@pytest.mark.parametrize(
    "text",
    [
        meeting(),
        meeting(lines=["DESCRIPTION:BEGIN:VTIMEZONE\\nTZID:Europe/Berlin\\nEND:VTIMEZONE"]),
        meeting(lines=["DESCRIPTION:a", " BEGIN:VTIMEZONE", " TZID:Europe/Berlin"]),
        calendar(component("X-BOX", ["X-A:1"], [BERLIN]), vevent()),
        calendar(component("VTIMEZONE-X", ["TZID:Europe/Berlin"]), vevent()),
        meeting(BERLIN).replace("BEGIN:VTIMEZONE", "BEGIN:VTIME\r\n ZONE"),
        meeting(BERLIN).replace("END:VTIMEZONE", "END:VTIME\r\n ZONE"),
        meeting(BERLIN).replace(":VTIMEZONE", ":VTIMEZONE\r\n -X"),
        meeting(BERLIN.replace("END:VTIMEZONE", f"X-LONG:{'x' * 30_000}\r\nEND:VTIMEZONE")),
    ],
    ids=[
        "none",
        "in a text",
        "in a folded text",
        "inside another component",
        "a name that begins so",
        "folded at its begin",
        "folded at its end",
        "folded name",
        "very long",
    ],
)
def test_what_is_no_known_zone_of_the_calendar_is_not_touched(text: str) -> None:
    assert without_known(text) == text


@pytest.mark.rfc("7809 3.1.3")
def test_line_ends_folds_case_and_order_of_the_rest_stay_as_they_are() -> None:
    head = "BEGIN:VCALENDAR\nprodid:x\nVERSION:2.0\nX-A;Y=z:1\n"
    tail = (
        "X-AFTER:2\nbegin:VEVENT\nUID:1\nDTSTART;TZID=Europe/Berlin:20260105T\n 090000\n"
        "SUMMARY:ä\nEND:vevent\nEND:VCALENDAR"
    )

    assert without_known(head + BERLIN.replace("\r\n", "\n") + tail) == head + tail


@pytest.mark.rfc("7809 3.1.3")
@pytest.mark.parametrize(
    ("text", "added"),
    [
        (meeting(), ["Europe/Berlin"]),
        (meeting(end="US/Eastern:20260105T100000"), ["US/Eastern", "Europe/Berlin"]),
        (meeting(PHOBOS, exdate=["Mars/Phobos:20260105T090000"]), ["Europe/Berlin"]),
        (meeting(rdate=["europe/berlin:20260106T090000"]), ["Europe/Berlin", "europe/berlin"]),
    ],
)
def test_each_zone_that_is_referred_to_and_missing_is_added(text: str, added: list[str]) -> None:
    document = parse.stored(with_referenced(text))

    before = parse.stored(text)
    assert sorted(document.zones) == sorted([*added, *before.zones])
    assert document.components == before.components


@pytest.mark.rfc("7809 3.1.3")
def test_what_is_added_stands_before_the_first_component_and_the_rest_stays() -> None:
    tokyo = meeting(start="Asia/Tokyo:20260105T090000", end="Asia/Tokyo:20260105T100000")

    assert with_referenced(tokyo) == tokyo.replace(
        "BEGIN:VEVENT", timezone_text("Asia/Tokyo") + "BEGIN:VEVENT"
    )
    assert "\r" not in with_referenced(tokyo.replace("\r\n", "\n"))


@pytest.mark.rfc("7809 3.1.3")
@pytest.mark.parametrize(
    ("line", "tzid"),
    [
        ('DTSTART;TZID="Europe/Berlin":20260105T090000', "Europe/Berlin"),
        ("DTSTART;X-A=1;tzid=Europe/Berlin:20260105T090000", "Europe/Berlin"),
        ("DTSTART;TZ\r\n ID=Europe/Ber\r\n lin:20260105T090000", "Europe/Berlin"),
        ("DTSTART;TZID=W. Europe Standard Time:20260105T090000", "W. Europe Standard Time"),
        (
            "DTSTART;TZID=/mozilla.org/20050126_1/Europe/Berlin:20260105T090000",
            "/mozilla.org/20050126_1/Europe/Berlin",
        ),
    ],
)
def test_a_reference_is_found_however_it_is_written(line: str, tzid: str) -> None:
    text = meeting(start=None, end=None, lines=[line])

    assert list(parse.stored(with_referenced(text)).zones) == [tzid]


@pytest.mark.rfc("7809 3.1.3")
@pytest.mark.parametrize(
    "text",
    [
        event(),
        meeting(BERLIN),
        meeting(NOT_BERLIN),
        meeting(start="Mars/Phobos:20260105T090000", end=None),
        event(lines=["DESCRIPTION:DTSTART;TZID=Europe/Berlin:20260105T090000"]),
        event(lines=['X-A;X-B=";TZID=Europe/Berlin":1']),
        event(zones=[PHOBOS.replace("DTSTART:", "DTSTART;TZID=Europe/Berlin:")]),
    ],
)
def test_nothing_is_added_where_nothing_known_is_missing(text: str) -> None:
    assert with_referenced(text) == text


def test_an_object_is_given_no_more_than_a_hundred_zones() -> None:
    names = [
        "".join(c.upper() if number >> place & 1 else c for place, c in enumerate("asia/tokyo"))
        for number in range(200)
    ]
    text = event(lines=[f"X-TIME;TZID={name}:20260105T090000" for name in dict.fromkeys(names)])

    assert with_referenced(text).count("BEGIN:VTIMEZONE") == 100


@pytest.mark.rfc("7809 7.1")
def test_what_is_wanted_decides() -> None:
    text = meeting(PHOBOS, BERLIN, exdate=["Asia/Tokyo:20260105T090000"])

    found = {zones: list(parse.stored(shown(text, zones)).zones) for zones in Zones}

    assert found == {
        Zones.AS_STORED: ["Mars/Phobos", "Europe/Berlin"],
        Zones.UNKNOWN: ["Mars/Phobos"],
        Zones.ALL: ["Asia/Tokyo", "Mars/Phobos", "Europe/Berlin"],
    }


@pytest.mark.rfc("7809 3.1.3")
def test_leaving_zones_out_and_adding_them_again_changes_no_time() -> None:
    text = meeting(BERLIN, rrule="FREQ=WEEKLY")

    again = parse.stored(with_referenced(without_known(text)))

    assert again.components == parse.stored(text).components
    assert list(again.zones) == ["Europe/Berlin"]
