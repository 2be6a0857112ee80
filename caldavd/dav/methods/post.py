"""POST: add a member to a calendar (RFC 5995), share it, answer an invitation (caldav-sharing).

What is asked of an outbox (RFC 6638 §5) is in `outbox`.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Final, TypeAlias

from caldavd.acl.privileges import Privilege
from caldavd.dav.message import Request, Response
from caldavd.dav.methods import outbox, put, share
from caldavd.dav.path import encode
from caldavd.dav.resolve import Target, require
from caldavd.dav.server import Context
from caldavd.dav.wanted import body_of
from caldavd.errors import SUPPORTED_CALENDAR_DATA, VALID_SCHEDULING_MESSAGE, Failed, Refused
from caldavd.model import Calendar, Collection, Home, Outbox
from caldavd.names import CS
from caldavd.store.engine import WriteTx


@dataclass(frozen=True, slots=True)
class Foreign:
    """What is no iCalendar text by its media type. Where it was sent says what is taken there."""

    media_type: str


Command: TypeAlias = put.Command | share.Changes | share.Reply | outbox.Message | Foreign
_XML: Final = ("text/xml", "application/xml")


def parse(context: Context, request: Request) -> Command:
    """What `put.parse` does for a calendar object. Raises Failed(400) for other XML."""
    media_type = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if media_type not in _XML:
        if media_type not in outbox.MEDIA_TYPES:
            return Foreign(media_type)
        message = outbox.parse(context, request, media_type)
        return message or put.parse(context, request)
    root = body_of(request.body, context.server.limits.max_xml_bytes)
    if root is not None and root.tag == CS + "share":
        return share.parse_changes(root)
    if root is not None and root.tag == CS + "invite-reply":
        return share.parse_reply(root)
    raise Failed(400, "what is posted is a calendar object, CS:share or CS:invite-reply")


async def run(tx: WriteTx, context: Context, target: Target, command: Command) -> Response:
    """201 with the Location of a new object; 200 or 207 for changes of sharees, 200 for a reply."""
    match target.resource, command:
        case Calendar(collection), put.Command():
            return await _add(tx, context, target, collection, command)
        case Calendar(collection), share.Changes():
            return await share.change(tx, context, target, collection, command)
        case Home(collection), share.Reply():
            return await share.reply(tx, context, collection, command)
        case Outbox(), _:
            require(target, Privilege.SCHEDULE_SEND_FREEBUSY)
            is_foreign = isinstance(command, Foreign)
            condition = SUPPORTED_CALENDAR_DATA if is_foreign else VALID_SCHEDULING_MESSAGE
            raise Refused(condition, outbox.TAKES)
        case Calendar(), Foreign(media_type):
            raise put.foreign(media_type)
    raise Failed(
        403, "objects are added to calendars, calendars are shared, and a home takes replies"
    )


async def _add(
    tx: WriteTx, context: Context, target: Target, calendar: Collection, command: put.Command
) -> Response:
    require(target, Privilege.BIND)
    name = f"{uuid.uuid4()}.ics"
    href = target.href + encode(name)
    place = put.At(calendar, name, href)
    saved = await put.save(tx, context, target, place, command)
    made = put.answer(saved, command, href)
    return Response(made.status, (("Location", href), *made.headers), made.body)
