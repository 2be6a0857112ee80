"""Bytes to a Document: the client's text, verbatim, and what was read from it (RFC 4791 §4.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from caldavd.ical.contentline import Component


@dataclass(frozen=True, slots=True)
class Document:
    """One calendar object resource. `text` is what was sent; nothing here changes it."""

    text: str
    calendar: Component
    uid: str
    component: str
    """VEVENT, VTODO, VJOURNAL, ...: the one type all of `components` have."""
    components: tuple[Component, ...]
    """The master, if there is one, and its overrides, in the order of the text."""
    zones: Mapping[str, Component]
    """The enclosed VTIMEZONEs by TZID."""


def parse(body: bytes) -> Document:
    """The Document in a body. Raises Refused(VALID_CALENDAR_DATA, VALID_CALENDAR_OBJECT, ...)."""
    raise NotImplementedError
