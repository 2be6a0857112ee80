"""The zone in which a calendar's floating and all-day times are read (RFC 4791 §5.2.2, §7.3).

In mails and on pages, what was written in UTC is told in it, too.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, tzinfo
from typing import Final

from caldavd.ical.timezone import zone_from_calendar
from caldavd.itip.home import Home, home_of
from caldavd.names import CALDAV
from caldavd.service import labels
from caldavd.store import busy, properties, scheduling
from caldavd.store.engine import ReadTx

TIMEZONE: Final = CALDAV + "calendar-timezone"


async def floating(tx: ReadTx, collection_id: int, owner_id: int, reader_id: int) -> tzinfo:
    """The reader's calendar-timezone for a calendar, else the owner's, else UTC."""
    stored = await properties.of(tx, [collection_id], owner_id, reader_id, (TIMEZONE,))
    return read(stored.get(collection_id, {}).get(TIMEZONE))


def read(element: str | None) -> tzinfo:
    """The zone of a stored calendar-timezone; UTC if there is none."""
    if element is None:
        return UTC
    # It was checked when it was set, and so was its XML.
    return zone_from_calendar(labels.text(element))[1]


async def homes(tx: ReadTx, meetings: Collection[tuple[int, str]]) -> dict[tuple[int, str], Home]:
    """The zones of the calendars that hold meetings, by owner id and UID; else of the default ones.

    None where that is UTC, or where there is none. Three statements, however many there are.
    """
    owners = sorted({owner_id for owner_id, _ in meetings})
    holders = await scheduling.holders(tx, owners, sorted({uid for _, uid in meetings}))
    targets = await scheduling.targets(tx, owners)
    defaults = {owner_id: found[0][0].id for owner_id, found in targets.items()}
    ids = sorted({*holders.values(), *defaults.values()})
    stored = await busy.owners_properties(tx, ids, (TIMEZONE,))
    found: dict[tuple[int, str], Home] = {}
    for of in meetings:
        calendars = (holders.get(of), defaults.get(of[0]))
        element = next(filter(None, (stored.get((id_ or 0, TIMEZONE)) for id_ in calendars)), None)
        home = None if element is None else home_of(labels.text(element))
        if home is not None:
            found[of] = home
    return found
