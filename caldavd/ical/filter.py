"""What a calendar-query asks for, and what an index can do for it (RFC 4791 §9.7)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from caldavd.ical.collation import OCTET
from caldavd.ical.filter_check import check
from caldavd.ical.filter_elements import CompFilter, Filter, ParamFilter, PropFilter, TextMatch
from caldavd.model import Window

__all__ = [
    "Bounds",
    "CompFilter",
    "Filter",
    "ParamFilter",
    "PropFilter",
    "TextMatch",
    "bounds",
    "check",
]

VCALENDAR_ONLY: Final = frozenset(
    {"CALSCALE", "METHOD", "NAME", "PRODID", "REFRESH-INTERVAL", "SOURCE", "VERSION"}
)
"""Properties that only the calendar itself has (RFC 5545 §3.7, RFC 7986 §5); so has X-WR-*."""

CALENDAR_OBJECTS: Final = frozenset({"VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY", "VAVAILABILITY"})
"""The component types of which a calendar object resource has exactly one (RFC 4791 §4.1)."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What an index may use to find candidates: every match is within all of these."""

    component: str | None = None
    window: Window | None = None
    """At least one instance overlaps it."""
    uid: TextMatch | None = None
    """The UID contains its text; always i;octet, never negated."""
    decided: bool = False
    """Whether the bounds are the filter: a candidate that the index is sure of is a match."""


def bounds(filter: Filter) -> Bounds:
    """The bounds of a filter that check() let pass."""
    top = filter.comp_filter
    targets = [child for child in top.comp_filters if _targets(child)]
    target = targets[0] if targets else None
    of_any = of_any_component(top)
    window = (target.time_range if target else None) or top.time_range
    uid = (_uid(target) if target else None) or _uid(of_any)
    return Bounds(
        component=target.name.upper() if target else None,
        window=window,
        uid=uid,
        decided=_decided(top, target, uid),
    )


def of_any_component(top: CompFilter) -> CompFilter:
    """The part of a filter on VCALENDAR that asks about the components in it, of any type.

    RFC 4791 tests the calendar there. But clients that want all types leave the type out, and
    no calendar has a SUMMARY, an alarm or a time: such a filter is about the components.
    """
    return CompFilter(
        name="*",
        time_range=top.time_range,
        prop_filters=tuple(f for f in top.prop_filters if not of_calendar(f)),
        comp_filters=tuple(f for f in top.comp_filters if f.name.upper() == "VALARM"),
    )


def of_calendar(filter: PropFilter) -> bool:
    """Whether a prop-filter on VCALENDAR is about a property of the calendar itself."""
    name = filter.name.upper()
    return name in VCALENDAR_ONLY or name.startswith("X-WR-")


def _targets(filter: CompFilter) -> bool:
    return not filter.is_not_defined and filter.name.upper() in CALENDAR_OBJECTS


def _uid(filter: CompFilter) -> TextMatch | None:
    for prop in filter.prop_filters:
        match = prop.text_match
        plain = match is not None and match.collation == OCTET and not match.negate
        if prop.name.upper() == "UID" and plain:
            return match
    return None


def _decided(top: CompFilter, target: CompFilter | None, uid: TextMatch | None) -> bool:
    """Whether component, window and UID are all there is to the filter."""
    if top.is_not_defined or (target and top.time_range and target.time_range):
        return False
    if top.comp_filters != ((target,) if target else ()):
        return False
    if target and target.comp_filters:
        return False
    return _only_uid(top.prop_filters + (target.prop_filters if target else ()), uid)


def _only_uid(props: tuple[PropFilter, ...], uid: TextMatch | None) -> bool:
    if not props:
        return True
    return uid is not None and len(props) == 1 and not props[0].param_filters
