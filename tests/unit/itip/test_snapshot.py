"""A meeting as scheduling reads it, and the texts it writes."""

from __future__ import annotations

import pytest

from caldavd.ical.parse import parse, stored
from caldavd.itip.snapshot import MAX_SEQUENCE, calendar_text, meeting, sequence_from
from tests.unit.builders import BERLIN, calendar
from tests.unit.itip.meetings import daily, meeting_of, on, part, single

NEW_YORK = "America/New_York:20260105T040000"


@pytest.mark.rfc("5545 3.8.4.4")
@pytest.mark.parametrize(
    ("start", "named"),
    [
        ("20260105T090000Z", ["20260106T090000Z", "Europe/Berlin:20260106T100000", "20260106"]),
        (NEW_YORK, ["20260106T090000Z", "America/New_York:20260106T040000", "20260106"]),
        ("20260105T090000", ["20260106T090000", "20260106T090000Z", "20260106"]),
        ("20260105", ["20260106", "20260106T090000Z"]),
    ],
)
def test_an_instance_is_the_same_in_whatever_way_it_is_named(start: str, named: list[str]):
    found = [
        meeting(daily(on(6).replace("RECURRENCE-ID:20260106T090000Z", written), start=start))
        for written in map(as_recurrence_id, named)
    ]
    excluded = [meeting(daily(start=start, exdate=[name])).parts[None].excluded for name in named]

    (key,) = {key for one in found for key in one.parts if key is not None}
    assert set(excluded) == {frozenset({key})}


def as_recurrence_id(named: str) -> str:
    zone, colon, value = named.rpartition(":")
    if colon:
        return f"RECURRENCE-ID;TZID={zone}:{value}"
    return f"RECURRENCE-ID{';VALUE=DATE' if len(value) == 8 else ''}:{value}"


@pytest.mark.parametrize(
    ("written", "sequence"),
    [([], 0), (["SEQUENCE:3"], 3), (["SEQUENCE: 3"], 3), (["SEQUENCE:999999999"], 999999999)],
)
def test_a_sequence_is_a_number(written: list[str], sequence: int):
    assert meeting(single(lines=written)).sequence == sequence


def test_an_attendee_who_stands_there_twice_is_one():
    found = meeting(single("bob ACCEPTED, bob DECLINED")).parts[None].attendees

    assert [line.parameter_text for line in found.values()] == [";PARTSTAT=ACCEPTED"]


def test_a_message_is_read_as_an_object_is():
    text = calendar(part(), lines=["METHOD:request"])

    assert meeting(stored(text)).method == "REQUEST"


@pytest.mark.rfc("5546 3.1.2")
@pytest.mark.rfc("5545 3.6.5")
def test_a_text_describes_the_zones_that_it_uses_and_no_others():
    times = {"start": "Europe/Berlin:20260105T100000", "end": "Europe/Oslo:20260105T110000"}
    unused = BERLIN.replace("Europe/Berlin", "Unused")
    document = meeting_of(unused, BERLIN, part(**times))  # type: ignore[arg-type]

    text = calendar_text("REQUEST", document.components, document.zones)

    assert BERLIN in text
    assert parse(text.replace("METHOD:REQUEST\r\n", "").encode()).zones.keys() == {
        "Europe/Berlin",
        "Europe/Oslo",
    }


@pytest.mark.rfc("5545 3.3.8")
@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("7", 7),
        ("-1", 0),
        ("x", 0),
        ("1000000000", 1_000_000_000),
        ("2147483648", MAX_SEQUENCE),
        ("9" * 5_000, MAX_SEQUENCE),
    ],
)
def test_a_sequence_that_grows_never_becomes_a_low_one(value: str, number: int):
    assert sequence_from(value) == number
