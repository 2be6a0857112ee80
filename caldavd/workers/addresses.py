"""Which hosts a server may be sent to by what users give it: none of its own network."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

_UNICAST: Final = IPv6Network("2000::/3")
"""All of IPv6 that is given out: what lies elsewhere leads to the machine or its network."""
_PROTOCOLS: Final = (IPv4Network("192.0.0.0/24"), IPv4Network("192.88.99.0/24"))
"""Of protocols and relays; older versions of Python take some of them for public."""
_NAT64: Final = IPv6Network("64:ff9b::/96")
_LOW_PORTS: Final = frozenset({80, 443})
FIRST_HIGH_PORT: Final = 1024


def is_public(text: str) -> bool:
    """Whether an address is one of the Internet; one that holds another is as public as that."""
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv6Address):
        inner = _embedded(address)
        if inner is None:
            return address in _UNICAST and address.is_global and not address.is_multicast
        address = inner
    special = address.is_multicast or address.is_reserved
    return address.is_global and not special and not any(address in one for one in _PROTOCOLS)


def _embedded(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that packets for an IPv6 address go to."""
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour


def looks_numeric(host: str) -> bool:
    """Whether a host is written as an address, or as systems take for one (`127.1`)."""
    return ":" in host or host.replace(".", "").isdigit()


def may_serve(port: int) -> bool:
    """Whether a port may be one of a web server: low ones of other services are not to be asked."""
    return port in _LOW_PORTS or port >= FIRST_HIGH_PORT
