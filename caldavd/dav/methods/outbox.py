"""POST to a scheduling Outbox: when others are busy (RFC 6638 §5)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from caldavd.acl.privileges import Privilege
from caldavd.dav.message import Request, Response
from caldavd.dav.reports.free_busy import PRODUCT
from caldavd.dav.resolve import Target, require
from caldavd.dav.server import Context
from caldavd.errors import VALID_CALENDAR_OBJECT, Failed, Refused
from caldavd.itip import freebusy
from caldavd.itip.freebusy import Reply
from caldavd.model import Calendar, Outbox
from caldavd.names import CALDAV
from caldavd.service import ask_free_busy
from caldavd.store.engine import ReadTx
from caldavd.xml import write

MEDIA_TYPES: Final = frozenset({"", "text/calendar", "application/octet-stream", "text/plain"})
TAKES: Final = "an outbox takes requests for busy time: text/calendar, METHOD:REQUEST, a VFREEBUSY"


@dataclass(frozen=True, slots=True)
class Message:
    """An iTIP message: a request for busy time, or why it is none that an outbox takes."""

    request: freebusy.Request | Refused


def parse(context: Context, request: Request, media_type: str) -> Message | None:
    """The message in a body; None if it is none: it has no METHOD.

    Where it was sent is not known yet, so that nothing is refused. What the headers Originator and
    Recipient say, which some clients send, the message says as well.
    """
    if media_type not in MEDIA_TYPES or not freebusy.is_message(request.body):
        return None
    try:
        return Message(freebusy.read(request.body, context.server.limits.objects.max_bytes))
    except Refused as refused:
        return Message(refused)


async def run(tx: ReadTx, context: Context, target: Target, message: Message) -> Response:
    """200 with a CALDAV:schedule-response. Raises Refused for what `freebusy.read` refused."""
    match target.resource:
        case Outbox(collection):
            require(target, Privilege.SCHEDULE_SEND_FREEBUSY)
        case Calendar():
            raise Refused(
                VALID_CALENDAR_OBJECT, "a stored calendar object has no METHOD: leave it out"
            )
        case _:
            raise Failed(403, "messages are posted to outboxes")
    if isinstance(message.request, Refused):
        raise message.request
    server = context.server
    asking = ask_free_busy.Asking(
        collection.owner_id,
        server.rules,
        PRODUCT,
        server.limits.max_instances,
        server.all_principals,
    )
    at = datetime.fromtimestamp(context.now, UTC)
    replies = await ask_free_busy.ask(tx, asking, message.request, at)
    return Response(200, (("Content-Type", write.CONTENT_TYPE),), _body(replies))


def _body(replies: Iterable[Reply]) -> bytes:
    return write.document(CALDAV + "schedule-response", "".join(map(_response, replies)))


def _response(of: Reply) -> str:
    """A CALDAV:response; its calendar-data is there exactly if the status tells of success."""
    content = write.element(CALDAV + "recipient", write.href(of.recipient))
    content += write.text_element(CALDAV + "request-status", of.status)
    if of.text is not None:
        content += write.text_element(CALDAV + "calendar-data", of.text)
    return write.element(CALDAV + "response", content)
