"""What a message says otherwise than the one before it, for people who had that by mail."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from caldavd.ical.parse import Document, stored
from caldavd.itip.exceptions import MAX_TOLD, exceptions
from caldavd.itip.words import Told, told

NOTHING: Final = "nothing"


def told_of(document: Document, before: str = "") -> Told:
    """All that is said of a message; `before` is the text of the one before it, if it is known."""
    new = _told(document)
    if not before:
        return new
    older = stored(before)
    return replace(new, changes=tuple(_changes(_told(older), new)))


def _told(of: Document) -> Told:
    words = told(of.components, of.zones)
    return replace(words, exceptions=exceptions(of.components, of.zones))


def _changes(old: Told, new: Told) -> Iterator[str]:
    fields = (
        ("What", old.summary, new.summary),
        ("When", old.when, new.when),
        ("Repeats", old.repeats, new.repeats),
        ("Where", old.where, new.where),
    )
    for title, before, now in fields:
        if before != now:
            yield f"{title}: now {now or NOTHING}, before {before or NOTHING}"
    lines = [f"New: {one}" for one in new.exceptions if one not in old.exceptions]
    lines += [f"No longer: {one}" for one in old.exceptions if one not in new.exceptions]
    yield from lines[:MAX_TOLD]
    if len(lines) > MAX_TOLD:
        yield f"and {len(lines) - MAX_TOLD} more"
