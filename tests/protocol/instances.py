"""How tests ask for the instances of an object, over the wire."""

from __future__ import annotations

from typing import Final

from tests.protocol.client import Client, query
from tests.protocol.clients.wire import data
from tests.protocol.rules import OBJECT

YEAR: Final = ("20260101T000000Z", "20270101T000000Z")
LOCAL: Final = {"uid": "a", "duration": "PT1H"}
"""An event of an hour that is yet to be told where and when it starts."""
SERIES: Final = {**LOCAL, "start": "20260105T090000Z"}
"""That event on a Monday at nine."""


def within(name: str, start: str, end: str) -> str:
    """A filter for one type of component in a range."""
    return (
        f'<C:comp-filter name="{name}"><C:time-range start="{start}" end="{end}"/></C:comp-filter>'
    )


def unfolded(text: str) -> list[str]:
    """The content lines."""
    return text.replace("\r\n", "\n").replace("\n ", "").splitlines()


def values(text: str, name: str) -> list[str]:
    """The values of a property, sorted."""
    found = [line for line in unfolded(text) if line.startswith((name + ":", name + ";"))]
    return sorted(line.partition(":")[2] for line in found)


async def found(client: Client, path: str, filter_: str, more: str = "") -> bool:
    """Whether the object matches."""
    answer = await client("REPORT", path, query(filter_, more=more), Depth="1")
    assert answer.status == 207
    return bool(answer.hrefs)


async def expanded(client: Client, path: str, name: str, start: str, end: str) -> str:
    """The object as it is expanded in a window; nothing if none of it is in there."""
    props = (
        f'<D:getetag/><C:calendar-data><C:expand start="{start}" end="{end}"/></C:calendar-data>'
    )
    answer = await client("REPORT", path, query(within(name, start, end), props), Depth="1")
    assert answer.status == 207
    return data(answer).get(OBJECT, "")


async def starts(client: Client, text: str, window: tuple[str, str] = YEAR) -> list[str]:
    """When the instances of a new object begin, by the server's expansion."""
    assert (await client.put(OBJECT, text)).status == 201
    name = "VTODO" if "BEGIN:VTODO" in text else "VEVENT"
    return values(await expanded(client, OBJECT.rpartition("/")[0] + "/", name, *window), "DTSTART")
