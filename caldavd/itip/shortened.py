"""Whether a rule was only cut short: nobody who accepted its instances has to be asked again."""

from __future__ import annotations

from datetime import UTC
from itertools import islice
from typing import Final

from caldavd.ical.contentline import Component
from caldavd.ical.parse import Document
from caldavd.ical.recurrence import TooMany, iterate
from caldavd.itip.compare import rule_parts
from caldavd.itip.snapshot import Zones, key_of_moment
from caldavd.model import Window

MAX_COUNTED: Final = 1_000
"""Instances of a COUNT that are looked at to find when the last is."""
_DAY: Final = 8
"""Characters of a date."""
_EVER: Final = Window(None, None)


def shortened(old: Component, new: Component, zones: Zones) -> bool:
    """Whether the RRULE of a master gives no instance that it did not give before.

    False where that would take long to find out.
    """
    before, after = old.first("RRULE"), new.first("RRULE")
    if before is None or after is None:
        return after is None
    one, other = _parts(before.value), _parts(after.value)
    count, new_count = one.pop("COUNT", ""), other.pop("COUNT", "")
    until, new_until = one.pop("UNTIL", ""), other.pop("UNTIL", "")
    if one != other:
        return False
    if new_count:
        return not until and (not count or _number(new_count) <= _number(count))
    if count:
        until = _last(old, zones)
    elif not until:
        return True
    return bool(new_until) and _until_before(new_until, until)


def _parts(rule: str) -> dict[str, str]:
    return {name: said for name, _, said in (part.partition("=") for part in rule_parts(rule))}


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 0


def _until_before(new: str, old: str) -> bool:
    """Whether one UNTIL is not after another; of two in other forms, by their days."""
    if len(new) == len(old):
        return new <= old
    return new[:_DAY] <= old[:_DAY]


def _last(master: Component, zones: Zones) -> str:
    """The day of the last instance of a rule with a COUNT; empty if there are too many."""
    kept = [line for line in master.lines if line.name not in ("EXDATE", "RDATE")]
    alone = Component(master.name, kept)
    document = Document("", Component("VCALENDAR"), "", master.name, (alone,), zones)
    try:
        found = list(islice(iterate(document, _EVER, UTC), MAX_COUNTED + 1))
    except (TooMany, ValueError):
        return ""
    starts = [instance.start for instance in found if instance.start is not None]
    if not starts or len(found) > MAX_COUNTED:
        return ""
    return max(map(key_of_moment, starts))[:_DAY]
