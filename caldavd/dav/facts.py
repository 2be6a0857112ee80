"""The facts that getters need beyond a resource, loaded once for a page of an answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from caldavd.acl.effective import is_masked
from caldavd.dav.people import (
    People,
    owners,
    with_aces,
    with_grants,
    with_owners,
    with_relations,
    with_sharees,
)
from caldavd.dav.property import NOBODY, Boxes, Fact, Scheduled
from caldavd.dav.server import Context
from caldavd.model import (
    Calendar,
    CalendarObject,
    Collection,
    Home,
    Inbox,
    Kind,
    Notifications,
    Outbox,
    Principal,
    Properties,
    Resource,
)
from caldavd.service import homes, locks, views
from caldavd.service.locks import Locks
from caldavd.service.views import Reader
from caldavd.store import properties, quota, scheduling
from caldavd.store.engine import ReadTx
from caldavd.store.quota import Usage

Item: TypeAlias = tuple[str, Resource]
"""An href, encoded, and what it leads to."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What was loaded for a page."""

    stored: Mapping[int, Properties] = field(default_factory=dict)
    texts: Mapping[int, str] = field(default_factory=dict)
    sizes: Mapping[int, int] = field(default_factory=dict)
    """Of the texts of objects that are seen otherwise than they are, in bytes."""
    privileges: bool = False
    people: People = NOBODY
    calendars: Mapping[int, tuple[Collection, ...]] = field(default_factory=dict)
    """By the id of the owner; kept for the pages that follow."""
    locks: Locks = locks.NONE
    usage: Mapping[int, Usage] = field(default_factory=dict)
    """By the id of the owner."""
    boxes: Boxes = field(default_factory=dict)
    """The names of inboxes and outboxes, and of default calendars, by the owner's id."""


def resource_id(resource: Resource) -> int | None:
    """The id under which properties of a resource are stored; None if it can have none."""
    match resource:
        case Principal(id=id_):
            return id_
        case Home(collection) | Calendar(collection) | Notifications(collection):
            return collection.id
        case Inbox(collection) | Outbox(collection):
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
    texts = await _texts(tx, context, items) if Fact.CONTENT in needs else {}
    sizes = await _sizes(tx, context, items) if Fact.SIZE in needs else {}
    people = await _people(tx, context, [resource for _, resource in items], needs, before.people)
    calendars = before.calendars
    if Fact.CALENDARS in needs:
        calendars = await _calendars(tx, context, items, calendars)
    held, usage = await _of_owners(tx, context, items, needs)
    boxes = await _boxes(tx, context, items) if Fact.BOXES in needs else {}
    privileges = Fact.PRIVILEGES in needs
    return Facts(found, texts, sizes, privileges, people, calendars, held, usage, boxes)


async def _boxes(tx: ReadTx, context: Context, items: Sequence[Item]) -> Boxes:
    """What there is of scheduling, for those who have a home; nothing where it is switched off."""
    of = owners(r for _, r in items if isinstance(r, (Principal, Inbox)))
    if not context.server.scheduling or not of:
        return {}
    found: dict[int, Scheduled] = {}
    for (owner_id, kind), box in (await scheduling.boxes(tx, of)).items():
        known = found.get(owner_id, Scheduled())
        named = {"inbox": box.name} if kind is Kind.INBOX else {"outbox": box.name}
        found[owner_id] = replace(known, **named)
    if any(isinstance(resource, Inbox) for _, resource in items):
        for owner_id, targets in (await scheduling.targets(tx, of)).items():
            known = found.get(owner_id, Scheduled())
            found[owner_id] = replace(known, default_calendar=targets[0][0].name)
    return found


async def _texts(tx: ReadTx, context: Context, items: Sequence[Item]) -> dict[int, str]:
    """The texts of the objects among the items that were not loaded with them."""
    found: dict[int, str] = {}
    without = [r for _, r in items if isinstance(r, CalendarObject) and not r.content]
    for sight in {one.sight for one in without}:
        rows = [one.stored for one in without if one.sight is sight]
        found |= await views.texts(tx, Reader(context.actor.id, sight), rows)
    return found


async def _sizes(tx: ReadTx, context: Context, items: Sequence[Item]) -> dict[int, int]:
    """The sizes of texts that differ from what is stored; few of them are in memory at a time."""
    found: dict[int, int] = {}
    others = [item for item in items if isinstance(item[1], CalendarObject) and item[1].sight]
    for start in range(0, len(others), views.BATCH):
        texts = await _texts(tx, context, others[start : start + views.BATCH])
        found |= {id_: len(text.encode()) for id_, text in texts.items()}
    return found


async def _properties(
    tx: ReadTx, context: Context, items: Sequence[Item], names: frozenset[str] | None
) -> Mapping[int, Properties]:
    actor_id = context.actor.id
    ids, masked = _places(items)
    found: dict[int, dict[str, str]] = {}
    if masked:
        found = await properties.own(tx, masked, actor_id, names)
    match owners(resource for _, resource in items):
        case [] | [_] as only:
            of = only[0] if only else actor_id
            return found | await properties.of(tx, ids, of, actor_id, names)
    return found | await properties.of_many_owners(tx, ids, actor_id, names)


def _places(items: Sequence[Item]) -> tuple[list[int], list[int]]:
    """The ids under which properties of items are stored; apart, those of masked objects.

    What others say of a masked object is hidden as its text is.
    """
    ids: list[int] = []
    masked: list[int] = []
    for _, resource in items:
        id_ = resource_id(resource)
        if id_ is not None:
            hides = type(resource) is CalendarObject and is_masked(resource.stored, resource.sight)
            (masked if hides else ids).append(id_)
    return ids, masked


async def _people(
    tx: ReadTx, context: Context, resources: Sequence[Resource], needs: Fact, known: People
) -> People:
    if Fact.OWNERS in needs:
        known = await with_owners(tx, resources, known)
    if Fact.PRIVILEGES in needs:
        known = await with_grants(tx, context, resources, known)
    if Fact.RELATIONS in needs:
        known = await with_relations(tx, context, resources, known)
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
            scheduling = context.server.scheduling
            members = await homes.members(tx, context.actor.id, id_, scheduling=scheduling)
            found[id_] = tuple(of for of, _ in members)
    return found


async def _of_owners(
    tx: ReadTx, context: Context, items: Sequence[Item], needs: Fact
) -> tuple[Locks, Mapping[int, Usage]]:
    """The locks in the homes that a page shows something of, and how much they store."""
    held, usage = locks.NONE, dict[int, Usage]()
    if Fact.LOCKS in needs or Fact.QUOTA in needs:
        of = owners(resource for _, resource in items)
        if of and Fact.LOCKS in needs:
            held = await locks.of_owners(tx, context.now, *of)
        if of and Fact.QUOTA in needs:
            usage = await quota.of(tx, of)
    return held, usage
