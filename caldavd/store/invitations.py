"""Invitations to shared calendars, and the mounts that accepted ones are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple

from sqlalchemy import Select, bindparam, case, delete, func, literal, null, select, union_all
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql.base import Executable

from caldavd.model import Answer, Collection, Kind, Level, Mount, Principal, PrincipalKind, Sight
from caldavd.store import collections, principals
from caldavd.store.engine import ReadTx, Row, WriteTx
from caldavd.store.members import below, identities
from caldavd.store.shares import EVERYONE, reached
from caldavd.store.tables import collection, invitation, principal, share


class Invitation(NamedTuple):
    """An invitation row; `name` is where the calendar lies in the home, if it was accepted."""

    owner_id: int
    collection_id: int
    uid: str
    answer: int
    name: str | None
    incarnation: int
    summary: str
    created_at: int
    changed_at: int


Member = tuple[Collection, Mount | None]
"""What lies in a home; a mounted calendar is as it is there."""

_COLUMNS: Final = tuple(invitation.c)
_SIGHT_BITS: Final = max(Sight).bit_length()
_identity: Final = identities()
_reached: Final = reached()
_below: Final = below()
_MINE: Final = invitation.c.owner_id == bindparam("actor_id")
# A mount counts for as long as a share reaches whose it is, in person or by a group.
_LEVEL: Final = (
    select(func.max(share.c.level))
    .where(
        share.c.collection_id == invitation.c.collection_id,
        share.c.level >= literal(Level.BUSY.value),
        share.c.sharee_id.in_(union_all(select(_identity.c.id), select(literal(EVERYONE)))),
    )
    .scalar_subquery()
    .label("level")
)


def _mounts(*conditions: Any) -> Select[Any]:
    """The mounts of `actor_id`: a collection's columns, then those of `_of`."""
    found = (
        select(*collections.COLUMNS, invitation.c.name.label("mounted"), invitation.c.uid)
        .add_columns(invitation.c.incarnation.label("instead"), _LEVEL)
        .select_from(invitation.join(collection, collection.c.id == invitation.c.collection_id))
        .where(
            _MINE,
            invitation.c.answer == Answer.ACCEPTED.value,
            collection.c.trashed_at.is_(None),
            *conditions,
        )
        .subquery("mounts")
    )
    return select(*found.c).where(found.c.level.is_not(None))


_MOUNT: Final = _mounts(invitation.c.name == bindparam("name"))
_IN_HOME: Final[Executable] = union_all(
    select(*collections.COLUMNS, null(), null(), null(), null()).where(
        collection.c.owner_id == bindparam("actor_id"),
        collection.c.kind != Kind.HOME.value,
        collection.c.trashed_at.is_(None),
    ),
    _mounts(),
)
_GET: Final = select(*_COLUMNS).where(
    invitation.c.owner_id == bindparam("owner_id"),
    invitation.c.collection_id == bindparam("collection_id"),
)
_BY_UID: Final = select(*_COLUMNS).where(
    invitation.c.owner_id == bindparam("owner_id"), invitation.c.uid == bindparam("uid")
)
_BY_NAME: Final = select(invitation.c.collection_id).where(
    invitation.c.owner_id == bindparam("owner_id"), invitation.c.name == bindparam("name")
)
_OF_USER: Final = (
    select(*_COLUMNS)
    .where(invitation.c.owner_id == bindparam("owner_id"))
    .order_by(invitation.c.created_at, invitation.c.collection_id)
)
_SET: Final = insert(invitation).values({one.name: bindparam(one.name) for one in invitation.c})
_UPSERT: Final = _SET.on_conflict_do_update(
    index_elements=["owner_id", "collection_id"],
    set_={
        name: _SET.excluded[name]
        for name in ("answer", "name", "incarnation", "summary", "changed_at")
    },
)
_REMOVE: Final = delete(invitation).where(
    invitation.c.owner_id == bindparam("owner_id"),
    invitation.c.collection_id == bindparam("collection_id"),
)
_MOUNTED: Final = (
    select(*_COLUMNS)
    .where(invitation.c.collection_id == bindparam("collection_id"), invitation.c.name.is_not(None))
    .order_by(invitation.c.owner_id)
)
_REACHES_ALL: Final = literal(EVERYONE).in_(select(_reached.c.id))
_UNREACHED: Final = (
    select(*_COLUMNS)
    .where(
        invitation.c.collection_id == bindparam("collection_id"),
        ~_REACHES_ALL,
        invitation.c.owner_id.not_in(select(_reached.c.id)),
    )
    .order_by(invitation.c.owner_id)
    .limit(bindparam("limit"))
)
_UNANSWERED: Final = (
    select(*_COLUMNS)
    .where(
        invitation.c.collection_id == bindparam("collection_id"),
        invitation.c.answer == literal(Answer.NONE.value),
        (bindparam("everyone") == 1) | invitation.c.owner_id.in_(select(_below.c.id)),
        invitation.c.owner_id.not_in(
            select(share.c.sharee_id).where(share.c.collection_id == bindparam("collection_id"))
        ),
    )
    .order_by(invitation.c.owner_id)
    .limit(bindparam("limit"))
)
_ANSWERS: Final = select(
    func.sum(case((invitation.c.answer == literal(Answer.ACCEPTED.value), 1), else_=0)),
    func.count(),
).where(
    invitation.c.collection_id == bindparam("collection_id"),
    (bindparam("everyone") == 1) | invitation.c.owner_id.in_(select(_below.c.id)),
)
_UNINVITED: Final = (
    select(
        principal.c.id,
        principal.c.kind,
        principal.c.name,
        principal.c.display_name,
        principal.c.uuid,
        principal.c.created_at,
    )
    .select_from(
        principal.outerjoin(
            invitation,
            (invitation.c.owner_id == principal.c.id)
            & (invitation.c.collection_id == bindparam("collection_id")),
        )
    )
    .where(
        principal.c.kind != PrincipalKind.GROUP.value,
        principal.c.id != bindparam("owner_id"),
        invitation.c.owner_id.is_(None),
        _REACHES_ALL | principal.c.id.in_(select(_reached.c.id)),
    )
    .order_by(principal.c.id)
    .limit(bindparam("limit"))
)
_PENDING: Final = select(func.count()).where(
    invitation.c.owner_id == bindparam("owner_id"),
    invitation.c.answer == literal(Answer.NONE.value),
)


def placed(row: Collection, mount: Mount, of: Invitation) -> Collection:
    """A calendar as it is where an invitation mounts it."""
    return _placed(row, mount.level, of.name or "", of.uid, of.incarnation)


def _placed(row: Collection, level: int, name: str, uid: str, incarnation: int) -> Collection:
    # Another level shows the calendar otherwise, so that tokens of before are void. The last bits
    # are for how somebody sees a calendar, which makes another token of it too.
    return replace(row, name=name, uuid=uid, incarnation=incarnation ^ (level << _SIGHT_BITS))


async def mount(tx: ReadTx, actor_id: int, name: str) -> Member | None:
    """The calendar that is mounted in the actor's home under a name."""
    row = await tx.one(_MOUNT, actor_id=actor_id, name=name)
    return None if row is None else _member(row)


async def in_home(tx: ReadTx, actor_id: int) -> list[Member]:
    """What lies in the actor's home, in one statement: its own, oldest first, then mounts."""
    rows = await tx.all(_IN_HOME, actor_id=actor_id)
    found = [_member(row) for row in rows]
    return sorted(found, key=lambda one: (one[1] is not None, one[0].id))


async def get(tx: ReadTx, owner_id: int, collection_id: int) -> Invitation | None:
    """Somebody's invitation to a calendar."""
    row = await tx.one(_GET, owner_id=owner_id, collection_id=collection_id)
    return None if row is None else Invitation._make(row)


async def by_uid(tx: ReadTx, owner_id: int, uid: str) -> Invitation | None:
    """Somebody's invitation of that UID."""
    row = await tx.one(_BY_UID, owner_id=owner_id, uid=uid)
    return None if row is None else Invitation._make(row)


async def of_user(tx: ReadTx, owner_id: int) -> list[Invitation]:
    """Somebody's invitations, oldest first."""
    return [Invitation._make(row) for row in await tx.all(_OF_USER, owner_id=owner_id)]


async def is_taken(tx: ReadTx, owner_id: int, name: str) -> bool:
    """Whether a mount has that name, reached by a share or not."""
    return await tx.one(_BY_NAME, owner_id=owner_id, name=name) is not None


async def set_(tx: WriteTx, new: Invitation) -> None:
    """Adds or changes an invitation to a locked calendar. Raises Conflict for a taken name."""
    await tx.run(_UPSERT, **new._asdict())


async def remove(tx: WriteTx, owner_id: int, collection_id: int) -> None:
    """Removes an invitation to a locked calendar."""
    await tx.run(_REMOVE, owner_id=owner_id, collection_id=collection_id)


async def mounted(tx: ReadTx, collection_id: int) -> list[Invitation]:
    """The invitations by which a calendar lies in other homes."""
    rows = await tx.all(_MOUNTED, collection_id=collection_id)
    return [Invitation._make(row) for row in rows]


async def unreached(tx: ReadTx, collection_id: int, limit: int) -> list[Invitation]:
    """Invitations to a calendar of those whom no share of it reaches any more."""
    rows = await tx.all(_UNREACHED, collection_id=collection_id, limit=limit)
    return [Invitation._make(row) for row in rows]


async def uninvited(tx: ReadTx, of: Collection, limit: int) -> list[Principal]:
    """Those whom a share of a calendar reaches, and who were not invited so far."""
    rows = await tx.all(_UNINVITED, collection_id=of.id, owner_id=of.owner_id, limit=limit)
    return await principals.by_ids(tx, [row[0] for row in rows]) if rows else []


async def unanswered(
    tx: ReadTx, collection_id: int, sharee_ids: Sequence[int], limit: int
) -> list[Invitation]:
    """Invitations of those who have said nothing, and who are in a group among the sharees.

    EVERYONE holds everybody. With whom the calendar is shared in person is left out.
    """
    wanted = {"collection_id": collection_id, "ids": sharee_ids, "limit": limit}
    rows = await tx.all(_UNANSWERED, **wanted, everyone=int(EVERYONE in sharee_ids))
    return [Invitation._make(row) for row in rows]


async def answers(tx: ReadTx, collection_id: int, sharee_id: int) -> tuple[int, int]:
    """How many accepted a calendar, and how many were asked: in a group, or of EVERYONE."""
    wanted = {"collection_id": collection_id, "ids": [sharee_id]}
    row = await tx.one(_ANSWERS, **wanted, everyone=int(sharee_id == EVERYONE))
    return (0, 0) if row is None else (int(row[0] or 0), int(row[1]))


async def pending(tx: ReadTx, owner_id: int) -> int:
    """How many invitations somebody has not answered."""
    row = await tx.one(_PENDING, owner_id=owner_id)
    return int(row[0]) if row else 0


def _member(row: Row) -> Member:
    found = collections.from_row(row)
    name, uid, incarnation, level = row[collections.WIDTH :]
    if name is None:
        return found, None
    mount = Mount(found.name, Level(level))
    return _placed(found, level, name, uid, incarnation), mount


def names(among: Sequence[Member]) -> set[str]:
    """The names in a home."""
    return {of.name for of, _ in among}
