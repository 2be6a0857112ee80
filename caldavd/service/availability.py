"""When people can be had at all: the calendar-availability of inboxes (RFC 7953 §5, §7.2.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from caldavd.ical.availability import require_availability
from caldavd.ical.available import availabilities, unavailable
from caldavd.ical.freebusy import BusyPeriod, busy
from caldavd.model import Collection, Inbox, Window
from caldavd.names import CALDAV, CS
from caldavd.service import labels
from caldavd.service.set_properties import Setting, set_properties
from caldavd.store import busy as store
from caldavd.store import collections, scheduling
from caldavd.store.engine import ReadTx, WriteTx

PROPERTY: Final = CALDAV + "calendar-availability"
NAMES: Final = (PROPERTY, CS + "calendar-availability")
"""The name of RFC 7953 and the one before it: whichever is set, both say the same."""

_Periods = Mapping[int, list[BusyPeriod]]


async def overlaid(
    tx: ReadTx, inboxes: Mapping[int, Collection], window: Window, events: _Periods
) -> dict[int, list[BusyPeriod]]:
    """Busy periods by user id, with those in which the users of inboxes are not available.

    One statement reads all properties; what they say is worked out away from the event loop.
    """
    stored = await store.owners_properties(tx, [box.id for box in inboxes.values()], (PROPERTY,))
    said = {
        id_: stored[box.id, PROPERTY]
        for id_, box in inboxes.items()
        if (box.id, PROPERTY) in stored
    }
    if not said:
        return dict(events)
    return await tx.offload(_overlaid, said, window, events)


async def of(tx: ReadTx, owner_id: int) -> str | None:
    """What somebody's inbox says of their availability, as iCalendar; None: nothing."""
    inbox = await _inbox(tx, owner_id)
    stored = await store.owners_properties(tx, [inbox.id], (PROPERTY,))
    element = stored.get((inbox.id, PROPERTY))
    return None if element is None else labels.text(element)


async def set_(tx: WriteTx, owner_id: int, text: str | None, now: int) -> None:
    """Says when somebody is available, as a client does that sets the property; None: nothing.

    Raises ValueError or Refused for a text that is no calendar-availability.
    """
    if text is not None:
        require_availability(text)
    (locked,) = await collections.lock(tx, (await _inbox(tx, owner_id)).id)
    settings = [
        Setting(name, None if text is None else labels.element(name, text), own=False)
        for name in NAMES
    ]
    await set_properties(tx, owner_id, Inbox(locked), settings, now)


async def _inbox(tx: ReadTx, owner_id: int) -> Collection:
    """Which every account has."""
    return (await scheduling.inboxes(tx, [owner_id]))[owner_id]


def _overlaid(
    said: Mapping[int, str], window: Window, events: _Periods
) -> dict[int, list[BusyPeriod]]:
    result = dict(events)
    for user_id, element in said.items():
        try:
            found = unavailable(availabilities(labels.text(element)), window)
        except ValueError:
            # It was checked when it was set. Should it be unreadable all the same, its owner has
            # said nothing: others can still be told of the rest.
            continue
        both = [*events[user_id], *found]
        # Each is in order and merged already; only periods of one type may have to become one.
        alike = {one.busy for one in events[user_id]} & {one.busy for one in found}
        result[user_id] = busy(both, window) if alike else sorted(both)
    return result
