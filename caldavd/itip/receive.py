"""What a scheduling message does to the recipient's object (RFC 5546 §2.1.5, §3, RFC 6638 §4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from caldavd.ical.parse import Document
from caldavd.itip.address import Addresses
from caldavd.itip.incoming import Case, Incoming, case_of, incoming
from caldavd.itip.incoming_cancel import added, cancelled
from caldavd.itip.incoming_reply import asked_again, countered, replied, replier
from caldavd.itip.incoming_request import created, requested
from caldavd.itip.outcome import Ignored, Outcome


def receive(
    stored: Document | None, message: Document, method: str, me: Addresses, at: datetime
) -> Outcome:
    """What becomes of a message to the owner of a calendar, whose addresses are `me`.

    `stored` is the owner's object of that UID, if there is one; `message` is read by
    `incoming.read_message`, or by `parse.stored` where this server wrote it. The same message
    again changes nothing; of messages in any order the latest one stays.

    That the sender may speak for the ORGANIZER, or for `replier(message)`, is for the caller to
    know. Raises Refused(VALID_SCHEDULING_MESSAGE).
    """
    return take(stored, incoming(message, method), me, at)


def take(stored: Document | None, message: Incoming, me: Addresses, at: datetime) -> Outcome:
    """As `receive`, of a message that others receive as well."""
    method = message.method
    if method == "PUBLISH":
        return Outcome(inbox=True, ignored=Ignored.PUBLISHED)
    who = replier(message.document) if method == "REPLY" else ""
    if stored is None:
        unknown = method != "REQUEST"
        return _UNKNOWN[method] if unknown else created(message.document, message.meeting, me)
    case = case_of(stored, message.meeting, me, at)
    return replied(case, who) if method == "REPLY" else _METHODS[method](case)


def _seen(case: Case) -> Outcome:
    """The outcome of a DECLINECOUNTER: the attendee is to see it."""
    if case.stored.organizers != case.message.organizers:
        return Outcome(inbox=True, ignored=Ignored.ORGANIZER)
    return Outcome(inbox=True)


_METHODS: Final[Mapping[str, Callable[[Case], Outcome]]] = {
    "REQUEST": requested,
    "ADD": added,
    "CANCEL": cancelled,
    "DECLINECOUNTER": _seen,
    "REFRESH": asked_again,
    "COUNTER": countered,
}
_UNKNOWN: Final[Mapping[str, Outcome]] = {
    "ADD": Outcome(answer="REFRESH", ignored=Ignored.UNKNOWN),
    "CANCEL": Outcome(ignored=Ignored.UNKNOWN),
    "DECLINECOUNTER": Outcome(ignored=Ignored.UNKNOWN),
    "REPLY": Outcome(ignored=Ignored.UNKNOWN),
    "REFRESH": Outcome(ignored=Ignored.UNKNOWN),
    "COUNTER": Outcome(ignored=Ignored.UNKNOWN),
}
