"""A file of many objects becomes one text for each UID."""

from __future__ import annotations

import tracemalloc
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caldavd.ical.contentline import Line
from caldavd.ical.parse import parse
from caldavd.ical.split import (
    Item,
    Unreadable,
    object_name,
    scan,
    split,
    stable_uid,
)
from caldavd.ical.validate import Limits
from tests.unit.builders import BERLIN, calendar, event, todo, valarm, vevent, vtodo

FIXTURES = Path(__file__).parents[3] / "fixtures" / "ics"


def parts(text: str | bytes, limits: Limits | None = None) -> list[Item | Unreadable]:
    stream = BytesIO(text if isinstance(text, bytes) else text.encode())
    return list(split(stream, scan(stream), stable_uid, limits or Limits()))


def texts(text: str | bytes) -> list[str]:
    found = parts(text)
    assert all(isinstance(part, Item) for part in found), found
    return [part.text for part in found if isinstance(part, Item)]


@pytest.mark.rfc("5545 3.8.4.7")
def test_each_uid_becomes_one_calendar() -> None:
    text = calendar(vevent(uid="a"), vtodo(uid="b"), vevent(uid="c"))

    assert texts(text) == [event(uid="a"), todo(uid="b"), event(uid="c")]


def test_overrides_go_with_their_master() -> None:
    moved = vevent(uid="a", recurrence_id="20260112T090000Z")
    text = calendar(vevent(uid="a", rrule="FREQ=DAILY"), vevent(uid="b"), moved)

    assert texts(text) == [
        event(uid="a", rrule="FREQ=DAILY", overrides=[moved]),
        event(uid="b"),
    ]


def test_each_object_has_the_time_zones_it_uses() -> None:
    local = "Europe/Berlin:20260105T090000"
    text = calendar(vevent(uid="a", start=local), vevent(uid="b"), BERLIN)

    assert texts(text) == [event(uid="a", start=local, zones=[BERLIN]), event(uid="b")]


def test_a_quoted_or_folded_tzid_is_found() -> None:
    line = 'DTSTART;TZID="Europe/\r\n Berlin":20260105T090000'
    one = event(start=None, lines=[line], zones=[BERLIN])

    assert texts(one) == [one]


def test_an_id_in_an_alarm_is_none_of_the_event() -> None:
    text = event(uid="a", alarms=[valarm(lines=["UID:b"])])

    assert texts(text) == [text]


def test_a_folded_uid_is_read_whole() -> None:
    first = vevent(uid="long\r\n er")
    second = vevent(uid="longer", recurrence_id="20260105T090000Z")

    assert texts(calendar(first, second)) == [calendar(first, second)]


def test_properties_of_the_calendar_are_reported_and_method_is_dropped() -> None:
    text = calendar(vevent(), lines=["METHOD:PUBLISH", "X-WR-CALNAME:My\r\n  life"])
    stream = BytesIO(text.encode())

    contents = scan(stream)

    assert contents.properties == [Line("X-WR-CALNAME", "", "My life")]
    assert texts(text) == [event()]


def test_prodid_and_calscale_are_kept() -> None:
    text = event().replace("PRODID:-//caldavd//tests//EN", "PRODID:-//X//Y\r\nCALSCALE:GREGORIAN")

    assert texts(text) == [text]


def test_a_missing_uid_is_made_of_the_text() -> None:
    text = calendar(vevent(uid=None, summary="a"), vevent(uid=None, summary="b"))

    first, second = (parse(item.encode()).uid for item in texts(text))

    assert (len(first), len(second), first == second) == (32, 32, False)


def test_the_same_file_gives_the_same_texts() -> None:
    text = calendar(vevent(uid=None), vevent(uid="a"), BERLIN)

    assert texts(text) == texts(text.replace("\r\n", "\n"))


def test_a_component_that_stands_there_twice_is_taken_once() -> None:
    assert texts(calendar(vevent(), vevent())) == [event()]


@pytest.mark.rfc("5545 3.4")
def test_several_calendars_in_one_file_are_all_read() -> None:
    local = "Europe/Berlin:20260105T090000"
    other = BERLIN.replace("CEST", "SUMMER")
    one = event(uid="a", start=local, zones=[BERLIN])
    two = event(uid="b", start=local, zones=[other])

    assert texts(one + two) == [one, two]


def test_an_event_outside_of_a_calendar_is_read() -> None:
    [text] = texts(vevent())

    assert parse(text.encode()).uid == "1@example.com"


def test_line_ends_blank_lines_and_control_characters_are_mended() -> None:
    text = "\ufeff" + event(summary="a\x0bb").replace("\r\n", "\n\n")

    assert texts(text) == [event(summary="ab")]


def test_what_cannot_be_read_is_reported_and_the_rest_is_read() -> None:
    text = calendar(
        vevent(uid="a"),
        vevent(uid="b").replace("END:VEVENT\r\n", ""),
        vevent(uid="c", summary="Grün"),
        vevent(uid="d"),
    )

    assert parts(text.encode("latin-1")) == [
        Item(4, event(uid="a")),
        Unreadable(17, "the object is not UTF-8: convert the file"),
        Item(24, event(uid="d")),
        Unreadable(11, "VEVENT has no END"),
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", Unreadable(1, "the file holds no VCALENDAR")),
        ("hello\r\nyou\r\n", Unreadable(1, "there is text outside of a VCALENDAR")),
        (calendar("END:VALARM\r\n"), Unreadable(4, "END:VALARM closes nothing")),
        (
            calendar(lines=["no content line"]),
            Unreadable(4, "a property of the calendar cannot be read"),
        ),
    ],
)
def test_faults_of_the_file_are_reported(text: str, fault: Unreadable) -> None:
    assert parts(text)[0] == fault


def test_an_object_over_the_size_limit_is_reported_without_being_read() -> None:
    text = event(lines=["ATTACH:" + "A" * 100_000])

    [part] = parts(text, Limits(max_bytes=50_000))

    assert isinstance(part, Unreadable)


def test_thousands_of_events_are_never_held_at_once() -> None:
    body = "".join(
        vevent(uid=str(number), lines=["X-FILL:" + "x" * 2_000]) for number in range(3_000)
    )
    stream = BytesIO(calendar(body).encode())
    tracemalloc.start()

    count = sum(1 for _ in split(stream, scan(stream), stable_uid))
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert count == 3_000
    assert peak_bytes < 2_500_000


def test_a_real_export_is_split() -> None:
    with (FIXTURES / "export.ics").open("rb") as stream:
        contents = scan(stream)
        found = list(split(stream, contents, stable_uid))

    assert [line.name for line in contents.properties] == ["X-WR-CALNAME", "X-WR-TIMEZONE"]
    assert [parse(item.text.encode()).uid for item in found if isinstance(item, Item)] == [
        "stand-up@example.com",
        "holiday@example.com",
        "c1f2@example.com",
    ]


@settings(deadline=None)
@given(
    st.lists(st.sampled_from([*event(zones=[BERLIN], alarms=[valarm()]).split("\r\n"), " x", "é"]))
)
def test_lines_in_any_order_are_split_or_reported(lines: list[str]) -> None:
    for part in parts("\r\n".join(lines)):
        assert isinstance(part, Item | Unreadable)


@settings(deadline=None)
@given(st.binary())
def test_arbitrary_bytes_are_split_or_reported(octets: bytes) -> None:
    assert parts(octets)


@pytest.mark.parametrize(
    ("uid", "name"),
    [
        ("1@example.com", "1@example.com.ics"),
        ("040000008200E00074C5B7101A82E008", "040000008200E00074C5B7101A82E008.ics"),
        ("a/b", "c14cddc033f64b9dea80ea675cf280a0.ics"),
    ],
)
def test_a_name_is_the_uid_where_a_url_can_hold_it(uid: str, name: str) -> None:
    assert object_name(uid) == name


@settings(deadline=None)
@given(st.text(st.characters(codec="utf-8")))
def test_every_name_is_one_safe_segment(uid: str) -> None:
    assert object_name(uid).isascii()
    assert not set(object_name(uid)) & set("/%?#; \\")
    assert not object_name(uid).startswith(".")
