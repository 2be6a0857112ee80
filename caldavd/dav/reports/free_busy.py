"""free-busy-query (RFC 4791 §7.10): when a calendar, or all of a user's, keep the owner busy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import NAMESPACE_URL, uuid5

from caldavd.acl.effective import effective
from caldavd.acl.privileges import Privilege
from caldavd.dav.filter import window_of
from caldavd.dav.message import Response
from caldavd.dav.resolve import Target
from caldavd.dav.respond import Wanted
from caldavd.dav.server import Context
from caldavd.dav.wanted import INFINITY, depth
from caldavd.errors import VALID_FILTER, Refused, not_found
from caldavd.ical.freebusy import BusyPeriod, calendar, vfreebusy
from caldavd.model import Calendar, Collection, Home, HomeCollection, Window
from caldavd.names import CALDAV
from caldavd.service import freebusy
from caldavd.store.engine import ReadTx
from caldavd.xml.parse import Element, elements

PRODUCT: Final = "-//caldavd//EN"
CONTENT_TYPE: Final = "text/calendar; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Query:
    """When, and how far down calendars are looked for."""

    window: Window
    depth: str


def parse(context: Context, root: Element, wanted: Wanted) -> Query:
    """Raises Refused(VALID_FILTER) without exactly one sound time-range, Failed(400)."""
    ranges = [child for child in elements(root) if child.tag == CALDAV + "time-range"]
    if len(ranges) != 1:
        raise Refused(VALID_FILTER, "a free-busy-query has exactly one time-range")
    window = window_of(ranges[0])
    if window.start and window.end and window.start >= window.end:
        raise Refused(VALID_FILTER, "the end of a time-range must be later than its start")
    return Query(window, depth({"Depth": wanted.depth}, "0"))


async def run(tx: ReadTx, context: Context, target: Target, query: Query) -> Response:
    """200, and a VCALENDAR with one VFREEBUSY.

    Raises Failed(404) without the right to see, as if there were nothing: the RFC wants that.
    """
    if Privilege.READ_FREE_BUSY not in target.privileges:
        raise not_found("this URL")
    periods = await _periods(tx, context, target, query)
    work = (periods, query.window, target.href, context.now)
    heavy = len(periods) >= freebusy.OFFLOAD
    body = await tx.offload(_body, *work) if heavy else _body(*work)
    return Response(200, (("Content-Type", CONTENT_TYPE),), body)


def _body(periods: list[BusyPeriod], window: Window, href: str, now: int) -> bytes:
    uid = uuid5(NAMESPACE_URL, f"{href} {window.start} {window.end}")
    component = vfreebusy(periods, window, datetime.fromtimestamp(now, UTC), (f"UID:{uid}",))
    return calendar(component, PRODUCT).encode()


async def _periods(tx: ReadTx, context: Context, target: Target, query: Query) -> list[BusyPeriod]:
    """Of the calendars that the depth reaches; one that it reaches counts with all its objects."""
    limit = context.server.limits.max_instances

    def may_see(one: Collection) -> bool:
        return Privilege.READ_FREE_BUSY in effective(context.actor, Calendar(one), target.grants)

    match target.resource:
        case Calendar(collection):
            return await freebusy.of_calendar(tx, collection, query.window, limit)
        case Home(collection) if query.depth != "0":
            user_id = collection.owner_id
        case HomeCollection() if query.depth == INFINITY:
            # No other home is the actor's to see.
            user_id = context.actor.id
        case _:
            return []
    found = await freebusy.of_users(tx, [user_id], query.window, limit, may_see)
    return found[user_id]
