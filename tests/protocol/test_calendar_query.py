"""calendar-query (RFC 4791 7.8); the filter itself is tested with `ical`."""

from __future__ import annotations

import pytest

from tests.protocol.client import Client, declared, proppatch, query
from tests.unit.builders import event, journal, todo, vevent

DATA = "{urn:ietf:params:xml:ns:caldav}calendar-data"
VIENNA = "<C:calendar-timezone-id>Europe/Vienna</C:calendar-timezone-id>"

TEXTS = {
    "once": event(uid="once", start="20260105T090000Z", end="20260105T100000Z"),
    "daily": event(
        uid="daily",
        rrule="FREQ=DAILY",
        overrides=[vevent(uid="daily", recurrence_id="20260110T090000Z", start="20260301T090000Z")],
    ),
    "allday": event(uid="allday", start="20260205", end="20260206"),
    "floating": event(uid="floating", start="20260305T000000", end="20260305T010000"),
    "task": todo(uid="task", due="20260105T120000Z"),
    "open": todo(uid="open"),
    "entry": journal(uid="entry", start="20260105"),
}


@pytest.fixture
async def filled(ann: Client, calendar: str) -> str:
    """A calendar with an object of each kind."""
    for name, text in TEXTS.items():
        assert (await ann.put(f"{calendar}{name}.ics", text)).status == 201
    return calendar


def within(name: str, start: str, end: str) -> str:
    bounds = "".join(
        f' {key}="{value}"' for key, value in (("start", start), ("end", end)) if value
    )
    return f'<C:comp-filter name="{name}"><C:time-range{bounds}/></C:comp-filter>'


async def found(client: Client, path: str, filter_: str, more: str = "") -> set[str]:
    """The names of the objects that match."""
    answer = await client("REPORT", path, query(filter_, more=more), Depth="1")
    assert answer.status == 207
    return {href.rpartition("/")[2].removesuffix(".ics") for href in answer.hrefs}


@pytest.mark.rfc("4791 7.8")
@pytest.mark.parametrize(
    ("filter_", "names"),
    [
        ("", set(TEXTS)),
        ('<C:comp-filter name="VTODO"/>', {"task", "open"}),
        ('<C:comp-filter name="VJOURNAL"/>', {"entry"}),
        ('<C:comp-filter name="VFREEBUSY"/>', set()),
        ('<C:comp-filter name="VTODO"><C:is-not-defined/></C:comp-filter>', None),
    ],
)
async def test_components_are_told_apart(
    ann: Client, filled: str, filter_: str, names: set[str] | None
):
    expected = set(TEXTS) - {"task", "open"} if names is None else names

    assert await found(ann, filled, filter_) == expected


@pytest.mark.rfc("4791 9.9")
@pytest.mark.parametrize(
    ("filter_", "names"),
    [
        (within("VEVENT", "20260105T000000Z", "20260106T000000Z"), {"once", "daily"}),
        (within("VEVENT", "20260105T100000Z", "20260105T110000Z"), set()),
        (within("VEVENT", "20260205T000000Z", "20260205T080000Z"), {"allday"}),
        (within("VEVENT", "20900105T000000Z", "20900106T000000Z"), {"daily"}),
        (within("VEVENT", "", "20260105T090001Z"), {"once", "daily"}),
        (within("VEVENT", "20990101T000000Z", ""), {"daily"}),
        (within("VTODO", "20260105T000000Z", "20260106T000000Z"), {"task", "open"}),
        (within("VJOURNAL", "20260105T000000Z", "20260106T000000Z"), {"entry"}),
        (within("VEVENT", "19000101T000000Z", "19010101T000000Z"), set()),
    ],
)
async def test_a_time_range_finds_what_overlaps_it(
    ann: Client, filled: str, filter_: str, names: set[str]
):
    assert await found(ann, filled, filter_) == names


@pytest.mark.rfc("4791 7.3")
@pytest.mark.rfc("4791 9.8")
@pytest.mark.rfc("7809 6.2")
async def test_floating_times_lie_in_the_zone_of_the_report_else_of_the_calendar_else_utc(
    ann: Client, filled: str
):
    evening = within("VEVENT", "20260304T230000Z", "20260304T233000Z")
    night = within("VEVENT", "20260305T000000Z", "20260305T003000Z")
    in_tokyo = "<C:timezone-id>Asia/Tokyo</C:timezone-id>"

    in_utc = [await found(ann, filled, range_) for range_ in (evening, night)]
    await ann("PROPPATCH", filled, proppatch(set_=VIENNA))
    in_vienna = [await found(ann, filled, range_) for range_ in (evening, night)]
    named = [await found(ann, filled, range_, in_tokyo) for range_ in (evening, night)]

    assert in_utc == [set(), {"floating"}]
    assert in_vienna == [{"floating"}, set()]
    assert named == [set(), set()]


@pytest.mark.rfc("4791 7.8.6")
@pytest.mark.parametrize(
    ("match", "names"),
    [
        ("<C:text-match>DAI</C:text-match>", {"daily"}),
        ('<C:text-match collation="i;octet">DAI</C:text-match>', set()),
        ('<C:text-match negate-condition="yes">dai</C:text-match>', {"once", "allday", "floating"}),
        ("<C:text-match>%</C:text-match>", set()),
    ],
)
async def test_a_uid_is_found_by_its_text(ann: Client, filled: str, match: str, names: set[str]):
    uid = f'<C:prop-filter name="UID">{match}</C:prop-filter>'
    filter_ = f'<C:comp-filter name="VEVENT">{uid}</C:comp-filter>'

    assert await found(ann, filled, filter_) == names


@pytest.mark.rfc("4791 7.8")
@pytest.mark.parametrize("name", ["once", "task"])
async def test_an_object_is_asked_about_itself(ann: Client, filled: str, name: str):
    matched = await found(ann, f"{filled}{name}.ics", '<C:comp-filter name="VEVENT"/>')

    assert matched == ({"once"} if name == "once" else set())


@pytest.mark.rfc("4791 7.8.1")
async def test_parts_of_the_data_are_returned_where_they_are_asked_for(ann: Client, filled: str):
    props = (
        '<C:calendar-data><C:comp name="VCALENDAR"><C:comp name="VEVENT"><C:prop name="UID"/>'
        "</C:comp></C:comp></C:calendar-data>"
    )
    body = query(within("VEVENT", "20260205T000000Z", "20260206T000000Z"), props=props)

    answer = await ann("REPORT", filled, body)

    lines = str(answer.props(filled + "allday.ics")[DATA][1].text).split("\r\n")
    assert [line for line in lines if ":" in line] == [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//caldavd//tests//EN",
        "BEGIN:VEVENT",
        "UID:allday",
        "END:VEVENT",
        "END:VCALENDAR",
    ]


@pytest.mark.rfc("4791 7.8.3")
async def test_a_recurrence_is_expanded_to_the_instances_in_the_window(ann: Client, filled: str):
    props = (
        '<C:calendar-data><C:expand start="20260109T000000Z" end="20260112T000000Z"/>'
        "</C:calendar-data>"
    )
    body = query(within("VEVENT", "20260109T000000Z", "20260112T000000Z"), props=props)

    answer = await ann("REPORT", filled, body)

    lines = str(answer.props(filled + "daily.ics")[DATA][1].text).split("\r\n")
    starts = [line for line in lines if line.startswith("DTSTART")]
    assert starts == ["DTSTART:20260109T090000Z", "DTSTART:20260111T090000Z"]
    assert not any(line.startswith("RRULE") for line in lines)


@pytest.mark.rfc("4791 7.8")
async def test_properties_of_matches_are_those_of_propfind(ann: Client, filled: str):
    answer = await ann("REPORT", filled, query("", props="<D:getetag/><D:nothing/><C:x/>"))

    for href in answer.hrefs:
        props = answer.props(href)
        assert props["{DAV:}getetag"][1].text == (await ann("HEAD", href)).etag
        assert [status for status, _ in props.values()] == [200, 404, 404]


@pytest.mark.rfc("4791 9.5")
@pytest.mark.parametrize("mode", ["<D:allprop/>", "<D:propname/>", ""])
async def test_a_query_may_ask_for_all_properties_or_their_names(
    ann: Client, filled: str, mode: str
):
    body = (
        f"<C:calendar-query {declared()}>{mode}<C:filter>"
        '<C:comp-filter name="VCALENDAR"/></C:filter></C:calendar-query>'
    )

    answer = await ann("REPORT", filled, body)

    assert len(answer.hrefs) == len(TEXTS)
    assert "{DAV:}getetag" in answer.props()
