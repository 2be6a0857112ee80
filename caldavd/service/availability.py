"""When people can be had at all: the calendar-availability of inboxes (RFC 7953 §5, §7.2.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from caldavd.ical.available import availabilities, unavailable
from caldavd.ical.freebusy import BusyPeriod, busy
from caldavd.model import Collection, Window
from caldavd.names import CALDAV
from caldavd.service import labels
from caldavd.store import busy as store
from caldavd.store.engine import ReadTx

PROPERTY: Final = CALDAV + "calendar-availability"

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
        result[user_id] = busy([*events[user_id], *found], window)
    return result
