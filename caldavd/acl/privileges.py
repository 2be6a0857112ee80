"""The privilege tree as a table (RFC 3744 §3, RFC 4791 §6.1)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Flag
from typing import Final

from caldavd.model import Level, Proxy
from caldavd.names import CALDAV, DAV


class Privilege(Flag):
    """Leaf privileges; `TREE` says which aggregates hold them.

    The bits are stored in access control entries: a new privilege takes a bit that was never used.
    """

    NONE = 0
    READ_FREE_BUSY = 1
    READ_CURRENT_USER_PRIVILEGE_SET = 2
    READ = 0b111
    """Contains read-free-busy (RFC 4791 §6.1.1), as whoever may read may know when it is busy,
    and read-current-user-privilege-set, without which clients take all for writable."""
    READ_ACL = 1 << 3
    WRITE_PROPERTIES = 1 << 4
    WRITE_CONTENT = 1 << 5
    BIND = 1 << 6
    UNBIND = 1 << 7
    WRITE_ACL = 1 << 8
    UNLOCK = 1 << 9


WRITE: Final = (
    Privilege.WRITE_PROPERTIES | Privilege.WRITE_CONTENT | Privilege.BIND | Privilege.UNBIND
)
OWNER: Final = WRITE | Privilege.READ | Privilege.READ_ACL | Privilege.WRITE_ACL | Privilege.UNLOCK
"""All there are."""
READER: Final = Privilege.READ
READ_ONLY: Final = Privilege.READ | Privilege.READ_ACL
SUBSCRIBED: Final = READ_ONLY | Privilege.WRITE_PROPERTIES | Privilege.WRITE_ACL
"""The most that anybody may do with a calendar that a feed fills."""

PROXIES: Final = {Proxy.READ: READER, Proxy.WRITE: READER | WRITE}
"""What a delegate may do with everything in the owner's home (caldav-proxy §3.1)."""

LEVELS: Final = {
    Level.FREE_BUSY: Privilege.READ_FREE_BUSY,
    Level.BUSY: READER,
    Level.READ: READER,
    Level.WRITE: READER | WRITE,
    Level.MANAGE: READER | WRITE | Privilege.READ_ACL | Privilege.WRITE_ACL,
}
"""What a share gives on a calendar and its objects."""

_ALL: Final = (1 << 62) - 1
"""How DAV:all is stored: with the bits of privileges yet to come."""


@dataclass(frozen=True, slots=True)
class Node:
    """A privilege and those that it aggregates; none is abstract."""

    name: str
    leaves: Privilege
    description: str
    parts: tuple[Node, ...] = ()


TREE: Final = Node(
    DAV + "all",
    OWNER,
    "Do everything",
    (
        Node(
            DAV + "read",
            Privilege.READ,
            "Read what is there, and its properties",
            (
                Node(
                    CALDAV + "read-free-busy",
                    Privilege.READ_FREE_BUSY,
                    "Know when the owner is busy",
                ),
                Node(
                    DAV + "read-current-user-privilege-set",
                    Privilege.READ_CURRENT_USER_PRIVILEGE_SET,
                    "Know one's own privileges",
                ),
            ),
        ),
        Node(DAV + "read-acl", Privilege.READ_ACL, "Know who else has privileges"),
        Node(
            DAV + "write",
            WRITE,
            "Change what is there",
            (
                Node(DAV + "write-properties", Privilege.WRITE_PROPERTIES, "Set properties"),
                Node(DAV + "write-content", Privilege.WRITE_CONTENT, "Change what exists"),
                Node(DAV + "bind", Privilege.BIND, "Add something new"),
                Node(DAV + "unbind", Privilege.UNBIND, "Remove something"),
            ),
        ),
        Node(DAV + "unlock", Privilege.UNLOCK, "End the locks of others"),
        Node(DAV + "write-acl", Privilege.WRITE_ACL, "Say who has which privileges"),
    ),
)


def nodes(top: Node = TREE) -> Iterator[Node]:
    """A node and all below it, from the top down."""
    yield top
    for part in top.parts:
        yield from nodes(part)


NAMES: Final = {node.name: node.leaves for node in nodes()}
"""Clark name to the leaves it stands for: leaves, and the aggregates above them."""


def names(held: Privilege) -> list[str]:
    """The Clark names of all privileges, aggregates too, that a set of leaves amounts to."""
    return [name for name, leaves in NAMES.items() if leaves in held]


def largest(held: Privilege) -> list[str]:
    """The fewest Clark names that say the same: no privilege beside one that aggregates it."""

    def below(node: Node) -> list[str]:
        if node.leaves in held:
            return [node.name]
        return [name for part in node.parts for name in below(part)]

    return below(TREE)


def name(privilege: Privilege) -> str:
    """The Clark name of one leaf or aggregate."""
    return next(clark for clark, leaves in NAMES.items() if leaves == privilege)


def to_bits(granted: Privilege) -> int:
    """What is stored of granted privileges."""
    return _ALL if granted == OWNER else granted.value


def from_bits(bits: int) -> Privilege:
    """The privileges that stored bits stand for."""
    return Privilege(bits & OWNER.value)
