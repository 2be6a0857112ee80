"""The worked examples of RFC 4791: its requests on its calendar are answered as it prints.

The answers show two objects as they were when somebody wrote them, not as appendix B has them
(abcd2 has a second override, abcd3 an X-ABC-GUID): the calendar here holds what they show.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from lxml import etree

from tests.protocol.client import NS, Answer, Client, declared
from tests.protocol.clients.wire import data

FIXTURES = Path(__file__).parents[2] / "fixtures"
APPENDIX_B = FIXTURES / "ics" / "rfc4791"
COMPONENTS = ("VEVENT", "VTODO", "VFREEBUSY")
ERRATA: Mapping[str, tuple[tuple[str, str], ...]] = {
    # Says that of the calendar VERSION alone is returned, as was asked; one of two has PRODID too.
    "7.8.1": (("PRODID:-//Example Corp.//CalDAV Client//EN\n", ""),),
    # Asks for UTC, and leaves the Z out.
    "7.8.3": (
        ("DTSTART:20060103T170000", "DTSTART:20060103T170000Z"),
        ("DTSTART:20060104T190000", "DTSTART:20060104T190000Z"),
        ("DTSTART:20060104T150000", "DTSTART:20060104T150000Z"),
        ("RECURRENCE-ID:20060103T170000", "RECURRENCE-ID:20060103T170000Z"),
        ("RECURRENCE-ID:20060104T170000", "RECURRENCE-ID:20060104T170000Z"),
    ),
    # The busy time of appendix B begins and ends at midnight.
    "7.8.4": (
        ("DTSTART:20060101T100000Z", "DTSTART:20060101T000000Z"),
        ("DTEND:20060108T100000Z", "DTEND:20060108T000000Z"),
    ),
}
"""What an answer prints, and what it means."""


def request(name: str) -> str:
    """The body of a request as the RFC prints it."""
    return (FIXTURES / "rfc4791" / f"{name}.xml").read_text("utf-8")


def printed(section: str) -> dict[str, str]:
    """The objects of the answer that the RFC prints, by name."""
    answer = etree.parse(FIXTURES / "rfc4791" / f"{section}-multistatus.xml").getroot()
    found = {}
    for response in answer.iterfind("D:response", NS):
        text = response.findtext("D:propstat/D:prop/C:calendar-data", "", NS)
        for wrong, right in ERRATA.get(section, ()):
            text = text.replace(wrong, right)
        found[response.findtext("D:href", "", NS).rpartition("/")[2]] = text
    return found


def content(text: str) -> list[str]:
    """The lines, those of each component sorted: of an expanded one the order is the server's."""
    parts: list[list[str]] = [[]]
    for line in text.splitlines():
        if line.startswith(("BEGIN:", "END:")):
            parts.append([line])
        else:
            parts[-1].append(line)
    return [line for part in parts for line in (*part[:1], *sorted(part[1:]))]


def contents(texts: Mapping[str, str]) -> dict[str, list[str]]:
    """The lines of each object, by its name."""
    return {href.rpartition("/")[2]: content(text) for href, text in texts.items()}


async def fill(client: Client, path: str, texts: Mapping[str, str]) -> None:
    """A calendar of that name, with these objects."""
    comps = "".join(f'<C:comp name="{name}"/>' for name in COMPONENTS)
    body = (
        f"<C:mkcalendar {declared()}><D:set><D:prop><C:supported-calendar-component-set>{comps}"
        "</C:supported-calendar-component-set></D:prop></D:set></C:mkcalendar>"
    )
    assert (await client("MKCALENDAR", path, body)).status == 201
    for name, text in texts.items():
        assert (await client.put(path + name, text)).status == 201


def appendix_b() -> dict[str, str]:
    """The objects of appendix B by name, two of them as the answers show them."""
    texts = {file.name: file.read_text("utf-8") for file in sorted(APPENDIX_B.glob("abcd*.ics"))}
    return texts | printed("7.8.8")


@pytest.fixture
async def work(ann: Client) -> str:
    """The URL of the calendar of appendix B."""
    await fill(ann, ann.home + "work/", appendix_b())
    return ann.home + "work/"


async def report(client: Client, path: str, name: str) -> Answer:
    answer = await client("REPORT", path, request(name), Depth="1")
    assert answer.status == 207
    return answer


@pytest.mark.rfc("4791 7.6")
@pytest.mark.rfc("4791 7.8.1")
@pytest.mark.rfc("4791 7.8.2")
@pytest.mark.rfc("4791 7.8.3")
@pytest.mark.rfc("4791 7.8.4")
@pytest.mark.rfc("4791 7.8.6")
@pytest.mark.rfc("4791 7.8.7")
@pytest.mark.rfc("4791 7.8.8")
@pytest.mark.rfc("4791 7.8.9")
@pytest.mark.parametrize(
    "section", ["7.8.1", "7.8.2", "7.8.3", "7.8.4", "7.8.6", "7.8.7", "7.8.8", "7.8.9"]
)
async def test_a_query_of_the_rfc_is_answered_as_it_prints(ann: Client, work: str, section: str):
    answer = await report(ann, work, f"{section}-calendar-query")

    assert contents(data(answer)) == contents(printed(section))
    if "getetag" in request(f"{section}-calendar-query"):
        tags = {href: answer.props(href)["{DAV:}getetag"][1].text for href in answer.hrefs}
        assert tags == {href: (await ann("GET", href)).etag for href in answer.hrefs}


@pytest.mark.rfc("4791 7.8.5")
async def test_the_task_that_the_rfc_prints_is_found_by_its_alarm(ann: Client):
    # In appendix B the task of this UID is abcd5 and due on a day, ten minutes before which is not
    # in the range.
    texts = {name: text for name, text in appendix_b().items() if name != "abcd5.ics"}
    work = ann.home + "work/"
    await fill(ann, work, texts | printed("7.8.5"))

    answer = await report(ann, work, "7.8.5-calendar-query")

    assert contents(data(answer)) == contents(printed("7.8.5"))


@pytest.mark.rfc("4791 7.7")
@pytest.mark.rfc("4791 7.8.10")
@pytest.mark.parametrize(("part", "names"), [("ABC", []), ("e1cx5dr", ["abcd3.ics"])])
async def test_a_query_for_a_property_that_is_not_standard_is_answered(
    ann: Client, work: str, part: str, names: list[str]
):
    """The RFC's example is of a server that refuses it, as it may."""
    body = request("7.8.10-calendar-query").replace(">ABC<", f">{part}<")

    answer = await ann("REPORT", work, body, Depth="1")

    assert (answer.status, answer.hrefs) == (207, [work + name for name in names])


@pytest.mark.rfc("4791 7.9.1")
async def test_the_multiget_of_the_rfc_is_answered_as_it_prints(ann: Client, work: str):
    body = request("7.9.1-calendar-multiget").replace("/bernard/work/", work)

    answer = await ann("REPORT", work, body)

    assert answer.hrefs == [work + "abcd1.ics", work + "mtg1.ics"]
    assert answer.statuses() == {work + "mtg1.ics": 404}
    assert list(contents(data(answer)).values()) == [content(printed("7.9.1")["abcd1.ics"])]
    tag = answer.props(work + "abcd1.ics")["{DAV:}getetag"][1].text
    assert tag == (await ann("GET", work + "abcd1.ics")).etag


@pytest.mark.rfc("4791 5.3.1.2")
@pytest.mark.rfc("4791 9.3")
async def test_the_calendar_of_the_rfc_is_made_with_what_it_says(ann: Client):
    made = await ann("MKCALENDAR", ann.home + "events/", request("5.3.1.2-mkcalendar"))

    names = "D:displayname", "C:calendar-description", "C:supported-calendar-component-set"
    props = (await ann.propfind(ann.home + "events/", *names)).props()
    assert (made.status, made.body, made.headers["Cache-Control"]) == (201, b"", "no-cache")
    assert [(status, element.text) for status, element in props.values()] == [
        (200, "Lisa's Events"),
        (200, "Calendar restricted to events."),
        (200, None),
    ]
    (comp,) = props["{urn:ietf:params:xml:ns:caldav}supported-calendar-component-set"][1]
    assert comp.get("name") == "VEVENT"


@pytest.mark.rfc("4791 5.1.1")
@pytest.mark.parametrize("path", ["", "calendar/"])
async def test_options_tells_whether_calendars_are_served(ann: Client, path: str):
    answer = await ann("OPTIONS", ann.home + path)

    assert (answer.status, answer.body) == (200, b"")
    assert "calendar-access" in answer.headers["DAV"].split(", ")
    assert {"PROPFIND", "REPORT"} <= set(answer.headers["Allow"].split(", "))


@pytest.mark.rfc("4791 8.4")
@pytest.mark.rfc("4791 6.2.1")
@pytest.mark.parametrize(
    ("name", "path"),
    [("principal-match", "/dav/"), ("principal-property-search", "/dav/principals/")],
)
async def test_a_client_that_asks_who_it_is_finds_its_calendars(ann: Client, name: str, path: str):
    body = request(f"8.4-{name}").replace("Laurie", "ann")

    found = await ann("REPORT", path, body, Depth="0")

    (principal,) = found.hrefs
    home = found.props(principal)["{urn:ietf:params:xml:ns:caldav}calendar-home-set"][1]
    assert [child.text for child in home] == [ann.home]
    below = await ann.propfind(ann.home, "D:resourcetype", depth="1")
    calendars = [
        href
        for href in below.hrefs
        if below.props(href)["{DAV:}resourcetype"][1].find("C:calendar", NS) is not None
    ]
    assert calendars == [ann.home + "calendar/", ann.home + "tasks/"]
