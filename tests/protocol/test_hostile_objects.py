"""Hostile iCalendar: each text is refused soon, in bounded memory, while others are served."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tests.protocol.client import Client, declared, proppatch
from tests.protocol.test_hostile import LAUGHS, MEGABYTE, SOON_S, attacked
from tests.unit.builders import calendar as vcalendar
from tests.unit.builders import component, event, valarm, vevent

OBJECTS: dict[str, Callable[[], str | bytes]] = {
    "every second for ever": lambda: event(rrule="FREQ=SECONDLY"),
    "every second for long": lambda: event(rrule="FREQ=SECONDLY;COUNT=999999999"),
    "every minute until late": lambda: event(rrule="FREQ=MINUTELY;UNTIL=99991231T235959Z"),
    "count beyond numbers": lambda: event(rrule=f"FREQ=DAILY;COUNT={'9' * 5_000}"),
    "interval beyond numbers": lambda: event(rrule=f"FREQ=DAILY;INTERVAL={'9' * 5_000}"),
    "a hundred thousand EXDATEs": lambda: event(
        rrule="FREQ=DAILY",
        exdate=[f"2026{n % 12 + 1:02}01T{n % 24:02}0000Z" for n in range(100_000)],
    ),
    "EXDATEs in one line": lambda: event(
        rrule="FREQ=DAILY", lines=["EXDATE:" + ",".join(["20260101T000000Z"] * 100_000)]
    ),
    "a hundred thousand RDATEs": lambda: event(
        lines=["RDATE:" + ",".join(["20260101T000000Z"] * 100_000)]
    ),
    "nesting": lambda: "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n" + "BEGIN:X\r\n" * 1_000_000,
    "nesting that ends": lambda: vcalendar("BEGIN:X\r\n" * 100_000 + "END:X\r\n" * 100_000),
    "many alarms": lambda: event(alarms=[valarm("-PT1M", lines=["REPEAT:999999999"])]),
    "unending duration": lambda: event(start="20260101T000000Z", duration="P" + "9" * 5_000 + "W"),
    "rules": lambda: event(lines=["RRULE:FREQ=DAILY;BYDAY=MO"] * 5_000),
    "overrides": lambda: vcalendar(
        vevent(rrule="FREQ=DAILY"),
        *(vevent(recurrence_id=f"2026{n:06}Z") for n in range(20_000)),
    ),
    "attendees": lambda: event(attendees=[f"a{n}" for n in range(100_000)]),
    "NUL": lambda: event(summary="a\x00b"),
    "control character": lambda: event(summary="a\x1bb"),
    "noncharacter": lambda: event(summary="a\uffffb"),
    "broken UTF-8": lambda: event().encode().replace(b"Meeting", b"\xff\xfe"),
    "surrogate": lambda: event().encode().replace(b"Meeting", b"\xed\xa0\x80"),
    "UTF-16": lambda: event().encode("utf-16"),
    "folds": lambda: event().replace("Meeting", "M" + "\r\n " * 500_000 + "\x00"),
    "one long line": lambda: b"X" * (10 * MEGABYTE),
    "larger than any": lambda: event(lines=["X:" + "a" * 11 * MEGABYTE]),
    "zone": lambda: vcalendar(
        component("VTIMEZONE", ["TZID:Z"], [component("STANDARD", ["RRULE:FREQ=SECONDLY"] * 50)]),
        vevent(),
    ),
    "year 0": lambda: event(start="00000101T000000Z"),
    "UID": lambda: event(uid="u" * 100_000),
    "empty": lambda: b"",
    "XML": lambda: LAUGHS,
}


@pytest.mark.rfc("4791 5.3.2.1")
@pytest.mark.parametrize("name", OBJECTS)
async def test_hostile_objects_are_refused(ann: Client, calendar: str, name: str):
    answer = await attacked(
        ann, "PUT", calendar + "a.ics", OBJECTS[name](), Content_Type="text/calendar"
    )

    assert 400 <= answer.status < 500


@pytest.mark.rfc("4791 9.6.5")
async def test_a_rule_without_end_is_expanded_no_further_than_is_bearable(
    ann: Client, calendar: str
):
    await ann.put(calendar + "a.ics", event(uid="a", rrule="FREQ=HOURLY"))
    body = (
        f"<C:calendar-query {declared()}><D:prop><C:calendar-data><C:expand "
        'start="20260101T000000Z" end="99981231T000000Z"/></C:calendar-data></D:prop><C:filter>'
        '<C:comp-filter name="VCALENDAR"/></C:filter></C:calendar-query>'
    )

    answer = await attacked(ann, "REPORT", calendar, body)

    limits = "{DAV:}number-of-matches-within-limits"
    assert (answer.status, answer.condition) == (507, limits)


async def test_zones_that_change_every_day_are_not_worked_out(ann: Client, calendar: str):
    def zone(number: int) -> str:
        change = ["DTSTART:19700101T000000", "TZOFFSETFROM:+0000", "TZOFFSETTO:+0100"]
        observance = component("STANDARD", [*change, "RRULE:FREQ=DAILY"])
        return component("VTIMEZONE", [f"TZID:Z{number}"], [observance] * 300)

    few, many = (
        vcalendar(*map(zone, range(number)), vevent(start="Z0:20260101T000000", duration="PT1H"))
        for number in (50, 51)
    )
    began = time.perf_counter()

    answers = [await ann.put(calendar + "a.ics", text) for text in (few, many)]

    assert time.perf_counter() - began < 2 * SOON_S
    assert [answer.status for answer in answers] == [201, 403]


ZONES = {
    "long": lambda: "BEGIN:VCALENDAR\n" + "X:" + "a" * 5 * MEGABYTE,
    "nesting": lambda: "BEGIN:X\n" * 12_000,
    "observances": lambda: vcalendar(
        component(
            "VTIMEZONE",
            ["TZID:Z"],
            [
                component(
                    "STANDARD",
                    [
                        f"DTSTART:19{n % 100:02}0101T000000",
                        "TZOFFSETFROM:+0000",
                        f"TZOFFSETTO:+{n % 24:02}00",
                        "RRULE:FREQ=SECONDLY",
                    ],
                )
                for n in range(800)
            ],
        )
    ),
    "offset": lambda: vcalendar(
        component(
            "VTIMEZONE",
            ["TZID:Z"],
            [
                component(
                    "STANDARD", ["DTSTART:19700101T000000", "TZOFFSETFROM:+9999", "TZOFFSETTO:x"]
                )
            ],
        )
    ),
}


@pytest.mark.rfc("4791 5.2.10")
@pytest.mark.parametrize("name", ZONES)
async def test_hostile_time_zones_are_refused(ann: Client, calendar: str, name: str):
    text = f"<C:calendar-timezone><![CDATA[{ZONES[name]()}]]></C:calendar-timezone>"
    report = (
        f"<C:calendar-query {declared()}><D:prop/><C:filter><C:comp-filter "
        f'name="VCALENDAR"/></C:filter>{text}</C:calendar-query>'
    ).replace("calendar-timezone>", "timezone>")

    patched = await attacked(ann, "PROPPATCH", calendar, proppatch(set_=text))
    queried = await attacked(ann, "REPORT", calendar, report)

    assert [status for status, _ in patched.props().values()] == [403]
    assert queried.status == 403


async def test_dead_properties_have_a_largest_size(ann: Client, calendar: str):
    body = proppatch(set_=f"<x:a xmlns:x='urn:x'>{'a' * 2 * MEGABYTE}</x:a>")

    answer = await attacked(ann, "PROPPATCH", calendar, body)

    assert [status for status, _ in answer.props().values()] == [507]
