"""What changed since a token (RFC 6578), on a calendar and on a calendar home."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from caldavd.errors import VALID_SYNC_TOKEN, Refused
from caldavd.model import Change, Collection
from caldavd.store import changes
from caldavd.store.engine import ReadTx

NO_LIMIT: Final = 1 << 40

_TOKEN: Final = re.compile(r"data:,([0-9a-z]+)-([0-9a-z]+)((?:\.[0-9a-z]+-[0-9a-z]+)*)")
_DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"


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


def token(of: Collection, revision: int | None = None) -> str:
    """The sync token of a calendar, at its present revision or at an earlier one.

    A URI that names the incarnation of the collection: one that was restored, or made anew under
    the same URL, refuses the tokens of its predecessor.
    """
    at = of.revision if revision is None else revision
    return f"data:,{_base36(of.incarnation)}-{_base36(at)}"


def home_token(home: Collection, calendars: Sequence[Collection]) -> str:
    """The sync token of a home: which calendars it has, and the revision of each.

    It is made of what the calendars' own rows say, so that a write to a calendar touches no home,
    whoever's it is mounted in.
    """
    parts = [f".{_base36(of.incarnation)}-{_base36(of.revision)}" for of in calendars]
    return token(home) + "".join(parts)


async def since(tx: ReadTx, calendar: Collection, client_token: str, limit: int | None) -> Delta:
    """The members that changed since a token, oldest first; all of them for an empty one.

    Raises Refused(VALID_SYNC_TOKEN) for a token of another collection, of the future, or from
    before the change log was pruned.
    """
    revision = 0 if not client_token else _revision(calendar, client_token)
    wanted = NO_LIMIT if limit is None else limit
    found = await changes.since(tx, calendar.id, revision, calendar.revision, wanted + 1)
    if len(found) <= wanted:
        return Delta(found, token(calendar))
    shown = found[:wanted]
    # A limit of nothing makes no progress: the client's own place is where it continues.
    reached = shown[-1].revision if shown else revision
    return Delta(shown, token(calendar, reached), more=True)


async def home_since(
    tx: ReadTx, home: Collection, calendars: Sequence[Collection], client_token: str
) -> HomeDelta:
    """The calendars that changed since a home's token; all of them for an empty one.

    Raises Refused(VALID_SYNC_TOKEN) as `since` does.
    """
    current = home_token(home, calendars)
    if not client_token:
        return HomeDelta(calendars, (), current)
    revision = _revision(home, client_token)
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
    return await changes.since(tx, home.id, revision, home.revision, NO_LIMIT)


def _revision(of: Collection, client_token: str) -> int:
    """The revision in a token of this collection."""
    match = _TOKEN.fullmatch(client_token)
    if match is not None and int(match[1], 36) == of.incarnation:
        revision = int(match[2], 36)
        if of.floor <= revision <= of.revision and revision > 0:
            return revision
    raise Refused(VALID_SYNC_TOKEN, "this token is not valid here (any more): sync from the start")


def _known(client_token: str) -> dict[int, int]:
    """Incarnation to revision of each calendar in a home's token."""
    match = _TOKEN.fullmatch(client_token)
    parts = match[3].split(".")[1:] if match is not None else []
    pairs = (part.split("-") for part in parts)
    return {int(incarnation, 36): int(revision, 36) for incarnation, revision in pairs}


def _base36(number: int) -> str:
    text = ""
    while number:
        number, digit = divmod(number, 36)
        text = _DIGITS[digit] + text
    return text or "0"
