"""Say who may do what with a home or a calendar (RFC 3744 §8.1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from caldavd.acl.privileges import Privilege, to_bits
from caldavd.errors import LIMITED_NUMBER_OF_ACES, Failed, Refused
from caldavd.model import Ace, Collection, Grantee, Principal
from caldavd.service import named
from caldavd.store import aces, collections, principals
from caldavd.store.engine import ReadTx, WriteTx

MAX_ACES: Final = 100
"""Entries of one list."""
_WORDS: Final = {
    Grantee.ALL: "all",
    Grantee.AUTHENTICATED: "authenticated",
    Grantee.OWNER: "the owner",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry as an operator reads it; `calendar` is empty where it is of the home."""

    calendar: str
    who: str
    ace: Ace


async def set_acl(tx: WriteTx, locked: Collection, entries: Sequence[Ace], now: int) -> None:
    """Puts entries in place of those of a locked home or calendar; syncing clients look again.

    Those for the same become one.
    """
    merged: dict[tuple[Grantee, int], int] = {}
    for one in entries:
        to = (one.grantee, one.principal_id)
        merged[to] = merged.get(to, 0) | one.privileges
    entries = [Ace(*to, privileges) for to, privileges in merged.items()]
    await aces.replace(tx, locked.owner_id, locked.id, entries)
    await collections.modified(tx, locked.id, now)


async def grant(
    tx: WriteTx,
    owner: Principal,
    calendar: str,
    to: tuple[Grantee, int],
    granted: Privilege,
    now: int,
) -> None:
    """Gives somebody exactly these privileges on a calendar, or without a name on the home.

    Raises Failed(404) where nothing is granted and nothing was, Refused(LIMITED_NUMBER_OF_ACES).
    """
    wanted = await _place(tx, owner, calendar)
    (locked,) = await collections.lock(tx, wanted.id)
    present = (await aces.of(tx, [locked.id])).get(locked.id, [])
    entries = [one for one in present if (one.grantee, one.principal_id) != to]
    if not granted and entries == present:
        raise Failed(404, "nothing was granted there: `caldavd acl show` tells what is")
    if granted:
        entries.append(Ace(*to, to_bits(granted)))
    if len(entries) > MAX_ACES:
        raise Refused(LIMITED_NUMBER_OF_ACES, f"a list has at most {MAX_ACES} entries: use groups")
    await set_acl(tx, locked, entries, now)


async def shown(tx: ReadTx, owner: Principal, calendar: str) -> list[Entry]:
    """What is granted on a user's home and calendars, or on one calendar."""
    if calendar:
        places = [await named.calendar(tx, owner, calendar)]
    else:
        places = [await _place(tx, owner, ""), *await collections.calendars(tx, owner.id)]
    found = await aces.of(tx, [place.id for place in places])
    names = await principals.names(tx, {a.principal_id for of in found.values() for a in of})
    return [
        Entry(place.name, _WORDS.get(ace.grantee) or names[ace.principal_id], ace)
        for place in places
        for ace in found.get(place.id, ())
    ]


async def _place(tx: ReadTx, owner: Principal, calendar: str) -> Collection:
    if calendar:
        return await named.calendar(tx, owner, calendar)
    home = await collections.by_name(tx, owner.id, "")
    if home is None:
        raise Failed(404, f"{owner.name} has no calendar home")
    return home
