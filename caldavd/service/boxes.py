"""The scheduling Inbox and Outbox of an account (RFC 6638 §2.1, §2.2), and its default calendar."""

from __future__ import annotations

from typing import Final

from caldavd.acl.privileges import DELIVER
from caldavd.errors import (
    DEFAULT_CALENDAR_NEEDED,
    VALID_SCHEDULE_DEFAULT_CALENDAR_URL,
    Refused,
)
from caldavd.model import Ace, Collection, Grantee, Kind
from caldavd.service import calendars
from caldavd.store import aces, collections, scheduling
from caldavd.store.engine import ReadTx, WriteTx

COMPONENTS: Final = {Kind.INBOX: calendars.COMPONENTS, Kind.OUTBOX: ("VFREEBUSY",)}
EVERYBODY: Final = Ace(Grantee.AUTHENTICATED, 0, DELIVER.value)
"""Who may deliver to a new inbox, and ask when its owner is busy; its owner can say otherwise."""


async def create(tx: WriteTx, owner_id: int, now: int) -> None:
    """Makes the inbox and the outbox of a new account."""
    for kind, components in COMPONENTS.items():
        name = await calendars.free_name(tx, owner_id, kind.value)
        made = calendars.new_collection(owner_id, kind, name, components, now)
        await collections.create(tx, made)
        if kind is Kind.INBOX:
            await aces.replace(tx, owner_id, made.id, [EVERYBODY])


async def default_calendar(tx: ReadTx, owner_id: int, component: str) -> Collection | None:
    """Where somebody's invitations to events, or tasks, are put: what was said, if it takes them,
    else the oldest that does.
    """
    found = (await scheduling.targets(tx, [owner_id], component)).get(owner_id)
    return found[0][0] if found else None


async def set_default_calendar(tx: WriteTx, owner_id: int, name: str | None) -> None:
    """Says by its name where somebody's invitations are put; None: nothing is said.

    Raises Refused(VALID_SCHEDULE_DEFAULT_CALENDAR_URL) unless they have a calendar of that name,
    which takes events and is filled by no feed.
    """
    if name is None:
        await scheduling.set_default(tx, owner_id, None)
        return
    for of, _ in (await scheduling.targets(tx, [owner_id])).get(owner_id, ()):
        if of.name == name:
            await scheduling.set_default(tx, owner_id, of.id)
            return
    raise Refused(
        VALID_SCHEDULE_DEFAULT_CALENDAR_URL,
        "the default calendar is one in the same home that takes events",
    )


async def require_not_needed(tx: ReadTx, calendar: Collection) -> None:
    """Raises Refused(DEFAULT_CALENDAR_NEEDED) for a calendar without which invitations go nowhere.

    It was said to be the default one, or is the last that takes events.
    """
    found = (await scheduling.targets(tx, [calendar.owner_id])).get(calendar.owner_id, [])
    if found and found[0][0].id == calendar.id and (found[0][1] or len(found) == 1):
        raise Refused(
            DEFAULT_CALENDAR_NEEDED,
            "invitations are put into this calendar: make another one the default first",
        )
