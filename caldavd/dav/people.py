"""What answers need to know of principals: owners, groups, delegates, access control entries.

Loaded once for a page of an answer, and not at all where everything is the actor's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from caldavd.dav.server import Context
from caldavd.model import (
    NO_GRANTS,
    Ace,
    Calendar,
    CalendarObject,
    Grants,
    Home,
    Inbox,
    Notification,
    Notifications,
    Outbox,
    Principal,
    ProxyGroup,
    Resource,
    Unmapped,
)
from caldavd.store import aces, collections, members, principals, shares
from caldavd.store.engine import ReadTx
from caldavd.store.members import Relations
from caldavd.store.shares import Sharee

_GRANTED: Final = (Calendar, CalendarObject, Inbox, Outbox)
"""What has an access control list, or inherits one, besides a home."""


@dataclass(frozen=True, slots=True)
class People:
    """Facts about principals, for the resources of a page."""

    names: Mapping[int, str] = field(default_factory=dict)
    """The names of owners, and of whom entries are for, by id."""
    relations: Relations = field(default_factory=Relations)
    homes: Mapping[int, Sequence[Ace]] = field(default_factory=dict)
    """The entries of homes by their owner's id."""
    calendars: Mapping[int, Sequence[Ace]] = field(default_factory=dict)
    """The entries of calendars by their id."""
    grants: Grants = NO_GRANTS
    granted: frozenset[int] = frozenset()
    """The ids of owners and of calendars for which `grants` tell."""
    sharees: Mapping[int, Sequence[Sharee]] = field(default_factory=dict)
    """With whom calendars are shared, by their id."""
    organizers: Mapping[int, Principal] = field(default_factory=dict)
    """The owners of those calendars."""


def owner_of(resource: Resource) -> int | None:
    """The id of the principal that a resource belongs to; a principal is its own."""
    match resource:
        case CalendarObject(collection) | Calendar(collection) | Home(collection):
            return collection.owner_id
        case Notifications(collection) | Notification(collection):
            return collection.owner_id
        case Inbox(collection) | Outbox(collection):
            return collection.owner_id
        case Principal(id=id_) | ProxyGroup(Principal(id=id_)):
            return id_
        case Unmapped(Home() | Calendar() | Inbox() | Outbox() as parent):
            return owner_of(parent)
    return None


def owners(resources: Iterable[Resource]) -> list[int]:
    """The ids of whom resources belong to, each once."""
    return list(dict.fromkeys(id_ for one in resources if (id_ := owner_of(one)) is not None))


async def with_owners(tx: ReadTx, resources: Sequence[Resource], known: People) -> People:
    """Adds the names of owners."""
    unknown = [id_ for id_ in owners(resources) if id_ not in known.names]
    if not unknown:
        return known
    return replace(known, names={**known.names, **await principals.names(tx, unknown)})


async def with_grants(
    tx: ReadTx, context: Context, resources: Sequence[Resource], known: People
) -> People:
    """Adds what the owners of resources give to the actor on these, if something is another's."""
    actor_id = context.actor.id
    of = [id_ for id_ in owners(resources) if id_ != actor_id]
    if not of:
        return known
    ids = {
        one.collection.id
        for one in resources
        if isinstance(one, _GRANTED) and one.collection.owner_id != actor_id
    }
    wanted = ids.union(of) - known.granted
    if not wanted:
        return known
    found = await aces.given(
        tx, actor_id, [id_ for id_ in of if id_ in wanted], sorted(ids & wanted)
    )
    grants = Grants(
        {**known.grants.homes, **found.homes},
        {**known.grants.calendars, **found.calendars},
        {**known.grants.proxies, **found.proxies},
        {**known.grants.shares, **found.shares},
    )
    return replace(known, grants=grants, granted=known.granted | wanted)


async def with_relations(
    tx: ReadTx, context: Context, resources: Sequence[Resource], known: People
) -> People:
    """Adds which groups principals are in, with whom, and for whom they act."""
    found = [one for one in resources if isinstance(one, (Principal, ProxyGroup))]
    relations = await members.relations(tx, owners(found))
    if not context.server.all_principals:
        seen = await members.identities_of(tx, context.actor.id)
        names = set((await principals.names(tx, list(seen))).values())
        shown = {id_: [n for n in all_ if n in names] for id_, all_ in relations.members.items()}
        relations = replace(relations, members=shown)
    return replace(known, relations=relations)


async def with_sharees(
    tx: ReadTx, context: Context, resources: Sequence[Resource], known: People
) -> People:
    """Adds with whom calendars are shared, of those that are: for others it is no statement."""
    shared = [r for r in resources if isinstance(r, Calendar) and r.collection.shared]
    if not shared:
        return known
    found = await shares.sharees(tx, list(dict.fromkeys(one.collection.id for one in shared)))
    people = await principals.by_ids(tx, owners(shared))
    return replace(known, sharees=found, organizers={one.id: one for one in people})


async def with_aces(
    tx: ReadTx, context: Context, resources: Sequence[Resource], known: People
) -> People:
    """Adds the entries of homes and calendars, and the names of whom they are for."""
    ids = {one.collection.id for one in resources if isinstance(one, _GRANTED)}
    placed = [one for one in resources if isinstance(one, (Home, *_GRANTED))]
    homes = {one.id: one.owner_id for one in await collections.homes(tx, owners(placed))}
    found = await aces.of(tx, [*ids, *homes])
    named = {ace.principal_id for entries in found.values() for ace in entries}
    known = await with_owners(tx, resources, known)
    names = {**known.names, **await principals.names(tx, named - known.names.keys())}
    return replace(
        known,
        names=names,
        homes={homes[id_]: entries for id_, entries in found.items() if id_ in homes},
        calendars={id_: entries for id_, entries in found.items() if id_ in ids},
    )
