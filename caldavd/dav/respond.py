"""Selection and wanted names to a 207: one renderer for PROPFIND and all reports (RFC 4918 §13)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache, reduce
from operator import or_
from types import MappingProxyType
from typing import Final, NamedTuple

from caldavd.acl.effective import effective
from caldavd.acl.privileges import Privilege
from caldavd.dav.facts import Facts, Item, load, resource_id
from caldavd.dav.message import Response
from caldavd.dav.people import People
from caldavd.dav.property import Fact, Getter, Property, Table, View, stored
from caldavd.dav.server import Context
from caldavd.errors import NUMBER_OF_MATCHES, Refused
from caldavd.ical.byreference import Zones
from caldavd.model import (
    CalendarObject,
    Home,
    Properties,
    Resource,
)
from caldavd.names import DAV
from caldavd.store.engine import ReadTx
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
    requires: Privilege = Privilege.NONE


@dataclass(frozen=True, slots=True)
class _Plan:
    """The slots of one type of resource, and the facts that they need."""

    names: frozenset[str]
    """What is asked for or is a live property: none of it is shown as a dead one."""
    slots: tuple[_Slot, ...]
    needs: Fact
    stored: frozenset[str] | None
    """Names of the stored properties that are shown; None: of all there are."""
    guarded: bool = False
    """Whether a slot takes more than to read."""


async def multistatus(
    tx: ReadTx, context: Context, table: Table, selection: Selection, wanted: Wanted
) -> Response:
    """The 207 for a selection. Facts that the wanted properties need are loaded once a page."""
    parts: list[bytes] = []
    plans: dict[type, _Plan] = {}
    facts = Facts(people=People({context.actor.id: context.actor.name}))
    async for page in _pages(selection):
        types = {type(resource) for _, resource in page.items}
        plans |= {type_: _plan(table, type_, wanted) for type_ in types - plans.keys()}
        needs = reduce(or_, (plans[type_].needs for type_ in types)) if types else Fact.NOTHING
        texts = _size_of_texts(page) if Fact.CONTENT in needs else 0
        written = sum(map(len, parts))
        _require_room(context, written + texts)
        facts = await load(tx, context, page.items, needs, _stored(plans, types), facts)
        work = (context, page, plans, facts, wanted, written)
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
        row = row or Property(name, (), stored(name), needs=Fact.STORED, whole=True)
        slots.append(_Slot(*write.tags(name), row.get, row.whole, row.requires))
        facts = row.needs | (Fact.PRIVILEGES if row.requires else Fact.NOTHING)
        if Fact.STORED in facts:
            shown.add(name)
        needs |= facts
    only = frozenset(shown) if mode is Mode.PROP else None
    guarded = mode is not Mode.PROPNAME and any(slot.requires for slot in slots)
    of = frozenset((*names, *table.of(type_)))
    return _Plan(of, tuple(slots), needs, only, guarded)


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


def _size_of_texts(page: Page) -> int:
    return sum(r.stored.size_bytes for _, r in page.items if isinstance(r, CalendarObject))


def _require_room(context: Context, size: int) -> None:
    """Raises Refused(NUMBER_OF_MATCHES) for more than an answer may hold."""
    if size > context.server.limits.max_answer_bytes:
        raise _too_large()


def _too_large() -> Refused:
    return Refused(NUMBER_OF_MATCHES, "the answer is too large: ask for fewer objects at a time")


_NOT_FOUND: Final = write.status_line(404)
_FOUND: Final = f"</D:prop>{write.status_line(200)}</D:propstat>"
_NOTHING: Final[Properties] = MappingProxyType({})


def _render(
    context: Context,
    page: Page,
    plans: Mapping[type, _Plan],
    facts: Facts,
    wanted: Wanted,
    written: int,
) -> bytes:
    """A page, after `written` bytes. Raises Refused(NUMBER_OF_MATCHES) as soon as it is too much:
    whatever a property shows is counted, not the texts alone.
    """
    parts: list[str] = []
    room = context.server.limits.max_answer_bytes - written
    for href, resource in page.items:
        part = _response(_view(context, href, resource, facts), plans[type(resource)], wanted)
        parts.append(part)
        room -= len(part)
        if room < 0:
            raise _too_large()
    parts += [write.response(href, _NOT_FOUND) for href in page.missing]
    rendered = "".join(parts).encode()
    _require_room(context, written + len(rendered))
    return rendered


def _view(context: Context, href: str, resource: Resource, facts: Facts) -> View:
    actor = context.actor
    id_ = resource_id(resource) if facts.stored else None
    content, size = "", None
    if type(resource) is CalendarObject:
        content = resource.content or facts.texts.get(resource.stored.id, "")
        size = facts.sizes.get(resource.stored.id) if facts.sizes else None
    return View(
        resource,
        href,
        actor,
        context.server.urls,
        context.server.limits,
        effective(actor, resource, facts.people.grants) if facts.privileges else Privilege.NONE,
        _NOTHING if id_ is None else facts.stored.get(id_, _NOTHING),
        facts.people,
        facts.calendars.get(resource.collection.owner_id, ()) if type(resource) is Home else (),
        content,
        size,
        context.now,
        facts.locks,
        facts.usage,
        facts.boxes,
        schedules=context.server.scheduling,
    )


def _response(view: View, plan: _Plan, wanted: Wanted) -> str:
    """The DAV:response for one resource: the hottest lines of the server, hence one loop."""
    found: list[str] = []
    absent: list[str] = []
    names_only = wanted.mode is Mode.PROPNAME
    slots, denied = _open_slots(view, plan) if plan.guarded else (plan.slots, "")
    for opening, closing, empty, get, whole, _ in slots:
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
    missing += denied
    if missing and not found:
        return write.response(view.href, missing)
    return (
        f"<D:response><D:href>{write.escape(view.href)}</D:href>"
        f"<D:propstat><D:prop>{''.join(found)}{_FOUND}{missing}</D:response>"
    )


def _open_slots(view: View, plan: _Plan) -> tuple[tuple[_Slot, ...], str]:
    """The slots that the actor may see, and a propstat that refuses the others."""
    seen = tuple(slot for slot in plan.slots if slot.requires in view.privileges)
    closed = "".join(slot.empty for slot in plan.slots if slot.requires not in view.privileges)
    return seen, write.propstat(closed, 403) if closed else ""


def _dead(view: View, plan: _Plan, *, names_only: bool) -> list[str]:
    dead = [name for name in view.stored if name not in plan.names]
    if names_only:
        return [write.element(name) for name in dead]
    return [view.stored[name] for name in dead]
