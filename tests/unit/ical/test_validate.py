"""RFC 4791 §5.3.2.1: values and counts that a calendar object may hold."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caldavd import errors
from caldavd.errors import Condition, Refused
from caldavd.ical.parse import parse
from caldavd.ical.rule import parse_rule
from caldavd.ical.validate import DEFAULT, Limits, most_per_day
from tests.unit.builders import (
    BERLIN,
    calendar,
    component,
    event,
    journal,
    todo,
    valarm,
    vevent,
)


def refusal(text: str, limits: Limits = DEFAULT) -> Condition:
    with pytest.raises(Refused) as caught:
        parse(text.encode(), limits)
    return caught.value.condition


def reason(text: str) -> str:
    with pytest.raises(Refused) as caught:
        parse(text.encode())
    return caught.value.reason


def accepted(text: str) -> bool:
    return parse(text.encode()).text == text


@pytest.mark.rfc("4791 5.3.2.1")
@pytest.mark.parametrize(
    "line",
    [
        "DTEND:2026-01-05",
        "DTEND:20260230",
        "DTEND:20260105T250000Z",
        "DTEND:20260105T0900",
        "DTEND:00000105T090000Z",
        "DTEND:",
        "DTEND:2026010٥",
        "DTEND;VALUE=DATE:20260105T100000Z",
        "DTEND;VALUE=DATE-TIME:20260105",
        "DURATION:1H",
        "DURATION:P",
        "DURATION:PT",
        "DURATION:P99999999999999999999D",
        "RECURRENCE-ID:soon",
        "EXDATE:20260106T090000Z,never",
        "EXDATE:20260106T090000Z/PT1H",
        "RDATE;VALUE=PERIOD:20260106T090000Z/1H",
        "RRULE:",
        "RRULE:DAILY",
        "RRULE:INTERVAL=2",
        "RRULE:FREQ=FORTNIGHTLY",
        "RRULE:FREQ=DAILY;FREQ=DAILY",
        "RRULE:FREQ=DAILY;UNTIL=20270101;UNTIL=20270101",
        "RRULE:FREQ=DAILY;INTERVAL=0",
        "RRULE:FREQ=DAILY;INTERVAL=-1",
        "RRULE:FREQ=DAILY;COUNT=0",
        "RRULE:FREQ=DAILY;COUNT=many",
        "RRULE:FREQ=DAILY;COUNT=2;UNTIL=20270101T000000Z",
        "RRULE:FREQ=DAILY;UNTIL=later",
        "RRULE:FREQ=DAILY;BYHOUR=24",
        "RRULE:FREQ=DAILY;BYMINUTE=60",
        "RRULE:FREQ=DAILY;BYSECOND=61",
        "RRULE:FREQ=YEARLY;BYMONTH=13",
        "RRULE:FREQ=YEARLY;BYMONTH=0",
        "RRULE:FREQ=MONTHLY;BYMONTHDAY=32",
        "RRULE:FREQ=MONTHLY;BYMONTHDAY=0",
        "RRULE:FREQ=YEARLY;BYYEARDAY=367",
        "RRULE:FREQ=YEARLY;BYWEEKNO=-54",
        "RRULE:FREQ=MONTHLY;BYDAY=MO;BYSETPOS=367",
        "RRULE:FREQ=WEEKLY;BYDAY=XX",
        "RRULE:FREQ=MONTHLY;BYDAY=54MO",
        "RRULE:FREQ=MONTHLY;BYDAY=0MO",
        "RRULE:FREQ=WEEKLY;WKST=1MO",
        "RRULE:FREQ=WEEKLY;BYMOON=1",
        "RRULE:FREQ=YEARLY;BYMONTHDAY=" + ",".join(["1"] * 5_000),
        "EXRULE:FREQ=DAILY;INTERVAL=0",
    ],
)
def test_a_value_of_the_wrong_form_is_refused(line: str) -> None:
    text = calendar(component("VEVENT", ["UID:1", "DTSTART:20260105T090000Z", line]))

    assert refusal(text) == errors.VALID_CALENDAR_DATA


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(event(start="tomorrow"), id="DTSTART"),
        pytest.param(todo(due="20261301"), id="DUE"),
        pytest.param(todo(completed="done"), id="COMPLETED"),
        pytest.param(todo(created="00001231T000000Z"), id="CREATED of a task"),
        pytest.param(event(alarms=[valarm("soon")]), id="TRIGGER"),
        pytest.param(calendar(component("VFREEBUSY", ["UID:1", "FREEBUSY:now"])), id="FREEBUSY"),
        pytest.param(event(alarms=[valarm(lines=["REPEAT:many"])]), id="REPEAT"),
        pytest.param(event(alarms=[valarm(lines=["REPEAT:100000000"])]), id="REPEAT without end"),
        pytest.param(event(zones=[BERLIN.replace("BYMONTH=3", "BYMONTH=33")]), id="VTIMEZONE"),
    ],
)
def test_every_place_with_a_value_that_is_computed_with_is_checked(text: str) -> None:
    assert refusal(text) == errors.VALID_CALENDAR_DATA


def test_the_refusal_names_component_and_property() -> None:
    assert reason(event(start="20261301")).startswith("VEVENT: DTSTART: ")


@pytest.mark.rfc("5545 3.6.1")
@pytest.mark.parametrize(
    "text",
    [
        pytest.param(event(start=None), id="an event"),
        pytest.param(todo(rrule="FREQ=DAILY"), id="a task that recurs"),
        pytest.param(journal(start=None, rrule="FREQ=DAILY"), id="a journal entry that recurs"),
    ],
)
def test_dtstart_may_not_be_missing_from(text: str) -> None:
    assert refusal(text) == errors.VALID_CALENDAR_DATA


@pytest.mark.rfc("5545 3.6.1")
@pytest.mark.parametrize(
    "line",
    [
        "UID:1@example.com",
        "DTSTART:20260105T090000Z",
        "DTEND:20260105T100000Z",
        "DURATION:PT1H",
        "RECURRENCE-ID:20260105T090000Z",
    ],
)
def test_a_property_of_which_there_is_one_may_not_stand_twice(line: str) -> None:
    others = [each for each in ("UID:1", "DTSTART:20260101") if each[:3] != line[:3]]
    text = calendar(component("VEVENT", [*others, line, line]))

    assert refusal(text) == errors.VALID_CALENDAR_DATA


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=WEEKLY;",
        "freq=weekly;byday=mo",
        "FREQ=DAILY;UNTIL=20270101",
        "FREQ=DAILY;COUNT=10000",
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=HOURLY",
        "FREQ=MINUTELY;INTERVAL=20;BYHOUR=9,10,11,12,13,14,15,16",
        "FREQ=MINUTELY;INTERVAL=90;COUNT=4",
        "FREQ=SECONDLY;COUNT=100",
        "FREQ=MINUTELY;UNTIL=20260106T090000Z",
        "FREQ=DAILY;BYHOUR=9,10,11,12,13,14,15,16;BYMINUTE=0,20,40",
        "FREQ=WEEKLY;X-THING=1",
        "FREQ=WEEKLY;UNTIL=99991231T235959Z",
        "RSCALE=GREGORIAN;FREQ=YEARLY;SKIP=FORWARD",
    ],
)
def test_a_bounded_or_moderate_rule_is_accepted(rule: str) -> None:
    assert accepted(event(rrule=rule))


@pytest.mark.parametrize("line", ["EXDATE:", "RDATE:", "EXDATE:20260105T090000Z,"])
def test_an_empty_date_in_a_list_is_accepted(line: str) -> None:
    assert accepted(event(lines=[line]))


@pytest.mark.rfc("7529 10")
def test_a_rule_in_another_calendar_is_refused_as_such() -> None:
    assert refusal(event(rrule="RSCALE=HEBREW;FREQ=YEARLY")) == errors.SUPPORTED_RSCALE


RULED = "VEVENT: RRULE: "


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (event(rrule="FREQ=DAILY;COUNT=1000000000"), "COUNT is over 10000: use UNTIL, or no end"),
        (event(rrule="FREQ=DAILY;COUNT=0"), RULED + "COUNT=0 must be at least 1"),
        (event(rrule="FREQ=DAILY;COUNT=ten"), RULED + "COUNT=TEN is not a number"),
        (event(rrule="FREQ=DAILY;INTERVAL=0"), RULED + "INTERVAL=0 must be at least 1"),
        (
            event(rrule="FREQ=DAILY;INTERVAL=1000000000"),
            RULED + "INTERVAL=1000000000 is a number of more than 9 digits",
        ),
        (event(rrule="FREQ=DAILY;BYHOUR=x"), RULED + "BYHOUR=X is not a number"),
        (
            event(alarms=[valarm(trigger="soon")]),
            "VALARM: TRIGGER: 'soon' is neither a DURATION (such as -PT15M) "
            "nor a DATE-TIME in UTC (YYYYMMDDTHHMMSSZ)",
        ),
        (
            event(alarms=[valarm(trigger="stop")]),
            "VALARM: TRIGGER: 'stop' is neither a DURATION (such as -PT15M) "
            "nor a DATE-TIME in UTC (YYYYMMDDTHHMMSSZ)",
        ),
    ],
)
def test_the_refusal_says_which_part_may_be_what(text: str, wanted: str) -> None:
    assert reason(text) == wanted


def test_a_list_that_is_too_long_is_named_alone() -> None:
    dates = ",".join(["20260106T090000Z"] * 10_001)

    told = reason(event(rrule="FREQ=DAILY", lines=["EXDATE:" + dates]))

    assert told == "10001 dates in EXDATE, more than 10000: split the series"


def test_a_rule_of_a_time_zone_is_refused_in_the_name_of_the_zone() -> None:
    zone = BERLIN.replace("FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU", "FREQ=SECONDLY")

    told = reason(event(start="Europe/Berlin:20260105T090000", zones=[zone]))

    assert told.startswith("the time zone Europe/Berlin: the rule can generate ")


@pytest.mark.rfc("4791 5.3.2.1")
@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=SECONDLY",
        "FREQ=MINUTELY",
        "FREQ=SECONDLY;UNTIL=20260106T090000Z",
        "FREQ=MINUTELY;UNTIL=20270105T090000Z",
        "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=SECONDLY;INTERVAL=2;BYHOUR=1",
        "FREQ=HOURLY;BYMINUTE=0,5,10,15,20,25,30,35,40,45,50,55",
        "FREQ=DAILY;BYHOUR=1,2,3,4,5,6,7,8,9,10;BYMINUTE=1,2,3,4,5,6,7,8,9,10,11",
        "FREQ=DAILY;COUNT=10001",
    ],
)
def test_a_rule_of_too_many_instances_is_refused_by_its_parts(rule: str) -> None:
    assert refusal(event(start="20260105T090000Z", rrule=rule)) == errors.MAX_INSTANCES


def test_a_time_zone_may_not_change_every_second() -> None:
    zone = BERLIN.replace("FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU", "FREQ=SECONDLY")

    assert refusal(event(zones=[zone])) == errors.MAX_INSTANCES


@pytest.mark.parametrize(
    ("rule", "most"),
    [
        ("FREQ=YEARLY", 1),
        ("FREQ=DAILY;INTERVAL=3;BYHOUR=9,17;BYMINUTE=0,30", 4),
        ("FREQ=HOURLY", 24),
        ("FREQ=HOURLY;INTERVAL=5", 5),
        ("FREQ=HOURLY;BYHOUR=9;BYMINUTE=0,30;BYSECOND=0,30", 4),
        ("FREQ=MINUTELY;INTERVAL=20", 72),
        ("FREQ=MINUTELY;BYHOUR=9", 60),
        ("FREQ=SECONDLY", 86_400),
        ("FREQ=SECONDLY;INTERVAL=86400", 1),
        ("FREQ=SECONDLY;BYHOUR=9;BYMINUTE=0;BYSECOND=0", 1),
    ],
)
def test_the_instances_a_day_are_bounded_by_the_parts_of_the_rule(rule: str, most: int) -> None:
    assert most_per_day(parse_rule(rule)) == most


@pytest.mark.rfc("4791 5.3.2.1")
@pytest.mark.parametrize(
    "lines",
    [
        pytest.param(["EXDATE:20260105T090000Z"] * 100_000, id="lines of EXDATE"),
        pytest.param(["EXDATE:" + ",".join(["20260105T090000Z"] * 100_000)], id="one EXDATE"),
        pytest.param(
            [f"{name}:" + ",".join(["20260105"] * 6_000) for name in ("RDATE", "EXDATE")],
            id="both together",
        ),
        pytest.param(["FREEBUSY:" + ",".join(["20260105T090000Z/PT1H"] * 100_000)], id="FREEBUSY"),
    ],
)
def test_a_hundred_thousand_dates_are_refused(lines: list[str]) -> None:
    assert refusal(event(lines=lines)) == errors.MAX_INSTANCES


@pytest.mark.parametrize("name", ["RDATE", "EXDATE"])
def test_a_thousand_dates_are_accepted(name: str) -> None:
    assert accepted(event(lines=[f"{name}:20260105T090000Z"] * 1_000))


@pytest.mark.rfc("4791 5.3.2.1")
def test_too_many_overrides_are_refused() -> None:
    overrides = [vevent(recurrence_id=f"202601{day:02}") for day in range(1, 12)]

    assert refusal(event(overrides=overrides), Limits(max_instances=10)) == errors.MAX_INSTANCES


@pytest.mark.rfc("4791 5.3.2.1")
def test_too_many_attendees_are_refused() -> None:
    text = event(attendees=["ann", "bob", "cid"])

    assert refusal(text, Limits(max_attendees=2)) == errors.MAX_ATTENDEES


def test_attendees_are_counted_for_each_instance() -> None:
    text = event(attendees=["ann"], overrides=[vevent(attendees=["ann"], recurrence_id="20260105")])

    assert parse(text.encode(), Limits(max_attendees=1)).text == text


def test_eleven_rules_in_one_component_are_refused() -> None:
    assert refusal(event(lines=["RRULE:FREQ=DAILY"] * 11)) == errors.VALID_CALENDAR_DATA


@pytest.mark.rfc("4791 5.3.2.1")
@pytest.mark.parametrize("start", ["00010101", "00011231T235959Z"])
def test_the_year_1_is_refused(start: str) -> None:
    assert refusal(event(start=start)) == errors.MIN_DATE_TIME


@pytest.mark.rfc("4791 5.3.2.1")
@pytest.mark.parametrize(
    "text",
    [
        pytest.param(event(start="99990101T000000Z"), id="DTSTART"),
        pytest.param(todo(due="99991231"), id="DUE"),
        pytest.param(event(start="99981231T000000Z", duration="P9999D"), id="DURATION"),
        pytest.param(event(end="49990101T000000Z", rdate=["80000101", "20260101"]), id="RDATE"),
        pytest.param(event(start="80000101", end="20260101", rdate=["20260101"]), id="DTEND"),
    ],
)
def test_what_leaves_the_calendar_is_refused(text: str) -> None:
    assert refusal(text) == errors.MAX_DATE_TIME


@pytest.mark.parametrize("start", ["00020101", "19000101", "20000101", "99981231T235959Z"])
def test_old_dates_are_accepted(start: str) -> None:
    assert accepted(event(start=start))


PARTS = st.sampled_from(
    [
        "INTERVAL=2",
        "BYMONTH=3",
        "BYMONTH=13",
        "BYDAY=MO,TU",
        "BYDAY=-1SU",
        "BYDAY=5MO",
        "WKST=SU",
        "UNTIL=20280229T000000Z",
        "UNTIL=20270228",
        "COUNT=5",
    ]
)


@settings(deadline=None)
@given(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]), st.lists(PARTS, max_size=4))
def test_a_rule_is_accepted_only_if_it_can_be_read(frequency: str, parts: list[str]) -> None:
    text = ";".join((f"FREQ={frequency}", *parts))
    try:
        parse(event(rrule=text).encode())
    except Refused:
        return
    assert parse_rule(text)


def test_a_time_zone_that_was_refused_is_refused_again_and_a_sound_one_taken_again() -> None:
    unsound = event(zones=[BERLIN.replace("BYMONTH=3", "BYMONTH=33")]).encode()

    for _ in range(2):
        with pytest.raises(Refused):
            parse(unsound)
        assert list(parse(event(zones=[BERLIN]).encode()).zones) == ["Europe/Berlin"]


def test_a_time_zone_that_is_too_long_to_remember_is_checked_all_the_same() -> None:
    long = BERLIN.replace("TZNAME:CET\r\n", f"TZNAME:CET\r\nX-LONG:{'x' * 5_000}\r\n")

    assert list(parse(event(zones=[long]).encode()).zones) == ["Europe/Berlin"]
    with pytest.raises(Refused):
        parse(event(zones=[long.replace("BYMONTH=3", "BYMONTH=33")]).encode())
