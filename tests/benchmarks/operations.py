"""What is measured: a table of operations, each prepared for one server and calendar.

The order counts: those that change objects come last.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from tests.benchmarks import puts, queries, webdav
from tests.benchmarks.client import Answer, Exchange, Round, Source, Wrong
from tests.benchmarks.events import meeting, series
from tests.benchmarks.items import Item
from tests.benchmarks.queries import has_texts
from tests.benchmarks.subject import Subject, nothing
from tests.benchmarks.webdav import DAV, multistatus

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
        subject.asker.request("REPORT", subject.calendar, body), 207, partial(has_texts, texts)
    )


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
    await puts.change(subject, changed)
    return Round([_sync(subject, token, {changed.name})])


def _sync(subject: Subject, token: str, names: set[str]) -> Exchange:
    request = subject.asker.request("REPORT", subject.calendar, webdav.sync(token), Depth="0")
    return Exchange(request, 207, partial(_has_changes, names, token))


OPERATIONS: Final = (
    Operation("get", "GET", get),
    Operation("get304", "GET, not modified", conditional_get),
    Operation("propfind0", "PROPFIND Depth 0, 6 properties", partial(propfind_itself, SIX)),
    Operation("poll", "PROPFIND Depth 0, 3 properties", partial(propfind_itself, POLL)),
    Operation("propfind1", "PROPFIND Depth 1, getetag", propfind_members, connections=2),
    Operation("multiget", "multiget of 100", multiget, connections=2),
    Operation("week", "query, one week", partial(queries.time_range, 1)),
    Operation("month", "query, five weeks", partial(queries.time_range, 5)),
    Operation("expand", "query, one week, expanded", queries.expanded),
    Operation("text", "query, word in the summary (reads all)", queries.with_text, connections=2),
    Operation("freebusy", "free-busy-query, five weeks", queries.free_busy),
    Operation("sync", "initial sync", initial_sync, connections=2),
    Operation("sync1", "sync of one change", sync_of_one_change),
    Operation("put", "PUT, changed", puts.changed_singles),
    Operation("putnew", "PUT, new", puts.new_singles),
    Operation("putseries", "PUT, changed, with overrides", partial(puts.changed, "series", series)),
    Operation("putnewseries", "PUT, new, with overrides", partial(puts.new, series)),
    Operation("putmany", "PUT, changed, 200 attendees", partial(puts.changed, "meeting", meeting)),
    Operation("putnewmany", "PUT, new, 200 attendees", partial(puts.new, meeting)),
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


def _has_changes(names: set[str], token: str, answer: Answer) -> None:
    found = multistatus(answer)
    found.require_members(names)
    if found.token in {"", token}:
        raise Wrong(f"no new sync-token: {found.token!r}")
