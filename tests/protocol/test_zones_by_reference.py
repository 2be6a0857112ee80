"""Time zones by reference (RFC 7809)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from caldavd.dav.path import Urls
from caldavd.dav.server import Server
from caldavd.ical import parse
from tests.protocol.client import Answer, Client, declared, multiget, proppatch, query
from tests.unit.builders import BERLIN, calendar, component, event

C = "{urn:ietf:params:xml:ns:caldav}"
DATA = C + "calendar-data"
TIMEZONE, TIMEZONE_ID = C + "calendar-timezone", C + "calendar-timezone-id"
TIMES = {"start": "Europe/Berlin:20260105T090000", "end": "Europe/Berlin:20260105T100000"}
WITH = event(uid="a", zones=[BERLIN], **TIMES)
WITHOUT = event(uid="a", **TIMES)
PHOBOS = component(
    "VTIMEZONE",
    ["TZID:Mars/Phobos"],
    [component("STANDARD", ["DTSTART:19700101T000000", "TZOFFSETFROM:+0200", "TZOFFSETTO:+0200"])],
)
EVENTS = '<C:comp-filter name="VEVENT"/>'
PROPS = "<D:getetag/><C:calendar-data/>"
SYNC = (
    f"<D:sync-collection {declared()}><D:sync-token/><D:sync-level>1</D:sync-level>"
    f"<D:prop>{PROPS}</D:prop></D:sync-collection>"
)

Fetch = Callable[[Client, str, dict[str, str]], Awaitable[str]]


async def by_get(ann: Client, at: str, headers: dict[str, str]) -> str:
    return (await ann("GET", at + "a.ics", **headers)).text


async def by_multiget(ann: Client, at: str, headers: dict[str, str]) -> str:
    return shown(await ann("REPORT", at, multiget(at + "a.ics"), **headers))


async def by_query(ann: Client, at: str, headers: dict[str, str]) -> str:
    return shown(await ann("REPORT", at, query(EVENTS, PROPS), **headers))


async def by_sync(ann: Client, at: str, headers: dict[str, str]) -> str:
    return shown(await ann("REPORT", at, SYNC, **headers))


async def by_put(ann: Client, at: str, headers: dict[str, str]) -> str:
    text = (await ann("GET", at + "a.ics")).text
    return (await ann.put(at + "a.ics", text, Prefer="return=representation", **headers)).text


def shown(answer: Answer) -> str:
    """The calendar-data of the first response."""
    return str(answer.props()[DATA][1].text)


def asks(value: str | None) -> dict[str, str]:
    return {} if value is None else {"CalDAV_Timezones": value}


def zone_ids(text: str) -> list[str]:
    return list(parse.stored(text).zones)


@pytest.mark.rfc("7809 3.1.3")
@pytest.mark.rfc("7809 7.1")
@pytest.mark.parametrize("fetch", [by_get, by_multiget, by_query, by_sync, by_put])
@pytest.mark.parametrize(
    ("stored", "value", "expected"),
    [
        (WITH, None, WITH),
        (WITH, "F", WITHOUT),
        (WITH, " f ", WITHOUT),
        (WITH, "T", WITH),
        (WITH, "true", WITH),
        (WITHOUT, None, WITHOUT),
        (WITHOUT, "F", WITHOUT),
    ],
)
async def test_known_zones_are_left_out_where_the_client_says_so_and_only_there(
    ann: Client, calendar: str, fetch: Fetch, stored: str, value: str | None, expected: str
):
    await ann.put(calendar + "a.ics", stored)

    assert await fetch(ann, calendar, asks(value)) == expected


@pytest.mark.rfc("7809 3.1.3")
@pytest.mark.rfc("7809 3.1.4")
@pytest.mark.parametrize("fetch", [by_get, by_multiget, by_query, by_sync, by_put])
async def test_zones_that_are_missing_are_added_where_the_client_says_so(
    ann: Client, calendar: str, fetch: Fetch
):
    assert (await ann.put(calendar + "a.ics", WITHOUT)).status == 201

    text = await fetch(ann, calendar, asks("T"))

    assert zone_ids(text) == ["Europe/Berlin"]
    assert parse.stored(text).components == parse.stored(WITHOUT).components


@pytest.mark.rfc("7809 3.1.3")
async def test_a_zone_that_is_somebodys_own_is_always_there(ann: Client, calendar: str):
    own = event(uid="a", zones=[PHOBOS], start="Mars/Phobos:20260105T090000")
    await ann.put(calendar + "a.ics", own)

    found = [await by_get(ann, calendar, asks(value)) for value in (None, "F", "T")]

    assert found == [own] * 3


@pytest.mark.rfc("7809 3.1.3")
@pytest.mark.rfc("9110 8.8.3")
@pytest.mark.parametrize("value", [None, "F", "T"])
async def test_the_tag_is_that_of_the_stored_object_whatever_is_shown(
    ann: Client, calendar: str, value: str | None
):
    put = await ann.put(calendar + "a.ics", WITH)

    got = await ann("GET", calendar + "a.ics", **asks(value))
    head = await ann("HEAD", calendar + "a.ics", **asks(value))
    told = await ann("REPORT", calendar, multiget(calendar + "a.ics"), **asks(value))
    again = await ann("GET", calendar + "a.ics", If_None_Match=put.etag, **asks(value))

    tags = (got.etag, head.etag, told.props()["{DAV:}getetag"][1].text, again.etag)
    assert tags == (put.etag,) * 4
    assert (again.status, again.headers["Vary"]) == (304, "CalDAV-Timezones")
    assert head.headers == got.headers
    assert got.headers["Vary"] == "CalDAV-Timezones"


@pytest.mark.rfc("7809 3.1.3")
async def test_a_copy_without_zones_is_saved_with_the_tag_that_came_with_it(
    ann: Client, calendar: str
):
    await ann.put(calendar + "a.ics", WITH)
    got = await ann("GET", calendar + "a.ics", CalDAV_Timezones="F")

    saved = await ann.put(calendar + "a.ics", got.text, If_Match=got.etag)

    assert saved.status == 204
    assert await by_get(ann, calendar, {}) == WITHOUT


@pytest.mark.rfc("7809 3.1.3")
@pytest.mark.parametrize(("value", "zones"), [("F", []), ("T", ["Europe/Berlin"])])
async def test_parts_of_the_data_have_the_zones_that_are_wanted(
    ann: Client, calendar: str, value: str, zones: list[str]
):
    await ann.put(calendar + "a.ics", WITH)
    part = (
        '<C:calendar-data><C:comp name="VCALENDAR"><C:comp name="VEVENT"/>'
        '<C:comp name="VTIMEZONE"/></C:comp></C:calendar-data>'
    )
    expanded = (
        '<C:calendar-data><C:expand start="20260101T000000Z" end="20260201T000000Z"/>'
        "</C:calendar-data>"
    )

    answers = [
        await ann("REPORT", calendar, multiget(calendar + "a.ics", props=props), **asks(value))
        for props in (part, expanded)
    ]

    assert [zone_ids(shown(answer)) for answer in answers] == [zones, []]


@pytest.mark.rfc("7809 3.1.4")
@pytest.mark.parametrize(
    ("tzid", "found"),
    [
        ("Europe/Berlin", [False, True]),
        ("W. Europe Standard Time", [False, True]),
        ("/mozilla.org/20050126_1/Europe/Berlin", [False, True]),
        ("Mars/Phobos", [True, False]),
    ],
)
async def test_a_name_without_a_description_is_never_refused_and_floats_if_unknown(
    ann: Client, calendar: str, tzid: str, found: list[bool]
):
    text = event(uid="a", start=f"{tzid}:20260105T090000", end=f"{tzid}:20260105T093000")

    put = await ann.put(calendar + "a.ics", text)

    ranges = [
        query(
            f'<C:comp-filter name="VEVENT"><C:time-range start="20260105T{hour}0000Z" '
            f'end="20260105T{hour}3000Z"/></C:comp-filter>'
        )
        for hour in ("09", "08")
    ]
    answers = [await ann("REPORT", calendar, body) for body in ranges]
    assert (put.status, [bool(answer.hrefs) for answer in answers]) == (201, found)
    assert await by_get(ann, calendar, asks("F")) == text


@pytest.mark.rfc("7809 3.1.1")
async def test_the_dav_header_says_that_zones_may_be_left_out(ann: Client, calendar: str):
    answers = [await ann("OPTIONS", path) for path in (ann.home, calendar)]

    tokens = [answer.headers["DAV"].split(", ") for answer in answers]
    assert ["calendar-no-timezone" in one for one in tokens] == [True, True]


@pytest.mark.rfc("7809 3.1.2")
@pytest.mark.rfc("7809 5.1")
@pytest.mark.parametrize(
    ("configured", "expected"),
    [((), ["/timezones"]), (("https://tz.example.org/x", "https://b/"),) * 2],
)
async def test_a_home_names_the_time_zone_services(
    server: Server, configured: tuple[str, ...], expected: list[str]
):
    ann = Client(replace(server, urls=Urls(timezone_services=configured)), "ann")

    answer = await ann.propfind(ann.home, "C:timezone-service-set")

    status, element = answer.props()[C + "timezone-service-set"]
    assert (status, [one.text for one in element]) == (200, list(expected))


@pytest.mark.rfc("7809 5.1")
async def test_the_services_are_protected_and_not_told_unasked(ann: Client):
    told = await ann.propfind(ann.home)
    set_ = await ann(
        "PROPPATCH",
        ann.home,
        proppatch(set_="<C:timezone-service-set><D:href>/x</D:href></C:timezone-service-set>"),
    )

    assert C + "timezone-service-set" not in told.props()
    assert set_.props()[C + "timezone-service-set"][0] == 403


async def zone_of(ann: Client, at: str) -> tuple[str | None, list[str]]:
    """The calendar-timezone-id, and the TZIDs in the calendar-timezone."""
    props = (await ann.propfind(at, "C:calendar-timezone", "C:calendar-timezone-id")).props()
    (status, text), (other, tzid) = props[TIMEZONE], props[TIMEZONE_ID]
    assert status == other
    if status == 404:
        return None, []
    lines = str(text.text).splitlines()
    return tzid.text, [line[5:] for line in lines if line.startswith("TZID:")]


def by_value(*zones: str) -> str:
    return f"<C:calendar-timezone>{calendar(*zones)}</C:calendar-timezone>"


def by_id(tzid: str) -> str:
    return f"<C:calendar-timezone-id>{tzid}</C:calendar-timezone-id>"


@pytest.mark.rfc("7809 3.1.5")
@pytest.mark.rfc("7809 5.2")
@pytest.mark.parametrize(
    ("set_", "tzid"),
    [
        (by_value(BERLIN), "Europe/Berlin"),
        (by_value(PHOBOS), "Mars/Phobos"),
        (by_id("Asia/Tokyo"), "Asia/Tokyo"),
        (by_id("US/Eastern"), "US/Eastern"),
        (by_id("W. Europe Standard Time"), "W. Europe Standard Time"),
        (by_value(BERLIN) + by_id("Asia/Tokyo"), "Asia/Tokyo"),
        (by_id("Asia/Tokyo") + by_value(BERLIN), "Europe/Berlin"),
    ],
)
@pytest.mark.parametrize("how", ["PROPPATCH", "MKCALENDAR"])
async def test_a_zone_set_by_value_or_by_name_is_there_in_both_ways(
    ann: Client, calendar: str, how: str, set_: str, tzid: str
):
    if how == "PROPPATCH":
        await ann("PROPPATCH", calendar, proppatch(set_=set_))
    else:
        calendar = ann.home + "new/"
        inner = f"<D:set><D:prop>{set_}</D:prop></D:set>"
        made = await ann(
            "MKCALENDAR", calendar, f"<C:mkcalendar {declared()}>{inner}</C:mkcalendar>"
        )
        assert made.status == 201

    assert await zone_of(ann, calendar) == (tzid, [tzid])


@pytest.mark.rfc("7809 3.1.5")
@pytest.mark.parametrize("name", ["calendar-timezone", "calendar-timezone-id"])
async def test_removing_one_removes_the_other(ann: Client, calendar: str, name: str):
    await ann("PROPPATCH", calendar, proppatch(set_=by_id("Asia/Tokyo")))

    await ann("PROPPATCH", calendar, proppatch(remove=f"<C:{name}/>"))

    assert await zone_of(ann, calendar) == (None, [])


@pytest.mark.rfc("7809 3.1.5")
@pytest.mark.parametrize("tzid", ["Mars/Phobos", "", "localtime"])
@pytest.mark.parametrize("how", ["PROPPATCH", "MKCALENDAR"])
async def test_an_unknown_name_is_refused_and_changes_nothing(
    ann: Client, calendar: str, how: str, tzid: str
):
    await ann("PROPPATCH", calendar, proppatch(set_=by_id("Asia/Tokyo")))
    inner = f"<D:set><D:prop>{by_id(tzid)}</D:prop></D:set>"
    made = f"<C:mkcalendar {declared()}>{inner}</C:mkcalendar>"
    new = how == "MKCALENDAR"

    answer = await ann(
        how, ann.home + "new/" if new else calendar, made if new else proppatch(set_=by_id(tzid))
    )

    assert (answer.status, answer.props()[TIMEZONE_ID][0]) == (207, 403)
    assert answer.xml.find(f".//{{DAV:}}error/{C}valid-timezone") is not None
    assert await zone_of(ann, calendar) == ("Asia/Tokyo", ["Asia/Tokyo"])


@pytest.mark.rfc("7809 3.1.5")
async def test_a_zone_set_by_name_changes_its_clocks_when_the_database_says(
    ann: Client, calendar: str
):
    # 01:30 in UTC is 03:30 in Berlin: half an hour after clocks were put forward.
    await ann.put(
        calendar + "a.ics", event(uid="a", start="20400325T033000", end="20400325T034500")
    )
    await ann("PROPPATCH", calendar, proppatch(set_=by_id("Europe/Berlin")))

    answer = await ann(
        "REPORT",
        calendar,
        query(
            '<C:comp-filter name="VEVENT"><C:time-range start="20400325T013000Z" '
            'end="20400325T013100Z"/></C:comp-filter>'
        ),
    )

    assert answer.hrefs == [calendar + "a.ics"]


@pytest.mark.rfc("7809 3.1.6")
@pytest.mark.rfc("7809 6.1")
@pytest.mark.rfc("7809 6.2")
@pytest.mark.parametrize(
    ("named", "found"),
    [
        ("", False),
        ("<C:timezone-id>Europe/Berlin</C:timezone-id>", True),
        ("<C:timezone-id> europe/berlin\n</C:timezone-id>", True),
        ("<C:timezone-id>W. Europe Standard Time</C:timezone-id>", True),
        (f"<C:timezone>{calendar(BERLIN)}</C:timezone>", True),
        (
            f"<C:timezone>{calendar(BERLIN)}</C:timezone><C:timezone-id>Asia/Tokyo</C:timezone-id>",
            True,
        ),
    ],
)
async def test_a_query_names_the_zone_of_floating_times_by_value_or_by_name(
    ann: Client, calendar: str, named: str, found: bool
):
    await ann.put(
        calendar + "a.ics", event(uid="a", start="20260105T090000", end="20260105T093000")
    )
    filter_ = (
        '<C:comp-filter name="VEVENT"><C:time-range start="20260105T080000Z" '
        'end="20260105T083000Z"/></C:comp-filter>'
    )

    answer = await ann("REPORT", calendar, query(filter_, more=named))

    assert answer.hrefs == ([calendar + "a.ics"] if found else [])


@pytest.mark.rfc("7809 3.1.6")
@pytest.mark.parametrize("tzid", ["Mars/Phobos", "", "right/Europe/Berlin"])
async def test_a_query_with_an_unknown_name_is_refused(ann: Client, calendar: str, tzid: str):
    named = f"<C:timezone-id>{tzid}</C:timezone-id>"

    answer = await ann("REPORT", calendar, query(EVENTS, more=named))

    assert (answer.status, answer.condition) == (403, C + "valid-timezone")
