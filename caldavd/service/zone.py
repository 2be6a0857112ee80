"""The zone in which a calendar's floating and all-day times are read (RFC 4791 §5.2.2, §7.3)."""

from __future__ import annotations

from datetime import UTC, tzinfo
from typing import Final

from caldavd.ical.timezone import zone_from_calendar
from caldavd.names import CALDAV
from caldavd.service import labels
from caldavd.store import properties
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
