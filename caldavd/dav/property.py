"""A live property: a row with a pure getter (RFC 4918 §15 and its extensions)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Flag, auto
from types import MappingProxyType
from typing import Final, NamedTuple, TypeAlias

from caldavd.acl.privileges import Privilege
from caldavd.dav.path import Urls
from caldavd.dav.people import People
from caldavd.dav.server import DavLimits
from caldavd.model import (
    Actor,
    Calendar,
    CalendarObject,
    Collection,
    Home,
    HomeCollection,
    Inbox,
    Notification,
    Notifications,
    Outbox,
    Principal,
    PrincipalCollection,
    Properties,
    ProxyGroup,
    Resource,
    Root,
    Unmapped,
)
from caldavd.service.locks import NONE as NO_LOCKS
from caldavd.service.locks import Locks
from caldavd.store.quota import Usage
from caldavd.xml.parse import Element

PRINCIPALS: Final = (Principal, ProxyGroup)
COLLECTIONS: Final = (
    Root,
    PrincipalCollection,
    HomeCollection,
    *PRINCIPALS,
    Home,
    Calendar,
    Notifications,
    Inbox,
    Outbox,
)
NOBODY: Final = People()
ANY: Final = (*COLLECTIONS, CalendarObject, Notification)


class Fact(Flag):
    """What a getter needs beyond the resource; loaded once for all members of an answer."""

    NOTHING = 0
    STORED = auto()
    """Properties that were stored for the resource."""
    OWNERS = auto()
    """The names of whom resources belong to."""
    RELATIONS = auto()
    """The groups, members and delegates of principals."""
    ACES = auto()
    """Access control entries, with the names of whom they are for."""
    CALENDARS = auto()
    """The calendars of a home."""
    CONTENT = auto()
    """The texts of calendar objects."""
    SIZE = auto()
    """How long they are, where that is not what is stored."""
    SHAREES = auto()
    """With whom calendars are shared."""
    PRIVILEGES = auto()
    """What the actor may do with the resource."""
    LOCKS = auto()
    """The write locks in the home that the resource is in."""
    QUOTA = auto()
    """How much the owner of the resource stores, and may store."""
    BOXES = auto()
    """The inboxes, outboxes and default calendars of principals, where there is scheduling."""


@dataclass(frozen=True, slots=True)
class Scheduled:
    """Names in a principal's home; empty for what is not there, or was not asked for."""

    inbox: str = ""
    outbox: str = ""
    default_calendar: str = ""


Boxes: TypeAlias = Mapping[int, Scheduled]
"""By the principal's id."""


class View(NamedTuple):
    """A resource as one actor sees it, with the facts that were asked for.

    A tuple, as an answer may need a view of each of many thousand members.
    """

    resource: Resource
    href: str
    actor: Actor
    urls: Urls
    limits: DavLimits
    privileges: Privilege = Privilege.NONE
    stored: Properties = MappingProxyType({})
    people: People = NOBODY
    calendars: tuple[Collection, ...] = ()
    content: str = ""
    size: int | None = None
    now: int = 0
    locks: Locks = NO_LOCKS
    usage: Mapping[int, Usage] = MappingProxyType({})
    """By owner's id."""
    boxes: Boxes = MappingProxyType({})
    schedules: bool = False
    """Whether the server does."""


Getter: TypeAlias = Callable[[View], str | None]
"""The content of the element as XML, or None where the resource has no such property."""

Update: TypeAlias = tuple[str, str | None]
"""A stored property's Clark name and its new element, or None to remove it."""

Setter: TypeAlias = Callable[[Element], tuple[Update, ...]]
"""Checks a value and says what to store. Raises Refused or Failed for a bad one."""


@dataclass(frozen=True, slots=True)
class Property:
    """One row of the table. Without `set` the property is protected."""

    name: str
    on: tuple[type, ...]
    get: Getter
    set: Setter | None = None
    needs: Fact = Fact.NOTHING
    allprop: bool = False
    """Whether an allprop answer holds it (RFC 4918 §9.1.5)."""
    whole: bool = False
    """Whether `get` returns the whole element, attributes and all."""
    own: bool = False
    """Whether each reader has a value of their own, which reading suffices to set."""
    twin: str = ""
    """Another spelling of the same, which is removed together with it."""
    requires: Privilege = Privilege.NONE
    """What it takes to see it, besides what it takes to see any property."""
    feature: str = ""
    """The token of the DAV header that announces it."""


@dataclass(frozen=True, eq=False)
class Table:
    """The rows by type of resource and name; hashed as the very object it is."""

    rows: Mapping[type, Mapping[str, Property]]

    def of(self, type_: type) -> Mapping[str, Property]:
        """The properties of one type of resource."""
        return self.rows.get(type_, {})


def table(rows: tuple[Property, ...]) -> Table:
    """The table of some rows. Raises ValueError for a name that is defined twice."""
    by_type: dict[type, dict[str, Property]] = {type_: {} for type_ in (*ANY, Unmapped)}
    for row in rows:
        for type_ in row.on:
            if row.name in by_type[type_]:
                raise ValueError(f"{row.name} is defined twice on {type_.__name__}")
            by_type[type_][row.name] = row
    return Table(by_type)


def stored(name: str) -> Getter:
    """A getter that returns the stored element."""
    return lambda view: view.stored.get(name)
