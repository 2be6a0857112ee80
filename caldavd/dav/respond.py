"""Selection and wanted names to a 207: one renderer for PROPFIND and all reports (RFC 4918 §13)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache, reduce
from operator import or_
from typing import Final, TypeAlias

from caldavd.acl.effective import effective
from caldavd.dav.message import Response
from caldavd.dav.property import Fact, Property, Table, View
from caldavd.dav.server import Context
from caldavd.model import (
    Calendar,
    CalendarObject,
    Collection,
    Home,
    Principal,
    Resource,
)
from caldavd.names import DAV
from caldavd.store import collections, objects, principals, properties
from caldavd.store.engine import ReadTx
from caldavd.xml import write

CHUNK: Final = 500
"""Members whose texts are in memory at a time."""
OFFLOAD: Final = 100
"""From this many members on, rendering leaves the event loop."""

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


@dataclass(frozen=True, slots=True)
class Selection:
    """What a report found, before anything is rendered."""

    items: Sequence[Item]
    missing: Sequence[str] = ()
    """Hrefs to answer with 404."""
    truncated: str | None = None
    """The collection's href, if there is more than `items` (RFC 6578 §3.6)."""
    token: str | None = None


@dataclass(frozen=True, slots=True)
class _Slot:
    """How to render one wanted name on one type of resource."""

    name: str
    opening: str
    closing: str
    empty: str
    row: Property | None


@dataclass(frozen=True, slots=True)
class _Plan:
    """The slots of one type of resource, and the facts that they need."""

    slots: tuple[_Slot, ...]
    needs: Fact


@dataclass(frozen=True, slots=True)
class _Facts:
    stored: Mapping[int, Mapping[str, str]] = field(default_factory=dict)
    principal: Principal | None = None
    calendars: tuple[Collection, ...] = ()


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


async def multistatus(
    tx: ReadTx, context: Context, table: Table, selection: Selection, wanted: Wanted
) -> Response:
    """The 207 for a selection. Facts that the wanted properties need are loaded once for all."""
    plans = {type_: _plan(table, type_, wanted) for type_ in {type(r) for _, r in selection.items}}
    needs = reduce(or_, (plan.needs for plan in plans.values()), Fact.NOTHING)
    facts = await _load(tx, context, selection, needs)
    parts: list[str] = []
    for start in range(0, len(selection.items), CHUNK):
        chunk = selection.items[start : start + CHUNK]
        texts = await _texts(tx, chunk) if Fact.CONTENT in needs else {}
        work = (context, chunk, plans, facts, texts, wanted)
        if len(chunk) >= OFFLOAD or wanted.costly:
            parts += await tx.offload(_render, *work)
        else:
            parts += _render(*work)
    return _answer(parts, selection, wanted)


def _answer(parts: list[str], selection: Selection, wanted: Wanted) -> Response:
    parts += [write.response(href, write.status_line(404)) for href in selection.missing]
    if selection.truncated is not None:
        error = "<D:error><D:number-of-matches-within-limits/></D:error>"
        parts.append(write.response(selection.truncated, write.status_line(507) + error))
    if selection.token is not None:
        parts.append(write.text_element(DAV + "sync-token", selection.token))
    body = write.document(DAV + "multistatus", "".join(parts))
    headers = [("Content-Type", write.CONTENT_TYPE)]
    if wanted.minimal:
        headers += [("Preference-Applied", "return=minimal"), ("Vary", "Brief, Prefer")]
    return Response(207, tuple(headers), body)


def _plan(table: Table, type_: type, wanted: Wanted) -> _Plan:
    """How to render what is wanted of one type; clients want the same again and again."""
    if wanted.rows:
        return _make_plan(table, type_, wanted.mode, wanted.names, wanted.rows)
    return _plan_again(table, type_, wanted.mode, wanted.names)


@lru_cache(maxsize=512)
def _plan_again(table: Table, type_: type, mode: Mode, names: tuple[str, ...]) -> _Plan:
    return _make_plan(table, type_, mode, names, {})


def _make_plan(
    table: Table, type_: type, mode: Mode, wanted: tuple[str, ...], own: Mapping[str, Property]
) -> _Plan:
    rows = table.of(type_)
    match mode:
        case Mode.PROP:
            names = list(wanted)
        case Mode.ALLPROP:
            names = [name for name, row in rows.items() if row.allprop]
            names += [name for name in wanted if name not in names]
        case Mode.PROPNAME:
            names = list(rows)
    slots = [_Slot(name, *write.tags(name), own.get(name) or rows.get(name)) for name in names]
    # A name in no table is a dead property, and so are all that allprop finds besides.
    facts = [Fact.STORED if slot.row is None else slot.row.needs for slot in slots]
    more = Fact.NOTHING if mode is Mode.PROP else Fact.STORED
    return _Plan(tuple(slots), reduce(or_, facts, more))


async def _load(tx: ReadTx, context: Context, selection: Selection, needs: Fact) -> _Facts:
    stored: Mapping[int, Mapping[str, str]] = {}
    if Fact.STORED in needs:
        ids = [id_ for _, r in selection.items if (id_ := resource_id(r)) is not None]
        stored = await properties.of(tx, ids, context.actor.id, context.actor.id)
    principal = None
    if Fact.PRINCIPAL in needs:
        principal = await principals.by_id(tx, context.actor.id)
    calendars: tuple[Collection, ...] = ()
    if Fact.CALENDARS in needs and any(isinstance(r, Home) for _, r in selection.items):
        calendars = tuple(await collections.calendars(tx, context.actor.id))
    return _Facts(stored, principal, calendars)


async def _texts(tx: ReadTx, chunk: Sequence[Item]) -> dict[int, str]:
    ids = [r.stored.id for _, r in chunk if isinstance(r, CalendarObject) and r.content is None]
    return await objects.contents(tx, ids)


def _render(
    context: Context,
    chunk: Sequence[Item],
    plans: Mapping[type, _Plan],
    facts: _Facts,
    texts: Mapping[int, str],
    wanted: Wanted,
) -> list[str]:
    views = _views(context, chunk, facts, texts)
    return [_response(view, plans[type(view.resource)].slots, wanted) for view in views]


def _views(
    context: Context, chunk: Sequence[Item], facts: _Facts, texts: Mapping[int, str]
) -> Iterator[View]:
    nothing: Mapping[str, str] = {}
    urls, limits = context.urls, context.server.limits
    for href, resource in chunk:
        id_ = resource_id(resource)
        content = ""
        if isinstance(resource, CalendarObject):
            content = resource.content or texts.get(resource.stored.id, "")
        yield View(
            resource,
            href,
            effective(context.actor, resource),
            context.actor,
            urls,
            limits,
            facts.stored.get(id_, nothing) if id_ is not None else nothing,
            facts.principal,
            facts.calendars,
            content,
        )


def _response(view: View, slots: Sequence[_Slot], wanted: Wanted) -> str:
    found: list[str] = []
    absent: list[str] = []
    for slot in slots:
        text = _value(view, slot, wanted)
        (absent if text is None else found).append(slot.empty if text is None else text)
    if wanted.mode is not Mode.PROP:
        found += _dead(view, slots, wanted)
        absent = []
    content = write.propstat("".join(found), 200) if found or not absent else ""
    if absent and not wanted.minimal:
        content += write.propstat("".join(absent), 404)
    return write.response(view.href, content or write.propstat("", 200))


def _value(view: View, slot: _Slot, wanted: Wanted) -> str | None:
    """The whole element, or None where the resource lacks it."""
    row = slot.row
    if row is None:
        return view.stored.get(slot.name)
    content = row.get(view)
    if content is None:
        return None
    if wanted.mode is Mode.PROPNAME or not content:
        return slot.empty
    return content if row.whole else f"{slot.opening}{content}{slot.closing}"


def _dead(view: View, slots: Sequence[_Slot], wanted: Wanted) -> list[str]:
    live = {slot.name for slot in slots}
    dead = [name for name in view.stored if name not in live]
    if wanted.mode is Mode.PROPNAME:
        return [write.element(name) for name in dead]
    return [view.stored[name] for name in dead]
