"""Selection and wanted names to a 207: one renderer for PROPFIND and all reports (RFC 4918 §13)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache, reduce
from operator import or_
from types import MappingProxyType
from typing import Final, NamedTuple, TypeAlias

from caldavd.acl.effective import effective
from caldavd.acl.privileges import Privilege
from caldavd.dav.message import Response
from caldavd.dav.property import Fact, Getter, Property, Table, View, stored
from caldavd.dav.server import Context
from caldavd.errors import NUMBER_OF_MATCHES, Refused
from caldavd.ical.byreference import Zones
from caldavd.model import (
    Calendar,
    CalendarObject,
    Collection,
    Home,
    Principal,
    Properties,
    Resource,
)
from caldavd.names import DAV
from caldavd.service import locks
from caldavd.service.locks import Locks
from caldavd.store import collections, objects, principals, properties, quota
from caldavd.store.engine import ReadTx
from caldavd.store.quota import Usage
from caldavd.xml import write

CHUNK: Final = 500
"""Members whose texts are in memory at a time."""
SMALL: Final = 4_000
"""Characters of all names together, up to which a plan is remembered."""
FEW: Final = 4
"""Pages that are sent in one piece."""
OFFLOAD: Final = 100
"""From this many members on, rendering leaves the event loop."""
OFFLOAD_BYTES: Final = 200_000
"""So it does for members whose texts are longer than this together."""

Item: TypeAlias = tuple[str, Resource]
"""An href, encoded, and what it leads to."""


class Mode(Enum):
    """What a PROPFIND or report asks for (RFC 4918 §9.1)."""

    PROP = "prop"
    ALLPROP = "allprop"
    PROPNAME = "propname"


@dataclass(frozen=True, slots=True)
class Wanted:
    """The properties to render. `rows` go before the table: a report's own calendar-data."""

    mode: Mode = Mode.PROP
    names: tuple[str, ...] = ()
    rows: Mapping[str, Property] = field(default_factory=dict)
    minimal: bool = False
    """Whether properties that do not exist are left out (RFC 8144 §2.1)."""
    costly: bool = False
    """Whether a single member may be much work: its instances are to be computed."""
    depth: str = "0"
    """How far down a report looks, as the client wrote it (RFC 3253 §3.6)."""
    zones: Zones = Zones.AS_STORED
    """Which VTIMEZONEs the calendar-data hold (RFC 7809 §3.1.3)."""


class Page(NamedTuple):
    """Some of what a report found: items to render, and hrefs to answer with 404."""

    items: Sequence[Item]
    missing: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Selection:
    """What a report found, before anything is rendered."""

    items: Sequence[Item] = ()
    missing: Sequence[str] = ()
    """Hrefs to answer with 404."""
    truncated: str | None = None
    """The collection's href, if there is more than `items` (RFC 6578 §3.6)."""
    token: str | None = None
    pages: AsyncIterator[Page] | None = None
    """More of both, read in the same transaction as it is rendered."""


class _Slot(NamedTuple):
    """How to render one wanted name on one type of resource."""

    opening: str
    closing: str
    empty: str
    get: Getter
    whole: bool


@dataclass(frozen=True, slots=True)
class _Plan:
    """The slots of one type of resource, and the facts that they need."""

    names: frozenset[str]
    """What is asked for or is a live property: none of it is shown as a dead one."""
    slots: tuple[_Slot, ...]
    needs: Fact
    stored: frozenset[str] | None
    """Names of the stored properties that are shown; None: of all there are."""


@dataclass(frozen=True, slots=True)
class _Facts:
    """What was loaded for a page; the last two serve all pages."""

    stored: Mapping[int, Properties] = field(default_factory=dict)
    texts: Mapping[int, str] = field(default_factory=dict)
    privileges: bool = False
    principal: Principal | None = None
    calendars: tuple[Collection, ...] = ()
    locks: Locks = locks.NONE
    usage: Mapping[int, Usage] = field(default_factory=dict)


def resource_id(resource: Resource) -> int | None:
    """The id under which properties of a resource are stored; None if it can have none."""
    match resource:
        case Principal(id=id_):
            return id_
        case Home(collection) | Calendar(collection):
            return collection.id
        case CalendarObject(stored=stored):
            return stored.id
    return None


def owner_id(resource: Resource) -> int | None:
    """Whose home a resource is in; None if it is in nobody's."""
    match resource:
        case Home(collection) | Calendar(collection) | CalendarObject(collection):
            return collection.owner_id
    return None


async def multistatus(
    tx: ReadTx, context: Context, table: Table, selection: Selection, wanted: Wanted
) -> Response:
    """The 207 for a selection. Facts that the wanted properties need are loaded once a page."""
    parts: list[bytes] = []
    plans: dict[type, _Plan] = {}
    facts = _Facts()
    async for page in _pages(selection):
        types = {type(resource) for _, resource in page.items}
        plans |= {type_: _plan(table, type_, wanted) for type_ in types - plans.keys()}
        needs = reduce(or_, (plans[type_].needs for type_ in types)) if types else Fact.NOTHING
        texts = _size_of_texts(page) if Fact.CONTENT in needs else 0
        _require_room(context, sum(map(len, parts)) + texts)
        facts = await _load(tx, context, page.items, needs, _stored(plans, types), facts)
        work = (context, page, plans, facts, wanted)
        heavy = wanted.costly and page.items
        if heavy or len(page.items) >= OFFLOAD or texts >= OFFLOAD_BYTES:
            parts.append(await tx.offload(_render, *work))
        else:
            parts.append(_render(*work))
    return _answer(parts, selection, wanted)


async def _pages(selection: Selection) -> AsyncIterator[Page]:
    """The selection in parts that fit into memory with their facts."""
    for start in range(0, len(selection.items), CHUNK):
        yield Page(selection.items[start : start + CHUNK])
    if selection.missing:
        yield Page((), selection.missing)
    if selection.pages is not None:
        async for page in selection.pages:
            yield page


def _answer(parts: list[bytes], selection: Selection, wanted: Wanted) -> Response:
    last = ""
    if selection.truncated is not None:
        error = "<D:error><D:number-of-matches-within-limits/></D:error>"
        last += write.response(selection.truncated, write.status_line(507) + error)
    if selection.token is not None:
        last += write.text_element(DAV + "sync-token", selection.token)
    opening, closing = write.around(DAV + "multistatus")
    parts.append(last.encode() + closing)
    headers = [("Content-Type", write.CONTENT_TYPE)]
    if wanted.minimal:
        headers += [("Preference-Applied", "return=minimal"), ("Vary", "Brief, Prefer")]
    if len(parts) <= FEW:
        return Response(207, tuple(headers), opening + b"".join(parts))
    return Response(207, tuple(headers), opening, tuple(parts))


def _plan(table: Table, type_: type, wanted: Wanted) -> _Plan:
    """How to render what is wanted of one type; clients want the same again and again."""
    # A costly row counts what it renders: it belongs to one answer.
    again = not wanted.costly and sum(map(len, wanted.names)) <= SMALL
    make = _plan_again if again else _make_plan
    return make(table, type_, wanted.mode, wanted.names, tuple(wanted.rows.values()))


def _make_plan(
    table: Table, type_: type, mode: Mode, wanted: tuple[str, ...], own: tuple[Property, ...]
) -> _Plan:
    rows = {**table.of(type_), **{row.name: row for row in own}}
    match mode:
        case Mode.PROP:
            names = list(wanted)
        case Mode.ALLPROP:
            names = [name for name, row in table.of(type_).items() if row.allprop]
            names += [name for name in wanted if name not in names]
        case Mode.PROPNAME:
            names = list(table.of(type_))
    slots: list[_Slot] = []
    # allprop and propname show dead properties besides.
    needs = Fact.NOTHING if mode is Mode.PROP else Fact.STORED
    shown: set[str] = set()
    for name in names:
        row = rows.get(name)
        # A name in no table is a dead property.
        get, whole = (stored(name), True) if row is None else (row.get, row.whole)
        slots.append(_Slot(*write.tags(name), get, whole))
        facts = Fact.STORED if row is None else row.needs
        if Fact.STORED in facts:
            shown.add(name)
        needs |= facts
    only = frozenset(shown) if mode is Mode.PROP else None
    return _Plan(frozenset((*names, *table.of(type_))), tuple(slots), needs, only)


_plan_again: Final = lru_cache(maxsize=512)(_make_plan)


def _stored(plans: Mapping[type, _Plan], types: Iterable[type]) -> frozenset[str] | None:
    """Names of the stored properties that some types of resources show; None: of all there are."""
    shown: frozenset[str] = frozenset()
    for type_ in types:
        names = plans[type_].stored
        if names is None:
            return None
        shown |= names
    return shown


async def _load(
    tx: ReadTx,
    context: Context,
    items: Sequence[Item],
    needs: Fact,
    names: frozenset[str] | None,
    before: _Facts,
) -> _Facts:
    """The facts for a page; what serves all pages is taken over from the one before."""
    if needs is Fact.NOTHING:
        return before
    actor_id = context.actor.id
    found: Mapping[int, Properties] = {}
    if Fact.STORED in needs:
        ids = [id_ for _, r in items if (id_ := resource_id(r)) is not None]
        found = await properties.of(tx, ids, actor_id, actor_id, names)
    texts: Mapping[int, str] = {}
    if Fact.CONTENT in needs:
        ids = [r.stored.id for _, r in items if isinstance(r, CalendarObject) and not r.content]
        texts = await objects.contents(tx, ids)
    principal, calendars = before.principal, before.calendars
    if Fact.PRINCIPAL in needs and principal is None:
        principal = await principals.by_id(tx, actor_id)
    if Fact.CALENDARS in needs and not calendars:
        calendars = tuple(await collections.calendars(tx, actor_id))
    held, usage = await _of_owners(tx, context, items, needs)
    return _Facts(found, texts, Fact.PRIVILEGES in needs, principal, calendars, held, usage)


async def _of_owners(
    tx: ReadTx, context: Context, items: Sequence[Item], needs: Fact
) -> tuple[Locks, Mapping[int, Usage]]:
    """The locks in the homes that a page shows something of, and how much they store."""
    held, usage = locks.NONE, dict[int, Usage]()
    if needs & (Fact.LOCKS | Fact.QUOTA):
        owners = {id_ for _, resource in items if (id_ := owner_id(resource)) is not None}
        if owners and Fact.LOCKS in needs:
            held = await locks.of_owners(tx, context.now, *owners)
        if owners and Fact.QUOTA in needs:
            usage = await quota.of(tx, sorted(owners))
    return held, usage


def _size_of_texts(page: Page) -> int:
    return sum(r.stored.size_bytes for _, r in page.items if isinstance(r, CalendarObject))


def _require_room(context: Context, size: int) -> None:
    """Raises Refused(NUMBER_OF_MATCHES) for more than an answer may hold."""
    if size > context.server.limits.max_answer_bytes:
        raise Refused(NUMBER_OF_MATCHES, "the answer is too large: ask for fewer objects at a time")


_NOT_FOUND: Final = write.status_line(404)
_FOUND: Final = f"</D:prop>{write.status_line(200)}</D:propstat>"
_NOTHING: Final[Properties] = MappingProxyType({})


def _render(
    context: Context, page: Page, plans: Mapping[type, _Plan], facts: _Facts, wanted: Wanted
) -> bytes:
    parts = [
        _response(_view(context, href, resource, facts), plans[type(resource)], wanted)
        for href, resource in page.items
    ]
    parts += [write.response(href, _NOT_FOUND) for href in page.missing]
    return "".join(parts).encode()


def _view(context: Context, href: str, resource: Resource, facts: _Facts) -> View:
    actor = context.actor
    id_ = resource_id(resource) if facts.stored else None
    content = ""
    if type(resource) is CalendarObject:
        content = resource.content or facts.texts.get(resource.stored.id, "")
    return View(
        resource,
        href,
        actor,
        context.server.urls,
        context.server.limits,
        effective(actor, resource) if facts.privileges else Privilege.NONE,
        _NOTHING if id_ is None else facts.stored.get(id_, _NOTHING),
        facts.principal,
        facts.calendars,
        content,
        context.now,
        facts.locks,
        facts.usage,
    )


def _response(view: View, plan: _Plan, wanted: Wanted) -> str:
    """The DAV:response for one resource: the hottest lines of the server, hence one loop."""
    found: list[str] = []
    absent: list[str] = []
    names_only = wanted.mode is Mode.PROPNAME
    for opening, closing, empty, get, whole in plan.slots:
        content = get(view)
        if content is None:
            absent.append(empty)
        elif names_only or not content:
            found.append(empty)
        else:
            found.append(content if whole else f"{opening}{content}{closing}")
    if wanted.mode is not Mode.PROP:
        found += _dead(view, plan, names_only=names_only)
        absent = []
    # What was asked for and does not exist is named, unless the client wants little said.
    missing = write.propstat("".join(absent), 404) if absent and not wanted.minimal else ""
    if missing and not found:
        return write.response(view.href, missing)
    return (
        f"<D:response><D:href>{write.escape(view.href)}</D:href>"
        f"<D:propstat><D:prop>{''.join(found)}{_FOUND}{missing}</D:response>"
    )


def _dead(view: View, plan: _Plan, *, names_only: bool) -> list[str]:
    dead = [name for name in view.stored if name not in plan.names]
    if names_only:
        return [write.element(name) for name in dead]
    return [view.stored[name] for name in dead]
