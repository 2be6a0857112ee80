"""principal-match (RFC 3744 §9.3): what is the actor's, or names the actor."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from caldavd.acl.privileges import Privilege
from caldavd.dav.facts import Item
from caldavd.dav.members import pages
from caldavd.dav.people import owner_of
from caldavd.dav.property import Table
from caldavd.dav.reports.principals import only_props
from caldavd.dav.resolve import Target, require
from caldavd.dav.respond import Mode, Page, Selection, Wanted, multistatus
from caldavd.dav.server import Context
from caldavd.dav.wanted import require_depth_0
from caldavd.errors import Failed
from caldavd.model import (
    Calendar,
    Home,
    HomeCollection,
    Notifications,
    Principal,
    PrincipalCollection,
    ProxyGroup,
    Resource,
    Root,
)
from caldavd.names import DAV
from caldavd.store import principals
from caldavd.store.engine import ReadTx
from caldavd.store.members import identities_of, relations
from caldavd.xml.parse import Element, elements, parse, text

Select = Callable[[ReadTx, Context, Target, "Match"], Awaitable[tuple[Selection, Wanted]]]


@dataclass(frozen=True, slots=True)
class Match:
    """Principals that the actor is, or is in; or what names one of them in a property."""

    property: str | None
    wanted: Wanted


def parse_query(context: Context, root: Element, wanted: Wanted) -> Match:
    """Raises Failed(400) unless it says DAV:self or DAV:principal-property."""
    require_depth_0(wanted)
    if root.find(DAV + "self") is not None:
        return Match(None, only_props(root, wanted))
    found = root.find(DAV + "principal-property")
    names = [] if found is None else [str(child.tag) for child in elements(found)]
    if len(names) != 1:
        raise Failed(400, "principal-match holds DAV:self or DAV:principal-property")
    return Match(names[0], only_props(root, wanted))


def selector(table: Callable[[], Table]) -> Select:
    """The `select` of the report over a table of properties."""

    async def select(
        tx: ReadTx, context: Context, target: Target, query: Match
    ) -> tuple[Selection, Wanted]:
        require(target, Privilege.READ)
        mine = await _mine(tx, context)
        if query.property is None:
            return Selection(_below(context, target, mine)), query.wanted
        if query.property == DAV + "owner":
            return Selection(pages=_owned(tx, context, target)), query.wanted
        named = _named(tx, context, target, table(), query.property, mine)
        return Selection(pages=named), query.wanted

    return select


async def _mine(tx: ReadTx, context: Context) -> list[Item]:
    """The actor's principal, the groups that it is in, and those of whom it acts for."""
    actor, urls = context.actor, context.urls
    found = await principals.by_ids(tx, await identities_of(tx, actor.id))
    found.sort(key=lambda one: one.id != actor.id)
    items: list[Item] = [(urls.principal(one.name), one) for one in found]
    acts_for = (await relations(tx, [actor.id])).acts_for
    owners = {one.id: one for one in await principals.by_ids(tx, [a.owner_id for a in acts_for])}
    for owner_id, level in dict.fromkeys((one.owner_id, one.level) for one in acts_for):
        owner = owners[owner_id]
        items.append((urls.proxy_group(owner.name, level), ProxyGroup(owner, level)))
    return items


def _below(context: Context, target: Target, mine: Sequence[Item]) -> list[Item]:
    """Those of the actor's principals that the target is, or that lie below it."""
    match target.resource:
        case Root() | PrincipalCollection():
            return list(mine)
    place = context.path.segments
    return [item for item in mine if _segments(context, item[0])[: len(place)] == place]


async def _owned(tx: ReadTx, context: Context, target: Target) -> AsyncIterator[Page]:
    async for page in _among(tx, context, target):
        yield Page([item for item in page.items if _has_owner(context, item[1])])


def _has_owner(context: Context, resource: Resource) -> bool:
    """Whether DAV:owner names the actor; it names nobody on a principal."""
    return owner_of(resource) == context.actor.id and not isinstance(resource, Principal)


async def _named(
    tx: ReadTx,
    context: Context,
    target: Target,
    table: Table,
    name: str,
    mine: Sequence[Item],
) -> AsyncIterator[Page]:
    """The items of whose property a href leads to one of the actor's principals."""
    wanted = {context.urls.parse(href).segments for href, _ in mine}
    prop = Wanted(Mode.PROP, (name,), minimal=True)
    async for page in _among(tx, context, target):
        answer = await multistatus(tx, context, table, Selection(page.items), prop)
        root = parse(b"".join((answer.body, *answer.more)))
        items = []
        for item, response in zip(page.items, root.iterfind(DAV + "response"), strict=True):
            hrefs = response.iterfind(f"{DAV}propstat/{DAV}prop/{name}/{DAV}href")
            if any(_segments(context, text(href)) in wanted for href in hrefs):
                items.append(item)
        yield Page(items)


async def _among(tx: ReadTx, context: Context, target: Target) -> AsyncIterator[Page]:
    """The target, and what lies below it at any depth."""
    yield Page([(target.href, target.resource)])
    async for page in _inside(tx, context, target):
        yield page


async def _inside(tx: ReadTx, context: Context, target: Target) -> AsyncIterator[Page]:
    """What lies in a target, and in those of its members that are the actor's or nobody's."""
    async for page in pages(tx, context, target):
        yield page
        for href, resource in page.items:
            if _is_opened(context, resource):
                member = replace(target, href=href, resource=resource)
                async for below in _inside(tx, context, member):
                    yield below


def _is_opened(context: Context, resource: Resource) -> bool:
    match resource:
        case PrincipalCollection() | HomeCollection():
            return True
        case Principal() | Home() | Calendar() | Notifications():
            return owner_of(resource) == context.actor.id
    return False


def _segments(context: Context, href: str) -> tuple[str, ...]:
    try:
        return context.urls.parse(href).segments
    except Failed:
        return ()
