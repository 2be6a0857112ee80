"""Calendars and what lies in them: the sections of RFC 4791 that are about what they are."""

from __future__ import annotations

from dataclasses import replace

import pytest

from caldavd import errors
from caldavd.dav.server import DavLimits, Server
from caldavd.errors import Condition
from caldavd.ical.validate import Limits
from tests.protocol.client import NS, Client, declared, multiget, proppatch, query
from tests.protocol.clients.wire import data
from tests.protocol.state import members
from tests.unit.builders import calendar as vcalendar
from tests.unit.builders import component, event, journal, todo, valarm, vevent

CALDAV = "{urn:ietf:params:xml:ns:caldav}"
LANG = "{http://www.w3.org/XML/1998/namespace}lang"


async def kinds(client: Client, path: str) -> dict[str, list[str]]:
    """The resource types of a collection and of its members, by href."""
    answer = await client.propfind(path, "D:resourcetype", depth="1")
    return {
        href: [str(child.tag) for child in answer.props(href)["{DAV:}resourcetype"][1]]
        for href in answer.hrefs
    }


def limited(server: Server, limits: Limits) -> Client:
    """Ann's client of a server with other limits."""
    return Client(replace(server, limits=DavLimits(limits)), "ann")


@pytest.mark.rfc("4791 3.2")
async def test_a_series_with_its_exceptions_is_one_resource_that_goes_as_a_whole(
    ann: Client, calendar: str
):
    moved = vevent(uid="a", recurrence_id="20260107T090000Z", start="20260108T120000Z")
    text = event(uid="a", rrule="FREQ=DAILY", exdate=["20260106T090000Z"], overrides=[moved])

    put = await ann.put(calendar + "a.ics", text)

    assert await members(ann, calendar) == {calendar + "a.ics": put.etag}
    assert (await ann("GET", calendar + "a.ics")).text == text
    assert (await ann("DELETE", calendar + "a.ics")).status == 204
    assert await members(ann, calendar) == {}


@pytest.mark.rfc("4791 4.2")
@pytest.mark.rfc("4791 9.1")
@pytest.mark.rfc("4791 5.3")
async def test_calendars_that_are_provided_and_made_lie_side_by_side_and_hold_objects(
    ann: Client, calendar: str
):
    await ann.put(calendar + "a.ics", event(uid="a"))
    both = ["{DAV:}collection", CALDAV + "calendar"]

    assert await kinds(ann, ann.home) == {
        ann.home: both[:1],
        ann.home + "calendar/": both,
        calendar: both,
        ann.home + "tasks/": both,
    }
    assert await kinds(ann, calendar) == {calendar: both, calendar + "a.ics": []}


@pytest.mark.rfc("4791 4.2")
@pytest.mark.parametrize(
    ("method", "name", "body", "condition"),
    [
        ("PUT", "note.txt", "a note", errors.VALID_CALENDAR_DATA),
        ("PUT", "card.vcf", "BEGIN:VCARD\r\nEND:VCARD\r\n", errors.VALID_CALENDAR_DATA),
        ("MKCALENDAR", "inside/", "", errors.CALENDAR_COLLECTION_LOCATION),
        ("MKCALENDAR", "inside/deeper/", "", None),
    ],
)
async def test_a_calendar_holds_nothing_but_calendar_objects(
    ann: Client, calendar: str, method: str, name: str, body: str, condition: Condition | None
):
    before = await members(ann, calendar)

    refused = await ann(method, calendar + name, body, Content_Type="text/calendar")

    assert await members(ann, calendar) == before
    if condition is None:
        assert refused.status == 404
    else:
        assert (refused.status, refused.condition) == (condition.status, condition.element)


@pytest.mark.rfc("4791 5.2")
@pytest.mark.rfc("4791 5.2.1")
async def test_the_description_of_a_calendar_is_set_with_its_language_and_removed(
    ann: Client, calendar: str
):
    name = CALDAV + "calendar-description"
    text = '<C:calendar-description xml:lang="fr-CA">Calendrier de l’été</C:calendar-description>'

    await ann("PROPPATCH", calendar, proppatch(set_=text))
    status, shown = (await ann.propfind(calendar, "C:calendar-description")).props()[name]
    everything = (await ann.propfind(calendar)).props()
    await ann("PROPPATCH", calendar, proppatch(remove="<C:calendar-description/>"))

    assert (status, shown.text, shown.get(LANG)) == (200, "Calendrier de l’été", "fr-CA")
    assert name not in everything
    assert (await ann.propfind(calendar, "C:calendar-description")).props()[name][0] == 404


LIMITING = (
    "supported-calendar-data",
    "max-resource-size",
    "max-instances",
    "max-attendees-per-instance",
    "supported-collation-set",
    "supported-calendar-component-set",
)


@pytest.mark.rfc("4791 5.2.3")
@pytest.mark.rfc("4791 5.2.4")
@pytest.mark.rfc("4791 5.2.5")
@pytest.mark.rfc("4791 5.2.8")
@pytest.mark.rfc("4791 5.2.9")
@pytest.mark.rfc("4791 7.5.1")
@pytest.mark.parametrize("name", LIMITING)
async def test_what_the_server_takes_is_protected_and_not_in_allprop(
    ann: Client, calendar: str, name: str
):
    before = (await ann.propfind(calendar, f"C:{name}")).text

    patched = await ann("PROPPATCH", calendar, proppatch(set_=f"<C:{name}>1</C:{name}>"))

    assert {status for status, _ in patched.props().values()} == {403}
    assert (await ann.propfind(calendar, f"C:{name}")).text == before
    assert CALDAV + name not in (await ann.propfind(calendar)).props()


@pytest.mark.rfc("4791 5.2.4")
async def test_data_of_the_type_that_is_told_is_taken_and_no_other(ann: Client, calendar: str):
    name = CALDAV + "supported-calendar-data"
    ((of_type),) = (await ann.propfind(calendar, "C:supported-calendar-data")).props()[name][1]

    taken = await ann.put(calendar + "a.ics", event(uid="a"), Content_Type="text/calendar")
    refused = await ann.put(calendar + "b.ics", "{}", Content_Type="application/calendar+json")

    assert (of_type.tag, dict(of_type.attrib)) == (
        CALDAV + "calendar-data",
        {"content-type": "text/calendar", "version": "2.0"},
    )
    assert taken.status == 201
    assert (refused.status, refused.condition) == (403, errors.SUPPORTED_CALENDAR_DATA.element)


@pytest.mark.rfc("4791 5.2.6")
@pytest.mark.rfc("4791 5.2.7")
@pytest.mark.parametrize(
    "start", ["00030101T000000Z", "19000101T000000Z", "22000101T000000Z", "99970101T000000Z"]
)
async def test_no_earliest_and_no_latest_date_is_told_and_dates_of_any_century_are_found(
    ann: Client, calendar: str, start: str
):
    put = await ann.put(calendar + "a.ics", event(uid="a", start=start, duration="PT1H"))

    range_ = f'<C:time-range start="{start}" end="{start[:9]}000001Z"/>'
    found = await ann(
        "REPORT", calendar, query(f'<C:comp-filter name="VEVENT">{range_}</C:comp-filter>')
    )
    told = (await ann.propfind(calendar, "C:min-date-time", "C:max-date-time")).props()
    assert (put.status, found.hrefs) == (201, [calendar + "a.ics"])
    assert [status for status, _ in told.values()] == [404, 404]


@pytest.mark.rfc("4791 5.2.8")
async def test_a_rule_of_as_many_instances_as_are_told_is_taken_and_of_one_more_is_not(
    server: Server, calendar: str
):
    ann = limited(server, Limits(max_instances=30))
    told = (await ann.propfind(calendar, "C:max-instances")).props()[CALDAV + "max-instances"][1]

    answers = [
        await ann.put(
            f"{calendar}{count}.ics", event(uid=f"{count}", rrule=f"FREQ=DAILY;COUNT={count}")
        )
        for count in (30, 31)
    ]

    assert told.text == "30"
    assert [answer.status for answer in answers] == [201, 403]
    assert answers[1].condition == errors.MAX_INSTANCES.element


@pytest.mark.rfc("4791 5.2.9")
async def test_an_instance_has_as_many_attendees_as_are_told_and_not_one_more(
    server: Server, calendar: str
):
    ann = limited(server, Limits(max_attendees=2))
    name = "max-attendees-per-instance"
    told = (await ann.propfind(calendar, f"C:{name}")).props()[CALDAV + name][1]
    others = vevent(uid="a", recurrence_id="20260106T090000Z", attendees=["c", "d"])
    series = event(uid="a", rrule="FREQ=DAILY", attendees=["a", "b"], overrides=[others])

    taken = await ann.put(calendar + "a.ics", series)
    refused = await ann.put(calendar + "b.ics", event(uid="b", attendees=["a", "b", "c"]))

    assert (told.text, taken.status) == ("2", 201)
    assert (refused.status, refused.condition) == (403, errors.MAX_ATTENDEES.element)


STRANGE = component(
    "VEVENT",
    [
        "UID:a",
        "DTSTAMP:20260101T000000Z",
        "DTSTART;X-SURE=YES:20260105T090000Z",
        "SUMMARY:Meeting",
        'X-ABC-COLOR;X-OF="a;b":red',
    ],
    [
        valarm(lines=["X-ABC-LAMP:blue"]),
        component("X-ABC-ROOM", ["X-ABC-FLOOR:2"], [component("X-ABC-DESK", ["X-N:1"])]),
    ],
)
PLAN = component("X-ABC-PLAN", ["X-ABC-OWNER:me"])


@pytest.mark.rfc("4791 5.3.3")
@pytest.mark.rfc("4791 8.6")
@pytest.mark.rfc("5545 3.8.8.2")
async def test_what_is_not_standard_is_kept_wherever_it_stands(ann: Client, calendar: str):
    text = vcalendar(STRANGE, PLAN, lines=["X-WR-CALNAME:Mine"])

    put = await ann.put(calendar + "a.ics", text)

    got = await ann("GET", calendar + "a.ics")
    assert (put.status, got.text, got.etag) == (201, text, put.etag)


@pytest.mark.rfc("4791 7.7")
@pytest.mark.rfc("5545 3.8.8.2")
async def test_what_is_not_standard_is_returned_where_it_is_asked_for(ann: Client, calendar: str):
    await ann.put(calendar + "a.ics", vcalendar(STRANGE, PLAN))
    comp = (
        '<C:comp name="VCALENDAR"><C:prop name="VERSION"/><C:comp name="VEVENT">'
        '<C:prop name="X-ABC-COLOR"/><C:prop name="DTSTART"/><C:comp name="X-ABC-ROOM"/>'
        '</C:comp><C:comp name="X-ABC-PLAN"/></C:comp>'
    )
    props = f"<C:calendar-data>{comp}</C:calendar-data>"

    answer = await ann("REPORT", calendar, multiget(calendar + "a.ics", props=props))

    assert data(answer)[calendar + "a.ics"].splitlines() == [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "BEGIN:VEVENT",
        "DTSTART;X-SURE=YES:20260105T090000Z",
        'X-ABC-COLOR;X-OF="a;b":red',
        "BEGIN:X-ABC-ROOM",
        "X-ABC-FLOOR:2",
        "BEGIN:X-ABC-DESK",
        "X-N:1",
        "END:X-ABC-DESK",
        "END:X-ABC-ROOM",
        "END:VEVENT",
        "BEGIN:X-ABC-PLAN",
        "X-ABC-OWNER:me",
        "END:X-ABC-PLAN",
        "END:VCALENDAR",
    ]


@pytest.mark.rfc("4791 7.7")
@pytest.mark.parametrize(
    ("inner", "found"),
    [
        ('<C:comp-filter name="X-ABC-ROOM"/>', True),
        ('<C:comp-filter name="X-ABC-CELLAR"/>', False),
        (
            '<C:prop-filter name="X-ABC-COLOR"><C:text-match>RED</C:text-match></C:prop-filter>',
            True,
        ),
        ('<C:prop-filter name="X-ABC-COLOR"><C:param-filter name="X-OF"/></C:prop-filter>', True),
        ('<C:prop-filter name="DTSTART"><C:param-filter name="X-NO"/></C:prop-filter>', False),
    ],
)
async def test_what_is_not_standard_can_be_asked_for(
    ann: Client, calendar: str, inner: str, found: bool
):
    await ann.put(calendar + "a.ics", vcalendar(STRANGE))

    answer = await ann(
        "REPORT", calendar, query(f'<C:comp-filter name="VEVENT">{inner}</C:comp-filter>')
    )

    assert (answer.status, answer.hrefs) == (207, [calendar + "a.ics"] if found else [])


@pytest.mark.rfc("4791 5.2")
@pytest.mark.rfc("4791 5.2.2")
async def test_what_is_set_of_a_calendar_is_shown_by_name_and_not_by_allprop(
    ann: Client, calendar: str
):
    await ann(
        "PROPPATCH",
        calendar,
        proppatch(
            set_="<C:calendar-timezone-id>Europe/Vienna</C:calendar-timezone-id>"
            "<C:schedule-calendar-transp><C:transparent/></C:schedule-calendar-transp>"
            "<I:calendar-color>#FF0000FF</I:calendar-color><I:refreshrate>PT1H</I:refreshrate>"
        ),
    )

    props = (await ann.propfind(calendar)).props()

    assert [name for name in props if "caldav" in name or "apple" in name] == [
        "{http://apple.com/ns/ical/}refreshrate"
    ]


@pytest.mark.rfc("4791 6.1")
@pytest.mark.rfc("4791 6.1.1")
async def test_every_calendar_object_and_collection_tells_of_free_busy_within_read(
    ann: Client, stored: str, calendar: str
):
    for path in (ann.home, calendar, stored):
        props = (await ann.propfind(path, "D:current-user-privilege-set")).props()
        held = [privilege[0].tag for privilege in props["{DAV:}current-user-privilege-set"][1]]
        assert {"{DAV:}read", CALDAV + "read-free-busy"} <= set(held)


@pytest.mark.rfc("4791 6.2")
@pytest.mark.rfc("4791 6.2.1")
async def test_a_principal_names_its_home_and_allprop_does_not(ann: Client):
    principal = "/dav/principals/ann/"
    name = CALDAV + "calendar-home-set"

    status, home = (await ann.propfind(principal, "C:calendar-home-set")).props()[name]
    patched = await ann(
        "PROPPATCH", principal, proppatch(set_="<C:calendar-home-set></C:calendar-home-set>")
    )

    assert (status, [(child.tag, child.text) for child in home]) == (
        200,
        [("{DAV:}href", ann.home)],
    )
    assert patched.status == 403 or patched.props()[name][0] == 403
    assert name not in (await ann.propfind(principal)).props()


@pytest.mark.rfc("4791 7.1")
async def test_expand_property_is_answered_wherever_there_are_calendars(
    ann: Client, stored: str, calendar: str
):
    body = (
        f"<D:expand-property {declared()}>"
        '<D:property name="current-user-principal"><D:property name="displayname"/></D:property>'
        "</D:expand-property>"
    )
    for path in ("/dav/", "/dav/principals/ann/", ann.home, calendar, stored):
        answer = await ann("REPORT", path, body)
        assert answer.status == 207
        (name,) = answer.xml.iterfind(".//D:current-user-principal//D:displayname", NS)
        assert name.text == "Ann Example"


@pytest.mark.rfc("4791 7.2")
@pytest.mark.parametrize("depth", ["0", "1", "infinity"])
@pytest.mark.parametrize("path", ["/dav/", "/dav/calendars/", "/dav/calendars/ann/"])
@pytest.mark.parametrize("body", [query(""), multiget("/dav/calendars/ann/main/a.ics")])
async def test_ordinary_collections_offer_free_busy_alone(
    ann: Client, stored: str, path: str, body: str, depth: str
):
    refused = await ann("REPORT", path, body, Depth=depth)
    told = (await ann.propfind(path, "D:supported-report-set")).props()

    names = {report[0][0].tag for report in told["{DAV:}supported-report-set"][1]}
    assert (refused.status, refused.condition) == (403, errors.SUPPORTED_REPORT.element)
    assert names & {CALDAV + "calendar-query", CALDAV + "calendar-multiget"} == set()


@pytest.mark.rfc("4791 9.4")
async def test_each_collation_that_is_told_can_be_searched_by(ann: Client, stored: str):
    calendar = stored.rpartition("/")[0] + "/"
    name = CALDAV + "supported-collation-set"
    told = (await ann.propfind(calendar, "C:supported-collation-set")).props()[name][1]

    assert {element.tag for element in told} == {CALDAV + "supported-collation"}
    for element in told:
        match = f'<C:text-match collation="{element.text}">Meet</C:text-match>'
        filter_ = f'<C:prop-filter name="SUMMARY">{match}</C:prop-filter>'
        answer = await ann(
            "REPORT", calendar, query(f'<C:comp-filter name="VEVENT">{filter_}</C:comp-filter>')
        )
        assert answer.hrefs == [stored]


INLINE = "ATTACH;FMTTYPE=text/plain;ENCODING=BASE64;VALUE=BINARY:" + "SGVsbG8h" * 2_000
EXTERNAL = "ATTACH;FMTTYPE=application/pdf:https://files.example.com/a%20b.pdf?x=1;y=2"


@pytest.mark.rfc("4791 8.5.1")
@pytest.mark.rfc("4791 8.5.2")
@pytest.mark.parametrize("line", [INLINE, EXTERNAL, "ATTACH:cid:part1@example.com"])
async def test_an_attachment_is_kept_as_it_is(ann: Client, calendar: str, line: str):
    texts = {
        f"{calendar}{number}.ics": text
        for number, text in enumerate(
            (
                event(uid="a", lines=[line]),
                todo(uid="b", lines=[line, line]),
                journal(uid="c", lines=[line]),
            )
        )
    }

    statuses = [(await ann.put(href, text)).status for href, text in texts.items()]

    got = await ann("REPORT", calendar, multiget(*texts))
    assert statuses == [201, 201, 201]
    assert data(got) == texts
    assert {href: (await ann("GET", href)).text for href in texts} == texts


@pytest.mark.rfc("4791 8.6")
@pytest.mark.rfc("5545 3.6.6")
@pytest.mark.parametrize(
    "lines",
    [
        ["ACTION:AUDIO", "TRIGGER:-PT10M", "ATTACH;FMTTYPE=audio/basic:file:///sounds/bell.au"],
        ["ACTION:DISPLAY", "TRIGGER:-PT10M", "DESCRIPTION:Now!", "REPEAT:4", "DURATION:PT5M"],
        [
            "ACTION:EMAIL",
            "TRIGGER;RELATED=END:PT0S",
            "SUMMARY:It is over",
            "DESCRIPTION:Go",
            "ATTENDEE:mailto:ann@example.org",
        ],
        ["ACTION:PROCEDURE", "TRIGGER:-P1D", "ATTACH:ftp://example.com/run"],
        ["ACTION:X-SMELL", "TRIGGER;VALUE=DATE-TIME:20260105T080000Z", "X-SMELL:coffee"],
    ],
    ids=lambda lines: lines[0].partition(":")[2],
)
async def test_an_alarm_of_any_action_is_kept(ann: Client, calendar: str, lines: list[str]):
    text = event(uid="a", alarms=[component("VALARM", lines)])

    put = await ann.put(calendar + "a.ics", text)

    assert (put.status, (await ann("GET", calendar + "a.ics")).text) == (201, text)
