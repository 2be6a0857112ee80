"""Brings a calendar to what a feed says, and writes nothing that it says already."""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
from collections import Counter
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field
from functools import partial
from typing import BinaryIO, Final

from caldavd.errors import QUOTA_NOT_EXCEEDED, Failed, Refused
from caldavd.ical.contentline import unescape
from caldavd.ical.parse import Document, parse
from caldavd.ical.split import Contents, Item, scan, split, stable_uid
from caldavd.ical.validate import DEFAULT, Limits
from caldavd.model import Collection
from caldavd.service import import_
from caldavd.service.delete import delete
from caldavd.service.import_ import Outcome, Verb
from caldavd.store import collections, objects
from caldavd.store.engine import Database, ReadTx, WriteTx

BATCH: Final = 100
"""Objects of one transaction: what others have to wait for."""
BATCH_BYTES: Final = 1_000_000
TOLD: Final = 5
"""Broken items that are named."""
MAX_ERROR: Final = 1_000
_PAGE: Final = 1_000
_LAST: Final = 1_000
"""Octets at the end of a feed that are looked at."""
_STAMP: Final = re.compile(r"^DTSTAMP[;:].*\r?\n(?:[ \t].*\r?\n)*", re.MULTILINE | re.IGNORECASE)


class NoCalendar(Exception):
    """What was fetched fills no calendar; the calendar is as it was."""


@dataclass(slots=True)
class Filled:
    """What became of the items of a feed."""

    counts: Counter[Verb] = field(default_factory=Counter)
    removed: int = 0
    broken: list[str] = field(default_factory=list)
    """The first of those that cannot be taken."""
    changed: bool = True
    """False: the feed is as it was."""
    full: bool = False
    """Whether something was left out that may find room another time."""

    def note(self, line: int, outcome: Outcome) -> None:
        """Counts an item that a calendar was to take."""
        if outcome.refused is None:
            self.counts[outcome.verb] += 1
            return
        self.full = self.full or outcome.refused.condition is QUOTA_NOT_EXCEEDED
        self.refuse(line, outcome.refused.reason)

    def refuse(self, line: int, reason: str) -> None:
        """Counts an item that cannot be taken."""
        self.counts[Verb.REFUSED] += 1
        if len(self.broken) < TOLD:
            self.broken.append(f"line {line}: {reason}")

    @property
    def error(self) -> str | None:
        """What whoever subscribed should know."""
        count = self.counts[Verb.REFUSED]
        if not count:
            return None
        more = "; ..." if count > len(self.broken) else ""
        return f"left out {count}: {'; '.join(self.broken)}{more}"[:MAX_ERROR]


def digest(body: BinaryIO) -> str:
    """Of a feed but for its time stamps, which some write anew each time."""
    found = hashlib.blake2b(digest_size=16)
    body.seek(0)
    for line in body:
        if line[:7].upper() != b"DTSTAMP":
            found.update(line)
    return found.hexdigest()


@dataclass(frozen=True, slots=True)
class Room:
    """How large an object may be, and all of a user's together, as for `quota.require_room`."""

    limits: Limits = DEFAULT
    quota_bytes: int = 0


async def fill(
    db: Database, collection_id: int, body: BinaryIO, now: int, room: Room = Room()
) -> Filled:
    """Adds, changes and removes what a feed says otherwise than the calendar.

    In many short transactions; nobody else writes there, and a lock on the home does not keep the
    feed out. What is broken, or finds no room, stays as it was. Raises NoCalendar.
    """
    contents = await asyncio.to_thread(scan, body)
    if not contents.heads or not _is_whole(body):
        raise NoCalendar("it is no calendar, or ends in the middle")
    filled = Filled()
    kept = {_uid(entry.uid) for entry in contents.entries if entry.uid is not None}
    batches = _batches(body, contents, room.limits, filled)
    try:
        calendar = await _calendar(db, collection_id)
        while batch := await asyncio.to_thread(next, batches, None):
            kept.update(document.uid for _, document in batch)
            began = time.monotonic()
            documents = [document for _, document in batch]
            outcomes = await _put(db, calendar, documents, now, room.quota_bytes)
            for (line, _), outcome in zip(batch, outcomes, strict=True):
                filled.note(line, outcome)
            # Whoever waits for the database gets as long as it was held.
            await asyncio.sleep(min(time.monotonic() - began, 0.1))
        filled.removed = await _remove_others(db, calendar, kept, now)
    except Failed as error:
        raise NoCalendar(error.reason) from None
    return filled


async def _calendar(db: Database, id_: int) -> Collection:
    found = await db.read(lambda tx: collections.by_ids(tx, [id_]), snapshot=False)
    return _alive(list(found.values()))


def _alive(found: Sequence[Collection]) -> Collection:
    if not found or found[0].trashed_at is not None:
        raise Failed(404, "the calendar was deleted meanwhile")
    return found[0]


def _is_whole(body: BinaryIO) -> bool:
    """Whether it ends as a calendar does: what is missing is not to be removed here."""
    length = body.seek(0, 2)
    body.seek(max(0, length - _LAST))
    return body.read().rstrip().upper().endswith(b"END:VCALENDAR")


def _uid(raw: bytes) -> str:
    return unescape(raw.decode(errors="replace"))


def _batches(
    body: BinaryIO, contents: Contents, limits: Limits, filled: Filled
) -> Iterator[list[tuple[int, Document]]]:
    """What a feed holds, with the lines where it stands, a transaction's worth at a time."""
    batch: list[tuple[int, Document]] = []
    size = 0
    seen: set[str] = set()
    for item in split(body, contents, _new_uid, limits):
        try:
            if not isinstance(item, Item):
                raise ValueError(item.reason)
            document = parse(item.text.encode(), limits)
            if document.uid in seen:
                raise ValueError(f"the UID {document.uid} stands there twice: the first is taken")
        except (Refused, ValueError) as error:
            filled.refuse(item.line, str(error))
            continue
        seen.add(document.uid)
        batch.append((item.line, document))
        size += len(document.text)
        if len(batch) == BATCH or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _new_uid(text: str) -> str:
    """A UID for an item that has none: the same whenever it was written."""
    return stable_uid(_STAMP.sub("", text))


async def _put(
    db: Database,
    calendar: Collection,
    documents: Sequence[Document],
    now: int,
    quota_bytes: int,
) -> list[Outcome]:
    """Brings documents into a calendar; those that are there already cost writers no time.

    Raises Failed(404) if the calendar was deleted meanwhile.
    """
    outcomes = await db.read(lambda tx: import_.foresee(tx, calendar, documents))
    news = [
        place
        for place, outcome in enumerate(outcomes)
        if outcome.verb in (Verb.ADDED, Verb.UPDATED)
    ]
    if news:
        changed = [documents[place] for place in news]
        taken = await db.write(lambda tx: import_.take(tx, calendar, changed, now, quota_bytes))
        for place, outcome in zip(news, taken, strict=True):
            outcomes[place] = outcome
    return outcomes


async def _remove_others(db: Database, calendar: Collection, kept: Set[str], now: int) -> int:
    """Removes objects whose UIDs are not among those kept; how many there were."""
    gone = await db.read(lambda tx: _others(tx, calendar, kept))
    for start in range(0, len(gone), BATCH):
        names = gone[start : start + BATCH]
        await db.write(partial(_remove, calendar=calendar, names=names, now=now))
    return len(gone)


async def _others(tx: ReadTx, calendar: Collection, kept: Set[str]) -> list[str]:
    gone: list[str] = []
    after = ""
    while page := await objects.listed(tx, calendar.id, after, _PAGE):
        gone += [stored.name for stored in page if stored.uid not in kept]
        after = page[-1].name
    return gone


async def _remove(tx: WriteTx, calendar: Collection, names: Sequence[str], now: int) -> None:
    locked = _alive(await collections.lock(tx, calendar.id))
    found = await objects.by_names(tx, calendar.id, names)
    for stored in found.values():
        await delete(tx, locked, stored, now)
