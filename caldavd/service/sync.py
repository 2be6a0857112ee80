"""What changed since a token (RFC 6578), on a calendar and on a calendar home."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from caldavd.acl.effective import most_closed
from caldavd.errors import VALID_SYNC_TOKEN, Refused
from caldavd.model import Access, Change, Collection, Sight, Stored
from caldavd.service import views
from caldavd.service.views import Reader
from caldavd.store import changes, notifications, personal
from caldavd.store.changes import Span
from caldavd.store.engine import ReadTx

NO_LIMIT: Final = 1 << 40
PAGE: Final = 500
"""Changes that are in memory at a time."""

_NUMBER: Final = "[0-9a-f]{1,13}"
_TOKEN: Final = re.compile(
    rf"data:,({_NUMBER})-({_NUMBER})(?:-({_NUMBER}))?((?:\.{_NUMBER}-{_NUMBER})*)"
)
MAX_TOKEN: Final = 100_000
"""Characters of a token; a home's has some 20 for each calendar."""


@dataclass(frozen=True, slots=True)
class Delta:
    """Changed and removed members, and the token that continues after; `more` if it was cut."""

    changed: Sequence[Stored]
    removed: Sequence[str]
    token: str
    more: bool = False


@dataclass(frozen=True, slots=True)
class Log:
    """What the change log says, and the token that continues after; `more` if it was cut."""

    changes: Sequence[Change]
    token: str
    more: bool = False


@dataclass(frozen=True, slots=True)
class HomeDelta:
    """Calendars that changed in themselves or in their content, and names that went away."""

    changed: Sequence[Collection]
    removed: Sequence[str]
    token: str


@dataclass(frozen=True, slots=True)
class _Place:
    """How far a client has come: all up to `revision`, and no removal before `began` matters.

    The two differ while a first synchronisation is read in pages: of what was removed before it
    began, the client knows nothing.
    """

    revision: int
    began: int


def token(of: Collection, sight: Sight = Sight.FULL) -> str:
    """The sync token of a calendar at its present revision, for those who see it so.

    A URI that names the incarnation of the collection: one that was restored, or made anew under
    the same URL, refuses the tokens of its predecessor. So does one of which somebody sees more or
    less than before: they synchronise from the start.
    """
    return f"data:,{_incarnation(of, sight):x}-{of.revision:x}"


def _incarnation(of: Collection, sight: Sight) -> int:
    return of.incarnation ^ sight


def _token_at(of: Collection, sight: Sight, place: _Place) -> str:
    began = f"-{place.began:x}" if place.began > place.revision else ""
    return f"data:,{_incarnation(of, sight):x}-{place.revision:x}{began}"


def home_token(home: Collection, calendars: Sequence[Collection]) -> str:
    """The sync token of a home: which calendars it has, and the revision of each.

    It is made of what the calendars' own rows say, so that a write to a calendar touches no home,
    whoever's it is mounted in.
    """
    parts = [f".{of.incarnation:x}-{of.revision:x}" for of in calendars]
    return token(home) + "".join(parts)


async def since(
    tx: ReadTx, calendar: Collection, reader: Reader, client_token: str, limit: int | None
) -> Delta:
    """The members that changed for a reader since a token, oldest first; all for an empty one.

    Raises Refused(VALID_SYNC_TOKEN) for a token of another collection, of the future, or from
    before the change log was pruned.
    """

    async def read(span: Span, limit: int) -> list[Change]:
        return await _changes(tx, calendar, reader, span, limit)

    log = await _log(calendar, reader.sight, client_token, limit, read)
    present = [change.stored for change in log.changes if isinstance(change.stored, Stored)]
    removed = [change.name for change in log.changes if change.stored is None]
    return Delta(await views.seen(tx, reader, present), removed, log.token, log.more)


async def notifications_since(
    tx: ReadTx, of: Collection, client_token: str, limit: int | None
) -> Log:
    """As `since`, of a user's own collection of notifications."""

    async def read(span: Span, limit: int) -> list[Change]:
        return await notifications.since(tx, of.id, span, limit)

    return await _log(of, Sight.FULL, client_token, limit, read)


async def _log(
    of: Collection,
    sight: Sight,
    client_token: str,
    limit: int | None,
    read: Callable[[Span, int], Awaitable[list[Change]]],
) -> Log:
    place = _place(of, client_token, sight) if client_token else _Place(0, of.revision)
    span = Span(place.revision, of.revision, place.began)
    wanted = NO_LIMIT if limit is None else limit
    found = await read(span, wanted + 1)
    if len(found) <= wanted:
        return Log(found, token(of, sight))
    shown = found[:wanted]
    reached = _Place(shown[-1].revision, place.began)
    return Log(shown, _token_at(of, sight, reached), more=True)


async def _changes(
    tx: ReadTx, calendar: Collection, reader: Reader, span: Span, limit: int
) -> list[Change]:
    closed = most_closed(reader.sight)
    if views.has_own(reader):
        return await personal.since(tx, calendar.id, reader.id, span, limit, closed)
    private = closed is Access.PRIVATE
    return await changes.since(tx, calendar.id, span, limit, private=private)


async def pages(
    tx: ReadTx, calendar: Collection, reader: Reader, client_token: str
) -> AsyncIterator[Delta]:
    """All that `since` would return, in parts that fit into memory."""
    delta = await since(tx, calendar, reader, client_token, PAGE)
    yield delta
    while delta.more:
        delta = await since(tx, calendar, reader, delta.token, PAGE)
        yield delta


async def home_since(
    tx: ReadTx, home: Collection, calendars: Sequence[Collection], client_token: str
) -> HomeDelta:
    """The calendars that changed since a home's token; all of them for an empty one.

    Raises Refused(VALID_SYNC_TOKEN) as `since` does.
    """
    current = home_token(home, calendars)
    if not client_token:
        return HomeDelta(calendars, (), current)
    revision = _place(home, client_token).revision
    known = _known(client_token)
    changed = [of for of in calendars if known.get(of.incarnation) != of.revision]
    moved = {change.name for change in await _membership(tx, home, revision)}
    changed += [of for of in calendars if of.name in moved and of not in changed]
    present = {of.name for of in calendars}
    removed = [name for name in moved if name not in present]
    return HomeDelta(changed, sorted(removed), current)


async def _membership(tx: ReadTx, home: Collection, revision: int) -> list[Change]:
    if revision == home.revision:
        return []
    span = Span(revision, home.revision, revision)
    return await changes.since(tx, home.id, span, NO_LIMIT)


def _place(of: Collection, client_token: str, sight: Sight = Sight.FULL) -> _Place:
    """The place that a token of this collection names."""
    match = _TOKEN.fullmatch(client_token) if len(client_token) <= MAX_TOKEN else None
    if match is not None and int(match[1], 16) == _incarnation(of, sight):
        revision = int(match[2], 16)
        began = int(match[3], 16) if match[3] else revision
        if 0 < revision <= began <= of.revision and began >= of.floor:
            return _Place(revision, began)
    raise Refused(VALID_SYNC_TOKEN, "this token is not valid here (any more): sync from the start")


def _known(client_token: str) -> dict[int, int]:
    """Incarnation to revision of each calendar in a home's token."""
    match = _TOKEN.fullmatch(client_token)
    parts = match[4].split(".")[1:] if match is not None else []
    pairs = (part.split("-") for part in parts)
    return {int(incarnation, 16): int(revision, 16) for incarnation, revision in pairs}
