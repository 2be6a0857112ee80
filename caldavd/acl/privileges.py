"""The privilege trees as tables (RFC 3744 §3, RFC 4791 §6.1, RFC 6638 §6)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Flag
from typing import Final

from caldavd.model import Inbox, Level, Outbox, Proxy
from caldavd.names import CALDAV, DAV


class Privilege(Flag):
    """Leaf privileges; a tree says which aggregates hold them.

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
    SCHEDULE_DELIVER_INVITE = 1 << 10
    SCHEDULE_DELIVER_REPLY = 1 << 11
    SCHEDULE_QUERY_FREEBUSY = 1 << 12
    SCHEDULE_SEND_INVITE = 1 << 13
    SCHEDULE_SEND_REPLY = 1 << 14
    SCHEDULE_SEND_FREEBUSY = 1 << 15


WRITE: Final = (
    Privilege.WRITE_PROPERTIES | Privilege.WRITE_CONTENT | Privilege.BIND | Privilege.UNBIND
)
OWNER: Final = WRITE | Privilege.READ | Privilege.READ_ACL | Privilege.WRITE_ACL | Privilege.UNLOCK
"""All there are, but on an inbox or an outbox."""
DELIVER: Final = (
    Privilege.SCHEDULE_DELIVER_INVITE
    | Privilege.SCHEDULE_DELIVER_REPLY
    | Privilege.SCHEDULE_QUERY_FREEBUSY
)
SEND: Final = (
    Privilege.SCHEDULE_SEND_INVITE
    | Privilege.SCHEDULE_SEND_REPLY
    | Privilege.SCHEDULE_SEND_FREEBUSY
)
READER: Final = Privilege.READ
READ_ONLY: Final = Privilege.READ | Privilege.READ_ACL
SUBSCRIBED: Final = READ_ONLY | Privilege.WRITE_PROPERTIES | Privilege.WRITE_ACL
"""The most that anybody may do with a calendar that a feed fills."""

INBOX: Final = SUBSCRIBED | Privilege.UNBIND | Privilege.UNLOCK | DELIVER
"""The most that anybody may do with an inbox: nobody but the server puts something into it."""
OUTBOX: Final = SUBSCRIBED | Privilege.UNLOCK | SEND
"""The most that anybody may do with an outbox, which holds nothing."""

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


_PARTS: Final = (
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
)
_DELIVER: Final = Node(
    CALDAV + "schedule-deliver",
    DELIVER,
    "Deliver scheduling messages to the owner",
    (
        Node(
            CALDAV + "schedule-deliver-invite",
            Privilege.SCHEDULE_DELIVER_INVITE,
            "Invite the owner, and cancel that",
        ),
        Node(
            CALDAV + "schedule-deliver-reply",
            Privilege.SCHEDULE_DELIVER_REPLY,
            "Answer the owner's invitations",
        ),
        Node(
            CALDAV + "schedule-query-freebusy",
            Privilege.SCHEDULE_QUERY_FREEBUSY,
            "Ask when the owner is busy",
        ),
    ),
)
_SEND: Final = Node(
    CALDAV + "schedule-send",
    SEND,
    "Send scheduling messages for the owner",
    (
        Node(
            CALDAV + "schedule-send-invite",
            Privilege.SCHEDULE_SEND_INVITE,
            "Invite others, and cancel that",
        ),
        Node(
            CALDAV + "schedule-send-reply",
            Privilege.SCHEDULE_SEND_REPLY,
            "Answer the invitations of others",
        ),
        Node(
            CALDAV + "schedule-send-freebusy",
            Privilege.SCHEDULE_SEND_FREEBUSY,
            "Ask when others are busy",
        ),
    ),
)


def _tree(leaves: Privilege, *parts: Node) -> Node:
    return Node(DAV + "all", leaves, "Do everything", (*_PARTS, *parts))


TREE: Final = _tree(OWNER)
INBOX_TREE: Final = _tree(OWNER | DELIVER, _DELIVER)
OUTBOX_TREE: Final = _tree(OWNER | SEND, _SEND)
"""RFC 6638 §6.3 has DAV:all hold the scheduling privileges that a resource knows."""


def tree_of(type_: type[object]) -> Node:
    """The privileges that a kind of resource knows."""
    return _TREES.get(type_, TREE)


_TREES: Final = {Inbox: INBOX_TREE, Outbox: OUTBOX_TREE}


def nodes(top: Node) -> Iterator[Node]:
    """A node and all below it, from the top down."""
    yield top
    for part in top.parts:
        yield from nodes(part)


NAMES: Final = {node.name: node.leaves for node in nodes(TREE)}
"""Clark name to the leaves it stands for: leaves, and the aggregates above them."""
KNOWN: Final = frozenset(node.name for tree in (INBOX_TREE, OUTBOX_TREE) for node in nodes(tree))
"""The Clark names of all privileges that some kind of resource knows."""
_BY_LEAVES: Final = {
    node.leaves: node.name for tree in (OUTBOX_TREE, INBOX_TREE, TREE) for node in nodes(tree)
}


def names(held: Privilege, tree: Node = TREE) -> list[str]:
    """The Clark names of all privileges, aggregates too, that a set of leaves amounts to."""
    return [node.name for node in nodes(tree) if node.leaves in held]


def largest(held: Privilege, tree: Node = TREE) -> list[str]:
    """The fewest Clark names that say the same: no privilege beside one that aggregates it."""

    def below(node: Node) -> list[str]:
        if node.leaves in held:
            return [node.name]
        return [name for part in node.parts for name in below(part)]

    return below(tree)


def name(privilege: Privilege) -> str:
    """The Clark name of one leaf or aggregate."""
    return _BY_LEAVES[privilege]


def to_bits(granted: Privilege, tree: Node = TREE) -> int:
    """What is stored of privileges granted on a resource that knows those of a tree."""
    return _ALL if granted == tree.leaves else granted.value


def from_bits(bits: int, tree: Node = TREE) -> Privilege:
    """The privileges that stored bits stand for, on a resource that knows those of a tree."""
    return Privilege(bits & tree.leaves.value)
