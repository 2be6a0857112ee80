"""What is noticed of requests on their way in: the kind of their URL, passwords in the clear."""

from __future__ import annotations

import ipaddress
import logging
from collections import OrderedDict
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from caldavd.clock import Clock

_log: Final = logging.getLogger(__name__)

WARN_EVERY_S: Final = 3_600
MAX_ADDRESSES: Final = 10_000
_KINDS: Final = {
    1: "root",
    2: "collection",
    3: "home",
    4: "calendar",
    5: "object",
}
_LINKS: Final = frozenset({"feeds", "freebusy", "rsvp"})
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@lru_cache(maxsize=2048)
def kind(raw_path: str, prefix: str) -> str:
    """What a URL is about, by its shape alone: one of a few words, for metrics."""
    path = raw_path.partition("?")[0].removeprefix(prefix).strip("/")
    segments = path.split("/")
    if segments[0] != "dav":
        return segments[0] if segments[0] in _LINKS else "other"
    if len(segments) == 3 and segments[1] == "principals":
        return "principal"
    return _KINDS.get(len(segments), "other")


class ClearText:
    """Warns of passwords that cross a network readably, once an hour for each address."""

    def __init__(self, trusted: Sequence[Network], clock: Clock) -> None:
        self._trusted = trusted
        self._clock = clock
        self._quiet_until: OrderedDict[str, float] = OrderedDict()

    def seen(self, peer: str) -> None:
        """A password came from `peer` (empty: a unix socket) without TLS."""
        until = self._quiet_until.get(peer)
        if until is not None and (until == float("inf") or self._clock() < until):
            return
        if self._is_safe(peer):
            self._note(peer, float("inf"))
            return
        self._note(peer, self._clock() + WARN_EVERY_S)
        _log.warning(
            "password sent in the clear: use TLS, or trust the proxy that does",
            extra={"address": peer},
        )

    def _note(self, peer: str, until: float) -> None:
        self._quiet_until[peer] = until
        if len(self._quiet_until) > MAX_ADDRESSES:
            self._quiet_until.popitem(last=False)

    def _is_safe(self, peer: str) -> bool:
        try:
            address = ipaddress.ip_address(peer.partition("%")[0])
        except ValueError:  # a unix socket
            return True
        return address.is_loopback or any(address in network for network in self._trusted)
