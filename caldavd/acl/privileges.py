"""The privilege tree as a table (RFC 3744 §3, RFC 4791 §6.1)."""

from __future__ import annotations

from enum import Flag, auto
from typing import Final

from caldavd.names import CALDAV, DAV


class Privilege(Flag):
    """Leaf privileges; `CONTAINERS` says which aggregates hold them."""

    NONE = 0
    READ_FREE_BUSY = auto()
    READ = 0b11
    """Contains read-free-busy (RFC 4791 §6.1.1): whoever may read may know when it is busy."""
    READ_ACL = auto()
    READ_CURRENT_USER_PRIVILEGE_SET = auto()
    WRITE_PROPERTIES = auto()
    WRITE_CONTENT = auto()
    BIND = auto()
    UNBIND = auto()
    UNLOCK = auto()


WRITE: Final = (
    Privilege.WRITE_PROPERTIES | Privilege.WRITE_CONTENT | Privilege.BIND | Privilege.UNBIND
)
OWNER: Final = (
    WRITE
    | Privilege.READ
    | Privilege.READ_ACL
    | Privilege.READ_CURRENT_USER_PRIVILEGE_SET
    | Privilege.UNLOCK
)
READER: Final = Privilege.READ | Privilege.READ_CURRENT_USER_PRIVILEGE_SET

NAMES: Final = {
    DAV + "read": Privilege.READ,
    CALDAV + "read-free-busy": Privilege.READ_FREE_BUSY,
    DAV + "read-acl": Privilege.READ_ACL,
    DAV + "read-current-user-privilege-set": Privilege.READ_CURRENT_USER_PRIVILEGE_SET,
    DAV + "write": WRITE,
    DAV + "write-properties": Privilege.WRITE_PROPERTIES,
    DAV + "write-content": Privilege.WRITE_CONTENT,
    DAV + "bind": Privilege.BIND,
    DAV + "unbind": Privilege.UNBIND,
    DAV + "unlock": Privilege.UNLOCK,
}
"""Clark name to the leaves it stands for: leaves, and the aggregates above them."""


def names(held: Privilege) -> list[str]:
    """The Clark names of all privileges, aggregates too, that a set of leaves amounts to."""
    return [name for name, leaves in NAMES.items() if leaves in held]


def name(privilege: Privilege) -> str:
    """The Clark name of one leaf or aggregate."""
    return next(clark for clark, leaves in NAMES.items() if leaves == privilege)
