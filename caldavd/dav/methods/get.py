"""GET and HEAD (RFC 9110 §9.3, RFC 4918 §9.4)."""

from __future__ import annotations

from typing import Final

from caldavd.acl.privileges import Privilege
from caldavd.dav import conditions
from caldavd.dav.conditions import Conditions
from caldavd.dav.locked import states
from caldavd.dav.message import Request, Response, http_date
from caldavd.dav.resolve import Target, require
from caldavd.dav.server import Context
from caldavd.model import CalendarObject, Stored
from caldavd.store.engine import ReadTx

MEDIA_TYPE: Final = "text/calendar; charset=utf-8"
_PAGE: Final = (
    "<!DOCTYPE html>\n<html lang='en'><head><meta charset='utf-8'><title>caldavd</title>"
    "<meta name='viewport' content='width=device-width'></head><body>"
    "<h1>This is a calendar server</h1><p>Give this address to a calendar application: "
    "Thunderbird, DAVx5, Apple Calendar and others read and write it by CalDAV.</p></body></html>\n"
)


def parse(context: Context, request: Request) -> Conditions:
    """The conditions that may turn the answer into 304 or 412."""
    return conditions.parse(request.headers)


async def run(tx: ReadTx, context: Context, target: Target, command: Conditions) -> Response:
    """The object's bytes as they were put; a short page for a collection."""
    require(target, Privilege.READ)
    match target.resource:
        case CalendarObject(stored=stored, content=content):
            unchanged = False
            if not command.empty:
                demanded = states(tx, context, target.resource)
                await conditions.require_for_reading(command, demanded)
                unchanged = conditions.not_modified(command, await demanded(None))
            return _object(stored, content or "", unchanged=unchanged)
    headers = (("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", "no-cache"))
    return Response(200, headers, _PAGE.encode())


def _object(stored: Stored, content: str, *, unchanged: bool) -> Response:
    headers = (
        ("ETag", f'"{stored.etag}"'),
        ("Last-Modified", http_date(stored.modified_at)),
        ("Cache-Control", "private, no-cache"),
    )
    if unchanged:
        return Response(304, headers)
    return Response(200, (("Content-Type", MEDIA_TYPE), *headers), content.encode())
