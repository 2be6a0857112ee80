"""Frozen nouns that every layer may name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, IntEnum
from typing import Final, NamedTuple


@dataclass(frozen=True, slots=True)
class Window:
    """A time range in aware UTC instants: `start` inclusive, `end` exclusive, None = open.

    RFC 4791 §9.9 wants at least one bound where a client sends it; inside the server both may be
    open.
    """

    start: datetime | None
    end: datetime | None


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks. `auth_revision` is the principal's when the credentials were verified."""

    id: int
    name: str
    auth_revision: int


class PrincipalKind(Enum):
    """What a principal row is. A group has no calendars and no login."""

    USER = "user"
    GROUP = "group"
    ROOM = "room"
    RESOURCE = "resource"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who exists (RFC 3744 §2). `name` is one decoded URL segment."""

    id: int
    kind: str
    name: str
    display_name: str
    uuid: str
    created_at: int
    addresses: tuple[str, ...] = ()
    """Mail addresses in lower case, the preferred one first."""

    @property
    def is_group(self) -> bool:
        """Whether it stands for others."""
        return self.kind == PrincipalKind.GROUP.value


class Proxy(IntEnum):
    """How far a delegate may act for a user; stored, so a number never changes its meaning."""

    READ = 1
    WRITE = 2


class Grantee(IntEnum):
    """Whom an access control entry is for (RFC 3744 §5.5.1); stored, as `Proxy` is."""

    PRINCIPAL = 0
    ALL = 1
    AUTHENTICATED = 2
    OWNER = 3
    """DAV:property with DAV:owner."""


class Ace(NamedTuple):
    """An access control entry that grants; `principal_id` is 0 where `grantee` says enough."""

    grantee: Grantee
    principal_id: int
    privileges: int
    """Bits of `acl.privileges.Privilege`."""


@dataclass(frozen=True, slots=True)
class Grants:
    """What others' access control entries and delegations give to an actor and to its groups."""

    homes: Mapping[int, int] = field(default_factory=dict)
    """Bits of privileges on a home and on all that lies in it, by the owner's id."""
    calendars: Mapping[int, int] = field(default_factory=dict)
    """Bits of privileges on a calendar and its objects, by its id."""
    proxies: Mapping[int, Proxy] = field(default_factory=dict)
    """The highest level at which the actor is somebody's delegate, by the owner's id."""


NO_GRANTS: Final = Grants()
"""Nobody gave the actor anything, or it does not matter: what is asked about is its own."""


class Kind(Enum):
    """What a collection row is."""

    HOME = "home"
    CALENDAR = "calendar"


class Access(IntEnum):
    """How closed a calendar object is to others than its owner (RFC 5545 §3.8.1.3)."""

    PUBLIC = 0
    CONFIDENTIAL = 1
    PRIVATE = 2


class Sight(IntEnum):
    """How somebody sees the objects of a calendar; more is less."""

    FULL = 0
    """As they are: their owner, and who stands in for the owner."""
    OPEN = 1
    """All of them, but with alarms of one's own: who manages a calendar of somebody else."""
    DETAILS = 2
    """As their CLASS lets others see them: PRIVATE ones are not there, CONFIDENTIAL ones masked;
    with alarms of one's own."""
    BUSY = 3
    """Masked, all that are there."""


class Mode(IntEnum):
    """What those see who hold a link."""

    FULL = 0
    BUSY = 1
    """The calendar as busy blocks."""
    FREE_BUSY = 2
    """Busy time alone, of a calendar or of all in a home."""


@dataclass(frozen=True, slots=True)
class Collection:
    """A collection row: a calendar home or a calendar."""

    id: int
    owner_id: int
    kind: str
    name: str
    uuid: str
    components: tuple[str, ...]
    incarnation: int
    revision: int
    floor: int
    created_at: int
    modified_at: int
    trashed_at: int | None
    subscribed: int = 0
    """1: what it holds comes from a feed, and nobody else writes there."""
    quota_bytes: int | None = None
    """Its owner's own quota, where the row was locked; None: the server's. 0: no bound."""

    @property
    def etag(self) -> str:
        """The state of the collection and of what is in it, without quotes."""
        return f"{self.incarnation:x}-{self.revision:x}"


class Stored(NamedTuple):
    """A calendar object row without its content; a tuple, as answers are made of thousands."""

    id: int
    owner_id: int
    collection_id: int
    name: str
    uid: str
    component: str
    etag: str
    size_bytes: int
    created_at: int
    modified_at: int
    access: int = Access.PUBLIC.value


class Place(NamedTuple):
    """A collection, or a name in one, taken or not: what a lock is rooted at."""

    collection_id: int
    name: str = ""


@dataclass(frozen=True, slots=True)
class Lock:
    """A write lock (RFC 4918 §6)."""

    token: str
    owner_id: int
    """Whose home it is in."""
    place: Place
    on_home: bool
    """Whether the place is the home itself."""
    shared: bool
    infinite: bool
    """Whether it was asked for with Depth: infinity."""
    creator_id: int
    root: str
    """The href that was locked."""
    owner: str
    """The DAV:owner element that its creator sent; empty: none."""
    expires_at: int


class Change(NamedTuple):
    """A member's latest change: its name, and its row unless it was removed."""

    name: str
    revision: int
    stored: Stored | None


# What a URL path leads to. No class tree and no methods: behaviour stands in tables by type.


@dataclass(frozen=True, slots=True)
class Root:
    """The top of the DAV tree."""


@dataclass(frozen=True, slots=True)
class PrincipalCollection:
    """The collection of all principals."""


@dataclass(frozen=True, slots=True)
class HomeCollection:
    """The collection of all calendar homes."""


@dataclass(frozen=True, slots=True)
class ProxyGroup:
    """The group of a user's delegates of one level: no row, but a principal (caldav-proxy §5.2)."""

    owner: Principal
    level: Proxy


@dataclass(frozen=True, slots=True)
class Home:
    """A principal's calendar home (RFC 4791 §6.2.1)."""

    collection: Collection


@dataclass(frozen=True, slots=True)
class Calendar:
    """A calendar collection (RFC 4791 §4.2)."""

    collection: Collection


@dataclass(frozen=True, slots=True)
class CalendarObject:
    """A calendar object resource (RFC 4791 §4.1) as somebody sees it (`service.views`)."""

    collection: Collection
    stored: Stored
    sight: Sight
    content: str | None = None
    """The text, only where it was asked for."""


@dataclass(frozen=True, slots=True)
class Unmapped:
    """A URL that leads to nothing yet; `parent` is None if its parent does not exist either."""

    parent: (
        Root
        | PrincipalCollection
        | HomeCollection
        | Principal
        | ProxyGroup
        | Home
        | Calendar
        | None
    )
    name: str


Resource = (
    Root
    | PrincipalCollection
    | HomeCollection
    | Principal
    | ProxyGroup
    | Home
    | Calendar
    | CalendarObject
    | Unmapped
)

Properties = Mapping[str, str]
"""Stored properties of one resource as one reader sees them: Clark name to whole element."""


@dataclass(frozen=True, slots=True)
class RequestLine:
    """What is told of a request: nothing of its content, nothing secret."""

    at: float
    """When it ended, in epoch seconds."""
    request_id: str
    actor: str
    peer: str
    method: str
    path: str
    status: int
    bytes: int
    ms: float
