"""Put a document into a calendar (RFC 4791 §5.3.2)."""

from __future__ import annotations

from caldavd.errors import NO_UID_CONFLICT, SUPPORTED_COMPONENT, Refused
from caldavd.ical.parse import Document
from caldavd.model import Collection, Stored
from caldavd.service.quota import require_room
from caldavd.service.save import Saved, save
from caldavd.store import objects
from caldavd.store.engine import Conflict, WriteTx


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
    calendar: Collection,
    existing: Stored | None,
    name: str,
    document: Document,
    now: int,
    quota_bytes: int,
) -> Saved:
    """Saves a document under a name of a locked calendar.

    `quota_bytes` as for `quota.require_room`. Raises Refused(SUPPORTED_COMPONENT,
    QUOTA_NOT_EXCEEDED) or UidConflict.
    """
    require_component(calendar, document.component)
    if existing is not None and existing.uid != document.uid:
        raise uid_changed(existing)
    held = 0 if existing is None else existing.size_bytes
    await require_room(tx, calendar, document.size_bytes - held, quota_bytes)
    try:
        return await save(tx, calendar, existing, name, document, now)
    except Conflict:
        # The name was free, so it is the UID.
        holder = await objects.name_of_uid(tx, calendar.id, document.uid)
        if holder is None:
            raise
        raise uid_taken(document.uid, holder) from None


def require_component(calendar: Collection, component: str) -> None:
    """Raises Refused(SUPPORTED_COMPONENT) if a calendar does not take that component type."""
    if component not in calendar.components:
        raise Refused(
            SUPPORTED_COMPONENT,
            f"this calendar holds {', '.join(calendar.components)}, and no {component}: "
            "put it into another calendar",
        )
