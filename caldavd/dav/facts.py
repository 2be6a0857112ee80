"""The facts that getters need beyond a resource, loaded once for a page of an answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from caldavd.dav.people import (
    People,
    owners,
    with_aces,
    with_grants,
    with_owners,
    with_relations,
    with_sharees,
)
from caldavd.dav.property import NOBODY, Fact
from caldavd.dav.server import Context
from caldavd.model import (
    Calendar,
    CalendarObject,
    Collection,
    Home,
    Notifications,
    Principal,
    Properties,
    Resource,
)
from caldavd.service import homes, locks
from caldavd.service.locks import Locks
from caldavd.store import objects, properties, quota
from caldavd.store.engine import ReadTx
from caldavd.store.quota import Usage

Item: TypeAlias = tuple[str, Resource]
"""An href, encoded, and what it leads to."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What was loaded for a page."""

    stored: Mapping[int, Properties] = field(default_factory=dict)
    texts: Mapping[int, str] = field(default_factory=dict)
    privileges: bool = False
    people: People = NOBODY
    calendars: Mapping[int, tuple[Collection, ...]] = field(default_factory=dict)
    """By the id of the owner; kept for the pages that follow."""
    locks: Locks = locks.NONE
    usage: Mapping[int, Usage] = field(default_factory=dict)
    """By the id of the owner."""


def resource_id(resource: Resource) -> int | None:
    """The id under which properties of a resource are stored; None if it can have none."""
    match resource:
        case Principal(id=id_):
            return id_
        case Home(collection) | Calendar(collection) | Notifications(collection):
            return collection.id
        case CalendarObject(stored=stored):
            return stored.id
    return None


async def load(
    tx: ReadTx,
    context: Context,
    items: Sequence[Item],
    needs: Fact,
    names: frozenset[str] | None,
    before: Facts,
) -> Facts:
    """The facts for a page; what serves all pages is taken over from the one before."""
    if needs is Fact.NOTHING:
        return before
    found: Mapping[int, Properties] = {}
    if Fact.STORED in needs:
        found = await _properties(tx, context, items, names)
    texts: Mapping[int, str] = {}
    if Fact.CONTENT in needs:
        ids = [r.stored.id for _, r in items if isinstance(r, CalendarObject) and not r.content]
        texts = await objects.contents(tx, ids)
    people = await _people(tx, context, [resource for _, resource in items], needs, before.people)
    calendars = before.calendars
    if Fact.CALENDARS in needs:
        calendars = await _calendars(tx, context, items, calendars)
    held, usage = await _of_owners(tx, context, items, needs)
    return Facts(found, texts, Fact.PRIVILEGES in needs, people, calendars, held, usage)


async def _properties(
    tx: ReadTx, context: Context, items: Sequence[Item], names: frozenset[str] | None
) -> Mapping[int, Properties]:
    actor_id = context.actor.id
    ids = [id_ for _, r in items if (id_ := resource_id(r)) is not None]
    match owners(resource for _, resource in items):
        case [] | [_] as only:
            return await properties.of(tx, ids, only[0] if only else actor_id, actor_id, names)
    return await properties.of_many_owners(tx, ids, actor_id, names)


async def _people(
    tx: ReadTx, context: Context, resources: Sequence[Resource], needs: Fact, known: People
) -> People:
    if Fact.OWNERS in needs:
        known = await with_owners(tx, context, resources, known)
    if Fact.PRIVILEGES in needs:
        known = await with_grants(tx, context, resources, known)
    if Fact.RELATIONS in needs:
        known = await with_relations(tx, resources, known)
    if Fact.SHAREES in needs:
        known = await with_sharees(tx, context, resources, known)
    if Fact.ACES in needs:
        known = await with_aces(tx, context, resources, known)
    return known


async def _calendars(
    tx: ReadTx,
    context: Context,
    items: Sequence[Item],
    known: Mapping[int, tuple[Collection, ...]],
) -> Mapping[int, tuple[Collection, ...]]:
    """What lies in the homes among the items, by their owners."""
    wanted = owners(resource for _, resource in items if isinstance(resource, Home))
    found = dict(known)
    for id_ in wanted:
        if id_ not in found:
            members = await homes.members(tx, context.actor.id, id_)
            found[id_] = tuple(of for of, _ in members)
    return found


async def _of_owners(
    tx: ReadTx, context: Context, items: Sequence[Item], needs: Fact
) -> tuple[Locks, Mapping[int, Usage]]:
    """The locks in the homes that a page shows something of, and how much they store."""
    held, usage = locks.NONE, dict[int, Usage]()
    if needs & (Fact.LOCKS | Fact.QUOTA):
        of = owners(resource for _, resource in items)
        if of and Fact.LOCKS in needs:
            held = await locks.of_owners(tx, context.now, *of)
        if of and Fact.QUOTA in needs:
            usage = await quota.of(tx, of)
    return held, usage
