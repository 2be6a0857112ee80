"""What somebody sees of the objects of a calendar: which of them, and which text.

How closed an object is, its CLASS says (RFC 5545 §3.8.1.3). Alarms and TRANSP are each reader's own
(caldav-sharing §5.5.4).

Whatever shows or tests the content of an object asks here. For those who see all as it is, nothing
is computed, and no statement is run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from caldavd.acl.effective import is_hidden, is_masked
from caldavd.ical import personal as ical
from caldavd.ical.masked import masked
from caldavd.model import Access, Collection, Sight, Stored
from caldavd.service.offload import offloaded
from caldavd.store import objects, personal
from caldavd.store.engine import ReadTx
from caldavd.store.personal import Own

BATCH: Final = 100
"""Texts that are read at a time, where not all of them are needed at once."""


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who looks at a calendar, and how they see its objects."""

    id: int
    sight: Sight


def owner(calendar: Collection) -> Reader:
    """The reader to whom a calendar belongs."""
    return Reader(calendar.owner_id, Sight.FULL)


async def seen(tx: ReadTx, reader: Reader, rows: Sequence[Stored]) -> Sequence[Stored]:
    """Those objects that exist for a reader, in their order, with the tags they have for them."""
    if reader.sight is Sight.FULL:
        return rows
    shown = [one for one in rows if not is_hidden(one, reader.sight)]
    if not shown or not has_own(reader):
        return [tagged(reader, one, None) for one in shown]
    own = await personal.states(tx, reader.id, [one.id for one in shown])
    return [tagged(reader, one, own.get(one.id)) for one in shown]


async def texts(tx: ReadTx, reader: Reader, rows: Sequence[Stored]) -> Mapping[int, str]:
    """The texts of objects as a reader sees them, by id; of what they do not see, none.

    All of them are in memory at once.
    """
    found = await objects.contents(tx, [one.id for one in rows])
    if reader.sight is Sight.FULL:
        return found
    own = await _own(tx, reader, list(found))
    held = [(one, found[one.id], own.get(one.id)) for one in rows if one.id in found]
    return await offloaded(tx, sum(len(text) for _, text, _ in held), _shown, reader, held)


async def whole(tx: ReadTx, reader: Reader, of: Stored, content: str) -> tuple[Stored, str] | None:
    """An object that was loaded with its content, and its text, as a reader sees them."""
    if reader.sight is Sight.FULL:
        return of, content
    if is_hidden(of, reader.sight):
        return None
    own = (await _own(tx, reader, [of.id])).get(of.id)
    work = (reader, [(of, content, own)])
    shown = await offloaded(tx, len(content), _shown, *work)
    return tagged(reader, of, own), shown[of.id]


def has_own(reader: Reader) -> bool:
    """Whether alarms and TRANSP are the reader's own."""
    return reader.sight in (Sight.OPEN, Sight.DETAILS)


def may_hold(reader: Reader, access: int) -> bool:
    """Whether a reader who writes something so closed would still see it, and could change it."""
    return reader.sight <= Sight.OPEN or access == Access.PUBLIC


def tagged(reader: Reader, stored: Stored, own: Own | None) -> Stored:
    """An object with the tag of its text as the reader sees it, who has that as their own.

    A tag of what is not seen is made with the object's id, which nobody is told: else those who
    guess a text could tell by its tag whether they are right.
    """
    if reader.sight is Sight.FULL:
        return stored
    if is_masked(stored, reader.sight):
        return stored._replace(etag=f"{_digest(stored)}-m", schedule_tag=None)
    if own is None:
        return stored._replace(etag=f"{_digest(stored)}-r")
    return stored._replace(
        etag=f"{_digest(stored, own.etag)}-r", modified_at=max(stored.modified_at, own.modified_at)
    )


def shown(reader: Reader, stored: Stored, text: str, own: Own | None) -> str:
    """An object's text as a reader sees it, for whom it is there."""
    if reader.sight is Sight.FULL:
        return text
    if is_masked(stored, reader.sight):
        return masked(text, closed=reader.sight is not Sight.BUSY)
    return ical.seen(text, None if own is None else ical.loads(own.content))


async def _own(tx: ReadTx, reader: Reader, ids: Sequence[int]) -> Mapping[int, Own]:
    return await personal.contents(tx, reader.id, ids) if has_own(reader) else {}


def _digest(stored: Stored, own: str = "") -> str:
    key = stored.id.to_bytes(8)
    return hashlib.blake2b(f"{stored.etag} {own}".encode(), key=key, digest_size=16).hexdigest()


def _shown(reader: Reader, held: Sequence[tuple[Stored, str, Own | None]]) -> dict[int, str]:
    return {
        one.id: shown(reader, one, text, own)
        for one, text, own in held
        if not is_hidden(one, reader.sight)
    }
