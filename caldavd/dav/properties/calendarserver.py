"""calendarserver.org and Apple properties that need no feature of their own."""

from __future__ import annotations

from typing import Final

from caldavd.dav.property import Fact, Property, Update, View, stored
from caldavd.errors import Failed
from caldavd.model import Calendar, Principal
from caldavd.names import APPLE, CS
from caldavd.xml import write
from caldavd.xml.parse import Element, raw_text, serialized

COLOR: Final = APPLE + "calendar-color"
ORDER: Final = APPLE + "calendar-order"
DEFAULT_COLOR: Final = "#3B82F6FF"
MAX_ELEMENT: Final = 1_000
"""Characters of the element of a short property, as it is kept."""
_RECORD_TYPES: Final = {
    "user": "users",
    "group": "groups",
    "room": "locations",
    "resource": "resources",
}


def _email_address_set(view: View) -> str | None:
    match view.resource:
        case Principal(addresses=addresses):
            return "".join(write.text_element(CS + "email-address", one) for one in addresses)
    return None


def _first_name(view: View) -> str | None:
    match view.resource:
        case Principal(display_name=name):
            return write.escape(name.rpartition(" ")[0])
    return None


def _last_name(view: View) -> str | None:
    match view.resource:
        case Principal(display_name=name):
            return write.escape(name.rpartition(" ")[2])
    return None


def _record_type(view: View) -> str | None:
    match view.resource:
        case Principal(kind=kind):
            return _RECORD_TYPES[kind]
    return None


def _color(view: View) -> str:
    return view.stored.get(COLOR) or write.text_element(COLOR, DEFAULT_COLOR)


def _set_short(element: Element) -> tuple[Update, ...]:
    if len(raw_text(element)) > 100:
        raise Failed(403, "this property is at most 100 characters long")
    value = serialized(element)
    if len(value) > MAX_ELEMENT:
        raise Failed(403, "this property has more markup than text")
    return ((str(element.tag), value),)


PROPERTIES: Final = (
    Property(CS + "email-address-set", (Principal,), _email_address_set),
    Property(CS + "first-name", (Principal,), _first_name),
    Property(CS + "last-name", (Principal,), _last_name),
    Property(CS + "record-type", (Principal,), _record_type),
    Property(COLOR, (Calendar,), _color, set=_set_short, needs=Fact.STORED, whole=True, own=True),
    Property(
        ORDER, (Calendar,), stored(ORDER), set=_set_short, needs=Fact.STORED, whole=True, own=True
    ),
)
