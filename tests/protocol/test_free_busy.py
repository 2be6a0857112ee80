"""free-busy-query (RFC 4791 7.10); what makes busy is tested with `ical`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from caldavd.dav.server import DavLimits, Server
from tests.protocol.client import Answer, Client, declared, proppatch
from tests.unit.builders import calendar as calendar_text
from tests.unit.builders import component, event, journal, todo, vevent

FIXTURES = Path(__file__).parents[2] / "fixtures" / "ics" / "rfc4791"
WEEK = ("20260105T000000Z", "20260112T000000Z")
NINE = "20260105T090000Z/20260105T100000Z"
NOON = "20260105T120000Z/20260105T130000Z"
TRANSPARENT = "<C:schedule-calendar-transp><C:transparent/></C:schedule-calendar-transp>"
VIENNA = "<C:calendar-timezone-id>Europe/Vienna</C:calendar-timezone-id>"
TOKYO = "<C:calendar-timezone-id>Asia/Tokyo</C:calendar-timezone-id>"


def asking(start: str = WEEK[0], end: str = WEEK[1]) -> str:
    """The body of a report about a time range; an empty text leaves a bound out."""
    bounds = "".join(
        f' {key}="{value}"' for key, value in (("start", start), ("end", end)) if value
    )
    return f"<C:free-busy-query {declared()}><C:time-range{bounds}/></C:free-busy-query>"


async def ask(client: Client, path: str, start: str = WEEK[0], end: str = WEEK[1]) -> Answer:
    return await client("REPORT", path, asking(start, end), Depth="1")


def busy(answer: Answer) -> list[str]:
    """The FREEBUSY lines without that word: `;FBTYPE=...:period`, or the period alone."""
    assert answer.status == 200
    lines = [line for line in answer.text.split("\r\n") if line.startswith("FREEBUSY")]
    return [line.removeprefix("FREEBUSY").removeprefix(":") for line in lines]


@pytest.fixture
async def published(ann: Client) -> str:
    """The URL of an empty calendar of ann's that takes VFREEBUSY too."""
    names = ("VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY")
    comps = "".join(f'<C:comp name="{name}"/>' for name in names)
    set_ = f"<C:supported-calendar-component-set>{comps}</C:supported-calendar-component-set>"
    assert (await make(ann, ann.home + "published/", set_)).status == 201
    return ann.home + "published/"


async def make(client: Client, path: str, props: str) -> Answer:
    """MKCALENDAR with properties."""
    body = f"<C:mkcalendar {declared()}><D:set><D:prop>{props}</D:prop></D:set></C:mkcalendar>"
    return await client("MKCALENDAR", path, body)


async def put(client: Client, path: str, *texts: str) -> None:
    for number, text in enumerate(texts):
        assert (await client.put(f"{path}{number}.ics", text)).status == 201


@pytest.mark.rfc("4791 7.10")
@pytest.mark.rfc("4791 7.10.1")
@pytest.mark.rfc("4791 9.11")
@pytest.mark.rfc("5545 3.6.4")
async def test_the_example_of_the_rfc_is_answered_as_it_prints(server: Server, published: str):
    ann = Client(replace(server, clock=lambda: 1_106_643_600), "ann")
    for file in FIXTURES.glob("abcd*.ics"):
        assert (await ann.put(published + file.name, file.read_text())).status == 201

    answer = await ask(ann, published, "20060104T140000Z", "20060104T220000Z")

    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/calendar; charset=utf-8")
    lines = answer.text.split("\r\n")
    assert [line for line in lines if not line.startswith("UID:")] == [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//caldavd//EN",
        "BEGIN:VFREEBUSY",
        "DTSTAMP:20050125T090000Z",
        "DTSTART:20060104T140000Z",
        "DTEND:20060104T220000Z",
        "FREEBUSY;FBTYPE=BUSY-TENTATIVE:20060104T150000Z/20060104T160000Z",
        "FREEBUSY:20060104T190000Z/20060104T200000Z",
        "END:VFREEBUSY",
        "END:VCALENDAR",
        "",
    ]
    assert len(lines) == 13


@pytest.mark.rfc("4791 7.10")
async def test_nothing_to_tell_is_a_component_without_periods(ann: Client, calendar: str):
    answer = await ask(ann, calendar)

    assert "BEGIN:VFREEBUSY" in answer.text
    assert busy(answer) == []


@pytest.mark.rfc("4791 7.10")
@pytest.mark.rfc("5545 3.8.2.7")
async def test_only_what_blocks_time_counts_merged_and_clipped(ann: Client, published: str):
    told = component(
        "VFREEBUSY",
        ["UID:f", "DTSTAMP:20260101T000000Z", f"FREEBUSY;FBTYPE=BUSY-UNAVAILABLE:{NOON}"],
    )
    await put(
        ann,
        published,
        event(uid="a"),
        event(uid="b", start="20260105T093000Z", duration="PT1H"),
        event(uid="before", start="20260104T230000Z", duration="PT2H"),
        event(uid="after", start="20260111T230000Z", duration="PT2H"),
        event(uid="free", start="20260106T090000Z", duration="PT1H", lines=["TRANSP:TRANSPARENT"]),
        event(uid="off", start="20260106T090000Z", duration="PT1H", lines=["STATUS:CANCELLED"]),
        event(uid="may", start="20260106T090000Z", duration="PT1H", lines=["STATUS:TENTATIVE"]),
        event(uid="point", start="20260107T090000Z", duration="PT0S"),
        todo(uid="task", start="20260107T090000Z", due="20260107T100000Z"),
        journal(uid="entry", start="20260107"),
        calendar_text(told),
    )

    assert busy(await ask(ann, published)) == [
        "20260105T000000Z/20260105T010000Z",
        "20260105T090000Z/20260105T103000Z",
        f";FBTYPE=BUSY-UNAVAILABLE:{NOON}",
        ";FBTYPE=BUSY-TENTATIVE:20260106T090000Z/20260106T100000Z",
        "20260111T230000Z/20260112T000000Z",
    ]


@pytest.mark.rfc("4791 7.10")
@pytest.mark.parametrize("year", [2000, 2026, 2090])
async def test_a_series_is_busy_in_any_year_each_override_as_it_says(
    ann: Client, calendar: str, year: int
):
    changed = vevent(
        uid="a",
        recurrence_id=f"{year}0106T090000Z",
        start=f"{year}0107T120000Z",
        duration="PT1H",
        lines=["STATUS:TENTATIVE"],
    )
    text = event(
        uid="a",
        start="19990101T090000Z",
        duration="PT1H",
        rrule="FREQ=DAILY",
        exdate=[f"{year}0108T090000Z"],
        overrides=[changed],
    )
    await put(ann, calendar, text)

    assert busy(await ask(ann, calendar, f"{year}0105T000000Z", f"{year}0110T000000Z")) == [
        f"{year}0105T090000Z/{year}0105T100000Z",
        f"{year}0107T090000Z/{year}0107T100000Z",
        f";FBTYPE=BUSY-TENTATIVE:{year}0107T120000Z/{year}0107T130000Z",
        f"{year}0109T090000Z/{year}0109T100000Z",
    ]


@pytest.mark.rfc("4791 7.10")
@pytest.mark.parametrize("depth", ["0", "1", "infinity", None])
async def test_a_calendar_is_asked_about_its_objects_at_any_depth(
    ann: Client, calendar: str, depth: str | None
):
    await put(ann, calendar, event())

    headers = {} if depth is None else {"Depth": depth}
    answer = await ann("REPORT", calendar, asking(), **headers)

    assert busy(answer) == [NINE]


@pytest.mark.rfc("4791 7.10")
@pytest.mark.rfc("4791 7.2")
@pytest.mark.parametrize(
    ("path", "depth", "reached"),
    [
        ("/dav/calendars/ann/", "0", False),
        ("/dav/calendars/ann/", None, False),
        ("/dav/calendars/ann/", "1", True),
        ("/dav/calendars/ann/", "infinity", True),
        ("/dav/calendars/", "1", False),
        ("/dav/calendars/", "infinity", True),
    ],
)
async def test_above_calendars_the_depth_says_whether_they_are_reached(
    ann: Client, bob: Client, calendar: str, path: str, depth: str | None, reached: bool
):
    await ann("MKCALENDAR", ann.home + "second/")
    await put(ann, calendar, event())
    await put(ann, ann.home + "second/", event(start="20260105T120000Z", duration="PT1H"))
    await bob("MKCALENDAR", bob.home + "main/")
    await put(bob, bob.home + "main/", event(start="20260105T150000Z", duration="PT1H"))

    headers = {} if depth is None else {"Depth": depth}
    answer = await ann("REPORT", path, asking(), **headers)

    assert busy(answer) == ([NINE, NOON] if reached else [])


@pytest.mark.rfc("6638 9.1")
async def test_a_transparent_calendar_counts_only_when_it_is_asked_itself(
    ann: Client, calendar: str
):
    await put(ann, calendar, event())
    patched = await ann("PROPPATCH", calendar, proppatch(set_=TRANSPARENT))

    home, itself = await ask(ann, ann.home), await ask(ann, calendar)
    await ann("PROPPATCH", calendar, proppatch(remove="<C:schedule-calendar-transp/>"))
    again = await ask(ann, ann.home)

    assert patched.props()["{urn:ietf:params:xml:ns:caldav}schedule-calendar-transp"][0] == 200
    assert [busy(answer) for answer in (home, itself, again)] == [[], [NINE], [NINE]]


@pytest.mark.rfc("6638 9.1")
async def test_a_calendar_can_be_made_transparent(ann: Client):
    await make(ann, ann.home + "quiet/", TRANSPARENT)
    await put(ann, ann.home + "quiet/", event())

    assert busy(await ask(ann, ann.home)) == []


@pytest.mark.rfc("6638 9.1")
@pytest.mark.parametrize("value", ["", "<C:translucent/>", "<C:opaque/><C:transparent/>", "opaque"])
async def test_a_calendar_is_either_opaque_or_transparent(ann: Client, calendar: str, value: str):
    name = "C:schedule-calendar-transp"
    answer = await ann("PROPPATCH", calendar, proppatch(set_=f"<{name}>{value}</{name}>"))

    shown = (await ann.propfind(calendar, name)).props()
    clark = "{urn:ietf:params:xml:ns:caldav}"
    assert answer.props()[clark + "schedule-calendar-transp"][0] == 403
    assert [child.tag for child in shown[clark + "schedule-calendar-transp"][1]] == [
        clark + "opaque"
    ]


@pytest.mark.rfc("4791 5.2.2")
async def test_floating_and_all_day_times_lie_in_the_zone_of_each_calendar(
    ann: Client, calendar: str
):
    await ann("MKCALENDAR", ann.home + "second/")
    await put(ann, calendar, event(start="20260105"))
    await put(ann, ann.home + "second/", event(start="20260107T090000", duration="PT1H"))
    in_utc = await ask(ann, ann.home)
    await ann("PROPPATCH", calendar, proppatch(set_=VIENNA))
    await ann("PROPPATCH", ann.home + "second/", proppatch(set_=TOKYO))
    placed = await ask(ann, ann.home)

    assert busy(in_utc) == [
        "20260105T000000Z/20260106T000000Z",
        "20260107T090000Z/20260107T100000Z",
    ]
    assert busy(placed) == [
        "20260105T000000Z/20260105T230000Z",
        "20260107T000000Z/20260107T010000Z",
    ]


async def test_far_beyond_the_index_floating_times_lie_in_the_calendars_zone_too(
    ann: Client, calendar: str
):
    await ann("PROPPATCH", calendar, proppatch(set_=TOKYO))
    await put(ann, calendar, event(start="20260105", rrule="FREQ=YEARLY"))

    found = await ask(ann, calendar, "20900101T000000Z", "20910101T000000Z")

    assert busy(found) == ["20900104T150000Z/20900105T150000Z"]


@pytest.mark.rfc("4791 9.9")
@pytest.mark.parametrize(
    ("start", "end", "head"),
    [
        ("20260105T000000Z", "", ["DTSTART:20260105T000000Z"]),
        ("", "20260112T000000Z", ["DTEND:20260112T000000Z"]),
    ],
)
async def test_a_range_may_be_open_at_one_end(
    ann: Client, calendar: str, start: str, end: str, head: list[str]
):
    await put(ann, calendar, event())

    answer = await ask(ann, calendar, start, end)

    lines = answer.text.split("\r\n")
    assert [line for line in lines if line.startswith(("DTSTART", "DTEND"))] == head
    assert busy(answer) == [NINE]


@pytest.mark.rfc("4791 7.10")
@pytest.mark.parametrize(
    "range_",
    [
        "",
        "<C:time-range/>",
        '<C:time-range start="20260105"/>',
        '<C:time-range start="20260105T000000"/>',
        '<C:time-range start="20260230T000000Z"/>',
        '<C:time-range start="20260105T000000Z" end="20260105T000000Z"/>',
        '<C:time-range start="20260105T000000Z"/>' * 2,
    ],
)
async def test_a_report_without_one_sound_time_range_is_refused(
    ann: Client, calendar: str, range_: str
):
    body = f"<C:free-busy-query {declared()}>{range_}</C:free-busy-query>"

    answer = await ann("REPORT", calendar, body)

    assert (answer.status, answer.condition) == (
        403,
        "{urn:ietf:params:xml:ns:caldav}valid-filter",
    )


async def test_a_depth_that_is_none_is_a_bad_request(ann: Client, calendar: str):
    assert (await ann("REPORT", calendar, asking(), Depth="2")).status == 400


@pytest.mark.rfc("4791 7.10")
@pytest.mark.parametrize("path", ["main/a.ics", "../../principals/ann/"])
async def test_only_collections_of_calendars_are_asked(ann: Client, stored: str, path: str):
    target = stored if path.startswith("main") else "/dav/principals/ann/"

    answer = await ask(ann, target)

    assert (answer.status, answer.condition) == (403, "{DAV:}supported-report")


@pytest.mark.rfc("4791 7.10")
@pytest.mark.rfc("4791 6.1.1")
async def test_what_one_may_not_see_does_not_exist(ann: Client, bob: Client, calendar: str):
    await put(ann, calendar, event())

    answers = [await ask(bob, path) for path in (calendar, ann.home, bob.home + "none/")]

    assert [answer.status for answer in answers] == [404, 404, 404]


@pytest.mark.rfc("4791 7.10")
@pytest.mark.parametrize(
    ("start", "end", "status"),
    [
        # From the index, from texts, from both, without an end.
        ("20260105T000000Z", "20260115T000000Z", 200),
        ("20260105T000000Z", "20260117T000000Z", 507),
        ("20900105T000000Z", "20900114T000000Z", 200),
        ("20900105T000000Z", "20900117T000000Z", 507),
        ("20260105T000000Z", "", 507),
    ],
)
async def test_more_instances_than_an_answer_may_hold_are_refused(
    server: Server, ann: Client, calendar: str, start: str, end: str, status: int
):
    limited = replace(server, limits=replace(DavLimits(), max_instances=10))
    await put(ann, calendar, event(rrule="FREQ=DAILY"))

    answer = await ask(Client(limited, "ann"), calendar, start, end)

    assert answer.status == status
    if status == 507:
        assert answer.condition == "{DAV:}number-of-matches-within-limits"


async def test_a_deleted_calendar_keeps_nobody_busy(ann: Client, calendar: str):
    await put(ann, calendar, event())
    await ann("DELETE", calendar)

    assert busy(await ask(ann, ann.home)) == []


async def test_the_same_question_has_the_same_uid(ann: Client, calendar: str):
    first, again = await ask(ann, calendar), await ask(ann, calendar)
    other = await ask(ann, calendar, "20260105T000000Z", "20260106T000000Z")

    uids = [
        next(line for line in answer.text.split("\r\n") if line.startswith("UID:"))
        for answer in (first, again, other)
    ]
    assert uids[0] == uids[1] != uids[2]
