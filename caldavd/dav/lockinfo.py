"""Locks on the wire: lockinfo, Timeout and Lock-Token in, activelock out (RFC 4918 §14)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from caldavd.errors import Failed
from caldavd.model import Lock
from caldavd.names import DAV
from caldavd.xml import write
from caldavd.xml.parse import Element, child, elements, expect, serialized

DEFAULT_TIMEOUT_S: Final = 3_600
MAX_TIMEOUT_S: Final = 86_400
"""Also of `Infinite`: what a client has forgotten must not keep others out for ever."""
MAX_OWNER: Final = 500
"""Characters of a DAV:owner element: every resource below the lock shows it."""
_SECONDS: Final = re.compile(r"second-(\d{1,20})", re.IGNORECASE)
_CODED_URL: Final = re.compile(r"\s*<([^<>\s]+)>\s*")

SUPPORTED: Final = "".join(
    f"<D:lockentry><D:lockscope><D:{scope}/></D:lockscope>"
    "<D:locktype><D:write/></D:locktype></D:lockentry>"
    for scope in ("exclusive", "shared")
)
"""The content of DAV:supportedlock (RFC 4918 §15.10)."""


@dataclass(frozen=True, slots=True)
class LockInfo:
    """The lock that a client asks for."""

    shared: bool
    owner: str
    """The whole DAV:owner element; empty: none."""


def lock_info(root: Element) -> LockInfo:
    """What a body asks for (RFC 4918 §14.11). Raises Failed(400)."""
    expect(root, DAV + "lockinfo")
    if _only(root, "locktype") != DAV + "write":
        raise Failed(400, "the locktype is write: there is no other")
    scope = _only(root, "lockscope")
    if scope not in (DAV + "exclusive", DAV + "shared"):
        raise Failed(400, "the lockscope is exclusive or shared")
    owner = child(root, DAV + "owner")
    text = "" if owner is None else serialized(owner)
    if len(text) > MAX_OWNER:
        raise Failed(400, f"the owner of a lock has at most {MAX_OWNER} characters")
    return LockInfo(scope == DAV + "shared", text)


def _only(root: Element, name: str) -> str | None:
    """The name of the one element in a child of the root."""
    found = child(root, DAV + name)
    names = [] if found is None else [str(inner.tag) for inner in elements(found)]
    return names[0] if len(names) == 1 else None


def timeout_s(header: str | None) -> int:
    """For how long a lock is given, of what a client would like best (RFC 4918 §10.7)."""
    for wish in (header or "").split(","):
        if wish.strip().lower() == "infinite":
            return MAX_TIMEOUT_S
        seconds = _SECONDS.fullmatch(wish.strip())
        if seconds is not None:
            return min(max(int(seconds[1]), 1), MAX_TIMEOUT_S)
    return DEFAULT_TIMEOUT_S


def lock_token(header: str | None) -> str:
    """The token in a Lock-Token header (RFC 4918 §10.5). Raises Failed(400)."""
    if header is None:
        raise Failed(400, "UNLOCK needs a Lock-Token header")
    found = _CODED_URL.fullmatch(header)
    if found is None:
        raise Failed(400, "a Lock-Token is a URL in angle brackets")
    return found[1]


def discovery(locks: Iterable[Lock], now: int) -> str:
    """The content of DAV:lockdiscovery (RFC 4918 §15.8)."""
    return "".join(_active_lock(lock, now) for lock in locks)


def _active_lock(lock: Lock, now: int) -> str:
    scope = "shared" if lock.shared else "exclusive"
    depth = "infinity" if lock.infinite else "0"
    return (
        f"<D:activelock><D:locktype><D:write/></D:locktype><D:lockscope><D:{scope}/></D:lockscope>"
        f"<D:depth>{depth}</D:depth>{lock.owner}"
        f"<D:timeout>Second-{max(lock.expires_at - now, 0)}</D:timeout>"
        f"<D:locktoken>{write.href(lock.token)}</D:locktoken>"
        f"<D:lockroot>{write.href(lock.root)}</D:lockroot></D:activelock>"
    )
