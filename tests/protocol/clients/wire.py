"""What clients send: bodies as they put them on the wire, from fixtures/clients."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from lxml import etree

from tests.protocol.client import NS, Answer
from tests.unit.builders import CRLF

BODIES = Path(__file__).parents[3] / "fixtures" / "clients"
_BLANK = re.compile(r"\{\{(\w+)\}\}")


def wire(name: str, /, **values: str) -> str:
    """The body `client/name`, its {{blanks}} filled in. Every blank must be given, and no other."""
    return _filled(f"{name}.xml", values)


def ics(name: str, /, **values: str) -> str:
    """The iCalendar body `client/name`, with line ends as they are sent."""
    return _filled(f"{name}.ics", values).replace("\n", CRLF)


def _filled(file: str, values: Mapping[str, str]) -> str:
    text = (BODIES / file).read_text(encoding="utf-8")
    assert set(_BLANK.findall(text)) == set(values)
    return _BLANK.sub(lambda blank: values[blank[1]], text)


def hrefs(paths: Iterable[str], prefix: str = "") -> str:
    """DAV:href elements, with or without a prefix."""
    return "".join(f"<{prefix}href>{path}</{prefix}href>" for path in paths)


def href_in(answer: Answer, name: str, href: str | None = None) -> str:
    """The one href inside a property that was found."""
    status, element = answer.props(href)[name]
    assert status == 200
    (found,) = element.findall("D:href", NS)
    return str(found.text)


def text_of(answer: Answer, name: str, href: str | None = None) -> str:
    """The text of a property that was found."""
    status, element = answer.props(href)[name]
    assert status == 200
    return str(element.text)


def children(element: etree._Element, path: str = "*") -> list[str]:
    """The Clark names of an element's descendants at a path."""
    return [str(child.tag) for child in element.iterfind(path, NS)]


def privileges(answer: Answer, href: str | None = None) -> set[str]:
    """The Clark names of the current user's privileges on a resource."""
    status, element = answer.props(href)["{DAV:}current-user-privilege-set"]
    assert status == 200
    return set(children(element, "D:privilege/*"))


def reports(answer: Answer, href: str | None = None) -> set[str]:
    """The reports that a resource supports, each in its wrapper."""
    status, element = answer.props(href)["{DAV:}supported-report-set"]
    assert status == 200
    return set(children(element, "D:supported-report/D:report/*"))


def data(answer: Answer) -> dict[str, str]:
    """The calendar-data of each response that has some, by href."""
    return {
        response.findtext("D:href", "", NS): str(found.text)
        for response in answer.xml.findall("D:response", NS)
        if (found := response.find("D:propstat/D:prop/C:calendar-data", NS)) is not None
    }


def tokens(header: str) -> list[str]:
    """The members of a comma-separated header."""
    return [token.strip() for token in header.split(",")]
