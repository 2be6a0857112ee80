"""RFC 4791 §4.1, §5.3.2.1: what becomes a Document, and what is refused and how."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caldavd import errors
from caldavd.errors import Condition, Refused
from caldavd.ical.index import index
from caldavd.ical.parse import MAX_UID_BYTES, Document, parse
from caldavd.ical.subset import DataRequest, subset
from caldavd.ical.validate import Limits
from caldavd.model import Window
from tests.unit.builders import (
    BERLIN,
    calendar,
    component,
    event,
    journal,
    todo,
    valarm,
    vevent,
    vjournal,
    vtodo,
)


def refusal(text: str | bytes, limits: Limits | None = None) -> Condition:
    body = text if isinstance(text, bytes) else text.encode()
    with pytest.raises(Refused) as caught:
        parse(body) if limits is None else parse(body, limits)
    return caught.value.condition


def reason(text: str | bytes) -> str:
    with pytest.raises(Refused) as caught:
        parse(text if isinstance(text, bytes) else text.encode())
    return caught.value.reason


def accepted(text: str) -> Document:
    return parse(text.encode())


def test_a_document_holds_the_text_and_what_was_read_from_it() -> None:
    text = event(start="Europe/Berlin:20260105T090000", zones=[BERLIN])

    document = accepted(text)

    assert document == Document(
        text=text,
        calendar=document.calendar,
        uid="1@example.com",
        component="VEVENT",
        components=(document.calendar.components[1],),
        zones={"Europe/Berlin": document.calendar.components[0]},
        verbatim=True,
    )


@pytest.mark.parametrize(
    ("text", "kind"), [(event(), "VEVENT"), (todo(), "VTODO"), (journal(), "VJOURNAL")]
)
def test_the_component_type_is_read(text: str, kind: str) -> None:
    assert accepted(text).component == kind


@pytest.mark.rfc("4791 4.1")
@pytest.mark.parametrize(
    "text",
    [
        pytest.param(calendar(lines=["METHOD:REQUEST"]), id="METHOD"),
        pytest.param(calendar(vevent(), vtodo()), id="two component types"),
        pytest.param(
            calendar(vevent(uid="a"), vevent(uid="b", recurrence_id="20260105")), id="UIDs"
        ),
        pytest.param(calendar(vevent(), vevent()), id="two masters"),
        pytest.param(event(uid=None), id="no UID"),
        pytest.param(event(uid=" "), id="blank UID"),
        pytest.param(calendar(BERLIN), id="only a time zone"),
        pytest.param(calendar(), id="nothing"),
        pytest.param(event() + event(), id="two VCALENDARs"),
    ],
)
def test_what_is_no_calendar_object_resource_is_refused_so(text: str) -> None:
    assert refusal(text) == errors.VALID_CALENDAR_OBJECT


@pytest.mark.rfc("4791 4.1")
def test_two_components_of_one_recurrence_id_are_refused() -> None:
    moved = vevent(recurrence_id="20260112T090000Z")

    assert refusal(event(rrule="FREQ=WEEKLY", overrides=[moved, moved])) == (
        errors.VALID_CALENDAR_OBJECT
    )


@pytest.mark.rfc("4791 4.1")
def test_instances_without_their_master_are_an_object() -> None:
    text = calendar(
        vevent(recurrence_id="20260112T090000Z"), vevent(recurrence_id="20260119T090000Z")
    )

    assert len(accepted(text).components) == 2


@pytest.mark.rfc("4791 5.3.2.1")
@pytest.mark.rfc("5545 3.4")
@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"hello", id="no content line"),
        pytest.param(b"BEGIN:VCARD\r\nEND:VCARD\r\n", id="a vCard"),
        pytest.param(event()[:-10].encode(), id="cut short"),
        pytest.param(event(summary="a\0b").encode(), id="NUL"),
        pytest.param(event(summary="a\x0bb").encode(), id="a control character"),
        pytest.param(event(summary="a\ufffeb").encode(), id="U+FFFE"),
        pytest.param(event(summary="a\uffffb").encode(), id="U+FFFF"),
        pytest.param(event(summary="ä").encode("latin-1"), id="Latin-1"),
        pytest.param(event().encode("utf-16"), id="UTF-16"),
        pytest.param(event().replace("END:VEVENT", "END:VTODO").encode(), id="crossed END"),
        pytest.param(event(lines=["no colon here"]).encode(), id="a line without a colon"),
        pytest.param(event(uid="x" * (MAX_UID_BYTES + 1)).encode(), id="an endless UID"),
    ],
)
def test_what_is_no_icalendar_text_is_refused_so(body: bytes) -> None:
    assert refusal(body) == errors.VALID_CALENDAR_DATA


def test_the_refusal_says_where_and_what_to_do() -> None:
    assert reason(event(summary="a\0b")) == (
        "line 7 holds the control character U+0000: leave it out"
    )
    with pytest.raises(Refused) as caught:
        parse(event(summary="ä").encode("latin-1"))
    assert caught.value.reason == ("line 7 holds bytes that are not UTF-8: send the text in UTF-8")


@pytest.mark.rfc("4791 5.3.2.1")
def test_vcalendar_1_is_not_supported_calendar_data() -> None:
    text = event().replace("VERSION:2.0", "VERSION:1.0")

    assert refusal(text) == errors.SUPPORTED_CALENDAR_DATA


@pytest.mark.rfc("4791 5.3.2.1")
def test_a_body_over_the_size_limit_is_refused() -> None:
    assert refusal(event(), Limits(max_bytes=100)) == errors.MAX_RESOURCE_SIZE


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(re.sub("DTSTAMP.*\r\n|PRODID.*\r\n|VERSION.*\r\n", "", event()), id="bare"),
        pytest.param(event().replace("\r\n", "\n"), id="LF"),
        pytest.param(event().replace("\r\n", "\r"), id="CR"),
        pytest.param(event().replace("\r\n", "\r\r\n"), id="CRCRLF"),
        pytest.param(event().replace("\r\n", "\r\n\r\n"), id="blank lines"),
        pytest.param("\ufeff" + event(), id="byte order mark"),
        pytest.param(event() + "\r\n \r\n\r\n", id="blank lines at the end"),
        pytest.param(event().removesuffix("\r\n"), id="no line end at the end"),
        pytest.param(
            re.sub("(?m)^[A-Z-]+", lambda name: name[0].lower(), event()), id="lower-case names"
        ),
        pytest.param(event().replace("VEVENT", "vevent"), id="lower-case components"),
        pytest.param(event(end="20260105T090000Z"), id="DTEND = DTSTART"),
        pytest.param(event(end="20260104T090000Z"), id="DTEND < DTSTART"),
        pytest.param(event(end="20260105T100000Z", duration="PT1H"), id="DTEND and DURATION"),
        pytest.param(event(duration="-PT1H"), id="negative DURATION"),
        pytest.param(
            event(start="20260105", rrule="FREQ=DAILY;UNTIL=20260109T000000Z"), id="UNTIL"
        ),
        pytest.param(event(start="Nowhere/Land:20260105T090000"), id="unknown TZID"),
        pytest.param(event(lines=["EXRULE:FREQ=DAILY"]), id="EXRULE"),
        pytest.param(event(lines=["X-UNDER_SCORE:1"]), id="underscore in a name"),
        pytest.param(event(lines=["CREATED:00001231T000000Z"]), id="CREATED in year 0"),
        pytest.param(event(start=None, lines=["DTSTART:20260105"]), id="VALUE=DATE left out"),
        pytest.param(event(rrule="FREQ=DAILY", exdate=["20260106"]), id="EXDATE of a date"),
        pytest.param(event(lines=["RDATE;VALUE=PERIOD:20260106T090000Z/PT1H"]), id="PERIOD"),
        pytest.param(event(summary=""), id="empty SUMMARY"),
        pytest.param(event(alarms=[valarm("20260105T080000Z")]), id="absolute alarm"),
        pytest.param(event(alarms=[component("VALARM", ["ACTION:NONE"])]), id="alarm that is none"),
        pytest.param(todo(start="20260105", due="20260106T120000Z"), id="date and date-time"),
        pytest.param(calendar(vevent(), lines=["CALSCALE:CHINESE"]), id="CALSCALE"),
        pytest.param(calendar(vjournal(start=None)), id="journal without a date"),
        pytest.param(event(zones=[component("VTIMEZONE", ["TZID:Nothing"])]), id="empty zone"),
    ],
)
def test_what_clients_send_is_accepted_and_kept(text: str) -> None:
    assert accepted(text).text == text


@pytest.mark.rfc("5545 3.8.4.7")
def test_a_uid_is_read_without_its_escapes() -> None:
    assert accepted(event(uid=r"a\,b\\c")).uid == r"a,b\c"


@pytest.mark.rfc("5545 3.1")
def test_a_fold_inside_a_character_is_mended_and_reported() -> None:
    whole = event(summary="Grüße")
    body = whole.encode().replace(b"\xc3\xbc", b"\xc3\r\n \xbc")

    document = parse(body)

    assert (document.text, document.verbatim) == (whole, False)


def test_components_nested_too_deep_are_refused() -> None:
    body = b"BEGIN:X\r\n" * 500_000

    assert refusal(body) == errors.VALID_CALENDAR_DATA


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"A:\n" * 3_000_000, id="short lines"),
        pytest.param(b"A" * 10_000_000, id="one name"),
        pytest.param(b"A" + b";B=C" * 2_500_000, id="parameters without an end"),
        pytest.param(b'A;B="' + b'";"' * 3_000_000, id="quotes"),
        pytest.param(b"A;" * 5_000_000, id="semicolons"),
        pytest.param(b"BEGIN:VCALENDAR\n" + b"BEGIN:VEVENT\nEND:VEVENT\n" * 400_000, id="events"),
        pytest.param(b"\n " * 5_000_000, id="folds"),
        pytest.param(b"\r" * 10_000_000, id="carriage returns"),
    ],
)
def test_ten_hostile_megabytes_are_refused(body: bytes) -> None:
    assert refusal(body) == errors.VALID_CALENDAR_DATA


def test_one_long_line_is_accepted() -> None:
    text = event(lines=["ATTACH;ENCODING=BASE64;VALUE=BINARY:" + "A" * 9_000_000])

    assert accepted(text).uid == "1@example.com"


@settings(deadline=None)
@given(st.binary())
def test_arbitrary_bytes_are_read_or_refused(body: bytes) -> None:
    try:
        parse(body)
    except Refused as refused:
        assert refused.reason


LINES = st.lists(
    st.sampled_from(
        [
            *event(rrule="FREQ=DAILY", zones=[BERLIN], alarms=[valarm()]).split("\r\n"),
            *todo().split(),
        ]
    )
    | st.builds(
        "{}{}:{}".format,
        st.sampled_from(["DTSTART", "RRULE", "EXDATE", "UID", "TRIGGER", "DURATION", "BEGIN"]),
        st.sampled_from(["", ";VALUE=DATE", ';TZID="a:b"', ";X", ";VALUE=PERIOD"]),
        st.text(st.characters(codec="utf-8"))
        | st.from_regex(r"[0-9]{8}(T[0-9]{6}Z?)?", fullmatch=True)
        | st.from_regex(
            r"FREQ=(DAILY|SECONDLY);(COUNT|INTERVAL|BYDAY)=[0-9MO,+-]*", fullmatch=True
        ),
    )
)


@settings(max_examples=100, deadline=None)
@given(LINES)
def test_arbitrary_lines_are_read_or_refused(lines: list[str]) -> None:
    body = calendar(component("VEVENT", ["UID:1", "DTSTART:20260101", *lines])).encode()
    try:
        assert parse(body).text.encode() == body
    except Refused as refused:
        assert refused.reason


JANUARY = Window(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC))
UNREADABLE = component("VTIMEZONE", ["TZID:Bad"], [component("STANDARD", ["TZOFFSETFROM:x"])])
MOMENTS = st.sampled_from(
    ["20260105T090000Z", "20260105T090060", "20260105", "00020101", "99981231T235959Z", "20260329"]
)
PLACES = ["", ";TZID=Europe/Berlin", ";TZID=Nowhere", ";TZID=Bad", ";VALUE=DATE", ";TZID="]
DATES = st.builds(
    "{}{}:{}".format,
    st.sampled_from(["DTEND", "DUE", "COMPLETED", "CREATED", "RDATE", "EXDATE", "FREEBUSY"]),
    st.sampled_from(PLACES),
    MOMENTS | st.builds("{}/{}".format, MOMENTS, st.sampled_from(["PT1H", "20260106T000000Z"])),
)
RULES = st.builds(
    "RRULE:FREQ={};{}".format,
    st.sampled_from(["MINUTELY", "HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"]),
    st.lists(
        st.sampled_from(
            [
                "COUNT=3",
                "UNTIL=20260201",
                "UNTIL=00020101",
                "UNTIL=99991231T235959Z",
                "INTERVAL=999999999",
                "BYMONTH=2",
                "BYMONTHDAY=30",
                "BYDAY=MO,-1SU",
                "BYWEEKNO=10",
                "BYYEARDAY=-1",
                "BYSETPOS=-1",
                "BYHOUR=0,1",
                "BYSECOND=60",
                "WKST=SU",
            ]
        ),
        max_size=3,
        unique_by=lambda part: part[:5],
    ).map(";".join),
)
LENGTHS = st.sampled_from(["DURATION:P1D", "DURATION:-PT1H", "DURATION:P9999W", "DURATION:P400Y"])
CONTENT = st.lists(
    DATES | RULES | LENGTHS, max_size=4, unique_by=lambda line: re.split("[:;]", line)[0]
)


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(["VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY", "VAVAILABILITY"]),
    st.builds("DTSTART{}:{}".format, st.sampled_from(PLACES), MOMENTS),
    CONTENT,
    st.none() | CONTENT,
)
def test_an_accepted_document_can_be_indexed_and_expanded(
    name: str, start: str, master: list[str], override: list[str] | None
) -> None:
    components = [component(name, ["UID:1", start, *master])]
    if override is not None:
        lines = ["UID:1", start, "RECURRENCE-ID:20260105T090000Z", *override]
        components.append(component(name, lines))
    try:
        document = accepted(calendar(BERLIN, UNREADABLE, *components))
    except Refused:
        return

    index(document, 1_770_000_000)
    limited = subset(document, DataRequest(limit_recurrence_set=JANUARY), UTC)
    assert limited.endswith("END:VCALENDAR\r\n")
    try:
        subset(document, DataRequest(expand=JANUARY), UTC)
    except Refused as refused:
        assert refused.condition == errors.NUMBER_OF_MATCHES
