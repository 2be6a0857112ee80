"""Access control entries, and what they give to an actor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Select,
    bindparam,
    case,
    delete,
    insert,
    literal,
    or_,
    select,
    union_all,
)

from caldavd.model import Ace, Answer, Grantee, Grants, Kind, Level, Proxy
from caldavd.store.engine import ReadTx, Row, WriteTx
from caldavd.store.members import identities
from caldavd.store.statement import In
from caldavd.store.tables import ace, collection, delegation, invitation, share

_HOME, _CALENDAR, _PROXY, _SHARE = range(4)
_NOBODY: Final = 0
"""The principal of an entry whose grantee says enough."""
_MATCHING: Final = (Grantee.PRINCIPAL, Grantee.ALL, Grantee.AUTHENTICATED)
"""The owner needs no entry."""
_identity: Final = identities()


_IS_HOME: Final = collection.c.kind == Kind.HOME.value


def _entries(grantee_id: ColumnElement[int]) -> Select[Any]:
    return (
        select(
            case((_IS_HOME, literal(_HOME)), else_=literal(_CALENDAR)),
            # The owner's id for a home, the calendar's own id otherwise.
            case((_IS_HOME, collection.c.owner_id), else_=collection.c.id),
            ace.c.privileges,
        )
        .select_from(ace.join(collection, collection.c.id == ace.c.resource_id))
        .where(
            grantee_id.in_(union_all(select(_identity.c.id), select(literal(_NOBODY)))),
            ace.c.grantee.in_([literal(one.value) for one in _MATCHING]),
            collection.c.trashed_at.is_(None),
        )
    )


# Not by the index: entries for everybody, under 0, are as many as their owners please.
_ENTRIES: Final = _entries(ace.c.principal_id + 0)
_PROXIES: Final = select(literal(_PROXY), delegation.c.owner_id, delegation.c.level).where(
    delegation.c.delegate_id.in_(select(_identity.c.id))
)
# What is shared is the actor's once it has accepted; to know when somebody is busy needs no leave.
_SHARES: Final = (
    select(literal(_SHARE), share.c.collection_id, share.c.level)
    .select_from(
        share.join(collection, collection.c.id == share.c.collection_id).outerjoin(
            invitation,
            (invitation.c.collection_id == share.c.collection_id)
            & (invitation.c.owner_id == bindparam("actor_id")),
        )
    )
    .where(
        share.c.sharee_id.in_(union_all(select(_identity.c.id), select(literal(_NOBODY)))),
        or_(share.c.level == Level.FREE_BUSY.value, invitation.c.answer == Answer.ACCEPTED.value),
        collection.c.trashed_at.is_(None),
    )
)
_BY_OWNER: Final = union_all(
    _ENTRIES.where(collection.c.owner_id == bindparam("owner_id")),
    _PROXIES.where(delegation.c.owner_id == bindparam("owner_id")),
    _SHARES.where(share.c.owner_id == bindparam("owner_id")),
)
_OF_PAGE: Final = union_all(
    _ENTRIES.where(In(collection.c.owner_id, "owner_ids"), _IS_HOME),
    _ENTRIES.where(In(collection.c.id, "ids"), collection.c.kind != Kind.HOME.value),
    _PROXIES.where(In(delegation.c.owner_id, "owner_ids")),
    _SHARES.where(In(share.c.collection_id, "ids")),
)
_HOMES: Final = union_all(_entries(ace.c.principal_id).where(_IS_HOME), _PROXIES)
_OF: Final = (
    select(ace.c.resource_id, ace.c.grantee, ace.c.principal_id, ace.c.privileges)
    .where(In(ace.c.resource_id, "ids"))
    .order_by(ace.c.resource_id, ace.c.position)
)
_REMOVE: Final = delete(ace).where(ace.c.resource_id == bindparam("resource_id"))
_INSERT: Final = insert(ace)


async def given_by(tx: ReadTx, actor_id: int, owner_id: int) -> Grants:
    """What one owner gives to an actor, in one statement; 0 is nobody."""
    return _gathered(await tx.all(_BY_OWNER, actor_id=actor_id, owner_id=owner_id))


async def given(tx: ReadTx, actor_id: int, owner_ids: Sequence[int], ids: Sequence[int]) -> Grants:
    """What owners give to an actor on their homes and on some calendars, in one statement."""
    return _gathered(await tx.all(_OF_PAGE, actor_id=actor_id, owner_ids=owner_ids, ids=ids))


async def given_homes(tx: ReadTx, actor_id: int) -> Grants:
    """What anybody gives to an actor on a home, in one statement."""
    return _gathered(await tx.all(_HOMES, actor_id=actor_id))


async def of(tx: ReadTx, ids: Sequence[int]) -> dict[int, list[Ace]]:
    """The entries of homes and calendars, in their order; one without any is left out."""
    found: dict[int, list[Ace]] = {}
    for resource_id, grantee, principal_id, privileges in await tx.all(_OF, ids=ids):
        entry = Ace(Grantee(grantee), principal_id, privileges)
        found.setdefault(resource_id, []).append(entry)
    return found


async def replace(tx: WriteTx, owner_id: int, resource_id: int, entries: Sequence[Ace]) -> None:
    """Puts entries in place of those that a locked home or calendar has."""
    await tx.run(_REMOVE, resource_id=resource_id)
    rows = [
        {
            "owner_id": owner_id,
            "resource_id": resource_id,
            "position": position,
            "grantee": entry.grantee.value,
            "principal_id": entry.principal_id,
            "privileges": entry.privileges,
        }
        for position, entry in enumerate(entries)
    ]
    await tx.many(_INSERT, rows)


def _gathered(rows: Sequence[Row]) -> Grants:
    homes: dict[int, int] = {}
    calendars: dict[int, int] = {}
    proxies: dict[int, Proxy] = {}
    shares: dict[int, Level] = {}
    for what, id_, value in rows:
        if what == _SHARE:
            shares[id_] = max(shares.get(id_, Level.FREE_BUSY), Level(value))
        elif what == _PROXY:
            proxies[id_] = max(proxies.get(id_, Proxy.READ), Proxy(value))
        else:
            into = homes if what == _HOME else calendars
            into[id_] = into.get(id_, 0) | value
    return Grants(homes, calendars, proxies, shares)
