"""Rooms and resources as an operator makes and changes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from caldavd.errors import Failed
from caldavd.model import Principal
from caldavd.service import accounts, book, named
from caldavd.service.accounts import Defaults, Invalid, NewAccount
from caldavd.store import principals, rooms
from caldavd.store.engine import ReadTx, WriteTx
from caldavd.store.rooms import EVERYBODY, Room

MAX_CAPACITY: Final = 1_000_000
MAX_AHEAD_DAYS: Final = 3_650
MAX_LONGEST_S: Final = 366 * 86_400
MAX_LOCATION: Final = 200
MAX_FEATURE: Final = 60
MAX_FEATURES: Final = 50
EVERYONE: Final = "everyone"
"""Who may book, where nobody is named; no account and no group is called so."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What is to be said of a room; None: as it is."""

    capacity: int | None = None
    location: str | None = None
    features: Sequence[str] | None = None
    policy: str | None = None
    bookers: str | None = None
    """The name of a user or a group, or `everyone`."""
    ahead_days: int | None = None
    longest_s: int | None = None
    conflicts_percent: int | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """A room, and who may book it by name."""

    principal: Principal
    room: Room
    bookers: str


async def add(
    tx: WriteTx, new: NewAccount, changes: Changes, defaults: Defaults, now: int
) -> Principal:
    """Makes a room with what is said of it. Raises Invalid, Taken, Failed(404)."""
    made = await accounts.create(tx, new, None, defaults, now)
    await change(tx, made, changes)
    return made


async def named_room(tx: ReadTx, name: str) -> Principal:
    """The room or resource of that name or address. Raises Failed(404)."""
    found = await named.account(tx, name)
    if not book.is_bookable(found):
        raise Failed(404, f"{found.name} is no room: `caldavd room list` shows them all")
    return found


async def change(tx: WriteTx, of: Principal, changes: Changes) -> None:
    """Says of a room what is to be changed. Raises Invalid, Failed(404)."""
    old = (await rooms.of(tx, [of.id]))[of.id]
    said: dict[str, Any] = {
        name: value
        for name in ("capacity", "policy", "ahead_days", "longest_s", "conflicts_percent")
        if (value := getattr(changes, name)) is not None
    }
    if changes.location is not None:
        said["location"] = _line(changes.location, MAX_LOCATION, "a location")
    if changes.features is not None:
        said["features"] = _features(changes.features)
    if changes.bookers is not None:
        said["bookers_id"] = await _bookers(tx, changes.bookers)
    await rooms.set_(tx, old._replace(**said))


async def all_(tx: ReadTx) -> list[Shown]:
    """All rooms and resources by name."""
    found = [one for one, _ in await principals.everyone(tx) if book.is_bookable(one)]
    said = await rooms.of(tx, [one.id for one in found])
    names = await principals.names(tx, {said[one.id].bookers_id for one in found})
    return [Shown(one, said[one.id], _told(one, said[one.id], names)) for one in found]


def _told(of: Principal, room: Room, names: Mapping[int, str]) -> str:
    if room.bookers_id == EVERYBODY:
        return EVERYONE
    return "nobody" if room.bookers_id == of.id else names[room.bookers_id]


async def _bookers(tx: ReadTx, name: str) -> int:
    if name.strip().lower() == EVERYONE:
        return EVERYBODY
    return (await named.principal(tx, name)).id


def _features(given: Sequence[str]) -> str:
    """One a line, each once."""
    if len(given) > MAX_FEATURES:
        raise Invalid(f"a room has at most {MAX_FEATURES} features")
    lines = (_line(one, MAX_FEATURE, "a feature") for one in given)
    return "\n".join(dict.fromkeys(filter(None, lines)))


def _line(text: str, most: int, what: str) -> str:
    line = accounts.one_line(text)
    if len(line) > most:
        raise Invalid(f"{what} has at most {most} characters")
    return line
