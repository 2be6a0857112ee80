"""GET and HEAD (RFC 9110 §9.3, RFC 4918 §9.4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from caldavd.acl.privileges import Privilege
from caldavd.dav import conditions, notification
from caldavd.dav.conditions import Conditions
from caldavd.dav.locked import states
from caldavd.dav.message import Headers, Request, Response, http_date, schedule_tag
from caldavd.dav.resolve import Target, require
from caldavd.dav.server import Context
from caldavd.dav.wanted import zones
from caldavd.ical.byreference import Zones, shown
from caldavd.model import (
    Calendar,
    CalendarObject,
    Home,
    Inbox,
    Notification,
    Notifications,
    Outbox,
    Resource,
)
from caldavd.store.engine import ReadTx
from caldavd.xml import write

MEDIA_TYPE: Final = "text/calendar; charset=utf-8"
_VARY: Final = ("Vary", "CalDAV-Timezones")
"""The tag is the stored object's, whatever is shown of it: clients save with it."""
_PAGE: Final = (
    "<!DOCTYPE html>\n<html lang='en'><head><meta charset='utf-8'><title>caldavd</title>"
    "<meta name='viewport' content='width=device-width'></head><body>"
    "<h1>This is a calendar server</h1><p>Give this address to a calendar application: "
    "Thunderbird, DAVx5, Apple Calendar and others read and write it by CalDAV.</p></body></html>\n"
)


@dataclass(frozen=True, slots=True)
class Command:
    """What may turn the answer into 304 or 412, and which VTIMEZONEs it is to hold."""

    conditions: Conditions
    zones: Zones


def parse(context: Context, request: Request) -> Command:
    """The conditions, and CalDAV-Timezones."""
    return Command(conditions.parse(request.headers), zones(request.headers))


async def run(tx: ReadTx, context: Context, target: Target, command: Command) -> Response:
    """The object's bytes as they were put, but for time zones; a short page for a collection."""
    require(target, Privilege.READ)
    headers = _validators(target.resource)
    if not command.conditions.empty:
        demanded = states(tx, context, command.conditions, target.resource)
        await conditions.require_for_reading(command.conditions, demanded)
        if conditions.not_modified(command.conditions, await demanded(None)):
            return Response(304, headers)
    match target.resource:
        case CalendarObject(content=content):
            media_type, text = MEDIA_TYPE, content or ""
            if command.zones is not Zones.AS_STORED:
                text = await tx.offload(shown, text, command.zones)
        case Notification(notice=notice):
            media_type, text = write.CONTENT_TYPE, notification.body(notice, context.urls).decode()
        case _:
            media_type, text = "text/html; charset=utf-8", _PAGE
    return Response(200, (("Content-Type", media_type), *headers), text.encode())


def _validators(resource: Resource) -> Headers:
    """What a client may ask again with, if the resource has a state of its own."""
    match resource:
        case CalendarObject(stored=stored):
            return (*_caching(stored.etag, stored.modified_at), _VARY, *schedule_tag(stored))
        case Notification(stored=told):
            return _caching(told.etag, told.created_at)
        case Calendar(collection) | Home(collection) | Notifications(collection):
            return _caching(collection.etag, collection.modified_at)
        case Inbox(collection) | Outbox(collection):
            return _caching(collection.etag, collection.modified_at)
    return (("Cache-Control", "no-cache"),)


def _caching(etag: str, modified_at: int) -> Headers:
    return (
        ("ETag", f'"{etag}"'),
        ("Last-Modified", http_date(modified_at)),
        ("Cache-Control", "private, no-cache"),
    )
