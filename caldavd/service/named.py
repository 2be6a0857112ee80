"""Accounts and calendars as an operator names them."""

from __future__ import annotations

import re
import unicodedata
import uuid
from dataclasses import dataclass
from typing import Final

from caldavd.errors import Failed
from caldavd.model import Collection, Kind, Principal
from caldavd.service import calendars, labels, schedule
from caldavd.service.labels import Label
from caldavd.service.schedule import Sender
from caldavd.store import collections, objects, principals
from caldavd.store.engine import ReadTx, WriteTx

MAX_NAME: Final = 200
_UNFIT: Final = re.compile(r"[^\w.@-]+")


@dataclass(frozen=True, slots=True)
class Named:
    """A calendar with its label, and how many objects it holds."""

    calendar: Collection
    label: Label
    objects: int


@dataclass(frozen=True, slots=True)
class New:
    """A calendar to be made: what it is called, and what it takes."""

    name: str
    display_name: str | None = None
    color: str | None = None
    components: tuple[str, ...] = calendars.COMPONENTS
    subscribed: bool = False
    """Whether a feed fills it, and nobody else."""


async def account(tx: ReadTx, login: str) -> Principal:
    """The account of that name or address, which has calendars. Raises Failed(404)."""
    found = await _principal(tx, login)
    if found is not None and found.is_group:
        raise Failed(
            404, f"{found.name} is a group: name a user, as `caldavd user list` shows them"
        )
    if found is None:
        raise Failed(404, f"there is no account {login}: `caldavd user list` shows them")
    return found


async def group(tx: ReadTx, name: str) -> Principal:
    """The group of that name. Raises Failed(404)."""
    found = await _principal(tx, name)
    if found is None or not found.is_group:
        raise Failed(404, f"there is no group {name}: `caldavd group list` shows them")
    return found


async def principal(tx: ReadTx, name: str) -> Principal:
    """The account or group of that name or address. Raises Failed(404)."""
    found = await _principal(tx, name)
    if found is None:
        raise Failed(
            404,
            f"there is no account and no group {name}: "
            "`caldavd user list` and `caldavd group list` show them",
        )
    return found


async def calendar(tx: ReadTx, owner: Principal, name: str) -> Collection:
    """The calendar of that URL name, or else of that display name. Raises Failed(404)."""
    found = await collections.by_name(tx, owner.id, name) if name else None
    if found is not None and found.kind != Kind.CALENDAR.value:
        found = None
    return found or await _one(tx, await collections.calendars(tx, owner.id), name, owner)


async def trashed(tx: ReadTx, owner: Principal, name: str) -> Collection:
    """The calendar of that name in the trash, the last one deleted. Raises Failed(404)."""
    found = await collections.trashed(tx, owner.id)
    named = [one for one in found if one.name == name]
    return named[-1] if named else await _one(tx, found, name, owner)


async def all_(tx: ReadTx, owner: Principal, *, trash: bool = False) -> list[Named]:
    """An account's calendars, or those in its trash."""
    source = collections.trashed if trash else collections.calendars
    found = await source(tx, owner.id)
    labelled = await labels.of(tx, found)
    return [Named(one, labelled[one.id], await objects.count(tx, one.id)) for one in found]


async def add(tx: WriteTx, owner: Principal, new: New, now: int) -> Collection:
    """Makes a calendar. Raises Failed(409) if there is one of that name."""
    name = url_name(new.name)
    home, _ = await calendars.lock_with_home(tx, owner.id)
    if await calendars.free_name(tx, owner.id, name) != name:
        raise Failed(409, f"{owner.name} has a calendar {name} already")
    made = await calendars.create(tx, home, name, new.components, now, subscribed=new.subscribed)
    await labels.set_(tx, made, new.display_name or new.name, new.color)
    return made


async def remove(
    tx: WriteTx, owner: Principal, name: str, now: int, sender: Sender | None = None
) -> Collection:
    """Moves a calendar to the trash; a sender tells others of it. Raises Failed(404)."""
    wanted = await calendar(tx, owner, name)
    home, locked = await calendars.lock_with_home(tx, owner.id, wanted.id)
    if locked is None:
        raise _missing(name, owner)
    if sender is not None:
        await schedule.all_removed(tx, sender, locked, now)
    await calendars.trash(tx, home, locked, now)
    return locked


async def restore(tx: WriteTx, owner: Principal, name: str, now: int) -> Collection:
    """Takes a calendar out of the trash. Raises Failed(404)."""
    home, _ = await calendars.lock_with_home(tx, owner.id)
    return await calendars.restore(tx, home, await trashed(tx, owner, name), now)


def url_name(name: str) -> str:
    """One URL segment made of a name: what needs no encoding stays, the rest becomes hyphens."""
    folded = unicodedata.normalize("NFKD", name.strip())
    ascii_ = folded.encode("ascii", "ignore").decode()
    return _UNFIT.sub("-", ascii_).strip("-.")[:MAX_NAME] or str(uuid.uuid4())


async def _principal(tx: ReadTx, login: str) -> Principal | None:
    normal = principals.normal(login)
    return await principals.by_name(tx, normal) or await principals.by_address(tx, normal)


async def _one(
    tx: ReadTx, among: list[Collection], display_name: str, owner: Principal
) -> Collection:
    """The only calendar of that display name."""
    labelled = await labels.of(tx, among)
    found = [one for one in among if labelled[one.id].display_name == display_name]
    if len(found) > 1:
        names = ", ".join(one.name for one in found)
        raise Failed(409, f"{owner.name} has {len(found)} calendars {display_name}: name {names}")
    if not found:
        raise _missing(display_name, owner)
    return found[0]


def _missing(name: str, owner: Principal) -> Failed:
    return Failed(
        404, f"{owner.name} has no calendar {name}: `caldavd calendar list {owner.name}` shows them"
    )
