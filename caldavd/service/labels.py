"""What people call a calendar, and its colour: stored properties that its owner set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from caldavd.model import Collection
from caldavd.names import APPLE, DAV, split
from caldavd.store import properties
from caldavd.store.engine import ReadTx, WriteTx

DISPLAY_NAME: Final = DAV + "displayname"
COLOR: Final = APPLE + "calendar-color"


@dataclass(frozen=True, slots=True)
class Label:
    """A calendar's display name, its URL name if it has none of its own, and its colour."""

    display_name: str
    color: str | None


async def of(tx: ReadTx, calendars: Sequence[Collection]) -> dict[int, Label]:
    """The labels of calendars of one owner, as that owner sees them, by collection id."""
    if not calendars:
        return {}
    owner_id = calendars[0].owner_id
    ids = [one.id for one in calendars]
    stored = await properties.of(tx, ids, owner_id, owner_id, (DISPLAY_NAME, COLOR))
    return {one.id: _label(one, stored.get(one.id, {})) for one in calendars}


async def set_(tx: WriteTx, calendar: Collection, display_name: str, color: str | None) -> None:
    """Sets the owner's display name of a locked calendar, and its colour where one is given."""
    await _set(tx, calendar, DISPLAY_NAME, display_name)
    if color is not None:
        await _set(tx, calendar, COLOR, color)


async def _set(tx: WriteTx, calendar: Collection, name: str, text: str) -> None:
    value = element(name, text)
    await properties.set_(tx, calendar.owner_id, calendar.id, calendar.owner_id, name, value)


def element(name: str, text: str) -> str:
    """An element of that Clark name around a text; it stands by itself."""
    namespace, local = split(name)
    content = escape(text, {"\r": "&#13;"})
    return f'<{local} xmlns="{namespace}">{content}</{local}>'


def text(element: str) -> str:
    """The text in a stored element, which was read once already and holds no DOCTYPE."""
    return "".join(ElementTree.fromstring(element).itertext())


def _label(calendar: Collection, stored: dict[str, str]) -> Label:
    return Label(_text(stored.get(DISPLAY_NAME)) or calendar.name, _text(stored.get(COLOR)))


def _text(value: str | None) -> str | None:
    return None if value is None else text(value).strip() or None
