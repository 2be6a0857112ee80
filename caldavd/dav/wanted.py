"""What a body and the headers ask for: properties, Depth, Prefer (RFC 4918 §9.1, RFC 8144)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from caldavd.dav.message import Request
from caldavd.dav.respond import Mode, Wanted
from caldavd.errors import Failed
from caldavd.names import DAV
from caldavd.xml.parse import Element, elements, parse

MAX_NAMES: Final = 1_000
INFINITY: Final = "infinity"


def body_of(request: Request, limit: int) -> Element | None:
    """The root element of a request's body; None if there is no body. Raises Failed, Refused."""
    if not request.body.strip():
        return None
    if len(request.body) > limit:
        raise Failed(413, f"the body is larger than {limit} bytes")
    return parse(request.body)


def depth(headers: Mapping[str, str], default: str) -> str:
    """The Depth header: `0`, `1` or `infinity`. Raises Failed(400) for anything else."""
    value = headers.get("Depth", default).strip().lower()
    # `1,noroot` and its like are of drafts; only the number counts.
    value = value.partition(",")[0].strip()
    if value not in ("0", "1", INFINITY):
        raise Failed(400, "Depth is 0, 1 or infinity")
    return value


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


def wanted(root: Element | None, headers: Mapping[str, str]) -> Wanted:
    """The properties that the children of a propfind or report element ask for.

    None at all, or an empty body, means allprop (RFC 4918 §9.1).
    """
    brief = minimal(headers)
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


def _names(parent: Element) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(str(child.tag) for child in elements(parent)))
    if len(names) > MAX_NAMES:
        raise Failed(400, f"more than {MAX_NAMES} properties are asked for at once")
    return names


PROPFIND: Final = DAV + "propfind"
