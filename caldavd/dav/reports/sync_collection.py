"""sync-collection on a calendar and on a calendar home (RFC 6578 §3)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, tzinfo

from caldavd.acl.privileges import Privilege
from caldavd.dav import calendar_data
from caldavd.dav.members import home_item, notification_item, object_items
from caldavd.dav.path import encode
from caldavd.dav.reports.calendar import with_data
from caldavd.dav.resolve import Target, reader_of, require
from caldavd.dav.respond import Page, Selection, Wanted
from caldavd.dav.server import Context
from caldavd.errors import NUMBER_OF_MATCHES, SYNC_TRAVERSAL_SUPPORTED, Failed, Refused
from caldavd.ical.subset import DataRequest
from caldavd.model import (
    Calendar,
    Collection,
    Home,
    Inbox,
    Notifications,
    Outbox,
    StoredNotification,
)
from caldavd.names import DAV
from caldavd.service import homes, sync, zone
from caldavd.service.views import Reader
from caldavd.store.engine import ReadTx
from caldavd.store.invitations import Member
from caldavd.xml.parse import Element, text


@dataclass(frozen=True, slots=True)
class SyncQuery:
    """From where to synchronise, and how many members to answer with at most."""

    token: str
    infinite: bool
    limit: int | None
    data: DataRequest | None
    wanted: Wanted


def parse(context: Context, root: Element, wanted: Wanted) -> SyncQuery:
    """The Depth header is not looked at: clients send 0, 1 or none. Raises Failed(400)."""
    level = text(root.find(DAV + "sync-level")) or "1"
    if level not in ("1", "infinite"):
        raise Failed(400, "sync-level is 1 or infinite")
    return SyncQuery(
        text(root.find(DAV + "sync-token")),
        level == "infinite",
        _limit(root),
        calendar_data.request_of(root) if calendar_data.NAME in wanted.names else None,
        wanted,
    )


async def select(
    tx: ReadTx, context: Context, target: Target, query: SyncQuery
) -> tuple[Selection, Wanted]:
    """Raises Refused: VALID_SYNC_TOKEN; on a home SYNC_TRAVERSAL_SUPPORTED, NUMBER_OF_MATCHES."""
    require(target, Privilege.READ)
    match target.resource:
        case Calendar(collection) | Inbox(collection) | Outbox(collection):
            reader = reader_of(context, collection, target.grants)
            selection = await _calendar(tx, target, collection, reader, query)
            return selection, await _wanted(tx, context, collection, query)
        case Notifications(collection):
            return await _notifications(tx, target, collection, query), query.wanted
        case Home(collection):
            if query.infinite:
                raise Refused(SYNC_TRAVERSAL_SUPPORTED, "a home is synchronised with sync-level 1")
            return await _home(tx, context, target, collection, query), query.wanted
    raise Failed(403, "this report is about calendars and calendar homes")


async def _calendar(
    tx: ReadTx, target: Target, calendar: Collection, reader: Reader, query: SyncQuery
) -> Selection:
    delta = await sync.since(tx, calendar, reader, query.token, query.limit or sync.PAGE)
    items, missing = _page(target, calendar, reader, delta)
    if query.limit is None and delta.more:
        rest = _pages(tx, target, calendar, reader, delta.token)
        return Selection(items, missing, token=sync.token(calendar, reader.sight), pages=rest)
    return Selection(items, missing, target.href if delta.more else None, delta.token)


async def _pages(
    tx: ReadTx, target: Target, calendar: Collection, reader: Reader, token: str
) -> AsyncIterator[Page]:
    async for delta in sync.pages(tx, calendar, reader, token):
        yield _page(target, calendar, reader, delta)


def _page(target: Target, calendar: Collection, reader: Reader, delta: sync.Delta) -> Page:
    href = target.href
    return Page(
        object_items(href, calendar, reader, delta.changed),
        [href + encode(name) for name in delta.removed],
    )


async def _notifications(tx: ReadTx, target: Target, of: Collection, query: SyncQuery) -> Selection:
    log = await sync.notifications_since(tx, of, query.token, query.limit)
    items = [
        notification_item(target.href, of, change.stored)
        for change in log.changes
        if isinstance(change.stored, StoredNotification)
    ]
    missing = [target.href + encode(one.name) for one in log.changes if one.stored is None]
    return Selection(items, missing, target.href if log.more else None, log.token)


async def _home(
    tx: ReadTx, context: Context, target: Target, home: Collection, query: SyncQuery
) -> Selection:
    members = {of.name: (of, at) for of, at in await _members(tx, context, home)}
    delta = await sync.home_since(tx, home, [of for of, _ in members.values()], query.token)
    items = [home_item(target.href, members[of.name]) for of in delta.changed]
    missing = [f"{target.href}{encode(name)}/" for name in delta.removed]
    if query.limit is not None and len(items) + len(missing) > query.limit:
        # RFC 6578 §3.7: what cannot be cut is refused.
        raise Refused(NUMBER_OF_MATCHES, "a home's answer is not cut: ask without a limit")
    return Selection(items, missing, token=delta.token)


async def _members(tx: ReadTx, context: Context, home: Collection) -> list[Member]:
    scheduling = context.server.scheduling
    return await homes.members(tx, context.actor.id, home.owner_id, scheduling=scheduling)


async def _wanted(tx: ReadTx, context: Context, calendar: Collection, query: SyncQuery) -> Wanted:
    if query.data is None:
        return query.wanted
    floating: tzinfo = UTC
    if calendar_data.needs_zone(query.data):
        floating = await zone.floating(tx, calendar.id, calendar.owner_id, context.actor.id)
    return with_data(query.wanted, query.data, floating)


def _limit(root: Element) -> int | None:
    limit = root.find(DAV + "limit")
    if limit is None:
        return None
    number = text(limit.find(DAV + "nresults"))
    if not number.isdecimal() or len(number) > 9 or int(number) == 0:
        raise Failed(400, "limit holds nresults, a number above 0")
    return int(number)
