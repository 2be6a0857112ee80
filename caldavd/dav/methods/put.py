"""PUT (RFC 4791 §5.3.2, RFC 9110 §9.3.4)."""

from __future__ import annotations

from dataclasses import dataclass

from caldavd.acl.effective import is_masked
from caldavd.acl.privileges import Privilege
from caldavd.dav import conditions
from caldavd.dav.conditions import Conditions
from caldavd.dav.locked import lock_object, require_writable, uid_refusal
from caldavd.dav.message import Request, Response, http_date, schedule_tag
from caldavd.dav.resolve import Target, reader_of, require
from caldavd.dav.sending import scheduled_refusal, sender_of
from caldavd.dav.server import Context
from caldavd.dav.wanted import prefers, zones
from caldavd.errors import SUPPORTED_CALENDAR_DATA, Failed, Refused
from caldavd.ical.byreference import Zones, shown
from caldavd.ical.masked import access_of
from caldavd.ical.parse import Document
from caldavd.ical.parse import parse as parse_document
from caldavd.model import Calendar, CalendarObject, Collection, Inbox, Kind, Outbox, Unmapped
from caldavd.service import put_own, views
from caldavd.service.put import Place, UidConflict
from caldavd.service.put_own import Put, is_own_alone, put_seen
from caldavd.service.schedule import AlreadyScheduled
from caldavd.store.engine import WriteTx


@dataclass(frozen=True, slots=True)
class Command:
    """A document, the state it is meant for, and whether the answer is to show it."""

    document: Document
    conditions: Conditions
    representation: bool
    zones: Zones
    """Which VTIMEZONEs the answer is to show."""


@dataclass(frozen=True, slots=True)
class At:
    """Where a document is put."""

    calendar: Collection
    name: str
    href: str


def parse(context: Context, request: Request) -> Command:
    """Raises Refused(SUPPORTED_CALENDAR_DATA) for other media types, and what `ical.parse` does."""
    if "Content-Range" in request.headers:
        raise Failed(400, "a part of an object cannot be put: send the whole (RFC 9110 §14.5)")
    media_type = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    # Some send nothing or octet-stream; the body says what it is.
    if media_type not in ("", "text/calendar", "application/octet-stream", "text/plain"):
        raise foreign(media_type)
    document = parse_document(request.body, context.server.limits.objects)
    return Command(
        document,
        conditions.parse(request.headers),
        prefers(request.headers, "return=representation"),
        zones(request.headers),
    )


def foreign(media_type: str) -> Refused:
    """The refusal of what is no iCalendar text."""
    reason = f"a calendar holds text/calendar, and no {media_type[:80]}"
    return Refused(SUPPORTED_CALENDAR_DATA, reason)


async def run(tx: WriteTx, context: Context, target: Target, command: Command) -> Response:
    """201 for a new object, 204 for a changed one; the ETag if the bytes were stored as sent."""
    match target.resource:
        case CalendarObject(collection, stored) as seen:
            await _require_write(tx, context, target, seen, command)
            place = At(collection, stored.name, target.href)
        case Unmapped(Calendar(collection) | Inbox(collection) | Outbox(collection), name):
            # Which nobody has on an inbox: what is in it, the server put there.
            require(target, Privilege.BIND)
            place = At(collection, name, target.href)
        case _:
            raise Failed(409, "there is no calendar of that name: make it first (MKCALENDAR)")
    done = await save(tx, context, target, place, command)
    return answer(done, command, target.href)


async def _require_write(
    tx: WriteTx, context: Context, target: Target, seen: CalendarObject, command: Command
) -> None:
    """Raises NeedPrivileges, unless nothing changes but what is the reader's own.

    Whoever reads an object has alarms of their own in it.
    """
    if Privilege.WRITE_CONTENT not in target.privileges:
        reader = reader_of(context, seen.collection, target.grants)
        reads = Privilege.READ in target.privileges and not is_masked(seen.stored, seen.sight)
        has_own = reads and views.has_own(reader) and seen.collection.kind != Kind.INBOX.value
        if not has_own or not await is_own_alone(tx, seen.stored, command.document):
            require(target, Privilege.WRITE_CONTENT)


async def save(tx: WriteTx, context: Context, target: Target, place: At, command: Command) -> Put:
    """Locks, checks and puts; a UID conflict names the href of the object that holds the UID."""
    reader = reader_of(context, place.calendar, target.grants)
    found = await lock_object(tx, context, place.calendar, reader, place.name, command.conditions)
    require_writable(found, place.href)
    needed = Privilege.BIND if found.stored is None else Privilege.WRITE_CONTENT
    if not views.may_hold(reader, access_of(command.document)):
        raise Failed(403, "you could not see this object any more: leave CLASS to its owner")
    try:
        return await put_seen(
            tx,
            put_own.Writer(
                reader,
                lambda: require(target, needed),
                context.server.limits.quota_bytes,
                sender_of(context),
            ),
            Place(found.calendar, place.name, found.stored),
            command.document,
            context.now,
        )
    except UidConflict as conflict:
        raise await uid_refusal(tx, found.calendar, reader, conflict, place.href) from None
    except AlreadyScheduled as refused:
        raise await scheduled_refusal(tx, context, refused) from None


def answer(saved: Put, command: Command, href: str) -> Response:
    """The response to a document that was saved."""
    headers = schedule_tag(saved.stored)
    if command.document.verbatim and command.document.text == saved.text:
        headers = (
            ("ETag", f'"{saved.stored.etag}"'),
            ("Last-Modified", http_date(saved.stored.modified_at)),
            *headers,
        )
    status = 201 if saved.created else 204
    if not command.representation:
        return Response(status, headers)
    body = shown(saved.text, command.zones).encode()
    headers = (
        ("ETag", f'"{saved.stored.etag}"'),
        ("Content-Type", "text/calendar; charset=utf-8"),
        ("Content-Location", href),
        ("Preference-Applied", "return=representation"),
        *schedule_tag(saved.stored),
    )
    return Response(201 if saved.created else 200, headers, body)
