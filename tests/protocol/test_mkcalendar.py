"""MKCALENDAR, MKCOL and extended MKCOL."""

from __future__ import annotations

import pytest

from tests.protocol.client import Client, declared
from tests.protocol.state import everything
from tests.unit.builders import BERLIN, todo
from tests.unit.builders import calendar as vcalendar

CALENDAR = "<D:resourcetype><D:collection/><C:calendar/></D:resourcetype>"


def mkcalendar(props: str) -> str:
    return f"<C:mkcalendar {declared()}><D:set><D:prop>{props}</D:prop></D:set></C:mkcalendar>"


def mkcol(props: str) -> str:
    return f"<D:mkcol {declared()}><D:set><D:prop>{props}</D:prop></D:set></D:mkcol>"


@pytest.mark.rfc("4791 5.3.1")
async def test_mkcalendar_makes_a_calendar(ann: Client):
    made = await ann("MKCALENDAR", ann.home + "new/")

    props = (await ann.propfind(ann.home + "new/", "D:resourcetype")).props()
    types = [child.tag for child in props["{DAV:}resourcetype"][1]]
    assert (made.status, made.headers["Cache-Control"]) == (201, "no-cache")
    assert types == ["{DAV:}collection", "{urn:ietf:params:xml:ns:caldav}calendar"]


@pytest.mark.rfc("4791 5.3.1")
@pytest.mark.parametrize("name", ["new", "caf%C3%A9/", "a%20b/", "%F0%9F%8C%8D/", "a@b"])
async def test_a_calendar_may_have_any_name(ann: Client, name: str):
    made = await ann("MKCALENDAR", ann.home + name)

    assert made.status == 201
    assert ann.home + name.rstrip("/") + "/" in (await ann.propfind(ann.home, depth="1")).hrefs


@pytest.mark.rfc("4791 5.3.1.2")
async def test_mkcalendar_sets_all_properties_of_its_body(ann: Client):
    path = ann.home + "tasks2/"
    zone = vcalendar(BERLIN)
    body = mkcalendar(
        "<D:displayname>Liste</D:displayname>"
        '<C:calendar-description xml:lang="de">Für alles</C:calendar-description>'
        '<C:supported-calendar-component-set><C:comp name="VTODO"/>'
        "</C:supported-calendar-component-set>"
        f"<C:calendar-timezone><![CDATA[{zone}]]></C:calendar-timezone>"
        "<x:dead xmlns:x='urn:x'>1</x:dead><D:resourcetype><D:collection/><C:calendar/>"
        "</D:resourcetype>"
    )

    made = await ann("MKCALENDAR", path, body)

    found = await ann.propfind(
        path,
        "D:displayname",
        "C:calendar-description",
        "C:supported-calendar-component-set",
        "C:calendar-timezone-id",
    )
    assert made.status == 201
    shown = {
        name.rpartition("}")[2]: [child.get("name") for child in element] or element.text
        for name, (_, element) in found.props().items()
    }
    assert shown == {
        "displayname": "Liste",
        "calendar-description": "Für alles",
        "supported-calendar-component-set": ["VTODO"],
        "calendar-timezone-id": "Europe/Berlin",
    }
    assert (await ann.put(path + "t.ics", todo(uid="t"))).status == 201


@pytest.mark.rfc("4791 5.3.1.1")
async def test_mkcalendar_that_cannot_set_all_makes_nothing(ann: Client):
    before = await everything(ann)
    body = mkcalendar("<D:displayname>x</D:displayname><D:getetag>x</D:getetag>")

    answer = await ann("MKCALENDAR", ann.home + "new/", body)

    statuses = {name: status for name, (status, _) in answer.props(ann.home + "new/").items()}
    assert (answer.status, answer.xml.tag) == (207, "{DAV:}multistatus")
    assert statuses == {"{DAV:}displayname": 424, "{DAV:}getetag": 403}
    assert await everything(ann) == before


@pytest.mark.rfc("4791 5.3.1.1")
@pytest.mark.parametrize(
    ("path", "status"),
    [("no/new/", 409), ("no/new/deeper/", 404), ("main/a/b/", 404)],
)
async def test_a_parent_that_is_missing_is_not_made(
    ann: Client, calendar: str, path: str, status: int
):
    assert (await ann("MKCALENDAR", ann.home + path)).status == status


@pytest.mark.rfc("4791 5.3.1")
async def test_two_calendars_of_the_same_display_name_may_be_made(ann: Client):
    body = mkcalendar("<D:displayname>Same</D:displayname>")

    answers = [await ann("MKCALENDAR", f"{ann.home}{name}/", body) for name in ("x", "y")]

    assert [answer.status for answer in answers] == [201, 201]


@pytest.mark.rfc("4791 9.2")
@pytest.mark.parametrize("body", ["<", "<a/>", '<mkcalendar xmlns="DAV:"/>', mkcol(CALENDAR)])
async def test_a_body_that_is_no_mkcalendar_is_400(ann: Client, body: str):
    assert (await ann("MKCALENDAR", ann.home + "new/", body)).status == 400


@pytest.mark.rfc("5689 3")
async def test_extended_mkcol_makes_a_calendar_with_properties(ann: Client):
    body = mkcol(CALENDAR + "<D:displayname>New</D:displayname>")

    made = await ann("MKCOL", ann.home + "new/", body, Content_Type="application/xml")

    props = (await ann.propfind(ann.home + "new/", "D:displayname")).props()
    assert made.status == 201
    assert props["{DAV:}displayname"][1].text == "New"


@pytest.mark.rfc("5689 3")
async def test_extended_mkcol_that_cannot_set_all_makes_nothing(ann: Client):
    before = await everything(ann)
    body = mkcol(CALENDAR + "<D:getetag>x</D:getetag><D:displayname>x</D:displayname>")

    answer = await ann("MKCOL", ann.home + "new/", body)

    statuses = [
        (propstat.findtext("{DAV:}status"), [child.tag for child in propstat.find("{DAV:}prop")])
        for propstat in answer.xml
    ]
    assert (answer.status, answer.xml.tag) == (403, "{DAV:}mkcol-response")
    assert statuses == [
        ("HTTP/1.1 403 Forbidden", ["{DAV:}getetag"]),
        ("HTTP/1.1 424 Failed Dependency", ["{DAV:}displayname"]),
    ]
    assert await everything(ann) == before


@pytest.mark.rfc("5689 3.3")
@pytest.mark.parametrize(
    "types",
    [
        "<D:resourcetype><D:collection/></D:resourcetype>",
        "<D:resourcetype/>",
        "",
        "<D:resourcetype><D:collection/><C:calendar/><x:z xmlns:x='u'/></D:resourcetype>",
    ],
)
async def test_only_calendars_are_made(ann: Client, types: str):
    answer = await ann("MKCOL", ann.home + "new/", mkcol(types))

    assert (answer.status, answer.condition) == (403, "{DAV:}valid-resourcetype")


@pytest.mark.rfc("4918 9.3.1")
async def test_mkcol_over_something_is_405(ann: Client, calendar: str):
    answer = await ann("MKCOL", calendar, mkcol(CALENDAR))

    assert (answer.status, "MKCOL" in answer.headers["Allow"]) == (405, False)


@pytest.mark.rfc("4918 9.3.1")
async def test_mkcol_without_a_parent_is_409(ann: Client):
    assert (await ann("MKCOL", ann.home + "no/new/", mkcol(CALENDAR))).status == 409


@pytest.mark.rfc("4918 9.3")
async def test_mkcol_with_a_body_of_another_kind_is_415(ann: Client):
    answer = await ann("MKCOL", ann.home + "new/", "hello", Content_Type="text/plain")

    assert answer.status == 415


async def test_a_home_does_not_grow_without_bounds(ann: Client, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("caldavd.service.calendars.MAX_CALENDARS", 3)

    answers = [await ann("MKCALENDAR", f"{ann.home}n{number}/") for number in range(3)]

    assert [answer.status for answer in answers] == [201, 507, 507]
