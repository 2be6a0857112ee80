"""Write a calendar as one iCalendar stream."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from caldavd.ical import combine
from caldavd.model import Collection
from caldavd.service import labels
from caldavd.store import objects
from caldavd.store.engine import ReadTx

PAGE: Final = 200
"""Objects that are in memory at a time."""


async def export(tx: ReadTx, calendar: Collection, write: Callable[[str], object]) -> int:
    """Writes a calendar, piece by piece, as one VCALENDAR; how many objects it holds."""
    label = (await labels.of(tx, [calendar]))[calendar.id]
    write(combine.head(label.display_name, label.color))
    zones = combine.Zones()
    count, after = 0, ""
    while page := await objects.page(tx, calendar.id, after, PAGE):
        for stored, text in page:
            write(zones.add(text))
            after = stored.name
        count += len(page)
    write(combine.TAIL)
    return count
