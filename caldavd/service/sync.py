"""What changed since a token (RFC 6578), on a calendar and on a calendar home."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from caldavd.errors import VALID_SYNC_TOKEN, Refused
from caldavd.model import Change, Collection
from caldavd.store import changes
from caldavd.store.changes import Span
from caldavd.store.engine import ReadTx

Since: TypeAlias = Callable[[ReadTx, int, Span, int], Awaitable[list[Change]]]

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
    """Changed members, and the token that continues after them; `more` if a limit cut it."""

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


def token(of: Collection) -> str:
    """The sync token of a calendar at its present revision.

    A URI that names the incarnation of the collection: one that was restored, or made anew under
    the same URL, refuses the tokens of its predecessor.
    """
    return f"data:,{of.incarnation:x}-{of.revision:x}"


def _token_at(of: Collection, place: _Place) -> str:
    began = f"-{place.began:x}" if place.began > place.revision else ""
    return f"data:,{of.incarnation:x}-{place.revision:x}{began}"


def home_token(home: Collection, calendars: Sequence[Collection]) -> str:
    """The sync token of a home: which calendars it has, and the revision of each.

    It is made of what the calendars' own rows say, so that a write to a calendar touches no home,
    whoever's it is mounted in.
    """
    parts = [f".{of.incarnation:x}-{of.revision:x}" for of in calendars]
    return token(home) + "".join(parts)


async def since(
    tx: ReadTx,
    calendar: Collection,
    client_token: str,
    limit: int | None,
    read: Since = changes.since,
) -> Delta:
    """The members that changed since a token, oldest first; all of them for an empty one.

    `read` reads them from the change log, for collections of other things than objects.

    Raises Refused(VALID_SYNC_TOKEN) for a token of another collection, of the future, or from
    before the change log was pruned.
    """
    place = _place(calendar, client_token) if client_token else _Place(0, calendar.revision)
    span = Span(place.revision, calendar.revision, place.began)
    wanted = NO_LIMIT if limit is None else limit
    found = await read(tx, calendar.id, span, wanted + 1)
    if len(found) <= wanted:
        return Delta(found, token(calendar))
    shown = found[:wanted]
    reached = _Place(shown[-1].revision, place.began)
    return Delta(shown, _token_at(calendar, reached), more=True)


async def pages(tx: ReadTx, calendar: Collection, client_token: str) -> AsyncIterator[Delta]:
    """All that `since` would return, in parts that fit into memory."""
    delta = await since(tx, calendar, client_token, PAGE)
    yield delta
    while delta.more:
        delta = await since(tx, calendar, delta.token, PAGE)
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


def _place(of: Collection, client_token: str) -> _Place:
    """The place that a token of this collection names."""
    match = _TOKEN.fullmatch(client_token) if len(client_token) <= MAX_TOKEN else None
    if match is not None and int(match[1], 16) == of.incarnation:
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
