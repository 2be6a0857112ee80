"""What a body and the headers ask for: properties, Depth, Prefer (RFC 4918 §9.1, RFC 8144)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from caldavd.dav.respond import Mode, Wanted
from caldavd.errors import Failed
from caldavd.ical.byreference import Zones
from caldavd.names import DAV
from caldavd.xml.parse import Element, elements, expect, parse

MAX_NAMES: Final = 1_000
SMALL_BYTES: Final = 4_096
"""Bodies up to this long are remembered with what they say."""
PROPFIND: Final = DAV + "propfind"
INFINITY: Final = "infinity"


def body_of(body: bytes, limit: int) -> Element | None:
    """The root element of a body; None if there is no body. Raises Failed, Refused."""
    if not body.strip():
        return None
    if len(body) > limit:
        raise Failed(413, f"the body is larger than {limit} bytes")
    return parse(body)


def depth(headers: Mapping[str, str], default: str) -> str:
    """The Depth header: `0`, `1` or `infinity`. Raises Failed(400) for anything else."""
    value = headers.get("Depth", default).strip().lower()
    # `1,noroot` and its like are of drafts; only the number counts.
    value = value.partition(",")[0].strip()
    if value not in ("0", "1", INFINITY):
        raise Failed(400, "Depth is 0, 1 or infinity")
    return value


def require_depth_0(wanted: Wanted) -> None:
    """Raises Failed(400) for a report that is only defined for a resource itself (RFC 3744 §9)."""
    if depth({"Depth": wanted.depth}, "0") != "0":
        raise Failed(400, "this report is for one resource: send Depth: 0, or none")


def prefers(headers: Mapping[str, str], preference: str) -> bool:
    """Whether a Prefer header holds a preference (RFC 7240); Apple once wrote `return-minimal`."""
    header = headers.get("Prefer", "")
    if not header:
        return False
    wanted = {part.partition(";")[0].strip().lower() for part in header.split(",")}
    return preference in wanted or preference.replace("=", "-") in wanted


def minimal(headers: Mapping[str, str]) -> bool:
    """Whether properties that do not exist are to be left out."""
    return headers.get("Brief", "").strip().lower() == "t" or prefers(headers, "return=minimal")


def zones(headers: Mapping[str, str]) -> Zones:
    """Which VTIMEZONEs CalDAV-Timezones asks for: `T` or `F`; anything else says nothing."""
    value = headers.get("CalDAV-Timezones", "").strip().upper()
    return Zones(value) if value in ("T", "F") else Zones.AS_STORED


def wanted(root: Element | None, *, brief: bool) -> Wanted:
    """The properties that the children of a propfind or report element ask for.

    None at all, or an empty body, means allprop (RFC 4918 §9.1). `brief` as `minimal` says.
    """
    names: tuple[str, ...] = ()
    if root is not None:
        for child in elements(root):
            match child.tag:
                case "{DAV:}prop":
                    return Wanted(Mode.PROP, _names(child), minimal=brief)
                case "{DAV:}propname":
                    return Wanted(Mode.PROPNAME, minimal=brief)
                case "{DAV:}include":
                    names = _names(child)
    return Wanted(Mode.ALLPROP, names, minimal=brief)


def propfind(body: bytes, limit: int, *, brief: bool) -> Wanted:
    """What the body of a PROPFIND asks for; polling clients send the same bytes each time.

    Raises Failed(400), Refused.
    """
    return (_propfind_again if len(body) <= SMALL_BYTES else _propfind)(body, limit, brief)


def _propfind(body: bytes, limit: int, brief: bool) -> Wanted:
    root = body_of(body, limit)
    return wanted(None if root is None else expect(root, PROPFIND), brief=brief)


_propfind_again: Final = lru_cache(maxsize=256)(_propfind)


def _names(parent: Element) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(str(child.tag) for child in elements(parent)))
    if len(names) > MAX_NAMES:
        raise Failed(400, f"more than {MAX_NAMES} properties are asked for at once")
    return names
