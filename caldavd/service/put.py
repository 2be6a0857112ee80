"""Put a document into a calendar (RFC 4791 §5.3.2)."""

from __future__ import annotations

from dataclasses import dataclass

from caldavd.errors import NO_UID_CONFLICT, SUPPORTED_COMPONENT, Refused
from caldavd.ical.parse import Document
from caldavd.model import Collection, Stored
from caldavd.service import schedule
from caldavd.service.quota import require_room
from caldavd.service.save import Saved, etag, save
from caldavd.service.schedule import Prepared, Sender
from caldavd.store import objects
from caldavd.store.engine import Conflict, WriteTx


@dataclass(frozen=True, slots=True)
class Place:
    """A name of a locked calendar, and the object that has it."""

    calendar: Collection
    name: str
    existing: Stored | None


class UidConflict(Refused):
    """A UID is another object's, or an object has another (RFC 4791 §5.3.2.1): which object."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(NO_UID_CONFLICT, reason)
        self.name = name


def uid_taken(uid: str, name: str) -> UidConflict:
    """The calendar holds the UID under another name."""
    return UidConflict(
        name, f"the calendar holds UID {uid} as {name} already: change that object instead"
    )


def uid_changed(existing: Stored) -> UidConflict:
    """Something with another UID was to replace an object."""
    return UidConflict(
        existing.name,
        f"{existing.name} has the UID {existing.uid}, which cannot change: use another name",
    )


async def put(
    tx: WriteTx,
    at: Place,
    document: Document,
    now: int,
    quota_bytes: int,
    sender: Sender | None = None,
) -> Saved:
    """Saves a document under a name of a locked calendar, and tells whom it concerns.

    `quota_bytes` as for `quota.require_room`; `sender`: who writes, None: nobody is told. Raises
    Refused(SUPPORTED_COMPONENT, QUOTA_NOT_EXCEEDED), UidConflict, and what `schedule.prepare` does.
    """
    calendar, name, existing = at.calendar, at.name, at.existing
    require_component(calendar, document.component)
    if existing is not None and existing.uid != document.uid:
        raise uid_changed(existing)
    held = 0 if existing is None else existing.size_bytes
    await require_room(tx, calendar, document.size_bytes - held, quota_bytes)
    prepared = _untold(existing, document)
    if sender is not None:
        prepared = await schedule.prepare(tx, sender, calendar, existing, document, now)
    try:
        saved = await save(tx, calendar, existing, name, prepared.document, now, prepared.tag)
    except Conflict:
        # The name was free, so it is the UID.
        holder = await objects.name_of_uid(tx, calendar.id, document.uid)
        if holder is None:
            raise
        raise uid_taken(document.uid, holder) from None
    if sender is not None and prepared.messages:
        await schedule.send(tx, sender, calendar, prepared, now)
    return saved


def _untold(existing: Stored | None, document: Document) -> Prepared:
    """What nobody is told of; clients that have a meeting as it was do not write over it."""
    if existing is None or existing.schedule_tag is None or existing.etag == etag(document.text):
        return Prepared(document)
    return Prepared(document, schedule.new_tag())


def require_component(calendar: Collection, component: str) -> None:
    """Raises Refused(SUPPORTED_COMPONENT) if a calendar does not take that component type."""
    if component not in calendar.components:
        raise Refused(
            SUPPORTED_COMPONENT,
            f"this calendar holds {', '.join(calendar.components)}, and no {component}: "
            "put it into another calendar",
        )
