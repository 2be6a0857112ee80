"""calendar-query and calendar-multiget (RFC 4791 §7.8, §7.9)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, tzinfo

from caldavd.acl.privileges import Privilege
from caldavd.dav import calendar_data
from caldavd.dav.facts import Item
from caldavd.dav.filter import filter_of, timezone_of
from caldavd.dav.members import object_items
from caldavd.dav.path import Path
from caldavd.dav.resolve import Target, reader_of, require
from caldavd.dav.respond import Selection, Wanted
from caldavd.dav.server import Context
from caldavd.errors import VALID_FILTER, Failed, Refused
from caldavd.ical.byreference import Zones
from caldavd.ical.filter_elements import Filter
from caldavd.ical.subset import EVERYTHING, DataRequest
from caldavd.model import Calendar, CalendarObject, Collection, Inbox
from caldavd.names import CALDAV, DAV
from caldavd.service import views, zone
from caldavd.service.query import matches_one, query
from caldavd.store import objects
from caldavd.store.engine import ReadTx
from caldavd.xml.parse import Element, elements, text


@dataclass(frozen=True, slots=True)
class Query:
    """A calendar-query: what to match, and what to show of each match."""

    filter: Filter
    timezone: tzinfo | None
    data: DataRequest | None
    wanted: Wanted


@dataclass(frozen=True, slots=True)
class Multiget:
    """A calendar-multiget: hrefs as the client spelled them, with their paths where sound."""

    hrefs: Sequence[tuple[str, Path | None]]
    timezone: tzinfo | None
    data: DataRequest | None
    wanted: Wanted


def parse_query(context: Context, root: Element, wanted: Wanted) -> Query:
    """Raises Refused(VALID_FILTER, SUPPORTED_FILTER, SUPPORTED_COLLATION, ...)."""
    found = root.find(CALDAV + "filter")
    if found is None:
        raise Refused(VALID_FILTER, "a calendar-query has a filter")
    return Query(filter_of(found), timezone_of(root), calendar_data.request_of(root), wanted)


def is_lasting(query: Query) -> bool:
    """Whether a query names no zone: what a zone is may change (`ical.timezone.forget`)."""
    return query.timezone is None


async def select_query(
    tx: ReadTx, context: Context, target: Target, wanted: Query
) -> tuple[Selection, Wanted]:
    """The members that match; of a single object, itself if it matches."""
    require(target, Privilege.READ)

    async def floating() -> tzinfo:
        return await _zone(tx, context, target, wanted.timezone)

    items: list[Item] = []
    reader = reader_of(context, _calendar(target), target.grants)
    match target.resource:
        case Calendar(collection) | Inbox(collection):
            # Depth 0 would match nothing; clients that send it expect the members.
            found = await query(tx, collection, reader, wanted.filter, floating)
            items = object_items(target.href, collection, reader, found)
        case CalendarObject(stored=stored):
            if await matches_one(tx, stored, reader, wanted.filter, floating):
                items = [(target.href, target.resource)]
    return Selection(items), await _with_data(tx, context, target, wanted)


def parse_multiget(context: Context, root: Element, wanted: Wanted) -> Multiget:
    """Raises Failed(400) without hrefs, or with too many."""
    hrefs = [text(child) for child in elements(root) if child.tag == DAV + "href"]
    if not hrefs:
        raise Failed(400, "a calendar-multiget names the objects it wants: DAV:href")
    limit = context.server.limits.max_multiget_hrefs
    if len(hrefs) > limit:
        raise Failed(400, f"a calendar-multiget names at most {limit} objects: ask in parts")
    paths = [(href, _path(context, href)) for href in hrefs]
    return Multiget(paths, timezone_of(root), calendar_data.request_of(root), wanted)


async def select_multiget(
    tx: ReadTx, context: Context, target: Target, wanted: Multiget
) -> tuple[Selection, Wanted]:
    """One item for each href, spelled as it was asked for; 404 for what is not there."""
    require(target, Privilege.READ)
    calendar = _calendar(target)
    place = context.urls.parse(target.href).segments
    below = place if isinstance(target.resource, (Calendar, Inbox)) else place[:-1]
    names = {
        href: path.segments[-1]
        for href, path in wanted.hrefs
        if path is not None and path.segments[:-1] == below
    }
    held = await objects.by_names(tx, calendar.id, list(set(names.values())))
    reader = reader_of(context, calendar, target.grants)
    found = {one.name: one for one in await views.seen(tx, reader, list(held.values()))}
    items: list[Item] = []
    missing: list[str] = []
    for href in dict.fromkeys(href for href, _ in wanted.hrefs):
        stored = found.get(names.get(href, ""))
        if stored is None:
            missing.append(href)
        else:
            items.append((href, CalendarObject(calendar, stored, reader.sight)))
    return Selection(items, missing), await _with_data(tx, context, target, wanted)


def _path(context: Context, href: str) -> Path | None:
    try:
        return context.urls.parse(href)
    except Failed:
        return None


def _calendar(target: Target) -> Collection:
    match target.resource:
        case Calendar(collection) | CalendarObject(collection) | Inbox(collection):
            return collection
    raise Failed(403, "this report is about calendars and their objects")


async def _zone(tx: ReadTx, context: Context, target: Target, named: tzinfo | None) -> tzinfo:
    """The zone that the report names, else the calendar's."""
    if named is not None:
        return named
    calendar = _calendar(target)
    return await zone.floating(tx, calendar.id, calendar.owner_id, context.actor.id)


async def _with_data(
    tx: ReadTx, context: Context, target: Target, asked: Query | Multiget
) -> Wanted:
    if asked.data is None:
        return asked.wanted
    floating: tzinfo = UTC
    if calendar_data.needs_zone(asked.data):
        floating = await _zone(tx, context, target, asked.timezone)
    return with_data(asked.wanted, asked.data, floating)


def with_data(wanted: Wanted, data: DataRequest, floating: tzinfo) -> Wanted:
    """The wanted properties with a row for calendar-data."""
    rows = {calendar_data.NAME: calendar_data.row(data, floating, wanted.zones)}
    costly = data != EVERYTHING or wanted.zones is not Zones.AS_STORED
    return replace(wanted, rows=rows, costly=costly)
