"""Slows those who guess passwords, and not the owner of the account they guess at.

An address that guesses is refused for a while. An account that is guessed at from many addresses
is never closed: its logins are delayed, and not even that where one succeeded before.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Final

MAX_REMEMBERED: Final = 10_000
"""Counters of each kind; the one used longest ago is forgotten first."""

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Slowing:
    """When failed logins are slowed, and by how much."""

    free_failures: int = 5
    delay_s: float = 1
    max_delay_s: float = 30
    memory_s: float = 900

    def after(self, failures: int) -> float:
        """The delay after so many failures: none at first, then it doubles each time."""
        excess = failures - self.free_failures
        if excess <= 0:
            return 0.0
        return min(self.delay_s * 2.0 ** min(excess - 1, 60), self.max_delay_s)


@dataclass(slots=True)
class _Counter:
    failures: int
    last: int


class Failures:
    """Failed logins of late, by account, by address, and by both. Bounded."""

    def __init__(self, slowing: Slowing, max_remembered: int = MAX_REMEMBERED) -> None:
        self._slowing = slowing
        self._max = max_remembered
        self._accounts: OrderedDict[str, _Counter] = OrderedDict()
        self._addresses: OrderedDict[str, _Counter] = OrderedDict()
        self._succeeded: OrderedDict[Key, None] = OrderedDict()

    def refusal(self, address: str, now: int) -> float:
        """Seconds for which logins from an address are refused unseen; 0: come in."""
        known = network(address)
        counter = self._addresses.get(known) if known else None
        if counter is None:
            return 0.0
        return max(0.0, counter.last + self._delay(counter, now) - now)

    def delay(self, account: str, address: str, now: int) -> float:
        """Seconds to wait before this login is looked at; it is then judged like any other."""
        counter = self._accounts.get(account)
        if counter is None or (account, _place(address)) in self._succeeded:
            return 0.0
        return self._delay(counter, now)

    def failed(self, account: str, address: str, now: int) -> None:
        """Counts one failure."""
        self._count(self._accounts, account, now)
        if known := network(address):
            self._count(self._addresses, known, now)

    def guessed(self, address: str, now: int) -> None:
        """Counts one failure that is of no account."""
        if known := network(address):
            self._count(self._addresses, known, now)

    def succeeded(self, account: str, address: str) -> None:
        """Forgets the failures, and remembers that the owner is at that address."""
        self._accounts.pop(account, None)
        if known := network(address):
            self._addresses.pop(known, None)
        key = (account, _place(address))
        self._succeeded[key] = None
        self._succeeded.move_to_end(key)
        if len(self._succeeded) > self._max:
            self._succeeded.popitem(last=False)

    def _delay(self, counter: _Counter, now: int) -> float:
        if now - counter.last > self._slowing.memory_s:
            return 0.0
        return self._slowing.after(counter.failures)

    def _count(self, counters: OrderedDict[str, _Counter], key: str, now: int) -> None:
        counter = counters.get(key)
        if counter is None or now - counter.last > self._slowing.memory_s:
            counter = counters[key] = _Counter(0, now)
        counter.failures += 1
        counter.last = now
        counters.move_to_end(key)
        if len(counters) > self._max:
            counters.popitem(last=False)


def _place(address: str) -> str:
    return network(address) or "local"


def network(address: str) -> str | None:
    """What one guesser holds: an IPv4 address, an IPv6 network of 64 bits.

    None for this machine: whoever comes from it may be everybody, through a proxy.
    """
    try:
        parsed = ip_address(_without_port(address).partition("%")[0])
    except ValueError:
        return None
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    if parsed.is_loopback:
        return None
    if isinstance(parsed, IPv6Address):
        return str(IPv6Address(int(parsed) >> 64 << 64))
    return str(parsed)


def _without_port(address: str) -> str:
    """`192.0.2.1:5678` and `[2001:db8::1]:5678` are what some gateways forward."""
    if address.startswith("["):
        return address[1:].partition("]")[0]
    host = address.partition(":")[0]
    return host if "." in host else address
