"""What follows when a calendar object is made, changed or removed (RFC 6638 §3.2)."""

from __future__ import annotations

from datetime import datetime

from caldavd.errors import (
    ALLOWED_ORGANIZER_SCHEDULING_OBJECT_CHANGE,
    SAME_ORGANIZER_IN_ALL_COMPONENTS,
    Refused,
)
from caldavd.ical.parse import Document
from caldavd.itip.address import Addresses
from caldavd.itip.allowed import forbidden
from caldavd.itip.attendee import attended, left
from caldavd.itip.message import Message, Plan, served
from caldavd.itip.organizer import organized, removed, repeated
from caldavd.itip.rewrite import beside_ignored, with_statuses
from caldavd.itip.snapshot import SCHEDULED, Meeting, Role, meeting

__all__ = ["Message", "Plan", "beside_ignored", "plan", "refresh", "with_statuses"]

_NOTHING = Plan(Role.NONE)


def plan(
    old: Document | None,
    new: Document | None,
    me: Addresses,
    at: datetime,
    *,
    reply: bool = True,
) -> Plan:
    """What to store and whom to tell when the object `old` of somebody with the addresses `me`
    becomes `new`; None: there is none.

    Without `reply` an attendee who removes an object says nothing (RFC 6638 §8.1). Raises Refused:
    SAME_ORGANIZER_IN_ALL_COMPONENTS, ALLOWED_ORGANIZER_SCHEDULING_OBJECT_CHANGE or
    ALLOWED_ATTENDEE_SCHEDULING_OBJECT_CHANGE. Linear in the texts.
    """
    before = None if old is None else meeting(old)
    after = None if new is None else meeting(new)
    if after is not None:
        _check_organizer(after, me)
    if before is not None and after is not None and before.uid != after.uid:
        return _replaced(old, new, me, at, reply)
    was = Role.NONE if before is None else before.role(me)
    now = Role.NONE if after is None else after.role(me)
    _check_roles(before, after, was, now)
    if new is not None and after is not None and now is not Role.NONE:
        return (organized if now is Role.ORGANIZER else attended)(
            before if was is now and _is_processed(before, was) else None, after, new, me, at
        )
    if before is None or was is Role.NONE:
        return _NOTHING
    gone = removed(before, me, at) if was is Role.ORGANIZER else left(before, me, at, reply)
    return gone if after is None else Plan(Role.NONE, None, gone.messages)


def refresh(of: Document, to: Addresses, me: Addresses, at: datetime) -> tuple[Message, ...]:
    """REQUESTs that tell attendees of an organizer's object as it is, such as others' answers.

    Their SEQUENCE is that of the object. Nothing goes to who is not asked to it, or was cancelled.
    """
    found = meeting(of)
    if found.role(me) is not Role.ORGANIZER or found.is_cancelled:
        return ()
    return repeated(found, to, me, at)


def _replaced(
    old: Document | None, new: Document | None, me: Addresses, at: datetime, reply: bool
) -> Plan:
    """What follows when one meeting takes the place of another."""
    gone = plan(old, None, me, at, reply=reply)
    come = plan(None, new, me, at)
    return Plan(come.kind, come.text, gone.messages + come.messages)


def _check_organizer(of: Meeting, me: Addresses) -> None:
    if len(of.organizers) > 1 and of.role(me) is not Role.NONE:
        raise Refused(
            SAME_ORGANIZER_IN_ALL_COMPONENTS,
            "the instances of one meeting have different ORGANIZERs: write the same in all",
        )


def _check_roles(before: Meeting | None, after: Meeting | None, was: Role, now: Role) -> None:
    """Nobody takes a meeting over, or gives it away, by writing another ORGANIZER."""
    if before is None or after is None or was is Role.NONE or after.organizer is None:
        return
    if after.component not in SCHEDULED:
        return
    if was is Role.ORGANIZER:
        if now is not Role.ORGANIZER:
            raise Refused(
                ALLOWED_ORGANIZER_SCHEDULING_OBJECT_CHANGE,
                "the ORGANIZER of a meeting stays who it is: cancel it, and let the other invite",
            )
        return
    if not served(before.organizer):
        return
    if before.organizers != after.organizers:
        raise forbidden("the ORGANIZER")
    if now is Role.NONE:
        raise forbidden("that they are asked: remove the object to decline")


def _is_processed(before: Meeting | None, was: Role) -> bool:
    """Whether the server knew of it: an attendee's client may have seen to it alone until now."""
    return was is Role.ORGANIZER or (before is not None and served(before.organizer))
