"""Requests as bytes, bodies as clients send them, and checks of multistatus answers."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from urllib.parse import unquote

from lxml import etree

from tests.benchmarks.client import Answer, Client, Exchange, Wrong, verify

DAV: Final = "{DAV:}"
CALDAV: Final = "{urn:ietf:params:xml:ns:caldav}"
_PREFIXES: Final = {"D": DAV, "C": CALDAV, "CS": "{http://calendarserver.org/ns/}"}
_DECLARED: Final = (
    'xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" '
    'xmlns:CS="http://calendarserver.org/ns/"'
)
_XML: Final = '<?xml version="1.0" encoding="utf-8"?>\n'
ICALENDAR: Final = "text/calendar; charset=utf-8"
_PARSER: Final = etree.XMLParser(huge_tree=True)


@dataclass(frozen=True, slots=True)
class Asker:
    """An account at a server."""

    client: Client
    host: str
    user: str
    password: str

    def request(self, method: str, path: str, body: str = "", **headers: str) -> bytes:
        """A request as it is sent; `Content_Type` and its like become header names."""
        token = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        content = body.encode()
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self.host}", f"Authorization: Basic {token}"]
        lines += ["User-Agent: caldavd-benchmark/1", "Accept: */*"]
        if content:
            headers.setdefault("Content_Type", "application/xml; charset=utf-8")
            lines.append(f"Content-Length: {len(content)}")
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        return "\r\n".join([*lines, "", ""]).encode() + content

    async def ask(self, exchange: Exchange) -> Answer:
        """The answer to one exchange, verified. Raises Wrong."""
        answer = await self.client.ask(exchange.request)
        verify(exchange, answer)
        return answer


@dataclass(frozen=True, slots=True)
class Multistatus:
    """What a 207 holds: members by the last segment of their href, itself by the empty one."""

    responses: dict[str, etree._Element]
    token: str

    def require_members(self, expected: set[str]) -> None:
        """Raises Wrong unless these are the members, each with an entity tag."""
        found = {name for name in self.responses if name}
        if found != expected:
            missing, more = len(expected - found), len(found - expected)
            raise Wrong(f"{missing} of {len(expected)} members are missing, {more} are too many")
        for name in found:
            self.require(name, DAV + "getetag")

    def require(self, name: str, *properties: str) -> None:
        """Raises Wrong unless a response has these properties, with content."""
        for tag in properties:
            if not self.text(name, tag):
                raise Wrong(f"{name or 'the calendar'} has no {tag}")

    def text(self, name: str, tag: str) -> str:
        """A property that was found, as text or as markup; empty if there is none."""
        for propstat in self.responses[name].iterfind(DAV + "propstat"):
            if " 200 " in propstat.findtext(DAV + "status", ""):
                element = propstat.find(f"{DAV}prop/{tag}")
                if element is not None:
                    inner = b"".join(etree.tostring(child) for child in element)
                    return (element.text or "") + inner.decode()
        return ""


def multistatus(answer: Answer) -> Multistatus:
    """Reads a 207. Raises Wrong."""
    try:
        root = etree.fromstring(answer.body, _PARSER)
    except etree.XMLSyntaxError as error:
        raise Wrong(f"not XML: {error}") from None
    if root.tag != DAV + "multistatus":
        raise Wrong(f"not a multistatus but {root.tag}")
    responses = {}
    for response in root.iterfind(DAV + "response"):
        href = unquote(response.findtext(DAV + "href", ""))
        responses[href.rpartition("/")[2]] = response
    return Multistatus(responses, root.findtext(DAV + "sync-token", ""))


def clark(name: str) -> str:
    """`D:getetag` as a Clark name."""
    prefix, _, local = name.partition(":")
    return _PREFIXES[prefix] + local


def propfind(*names: str) -> str:
    """A propfind body; names are written like `D:getetag`."""
    inner = "".join(f"<{name}/>" for name in names)
    return f"{_XML}<D:propfind {_DECLARED}><D:prop>{inner}</D:prop></D:propfind>"


def multiget(hrefs: Sequence[str]) -> str:
    """A calendar-multiget body for entity tags and texts."""
    named = "".join(f"<D:href>{href}</D:href>" for href in hrefs)
    return (
        f"{_XML}<C:calendar-multiget {_DECLARED}><D:prop><D:getetag/><C:calendar-data/></D:prop>"
        f"{named}</C:calendar-multiget>"
    )


def query(start: date, end: date, *, expanded: bool = False) -> str:
    """A calendar-query body for the events of a time range, with entity tags and texts."""
    range_ = _range(start, end)
    expand = f"<C:expand {range_}/>" if expanded else ""
    return _query(f"<C:time-range {range_}/>", f"<C:calendar-data>{expand}</C:calendar-data>")


def text_query(text: str) -> str:
    """A calendar-query body for the events that have a text in their summary."""
    match = f"<C:text-match>{text}</C:text-match>"
    return _query(f'<C:prop-filter name="SUMMARY">{match}</C:prop-filter>', "<C:calendar-data/>")


def free_busy(start: date, end: date) -> str:
    """A free-busy-query body."""
    return (
        f"{_XML}<C:free-busy-query {_DECLARED}><C:time-range {_range(start, end)}/>"
        "</C:free-busy-query>"
    )


def _query(inner: str, data: str) -> str:
    return (
        f"{_XML}<C:calendar-query {_DECLARED}><D:prop><D:getetag/>{data}</D:prop><C:filter>"
        f'<C:comp-filter name="VCALENDAR"><C:comp-filter name="VEVENT">{inner}'
        "</C:comp-filter></C:comp-filter></C:filter></C:calendar-query>"
    )


def _range(start: date, end: date) -> str:
    return f'start="{start:%Y%m%dT000000Z}" end="{end:%Y%m%dT000000Z}"'


def sync(token: str) -> str:
    """A sync-collection body for entity tags."""
    return (
        f"{_XML}<D:sync-collection {_DECLARED}><D:sync-token>{token}</D:sync-token>"
        "<D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop></D:sync-collection>"
    )
