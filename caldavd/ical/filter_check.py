"""Which filters are sound: CALDAV:valid-filter and supported-filter (RFC 4791 §7.8)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from types import MappingProxyType
from typing import Final

from caldavd.errors import SUPPORTED_FILTER, VALID_FILTER, Refused
from caldavd.ical.collation import folding
from caldavd.ical.filter_elements import CompFilter, Filter, ParamFilter, PropFilter, TextMatch
from caldavd.model import Window

MAX_ELEMENTS: Final = 250
"""Elements of one filter; each is tried on every candidate."""

TIMED_PROPERTIES: Final = frozenset(
    {"COMPLETED", "CREATED", "DTEND", "DTSTAMP", "DTSTART", "DUE", "LAST-MODIFIED"}
)
"""The properties for which RFC 4791 §9.9 defines a time-range."""

_TIMED_COMPONENTS: Final = frozenset(
    {"VCALENDAR", "VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY", "VALARM"}
)

_WITH_EVENT: Final = frozenset({"VALARM", "PARTICIPANT", "VLOCATION", "VRESOURCE"})

_INSIDE: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "VCALENDAR": frozenset(
            {"VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY", "VAVAILABILITY", "VTIMEZONE", "VALARM"}
        ),
        "VEVENT": _WITH_EVENT,
        "VTODO": _WITH_EVENT,
        "VJOURNAL": _WITH_EVENT - {"VALARM"},
        "VFREEBUSY": _WITH_EVENT - {"VALARM"},
        "VAVAILABILITY": frozenset({"AVAILABLE"}),
        "VTIMEZONE": frozenset({"STANDARD", "DAYLIGHT"}),
        "VALARM": frozenset({"VLOCATION"}),
        "PARTICIPANT": frozenset({"VLOCATION", "VRESOURCE"}),
        "AVAILABLE": frozenset(),
        "STANDARD": frozenset(),
        "DAYLIGHT": frozenset(),
        "VLOCATION": frozenset(),
        "VRESOURCE": frozenset(),
    }
)
"""What may stand in what (RFC 5545 §3.6, RFC 7953 §3.1, RFC 9073 §7, RFC 9074 §8)."""


def check(filter: Filter) -> None:
    """Refuses what is unsound: VALID_FILTER, SUPPORTED_FILTER, SUPPORTED_COLLATION."""
    top = filter.comp_filter
    if top.name.upper() != "VCALENDAR":
        raise _invalid(f"the outermost comp-filter must be VCALENDAR, not {top.name[:40]}")
    if sum(1 for _ in _elements(top)) > MAX_ELEMENTS:
        raise Refused(SUPPORTED_FILTER, f"a filter may have at most {MAX_ELEMENTS} elements")
    _check_component(top)


def _elements(filter: CompFilter) -> Iterator[CompFilter | PropFilter | ParamFilter]:
    yield filter
    for prop in filter.prop_filters:
        yield prop
        yield from prop.param_filters
    yield from chain.from_iterable(map(_elements, filter.comp_filters))


def _check_component(filter: CompFilter) -> None:
    name = _named("comp-filter", filter.name)
    if filter.is_not_defined and (filter.time_range or filter.prop_filters or filter.comp_filters):
        raise _alone("comp-filter", name)
    if filter.time_range:
        _check_timed(name, name in _TIMED_COMPONENTS)
        _check_range(filter.time_range)
    for prop in filter.prop_filters:
        _check_property(prop)
    for child in filter.comp_filters:
        _check_nesting(name, child.name.upper())
        _check_component(child)


def _check_nesting(outer: str, inner: str) -> None:
    known = inner in _INSIDE
    if known and inner not in _INSIDE.get(outer, _INSIDE.keys()):
        raise _invalid(f"there is no {inner[:40]} in a {outer[:40]}")


def _check_property(filter: PropFilter) -> None:
    name = _named("prop-filter", filter.name)
    if filter.is_not_defined and (filter.time_range or filter.text_match or filter.param_filters):
        raise _alone("prop-filter", name)
    if filter.time_range and filter.text_match:
        raise _invalid(f"the prop-filter on {name[:40]} has both a time-range and a text-match")
    if filter.time_range:
        _check_timed(name, name in TIMED_PROPERTIES)
        _check_range(filter.time_range)
    _check_text(filter.text_match)
    for param in filter.param_filters:
        _check_parameter(param)


def _check_parameter(filter: ParamFilter) -> None:
    name = _named("param-filter", filter.name)
    if filter.is_not_defined and filter.text_match:
        raise _alone("param-filter", name)
    _check_text(filter.text_match)


def _check_text(match: TextMatch | None) -> None:
    if match:
        folding(match.collation)


def _check_timed(name: str, timed: bool) -> None:
    """A standard name without times is nonsense; of a non-standard one we cannot know."""
    if timed:
        return
    if name.startswith("X-") or name == "VAVAILABILITY":
        raise Refused(SUPPORTED_FILTER, f"no time-range can be asked of {name[:40]}")
    raise _invalid(f"no time-range can be asked of {name[:40]}")


def _check_range(window: Window) -> None:
    if window.start is None and window.end is None:
        raise _invalid("a time-range needs a start, an end or both")
    if window.start and window.end and window.start >= window.end:
        raise _invalid("the end of a time-range must be later than its start")


def _named(element: str, name: str) -> str:
    if not name:
        raise _invalid(f"a {element} needs a name")
    return name.upper()


def _alone(element: str, name: str) -> Refused:
    return _invalid(f"in the {element} on {name[:40]} is-not-defined must stand alone")


def _invalid(reason: str) -> Refused:
    return Refused(VALID_FILTER, reason)
