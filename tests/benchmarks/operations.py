"""What is measured: a table of operations, each prepared for one server and calendar.

The order counts: those that change objects come last.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from typing import Final

from tests.benchmarks import items, webdav
from tests.benchmarks.client import Answer, Exchange, Source, Wrong
from tests.benchmarks.items import Item
from tests.benchmarks.puts import ChangedObjects, NewObjects, change
from tests.benchmarks.subject import Subject, nothing
from tests.benchmarks.webdav import CALDAV, DAV, multistatus

POLL: Final = ("CS:getctag", "D:sync-token", "D:displayname")
SIX: Final = (*POLL, "D:resourcetype", "D:current-user-privilege-set", "D:supported-report-set")
MULTIGET: Final = 100
SETS: Final = 20
"""Different multigets that a connection goes round in."""


@dataclass(frozen=True, slots=True)
class Operation:
    """A row of the table."""

    key: str
    title: str
    prepare: Callable[[Subject], Awaitable[Source]]
    connections: int = 8


class Round:
    """Requests that change nothing, over and over, dealt out to all connections."""

    def __init__(self, exchanges: Iterable[Exchange]) -> None:
        self._exchanges: Iterator[Exchange] = cycle(exchanges)

    def next(self, connection: int, previous: Answer | None) -> Exchange:
        """The next one, whatever was answered before."""
        return next(self._exchanges)

    async def settle(self) -> None:
        """Nothing was changed."""


async def get(subject: Subject) -> Source:
    """GET of objects from all over the calendar."""
    return Round(
        Exchange(
            subject.asker.request("GET", subject.path(item)), 200, partial(_is_text, item.text())
        )
        for item in subject.sample()
    )


async def conditional_get(subject: Subject) -> Source:
    """GET of objects that have not changed."""
    etags = await subject.etags()
    return Round(
        Exchange(
            subject.asker.request("GET", subject.path(item), If_None_Match=etags[item.name]),
            304,
            _is_empty,
        )
        for item in subject.sample()
    )


async def propfind_itself(names: Sequence[str], subject: Subject) -> Source:
    """PROPFIND of the calendar alone."""
    request = subject.asker.request(
        "PROPFIND", subject.calendar, webdav.propfind(*names), Depth="0"
    )
    return Round([Exchange(request, 207, partial(_has_properties, names))])


async def propfind_members(subject: Subject) -> Source:
    """PROPFIND of the entity tags of all objects."""
    request = subject.asker.request(
        "PROPFIND", subject.calendar, webdav.propfind("D:getetag"), Depth="1"
    )
    return Round([Exchange(request, 207, partial(_has_members, subject.names))])


async def multiget(subject: Subject) -> Source:
    """Multiget of objects with their texts."""
    among = subject.sample(SETS * MULTIGET)
    step = max(1, len(among) // MULTIGET)
    return Round(
        _multiget(subject, among[start::step][:MULTIGET]) for start in range(min(SETS, step))
    )


def _multiget(subject: Subject, wanted: Sequence[Item]) -> Exchange:
    body = webdav.multiget([subject.path(item) for item in wanted])
    texts = {item.name: item.text() for item in wanted}
    return Exchange(
        subject.asker.request("REPORT", subject.calendar, body), 207, partial(_has_texts, texts)
    )


async def time_range(weeks: int, subject: Subject) -> Source:
    """calendar-query of some weeks, with texts."""
    exchanges = []
    for start, end in items.ranges(weeks):
        request = subject.asker.request(
            "REPORT", subject.calendar, webdav.query(start, end), Depth="1"
        )
        texts = {item.name: item.text() for item in subject.items if item.is_in(start, end)}
        exchanges.append(Exchange(request, 207, partial(_has_texts, texts)))
    return Round(exchanges)


async def initial_sync(subject: Subject) -> Source:
    """sync-collection without a token."""
    return Round([_sync(subject, "", subject.names)])


async def sync_of_one_change(subject: Subject) -> Source:
    """sync-collection from before the last change."""
    body = webdav.propfind("D:sync-token")
    request = subject.asker.request("PROPFIND", subject.calendar, body, Depth="0")
    answer = await subject.asker.ask(Exchange(request, 207, nothing))
    token = multistatus(answer).text("", DAV + "sync-token")
    changed = subject.items[len(subject.items) // 2]
    await change(subject, changed)
    return Round([_sync(subject, token, {changed.name})])


def _sync(subject: Subject, token: str, names: set[str]) -> Exchange:
    request = subject.asker.request("REPORT", subject.calendar, webdav.sync(token), Depth="0")
    return Exchange(request, 207, partial(_has_changes, names, token))


async def put_changed(subject: Subject) -> Source:
    """PUT of single events that are there, each under the condition that nobody else changed it."""
    return ChangedObjects(subject, await subject.etags())


async def put_new(subject: Subject) -> Source:
    """PUT of single events that are not there."""
    return NewObjects(subject)


OPERATIONS: Final = (
    Operation("get", "GET", get),
    Operation("get304", "GET, not modified", conditional_get),
    Operation("propfind0", "PROPFIND Depth 0, 6 properties", partial(propfind_itself, SIX)),
    Operation("poll", "PROPFIND Depth 0, 3 properties", partial(propfind_itself, POLL)),
    Operation("propfind1", "PROPFIND Depth 1, getetag", propfind_members, connections=2),
    Operation("multiget", "multiget of 100", multiget, connections=2),
    Operation("week", "query, one week", partial(time_range, 1)),
    Operation("month", "query, five weeks", partial(time_range, 5)),
    Operation("sync", "initial sync", initial_sync, connections=2),
    Operation("sync1", "sync of one change", sync_of_one_change),
    Operation("put", "PUT, changed", put_changed),
    Operation("putnew", "PUT, new", put_new),
)


def _is_text(text: str, answer: Answer) -> None:
    if answer.body != text.encode():
        raise Wrong("the body is not what was put")


def _is_empty(answer: Answer) -> None:
    if answer.body or not answer.header("etag"):
        raise Wrong("a 304 with a body, or without an entity tag")


def _has_properties(names: Sequence[str], answer: Answer) -> None:
    found = multistatus(answer)
    if list(found.responses) != [""]:
        raise Wrong(f"{len(found.responses)} responses to Depth 0")
    found.require("", *(webdav.clark(name) for name in names))


def _has_members(names: set[str], answer: Answer) -> None:
    multistatus(answer).require_members(names)


def _has_texts(texts: dict[str, str], answer: Answer) -> None:
    found = multistatus(answer)
    found.require_members(set(texts))
    for name, text in texts.items():
        # An XML parser may have made LF of CRLF.
        sent = found.text(name, CALDAV + "calendar-data").replace("\r\n", "\n")
        if sent != text.replace("\r\n", "\n"):
            raise Wrong(f"calendar-data of {name} is not what was put")


def _has_changes(names: set[str], token: str, answer: Answer) -> None:
    found = multistatus(answer)
    found.require_members(names)
    if found.token in {"", token}:
        raise Wrong(f"no new sync-token: {found.token!r}")
