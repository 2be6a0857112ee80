"""PUT (RFC 4791 §5.3.2, RFC 9110 §9.3.4)."""

from __future__ import annotations

from dataclasses import dataclass

from caldavd.acl.privileges import Privilege
from caldavd.dav import conditions
from caldavd.dav.conditions import Conditions
from caldavd.dav.locked import Member, lock_object
from caldavd.dav.message import Headers, Request, Response, http_date
from caldavd.dav.path import encode
from caldavd.dav.resolve import Target, require, require_above
from caldavd.dav.server import Context
from caldavd.dav.wanted import prefers, zones
from caldavd.errors import SUPPORTED_CALENDAR_DATA, Failed, Refused
from caldavd.ical.byreference import Zones, shown
from caldavd.ical.parse import Document
from caldavd.ical.parse import parse as parse_document
from caldavd.model import Calendar, CalendarObject, Unmapped
from caldavd.service.put import UidConflict, put
from caldavd.service.save import Saved
from caldavd.store.engine import WriteTx


@dataclass(frozen=True, slots=True)
class Command:
    """A document, the state it is meant for, and whether the answer is to show it."""

    document: Document
    conditions: Conditions
    representation: bool
    zones: Zones
    """Which VTIMEZONEs the answer is to show."""


def parse(context: Context, request: Request) -> Command:
    """Raises Refused(SUPPORTED_CALENDAR_DATA) for other media types, and what `ical.parse` does."""
    if "Content-Range" in request.headers:
        raise Failed(400, "a part of an object cannot be put: send the whole (RFC 9110 §14.5)")
    media_type = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    # Some send nothing or octet-stream; the body says what it is.
    if media_type not in ("", "text/calendar", "application/octet-stream", "text/plain"):
        raise Refused(
            SUPPORTED_CALENDAR_DATA, f"a calendar holds text/calendar, and no {media_type}"
        )
    document = parse_document(request.body, context.server.limits.objects)
    return Command(
        document,
        conditions.parse(request.headers),
        prefers(request.headers, "return=representation"),
        zones(request.headers),
    )


async def run(tx: WriteTx, context: Context, target: Target, command: Command) -> Response:
    """201 for a new object, 204 for a changed one; the ETag if the bytes were stored as sent."""
    match target.resource:
        case CalendarObject(calendar, stored):
            _require_place(target, exists=True)
            name = stored.name
        case Unmapped(Calendar(calendar), name):
            _require_place(target, exists=False)
        case _:
            raise Failed(409, "there is no calendar of that name: make it first (MKCALENDAR)")
    member = await lock_object(tx, context, calendar, name, command.conditions)
    # It may have come or gone while we waited for the lock.
    _require_place(target, exists=member.stored is not None)
    saved = await save(tx, context, target.href, member, name, command)
    return answer(saved, command, target.href)


def _require_place(target: Target, *, exists: bool) -> None:
    if exists:
        require(target, Privilege.WRITE_CONTENT)
    else:
        require_above(target, Privilege.BIND)


async def save(
    tx: WriteTx, context: Context, href: str, member: Member, name: str, command: Command
) -> Saved:
    """Puts under the lock; a UID conflict names the href of the object that holds the UID."""
    locked, existing, _ = member
    quota_bytes = context.server.limits.quota_bytes
    try:
        return await put(tx, locked, existing, name, command.document, context.now, quota_bytes)
    except UidConflict as conflict:
        parent = href.rpartition("/")[0]
        conflict.href = f"{parent}/{encode(conflict.name)}"
        raise


def answer(saved: Saved, command: Command, href: str) -> Response:
    """The response to a document that was saved."""
    headers: Headers = ()
    if command.document.verbatim:
        headers = (
            ("ETag", f'"{saved.stored.etag}"'),
            ("Last-Modified", http_date(saved.stored.modified_at)),
        )
    status = 201 if saved.created else 204
    if not command.representation:
        return Response(status, headers)
    body = shown(command.document.text, command.zones).encode()
    headers = (
        ("ETag", f'"{saved.stored.etag}"'),
        ("Content-Type", "text/calendar; charset=utf-8"),
        ("Content-Location", href),
        ("Preference-Applied", "return=representation"),
    )
    return Response(201 if saved.created else 200, headers, body)
