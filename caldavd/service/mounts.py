"""Answer an invitation, and so have somebody's calendar in one's own home, or not (any more)."""

from __future__ import annotations

import secrets
from typing import Final

from caldavd.errors import Failed, not_found
from caldavd.model import Answer, Collection, Level, Notice, Principal
from caldavd.names import CALDAV
from caldavd.service import calendars, labels, named, notify
from caldavd.store import (
    changes,
    collections,
    invitations,
    principals,
    properties,
    shares,
)
from caldavd.store.engine import ReadTx, WriteTx
from caldavd.store.invitations import Invitation

TRANSP: Final = CALDAV + "schedule-calendar-transp"
_ALARMS: Final = tuple(
    f"{CALDAV}default-alarm-{name}"
    for name in ("vevent-datetime", "vevent-date", "vtodo-datetime", "vtodo-date")
)
_TRANSPARENT: Final = (
    '<schedule-calendar-transp xmlns="urn:ietf:params:xml:ns:caldav"><transparent/>'
    "</schedule-calendar-transp>"
)


async def answer(
    tx: WriteTx, user: Principal, uid: str, said: Answer, summary: str, now: int
) -> Invitation:
    """Accepts or declines an invitation; its calendar is mounted or goes, and the owner is told.

    Raises Failed(404) for an invitation of somebody else, or one that was taken back.
    """
    found = await invitations.by_uid(tx, user.id, uid)
    locked = None if found is None else await _lock(tx, found)
    found = await invitations.by_uid(tx, user.id, uid)
    if found is None or locked is None or locked.trashed_at is not None:
        raise not_found("this invitation")
    level = await shares.level_of(tx, user.id, locked.id)
    if level is None:
        raise not_found("this invitation")
    before = found
    found = found._replace(summary=summary or found.summary, changed_at=now)
    if said is Answer.ACCEPTED:
        found = await mount(tx, locked, found, now)
    else:
        found = await unmount(tx, found, Answer.DECLINED, now)
    if before.answer != found.answer:
        await collections.modified(tx, locked.id, now)
        await notify.tell(tx, locked.owner_id, await notice(tx, locked, user, found, level, now))
    return found


async def leave(tx: WriteTx, user: Principal, collection_id: int, now: int) -> None:
    """Takes a mount out of its home for good: the invitation is declined (caldav-sharing §5.4.2).

    Raises Failed(404) if it is not there any more.
    """
    found = await invitations.get(tx, user.id, collection_id)
    if found is None or found.name is None:
        raise not_found("this calendar")
    await answer(tx, user, found.uid, Answer.DECLINED, "", now)


async def mount(tx: WriteTx, calendar: Collection, of: Invitation, now: int) -> Invitation:
    """Puts a locked calendar into the home of whom it is shared with, if it is not there yet."""
    if of.name is not None:
        await invitations.set_(tx, of)
        return of
    home, _ = await calendars.lock_with_home(tx, of.owner_id)
    if await collections.count(tx, of.owner_id) > calendars.MAX_CALENDARS:
        raise Failed(507, f"a home holds at most {calendars.MAX_CALENDARS} calendars")
    owner = await principals.by_id(tx, calendar.owner_id)
    wanted = named.url_name(f"{owner.name if owner else ''}-{calendar.name}")
    name = await calendars.free_name(tx, of.owner_id, wanted)
    made = of._replace(
        answer=Answer.ACCEPTED.value, name=name, incarnation=secrets.randbits(48), changed_at=now
    )
    await invitations.set_(tx, made)
    await changes.record(tx, home, name, now, deleted=False)
    await _make_quiet(tx, calendar, of.owner_id)
    return made


async def unmount(tx: WriteTx, of: Invitation, said: Answer, now: int) -> Invitation:
    """Takes a locked calendar out of a home, if it is there; the invitation stays."""
    if of.name is not None:
        await tell_home(tx, of, now, deleted=True)
    left = of._replace(answer=said.value, name=None, changed_at=now)
    await invitations.set_(tx, left)
    return left


async def rename(tx: WriteTx, user_id: int, collection_id: int, name: str, now: int) -> Invitation:
    """Gives a mount another name in its locked home. Raises Failed(404) if it is gone."""
    found = await invitations.get(tx, user_id, collection_id)
    if found is None or found.name is None:
        raise not_found("this calendar")
    renamed = found._replace(name=name, changed_at=now)
    await invitations.set_(tx, renamed)
    await tell_home(tx, found, now, deleted=True)
    await tell_home(tx, renamed, now, deleted=False)
    return renamed


async def tell_home(tx: WriteTx, of: Invitation, now: int, *, deleted: bool) -> None:
    """Lets the clients of whom a calendar is shared with know that its mount came, or went."""
    home, _ = await calendars.lock_with_home(tx, of.owner_id)
    if of.name is not None:
        await changes.record(tx, home, of.name, now, deleted=deleted)


async def notice(
    tx: ReadTx, calendar: Collection, sharee: Principal, of: Invitation, level: Level, now: int
) -> Notice:
    """What the owner of a calendar is told of an answer."""
    return await describe(tx, calendar, sharee, of, (Answer(of.answer), level, of.summary), now)


async def describe(
    tx: ReadTx,
    calendar: Collection,
    sharee: Principal,
    of: Invitation,
    what: tuple[Answer, Level, str],
    now: int,
    *,
    reply: bool = True,
) -> Notice:
    """A notice about an invitation; `what` is the answer, the level and the summary."""
    owner = await principals.by_id(tx, calendar.owner_id)
    if owner is None:
        raise LookupError(f"calendar {calendar.id} has no owner")
    said, level, summary = what
    return Notice(
        uid=of.uid,
        sharee=address_of(sharee),
        answer=said,
        level=level,
        host=owner.name,
        calendar=calendar.name,
        organizer=address_of(owner),
        organizer_name=owner.display_name or owner.name,
        summary=summary,
        components=calendar.components,
        at=now,
        reply=reply,
    )


def address_of(principal: Principal) -> str:
    """A calendar user address: the preferred mail address, or who has none by the UUID."""
    if principal.addresses:
        return f"mailto:{principal.addresses[0]}"
    return f"urn:uuid:{principal.uuid}"


async def _make_quiet(tx: WriteTx, calendar: Collection, reader_id: int) -> None:
    """What was just accepted makes its reader neither busy nor hear the owner's alarms.

    caldav-sharing §5.5.5 and §7.
    """
    values = [(TRANSP, _TRANSPARENT), *((name, labels.element(name, "")) for name in _ALARMS)]
    for name, value in values:
        await properties.set_(tx, calendar.owner_id, calendar.id, reader_id, name, value)


async def _lock(tx: WriteTx, of: Invitation) -> Collection | None:
    locked = await collections.lock(tx, of.collection_id)
    return locked[0] if locked else None
