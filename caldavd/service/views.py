"""What somebody sees of the objects of a calendar (RFC 5545 §3.8.1.3): which, and which text.

Whatever shows or tests the content of an object asks here. For those who see all as it is, nothing
is computed, and no statement is run.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from caldavd.acl.effective import is_hidden, is_masked
from caldavd.ical.masked import masked
from caldavd.model import Access, Collection, Sight, Stored
from caldavd.store import objects
from caldavd.store.engine import ReadTx

OFFLOAD_BYTES: Final = 16_000
"""Texts longer than this together are changed away from the event loop."""

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
    return [_tagged(reader, one) for one in rows if not is_hidden(one, reader.sight)]


async def texts(tx: ReadTx, reader: Reader, rows: Sequence[Stored]) -> Mapping[int, str]:
    """The texts of objects as a reader sees them, by id; of what they do not see, none.

    All of them are in memory at once.
    """
    found = await objects.contents(tx, [one.id for one in rows])
    if reader.sight is Sight.FULL:
        return found
    held = [(one, found[one.id]) for one in rows if one.id in found]
    if sum(len(text) for _, text in held) > OFFLOAD_BYTES:
        return await tx.offload(_shown, reader, held)
    return _shown(reader, held)


async def whole(tx: ReadTx, reader: Reader, of: Stored, content: str) -> tuple[Stored, str] | None:
    """An object that was loaded with its content, and its text, as a reader sees them."""
    if reader.sight is Sight.FULL:
        return of, content
    if is_hidden(of, reader.sight):
        return None
    work = (reader, [(of, content)])
    shown = await tx.offload(_shown, *work) if len(content) > OFFLOAD_BYTES else _shown(*work)
    return _tagged(reader, of), shown[of.id]


def may_hold(reader: Reader, access: int) -> bool:
    """Whether a reader who writes something so closed would still see it, and could change it."""
    return reader.sight is Sight.FULL or access == Access.PUBLIC


def _tagged(reader: Reader, stored: Stored) -> Stored:
    """An object with the tag of its text as the reader sees it.

    The tag is made with the object's id, which nobody is told: else those who guess a text could
    tell by its tag whether they are right.
    """
    if not is_masked(stored, reader.sight):
        return stored
    key = stored.id.to_bytes(8)
    tag = hashlib.blake2b(stored.etag.encode(), key=key, digest_size=16).hexdigest()
    return stored._replace(etag=f"{tag}-m")


def _shown(reader: Reader, held: Sequence[tuple[Stored, str]]) -> dict[int, str]:
    return {
        one.id: masked(text) if is_masked(one, reader.sight) else text
        for one, text in held
        if not is_hidden(one, reader.sight)
    }
