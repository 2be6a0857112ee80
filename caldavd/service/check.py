"""Is the database as it must be? `caldavd db check`: rows against rows, rows against their text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from caldavd.errors import Refused
from caldavd.ical.index import index
from caldavd.ical.masked import access_of
from caldavd.ical.parse import Document, parse
from caldavd.ical.validate import Limits
from caldavd.model import Access, Stored
from caldavd.service import reindex
from caldavd.service.reindex import Version
from caldavd.service.save import etag
from caldavd.store import check as store
from caldavd.store import objects
from caldavd.store.check import Finding, Indexed
from caldavd.store.engine import ReadTx

PAGE: Final = 100
MAX_FINDINGS: Final = 1_000
"""After how many findings in texts the search ends."""
_DAY_S: Final = 86_400


async def check(tx: ReadTx, now: int, present: Version | None = None) -> list[Finding]:
    """Everything in one state of the database that is not as it must be; nothing is mended.

    The index of objects that wait to be computed with `present` is not judged.
    """
    found = await store.findings(tx)
    up_to = None if present is None else await reindex.rebuilt_up_to(tx, present)
    calendar = await store.next_calendar(tx, 0)
    while calendar is not None and len(found) < MAX_FINDINGS:
        found += await _of_calendar(tx, calendar, now, up_to)
        calendar = await store.next_calendar(tx, calendar)
    return found


async def _of_calendar(tx: ReadTx, calendar: int, now: int, up_to: int | None) -> list[Finding]:
    found: list[Finding] = []
    page = await objects.page(tx, calendar, "", PAGE)
    while page and len(found) < MAX_FINDINGS:
        held = await store.indexed(tx, [stored.id for stored, _ in page])
        if up_to is not None:
            held = {id_: of for id_, of in held.items() if id_ <= up_to}
        found += await tx.offload(_of_page, page, held, now)
        page = await objects.page(tx, calendar, page[-1][0].name, PAGE)
    return found


def _of_page(page: list[tuple[Stored, str]], held: dict[int, Indexed], now: int) -> list[Finding]:
    return [
        Finding(rule, f"object {stored.id} ({stored.name}) {what}")
        for stored, text in page
        for rule, what in _of_object(stored, text, held.get(stored.id), now)
    ]


def _of_object(
    stored: Stored, text: str, held: Indexed | None, now: int
) -> Iterator[tuple[str, str]]:
    size = len(text.encode())
    if stored.etag != etag(text):
        yield "entity tag", f"has entity tag {stored.etag}, its text has {etag(text)}"
    if stored.size_bytes != size:
        yield "size", f"is said to have {stored.size_bytes} bytes and has {size}"
    try:
        # It was let in under the limits of its time: these are above any that it can reach.
        document = parse(text.encode(), Limits(size, size, size, size))
    except Refused as error:
        yield "text", f"would be refused today: {error.reason}"
        return
    closed = access_of(document)
    if stored.access != closed:
        yield "access", f"is kept as {Access(stored.access).name}, its text is {closed.name}"
    if (stored.uid, stored.component) != (document.uid, document.component):
        yield (
            "index",
            (
                f"is kept as {stored.component} {stored.uid}, "
                f"its text is {document.component} {document.uid}"
            ),
        )
    elif held is not None and not _agrees(held, document, stored.modified_at, now):
        yield "index", "is not indexed as its text says: a search in time may miss it"


def _agrees(held: Indexed, document: Document, modified_at: int, now: int) -> bool:
    """Whether the index is what indexing anew makes, on the day of the change or today.

    How far an endless series is indexed depends on the day; where both reach, they must agree.
    """
    return any(
        _within(held, held, fresh) == _within(fresh, held, fresh)
        for fresh in (reindex.indexed(index(document, day)) for day in (modified_at, now))
    )


def _within(held: Indexed, one: Indexed, other: Indexed) -> set[tuple[int, int, bool, int]]:
    """The rows that both indexes must have: those that lie where both reach, in any zone."""
    from_ = [of.indexed_from for of in (one, other) if of.indexed_from is not None]
    until = [of.indexed_until for of in (one, other) if of.indexed_until is not None]
    low = max(from_) + _DAY_S if from_ else None
    high = min(until) - _DAY_S if until else None
    return {
        (starts, ends, floating, busy)
        for starts, ends, floating, busy in held.rows
        if (low is None or ends > low) and (high is None or starts < high)
    }
