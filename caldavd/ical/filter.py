"""What a calendar-query asks for: whether an object matches, what an index can decide.

RFC 4791 §9.7 and §9.9. A component that recurs is several: the master stands for the instances
that no override describes, each override for its own, and one of them must pass a comp-filter
whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, timedelta, tzinfo
from itertools import islice
from typing import Final

from caldavd.ical import alarm
from caldavd.ical.collation import OCTET, contains
from caldavd.ical.contentline import Component, Line, parameter, parameters, unescape
from caldavd.ical.extent import temporal
from caldavd.ical.filter_check import check
from caldavd.ical.filter_elements import CompFilter, Filter, ParamFilter, PropFilter, TextMatch
from caldavd.ical.parse import Document
from caldavd.ical.recurrence import Instance, TooMany, iterate, named
from caldavd.ical.values import Temporal, epoch
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
    "matches",
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


# --- Matching ---


MAX_TRIED: Final = 5_000
"""Instances of one object that are looked at for one time range."""


class _Grouped:
    """Instances by the component that describes them, each found when first asked for."""

    def __init__(self, instances: Iterator[Instance]) -> None:
        self._rest = islice(instances, MAX_TRIED)
        self._found: dict[int, list[Instance]] = {}

    def of(self, component: Component) -> Iterator[Instance]:
        own = self._found.setdefault(id(component), [])
        given = 0
        while given < len(own) or self._find_another():
            if given < len(own):
                yield own[given]
                given += 1

    def _find_another(self) -> bool:
        try:
            instance = next(self._rest, None)
        except TooMany:
            return False
        if instance is not None:
            self._found.setdefault(id(instance.component), []).append(instance)
        return instance is not None


MAX_WINDOWS: Final = 20
"""Time ranges for which the instances of one object are worked out; each other trigger is one."""


@dataclass(slots=True)
class _Scope:
    """What is tested, and the zone of its floating and all-day times."""

    document: Document
    floating: tzinfo
    groups: dict[Window, _Grouped] = field(default_factory=dict)
    """The instances in each window that was asked about."""
    standing: frozenset[int] | None = None
    """The overrides that count: no EXDATE takes them away. Worked out when first asked for."""

    def stands(self, override: Component) -> bool:
        if self.standing is None:
            rows, _ = named(self.document)
            self.standing = frozenset(id(row.extent.component) for row in rows)
        return id(override) in self.standing


def matches(filter: Filter, document: Document, floating: tzinfo) -> bool:
    """Whether the object matches a filter that check() let pass."""
    top = filter.comp_filter
    if top.is_not_defined:
        return False
    scope = _Scope(document, floating)
    calendar = document.calendar
    of_any = of_any_component(top)
    inner = (f for f in top.comp_filters if f not in of_any.comp_filters)
    return (
        all(_property(f, calendar, scope) for f in top.prop_filters if of_calendar(f))
        and all(_inner(f, calendar, scope) for f in inner)
        and any(_component(of_any, c, calendar, scope) for c in document.components)
    )


def _inner(filter: CompFilter, outer: Component, scope: _Scope) -> bool:
    name = filter.name.upper()
    found = [inner for inner in outer.components if inner.name == name]
    if filter.is_not_defined:
        return not found
    return any(_component(filter, inner, outer, scope) for inner in found)


def _component(filter: CompFilter, component: Component, outer: Component, scope: _Scope) -> bool:
    return (
        all(_property(f, component, scope) for f in filter.prop_filters)
        and all(_inner(f, component, scope) for f in filter.comp_filters)
        and (filter.time_range is None or _overlaps(filter.time_range, component, outer, scope))
    )


def _overlaps(window: Window, component: Component, outer: Component, scope: _Scope) -> bool:
    if component.name == "VALARM":
        return _goes_off(window, component, outer, scope)
    if component.name == "VEVENT" and component.first("DTSTART") is None:
        # Only a message has such (RFC 6638 §2.3).
        return True
    return any(True for _ in _instances(component, window, scope))


def _goes_off(window: Window, component: Component, outer: Component, scope: _Scope) -> bool:
    found = alarm.read(component, scope.document.zones)
    if found is None:
        return False
    if found.absolute:
        return alarm.goes_off(found, None, window, scope.floating)
    return any(
        alarm.goes_off(found, instance, window, scope.floating)
        for instance in _instances(outer, alarm.reach(found, window), scope)
    )


def _instances(component: Component, window: Window, scope: _Scope) -> Iterator[Instance]:
    """The instances that a component describes, each when asked for."""
    document = scope.document
    line = component.first("RECURRENCE-ID")
    if line is not None and parameter(line, "RANGE") is None:
        if len(document.components) > 1 and not scope.stands(component):
            return iter(())
        # It describes one instance, whatever the others do.
        return iterate(replace(document, components=(component,)), window, scope.floating)
    if window not in scope.groups:
        if len(scope.groups) == MAX_WINDOWS:
            return iter(())
        scope.groups[window] = _Grouped(iterate(document, window, scope.floating))
    return scope.groups[window].of(component)


def _property(filter: PropFilter, component: Component, scope: _Scope) -> bool:
    name = filter.name.upper()
    lines = [line for line in component.lines if line.name == name]
    if filter.is_not_defined:
        return not lines
    passing = [line for line in lines if all(_parameter(f, line) for f in filter.param_filters)]
    if filter.time_range is not None:
        return _in_range(filter, filter.time_range, passing, component, scope)
    if filter.text_match is None:
        return bool(passing)
    return any(_text(filter.text_match, _values(line)) for line in passing)


def _parameter(filter: ParamFilter, line: Line) -> bool:
    values = parameters(line).get(filter.name.upper())
    if filter.is_not_defined or values is None:
        return filter.is_not_defined and values is None
    return filter.text_match is None or _text(filter.text_match, values)


def _text(match: TextMatch, values: Iterable[str]) -> bool:
    """Whether any of the values contains the text; negated, whether none does."""
    found = any(contains(match.collation, value, match.text) for value in values)
    return found != match.negate


_LISTS: Final = frozenset({"CATEGORIES", "RESOURCES"})
_LISTED: Final = re.compile(r"(?:[^\\,]|\\.)+", re.DOTALL)


def _values(line: Line) -> list[str]:
    """The texts of a property, without escapes; of most there is one."""
    if line.name in _LISTS:
        return [unescape(value) for value in _LISTED.findall(line.value)]
    return [unescape(line.value)]


# --- The time of a property: that of any instance, where it is the instance's own ---

_OF_INSTANCE: Final[dict[str, Callable[[Instance], Temporal | None]]] = {
    "DTSTART": lambda instance: instance.start,
    "DTEND": lambda instance: instance.end,
    "DUE": lambda instance: instance.end,
}
_RECURRING: Final = frozenset({"VEVENT", "VTODO", "VJOURNAL"})
_END_OF: Final = {"VEVENT": "DTEND", "VTODO": "DUE"}
_SLACK: Final = timedelta(days=2)


def _in_range(
    filter: PropFilter, window: Window, lines: list[Line], component: Component, scope: _Scope
) -> bool:
    name = filter.name.upper()
    if component.name in _RECURRING and name in _OF_INSTANCE:
        if not lines and not _ends_by_duration(filter, component):
            return False
        of_instance = _OF_INSTANCE[name]
        values = (of_instance(i) for i in _instances(component, _wider(window), scope))
        return any(value is not None and _holds(window, value, scope) for value in values)
    return any(_line_holds(window, line, scope) for line in lines)


def _ends_by_duration(filter: PropFilter, component: Component) -> bool:
    """Whether DTEND or DUE is not there, but DTSTART and DURATION are (RFC 4791 §9.9)."""
    return (
        filter.name.upper() == _END_OF.get(component.name)
        and not filter.param_filters
        and component.first(filter.name.upper()) is None
        and component.first("DTSTART") is not None
        and component.first("DURATION") is not None
    )


def _line_holds(window: Window, line: Line, scope: _Scope) -> bool:
    """Whether a date is in the range; one that cannot be read is in none."""
    try:
        return _holds(window, temporal(line, scope.document.zones), scope)
    except ValueError:
        return False


def _holds(window: Window, value: Temporal, scope: _Scope) -> bool:
    instant = epoch(value, scope.floating)
    return (window.start is None or epoch(window.start, UTC) <= instant) and (
        window.end is None or instant < epoch(window.end, UTC)
    )


def _wider(window: Window) -> Window:
    """A window that every instance overlaps whose start or end is in `window`."""
    return Window(alarm.later(window.start, -_SLACK), alarm.later(window.end, _SLACK))
