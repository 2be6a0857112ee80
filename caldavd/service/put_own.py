"""Put a document into somebody else's calendar: what is the reader's own in it is kept apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NamedTuple

from caldavd.errors import MAX_RESOURCE_SIZE, Refused
from caldavd.ical import parse
from caldavd.ical.parse import Document
from caldavd.ical.personal import Parts, dumps, is_empty, merge, own, same_essence, seen, split
from caldavd.model import Collection, Stored
from caldavd.service import views
from caldavd.service.offload import offloaded
from caldavd.service.put import Place, put
from caldavd.service.save import Saved, etag
from caldavd.service.schedule import Sender
from caldavd.service.views import Reader
from caldavd.store import collections, objects, personal
from caldavd.store.engine import ReadTx, WriteTx
from caldavd.store.personal import Own

MAX_OWN: Final = 64_000
"""Characters of what is a reader's own in an object."""


@dataclass(frozen=True, slots=True)
class Put:
    """What became of a document: its object, and its text, as whoever put it sees them."""

    stored: Stored
    text: str
    created: bool


@dataclass(frozen=True, slots=True)
class Writer:
    """Who writes into a calendar, and within which bounds."""

    reader: Reader
    require: Callable[[], None]
    """Raises where they may not write."""
    quota_bytes: int
    """As for `quota.require_room`."""
    sender: Sender | None = None
    """None: nobody is told."""


class _Parted(NamedTuple):
    """What a document says: a text to store, unless it is not new; and what is somebody's own."""

    text: str | None
    own: Parts


async def put_seen(tx: WriteTx, writer: Writer, at: Place, document: Document, now: int) -> Put:
    """Saves what a reader makes of what they see.

    What is their own is stored as such: nobody else's object changes. Raises what `put` and, if
    there is more, `writer.require` does.
    """
    calendar, existing, reader = at.calendar, at.existing, writer.reader
    bounds = (now, writer.quota_bytes, writer.sender)
    if not views.has_own(reader):
        writer.require()
        saved = await put(tx, at, document, *bounds)
        return Put(saved.stored, saved.text, saved.created)
    parted = await _part(tx, existing, document)
    if parted.text is None:
        assert existing is not None
        saved = Saved(existing, created=False, changed=False)
    else:
        writer.require()
        saved = await put(tx, at, parse.stored(parted.text), *bounds)
    held = await _set_own(tx, reader, calendar, saved, parted.own, now)
    text = saved.text or (await objects.contents(tx, [saved.stored.id]))[saved.stored.id]
    return Put(
        views.tagged(reader, saved.stored, held),
        views.shown(reader, saved.stored, text, held),
        saved.created,
    )


async def is_own_alone(tx: ReadTx, existing: Stored, document: Document) -> bool:
    """Whether a document changes nothing of an object but what is its reader's own."""
    return (await _part(tx, existing, document)).text is None


async def _part(tx: ReadTx, existing: Stored | None, document: Document) -> _Parted:
    held = None
    if existing is not None:
        held = (await objects.contents(tx, [existing.id]))[existing.id]
    size = len(document.text) + len(held or "")
    return await offloaded(tx, size, _parted, held, document.text)


def _parted(held: str | None, text: str) -> _Parted:
    sent = split(text)
    if held is None:
        # Its owner gets no alarm that somebody else set.
        stored = seen(text, None)
        return _Parted(stored, own(sent.parts, split(stored).parts))
    owners = split(held)
    mine = own(sent.parts, owners.parts)
    if same_essence(sent.shared, owners.shared):
        return _Parted(None, mine)
    return _Parted(merge(sent.shared, owners.parts), mine)


async def _set_own(
    tx: WriteTx, reader: Reader, calendar: Collection, saved: Saved, parts: Parts, now: int
) -> Own | None:
    """Stores what is a reader's own if it is new; what they have then.

    It counts for nobody's quota. Raises Refused(MAX_RESOURCE_SIZE).
    """
    of = saved.stored
    held = (await personal.contents(tx, reader.id, [of.id])).get(of.id)
    content = dumps(parts)
    if len(content) > MAX_OWN:
        limit = f"your own alarms in one object are at most {MAX_OWN} characters"
        raise Refused(MAX_RESOURCE_SIZE, limit)
    if held is None and is_empty(parts):
        return None
    if held is not None and held.content == content:
        return held
    new = Own(etag(content), now, content)
    # Where the object has no change of its own, only this reader's clients are to learn of it.
    revision = 0 if saved.changed else await collections.modified(tx, calendar.id, now)
    await personal.set_(tx, of, reader.id, new, revision)
    return new
