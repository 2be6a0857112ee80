"""Share calendars with others (caldav-sharing §5.3), and see to it that those are invited."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from caldavd.errors import ALLOWED_PRINCIPAL, Failed, Refused
from caldavd.model import Answer, Collection, Level, Principal, PrincipalKind
from caldavd.service import labels, mounts, notify
from caldavd.store import collections, ids, invitations, principals, shares
from caldavd.store.engine import WriteTx
from caldavd.store.invitations import Invitation
from caldavd.store.shares import EVERYONE, Share

MAX_SHAREES: Final = 1_000
"""Of one calendar, a group being one."""
MAX_PENDING: Final = 500
"""Invitations that one user has not answered: who has more is told of no further ones."""
AT_ONCE: Final = 100
"""Users of groups who are invited in one transaction; a worker invites the others."""
_READS: Final = (Level.BUSY, Level.READ)
_WIDE: Final = ("", PrincipalKind.GROUP.value)
"""The kinds of sharees who stand for others; everyone has none."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """With whom a calendar is to be shared; no sharee: with everyone."""

    sharee: Principal | None
    level: Level
    summary: str = ""
    common_name: str = ""
    accept: bool = False
    """Whether it is in their homes at once, whatever they say."""

    @property
    def sharee_id(self) -> int:
        return EVERYONE if self.sharee is None else self.sharee.id


def shows(level: Level, asked: Level) -> bool:
    """Whether CS:access shows a level as the one that is asked for, which has two of them."""
    return level in _READS if asked is Level.READ else level >= asked


async def add(tx: WriteTx, calendar: Collection, wanted: Wanted, now: int) -> None:
    """Shares a locked calendar, or changes the level of what is shared; who it reaches is told.

    Raises Failed(507) for too many sharees, Refused(ALLOWED_PRINCIPAL) for the owner.
    """
    if wanted.sharee_id == calendar.owner_id:
        raise Refused(ALLOWED_PRINCIPAL, "nobody shares a calendar with its owner")
    known = await shares.get(tx, calendar.id, wanted.sharee_id)
    if known is None and await shares.count(tx, calendar.id) >= MAX_SHAREES:
        raise Failed(507, f"a calendar is shared with at most {MAX_SHAREES}: share with a group")
    new = await _share(tx, calendar, wanted, known, now)
    await shares.set_(tx, new)
    await collections.modified(tx, calendar.id, now)
    if wanted.sharee is not None and not wanted.sharee.is_group and known is not None:
        await _tell_again(tx, calendar, wanted, known, new, now)
    await settle(tx, calendar, now, accept=wanted.accept, among=wanted.sharee_id)


async def remove(tx: WriteTx, calendar: Collection, sharee_id: int, now: int) -> bool:
    """Shares a locked calendar with somebody no more: it leaves the homes that it was in.

    False if it was not shared with them.
    """
    removed = await shares.remove(tx, calendar.id, sharee_id)
    if removed:
        await collections.modified(tx, calendar.id, now)
        await settle(tx, calendar, now)
    return removed


async def settle(
    tx: WriteTx,
    calendar: Collection,
    now: int,
    *,
    accept: bool = False,
    among: int | None = None,
    limit: int = AT_ONCE,
) -> bool:
    """Invites those whom the shares of a locked calendar reach, and takes back from who is not.

    `accept`: it is in the homes of who is invited at once; and of who was invited before by a group
    or everyone, and has not answered: `among` is the one sharee for which that holds, if not for
    all. Whether there may be more to do.
    """
    gone = await invitations.unreached(tx, calendar.id, limit)
    people = {one.id: one for one in await principals.by_ids(tx, [one.owner_id for one in gone])}
    for one in gone:
        await _take_back(tx, calendar, people[one.owner_id], one, now)
    reached = await invitations.uninvited(tx, calendar, limit)
    for sharee in reached:
        await _invite(tx, calendar, sharee, now, accept=accept)
    asked = await _asked(tx, calendar, among, limit) if accept else []
    for one in asked:
        await _accept(tx, calendar, one, now)
    return limit in (len(gone), len(reached), len(asked))


async def _asked(
    tx: WriteTx, calendar: Collection, among: int | None, limit: int
) -> list[Invitation]:
    """Those who have not answered, and whom a group or everyone stands for: one, or any of them."""
    found = (await shares.sharees(tx, [calendar.id])).get(calendar.id, [])
    wide = [one.sharee_id for one in found if one.kind in _WIDE and among in (None, one.sharee_id)]
    return await invitations.unanswered(tx, calendar.id, wide, limit) if wide else []


async def settle_all(
    tx: WriteTx, calendar_ids: Sequence[int], now: int, *, accept: bool = False
) -> bool:
    """`settle` of calendars, those in the trash left out. Whether there may be more to do."""
    more = False
    for id_ in sorted(calendar_ids):
        for locked in await collections.lock(tx, id_):
            if locked.trashed_at is None:
                more |= await settle(tx, locked, now, accept=accept)
    return more


async def forget(tx: WriteTx, principal: Principal, now: int) -> None:
    """Takes back all that somebody who is about to be removed shares, and is shared with."""
    for id_ in await shares.of_owner(tx, principal.id):
        (locked,) = await collections.lock(tx, id_)
        for one in (await shares.sharees(tx, [id_])).get(id_, ()):
            await shares.remove(tx, id_, one.sharee_id)
        while await settle(tx, locked, now):
            pass
    for id_ in await shares.of_sharees(tx, [principal.id]):
        (locked,) = await collections.lock(tx, id_)
        await remove(tx, locked, principal.id, now)


async def _share(
    tx: WriteTx, calendar: Collection, wanted: Wanted, known: Share | None, now: int
) -> Share:
    summary = wanted.summary or (known.summary if known else "")
    if not summary:
        summary = (await labels.of(tx, [calendar]))[calendar.id].display_name
    return Share(
        id=ids.new() if known is None else known.id,
        owner_id=calendar.owner_id,
        collection_id=calendar.id,
        sharee_id=wanted.sharee_id,
        level=wanted.level.value,
        summary=summary,
        common_name=wanted.common_name or (known.common_name if known else ""),
        created_at=now if known is None else known.created_at,
        changed_at=now,
    )


async def _tell_again(
    tx: WriteTx, calendar: Collection, wanted: Wanted, known: Share, new: Share, now: int
) -> None:
    """Tells a user of another level, and asks again who declined."""
    invited = await invitations.get(tx, wanted.sharee_id, calendar.id)
    if invited is None or wanted.sharee is None:
        return
    if invited.answer == Answer.DECLINED.value:
        invited = invited._replace(answer=Answer.NONE.value, changed_at=now)
        await invitations.set_(tx, invited)
    elif known.level == new.level:
        invited = await _accepted(tx, calendar, invited, now) if wanted.accept else invited
        return
    if wanted.level is Level.FREE_BUSY:
        return  # settled as one whom nothing reaches any more
    if wanted.accept:
        invited = await _accepted(tx, calendar, invited, now)
    await _tell(tx, calendar, wanted.sharee, invited, (Answer(invited.answer), wanted.level), now)


async def _accepted(tx: WriteTx, calendar: Collection, invited: Invitation, now: int) -> Invitation:
    return await mounts.mount(tx, calendar, invited, now)


async def _accept(tx: WriteTx, calendar: Collection, invited: Invitation, now: int) -> None:
    """Puts a locked calendar into the home of somebody who was asked before."""
    level = await shares.level_of(tx, invited.owner_id, calendar.id)
    (sharee,) = await principals.by_ids(tx, [invited.owner_id])
    invited = await mounts.mount(tx, calendar, invited, now)
    if level is not None:
        await _tell(tx, calendar, sharee, invited, (Answer(invited.answer), level), now)


async def _invite(
    tx: WriteTx, calendar: Collection, sharee: Principal, now: int, *, accept: bool
) -> None:
    level = await shares.level_of(tx, sharee.id, calendar.id)
    if level is None:
        return
    new = Invitation(
        owner_id=sharee.id,
        collection_id=calendar.id,
        # The same for the same two: what is told of it takes the place of what was told before.
        uid=str(uuid.uuid5(uuid.NAMESPACE_URL, f"{calendar.uuid}/{sharee.uuid}")),
        answer=Answer.NONE.value,
        name=None,
        incarnation=secrets.randbits(48),
        summary="",
        created_at=now,
        changed_at=now,
    )
    crowded = await invitations.pending(tx, sharee.id) >= MAX_PENDING
    await invitations.set_(tx, new)
    if accept:
        new = await mounts.mount(tx, calendar, new, now)
    if not crowded:
        await _tell(tx, calendar, sharee, new, (Answer(new.answer), level), now)


async def _take_back(
    tx: WriteTx, calendar: Collection, sharee: Principal, invited: Invitation, now: int
) -> None:
    if invited.name is not None:
        await mounts.tell_home(tx, invited, now, deleted=True)
    await invitations.remove(tx, sharee.id, calendar.id)
    await _tell(tx, calendar, sharee, invited, (Answer.DELETED, Level.READ), now)


async def _tell(
    tx: WriteTx,
    calendar: Collection,
    sharee: Principal,
    invited: Invitation,
    what: tuple[Answer, Level],
    now: int,
) -> None:
    shown = (await labels.of(tx, [calendar]))[calendar.id].display_name
    known = await shares.get(tx, calendar.id, sharee.id)
    summary = known.summary if known is not None and known.summary else shown
    told = await mounts.describe(tx, calendar, sharee, invited, (*what, summary), now, reply=False)
    await notify.tell(tx, sharee.id, told)
