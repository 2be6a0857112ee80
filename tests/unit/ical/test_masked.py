"""How closed an object is, and what is left of one of which others may know the time alone."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caldavd.ical.contentline import read
from caldavd.ical.masked import access_of, masked
from caldavd.ical.parse import parse
from caldavd.model import Access
from tests.unit.builders import (
    BERLIN,
    CRLF,
    calendar,
    component,
    event,
    todo,
    valarm,
    vevent,
)

ALLOWED = (
    *("VERSION", "PRODID", "UID", "DTSTAMP", "DTSTART", "DTEND", "DUE", "DURATION", "RRULE"),
    *("EXRULE", "RDATE", "EXDATE", "RECURRENCE-ID", "STATUS", "TRANSP", "CLASS", "SUMMARY"),
    *("TZID", "TZOFFSETFROM", "TZOFFSETTO", "FREEBUSY"),
)
KINDS = ("VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY", "VAVAILABILITY", "X-Y")
SECRET = "Zwiebel"
SECRETS = (
    f"SUMMARY:{SECRET}",
    f"LOCATION:{SECRET}",
    f"DESCRIPTION:{SECRET}",
    f"COMMENT:{SECRET}",
    f"CATEGORIES:{SECRET}",
    f"CONTACT:{SECRET}",
    f"RESOURCES:{SECRET}",
    f"URL:https://example.com/{SECRET}",
    f"ATTACH:https://example.com/{SECRET}",
    f"IMAGE;VALUE=URI:https://example.com/{SECRET}",
    f"CONFERENCE;VALUE=URI:https://example.com/{SECRET}",
    f"ORGANIZER;CN={SECRET}:mailto:{SECRET}@example.com",
    f"ATTENDEE;CN={SECRET}:mailto:{SECRET}@example.com",
    f"GEO;X={SECRET}:1;2",
    f"COLOR:{SECRET}",
    f"X-{SECRET}:1",
    f"X-APPLE-STRUCTURED-LOCATION:{SECRET}",
    f"RELATED-TO:{SECRET}",
    f"STATUS:{SECRET}",
    f"STATUS;X-WHY={SECRET}:CONFIRMED",
    f"TRANSP:{SECRET}",
    f"TRANSP;X-WHY={SECRET}:OPAQUE",
    f"TRANSP;TZID={SECRET}:OPAQUE",
    f"CLASS:X-{SECRET}",
    f"DTSTART:{SECRET}",
    f"DTSTART;VALUE={SECRET}:20260105T090000Z",
    f"DTEND;X-WHY={SECRET}:20260105T090000Z",
    f"DTSTAMP;X-WHY={SECRET}:20260105T090000Z",
    f"DURATION:{SECRET}",
    f"RRULE:FREQ=DAILY;X-WHY={SECRET}",
    f"RRULE:FREQ=DAILY;BYDAY={SECRET}",
    f"RRULE:FREQ={SECRET}",
    f"RRULE;X-WHY={SECRET}:FREQ=DAILY",
    f"RDATE:20260105T090000Z,{SECRET}",
    f"EXDATE;X-WHY={SECRET}:20260105T090000Z",
    f"RECURRENCE-ID;RANGE={SECRET}:20260105T090000Z",
    f"FREEBUSY;FBTYPE={SECRET}:20260105T090000Z/PT1H",
    f"SUMMARY;X=1:a{CRLF} {SECRET}",
)


def lines(text: str) -> list[str]:
    return text.split(CRLF)[:-1]


@pytest.mark.rfc("5545 3.8.1.3")
@pytest.mark.parametrize(
    ("classes", "expected"),
    [
        ([], Access.PUBLIC),
        (["PUBLIC"], Access.PUBLIC),
        (["public"], Access.PUBLIC),
        (["CONFIDENTIAL"], Access.CONFIDENTIAL),
        (["Private"], Access.PRIVATE),
        (["X-SECRET"], Access.PRIVATE),
        ([""], Access.PRIVATE),
        (["PUBLIC", "CONFIDENTIAL"], Access.CONFIDENTIAL),
        (["CONFIDENTIAL", "PUBLIC", "PRIVATE"], Access.PRIVATE),
    ],
)
def test_an_object_is_as_closed_as_the_most_closed_of_its_components(
    classes: list[str], expected: Access
) -> None:
    events = [
        vevent(
            recurrence_id=f"202601{5 + number:02}T090000Z" if number else None,
            rrule=None if number else "FREQ=DAILY",
            lines=[f"CLASS:{class_}"],
        )
        for number, class_ in enumerate(classes)
    ]

    assert access_of(parse(calendar(*(events or [vevent()])).encode())) is expected


@pytest.mark.parametrize(
    ("tzid", "left"), [("Visit to the clinic", ""), ("Europe/Berlin", ";TZID=Europe/Berlin")]
)
def test_a_time_zone_that_is_none_tells_nothing(tzid: str, left: str) -> None:
    """Who reads the object takes such a time for a floating one too."""
    text = event(start=f"{tzid}:20260105T090000", end=f"{tzid}:20260105T100000")

    found = [line for line in lines(masked(text)) if line.startswith(("DTSTART", "DTEND"))]

    assert found == [f"DTSTART{left}:20260105T090000", f"DTEND{left}:20260105T100000"]


def test_a_masked_event_says_when_and_nothing_more() -> None:
    zone = BERLIN.replace("TZNAME", "COMMENT:x\r\nX-LIC-LOCATION:y\r\nTZNAME")
    text = event(
        uid="1",
        summary="Doctor",
        start="Europe/Berlin:20260105T090000",
        end="Europe/Berlin:20260105T100000",
        rrule="FREQ=WEEKLY;BYDAY=MO",
        exdate=["Europe/Berlin:20260112T090000"],
        organizer="ann",
        attendees=["bob"],
        lines=["CLASS:CONFIDENTIAL", "LOCATION:Clinic", "STATUS:TENTATIVE", "TRANSP:OPAQUE"],
        alarms=[valarm()],
        zones=[zone],
        overrides=[
            vevent(
                uid="1",
                summary="Surgeon",
                start="Europe/Berlin:20260119T110000",
                end="Europe/Berlin:20260119T120000",
                recurrence_id="Europe/Berlin:20260119T090000",
            )
        ],
    )

    assert lines(masked(text)) == [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//caldavd//NONSGML caldavd//EN",
        "BEGIN:VTIMEZONE",
        "TZID:Europe/Berlin",
        "BEGIN:DAYLIGHT",
        "TZOFFSETFROM:+0100",
        "TZOFFSETTO:+0200",
        "DTSTART:19700329T020000",
        "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU",
        "END:DAYLIGHT",
        "BEGIN:STANDARD",
        "TZOFFSETFROM:+0200",
        "TZOFFSETTO:+0100",
        "DTSTART:19701025T030000",
        "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU",
        "END:STANDARD",
        "END:VTIMEZONE",
        "BEGIN:VEVENT",
        "UID:1",
        "DTSTAMP:20260101T000000Z",
        "RRULE:FREQ=WEEKLY;BYDAY=MO",
        "DTSTART;TZID=Europe/Berlin:20260105T090000",
        "DTEND;TZID=Europe/Berlin:20260105T100000",
        "EXDATE;TZID=Europe/Berlin:20260112T090000",
        "STATUS:TENTATIVE",
        "TRANSP:OPAQUE",
        "SUMMARY:Busy",
        "CLASS:CONFIDENTIAL",
        "END:VEVENT",
        "BEGIN:VEVENT",
        "UID:1",
        "DTSTAMP:20260101T000000Z",
        "DTSTART;TZID=Europe/Berlin:20260119T110000",
        "DTEND;TZID=Europe/Berlin:20260119T120000",
        "RECURRENCE-ID;TZID=Europe/Berlin:20260119T090000",
        "SUMMARY:Busy",
        "END:VEVENT",
        "END:VCALENDAR",
    ]


def test_a_time_zone_of_the_journey_home_goes_with_the_line_that_named_it() -> None:
    tokyo = BERLIN.replace("Europe/Berlin", "Asia/Tokyo")
    text = event(lines=["X-HOME;TZID=Asia/Tokyo:20260105T200000"], zones=[tokyo])

    assert "Tokyo" not in masked(text)


def test_a_task_keeps_when_it_is_due() -> None:
    text = todo(uid="t", due="20260201T120000Z", lines=["PERCENT-COMPLETE:40"])

    assert lines(masked(text))[3:-1] == [
        "BEGIN:VTODO",
        "UID:t",
        "DTSTAMP:20260101T000000Z",
        "DUE:20260201T120000Z",
        "SUMMARY:Busy",
        "END:VTODO",
    ]


def test_times_in_lower_case_and_with_blanks_are_kept() -> None:
    text = calendar(
        component("VEVENT", ["UID:1", "DTSTART: 20260105t090000z ", "status:Confirmed"])
    )

    assert lines(masked(text))[4:-2] == [
        "UID:1",
        "DTSTART:20260105T090000Z",
        "STATUS:CONFIRMED",
        "SUMMARY:Busy",
    ]


def test_a_masked_object_is_one_that_can_be_put() -> None:
    text = event(rrule="FREQ=DAILY;COUNT=3", lines=["CLASS:X-UNKNOWN"], alarms=[valarm()])

    document = parse(masked(text).encode())

    assert (document.uid, access_of(document)) == ("1@example.com", Access.PRIVATE)


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize(
    "name", ["VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY", "VAVAILABILITY", "X-Y"]
)
def test_no_secret_survives_in_any_line_of_any_component(name: str, secret: str) -> None:
    inside = component("VALARM", [secret], [component("X-PART", [secret])])
    zone = component("VTIMEZONE", ["TZID:Z", secret], [component("STANDARD", [secret])])
    used = "DTSTART;TZID=Z:20260105T090000"
    text = calendar(zone, component(name, ["UID:1", used, secret], [inside]), lines=[secret])

    assert SECRET.upper() not in masked(text).upper()


names = st.sampled_from(
    [line.partition(":")[0].partition(";")[0] for line in SECRETS] + list(ALLOWED)
)
words = st.text("aZ09T-+/=.*% <>&äß\N{WAVING HAND SIGN}", max_size=8)
parameter = st.tuples(
    st.sampled_from(["VALUE", "TZID", "RANGE", "X-A", "CN", "FBTYPE"]), words
).map(lambda drawn: f";{drawn[0]}={drawn[1]}")
values = st.one_of(
    words,
    st.sampled_from(["20260105T090000Z", "FREQ=DAILY", "PT1H", "CONFIRMED", "20260105"]),
    st.tuples(st.sampled_from(["20260105T090000Z,", "FREQ=DAILY;X=", "PT"]), words).map("".join),
)
content = st.tuples(names, st.lists(parameter, max_size=2).map("".join), values).map(
    lambda drawn: f"{drawn[0]}{drawn[1]}:{drawn[2]}"
)
parts = st.builds(
    component,
    st.sampled_from(["VEVENT", "VTODO", "VTIMEZONE", "VALARM", "VFREEBUSY", "X-THING", "STANDARD"]),
    st.lists(content, max_size=6),
)
ZONED = r"(?:;VALUE=(?:DATE|DATE-TIME|PERIOD))?(?:;TZID=[^:]*)?"
FIT = re.compile(
    r"(?:BEGIN|END):(?:VCALENDAR|VEVENT|VTODO|VFREEBUSY|VTIMEZONE|STANDARD)|VERSION:2\.0|PRODID:.*"
    r"|(?:UID|TZID):.*|SUMMARY:Busy|CLASS:(?:PUBLIC|CONFIDENTIAL|PRIVATE)"
    rf"|(?:DTSTART|DTEND|DUE|EXDATE|RDATE){ZONED}:[0-9TZPWDHMS,/+-]+"
    rf"|RECURRENCE-ID{ZONED}(?:;RANGE=THISANDFUTURE)?:[0-9TZ]+"
    r"|(?:DTSTAMP|DURATION):[0-9TZPWDHMS+-]+"
    r"|FREEBUSY(?:;VALUE=PERIOD)?(?:;FBTYPE=[A-Z-]+)?:[0-9TZPWDHMS,/+-]+"
    r"|STATUS:CONFIRMED|(?:RRULE|EXRULE):FREQ=DAILY|TZOFFSET(?:FROM|TO):[+-]\d+"
)


@given(
    st.lists(
        st.builds(
            component, st.just("VEVENT"), st.lists(content, max_size=6), st.lists(parts, max_size=2)
        )
        | parts,
        max_size=4,
    )
)
def test_no_line_outside_the_list_survives_whatever_the_input(drawn: list[str]) -> None:
    text = masked(calendar(*drawn))

    unfolded = text.replace(CRLF + " ", "").split(CRLF)[:-1]
    assert [line for line in unfolded if FIT.fullmatch(line) is None] == []
    assert len(read(text)) == 1
