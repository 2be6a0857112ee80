"""The elements of a calendar-query's filter (RFC 4791 §9.7)."""

from __future__ import annotations

from dataclasses import dataclass

from caldavd.ical.collation import DEFAULT
from caldavd.model import Window


@dataclass(frozen=True, slots=True)
class TextMatch:
    """A substring that the value must contain or, with `negate`, must not (RFC 4791 §9.7.5)."""

    text: str
    collation: str = DEFAULT
    negate: bool = False


@dataclass(frozen=True, slots=True)
class ParamFilter:
    """A test of a parameter of the property at hand (RFC 4791 §9.7.3)."""

    name: str
    is_not_defined: bool = False
    text_match: TextMatch | None = None


@dataclass(frozen=True, slots=True)
class PropFilter:
    """A test that at least one property of the component must pass (RFC 4791 §9.7.2)."""

    name: str
    is_not_defined: bool = False
    time_range: Window | None = None
    text_match: TextMatch | None = None
    param_filters: tuple[ParamFilter, ...] = ()


@dataclass(frozen=True, slots=True)
class CompFilter:
    """A test that at least one component of the scope must pass, whole (RFC 4791 §9.7.1)."""

    name: str
    is_not_defined: bool = False
    time_range: Window | None = None
    prop_filters: tuple[PropFilter, ...] = ()
    comp_filters: tuple[CompFilter, ...] = ()


@dataclass(frozen=True, slots=True)
class Filter:
    """The whole filter; its comp-filter is about VCALENDAR. Names match in any case."""

    comp_filter: CompFilter
