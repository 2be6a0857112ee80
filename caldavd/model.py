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

    RFC 4791 §9.9 wants at least one bound of a client; inside the server both may be open.
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
    language: str | None = None
    """A code: how others are told of its meetings; None: as the server's settings say."""

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


class Level(IntEnum):
    """How far a calendar is shared with somebody; stored, as `Proxy` is."""

    FREE_BUSY = 1
    """Busy time alone: there is nothing to accept, and no calendar appears anywhere."""
    BUSY = 2
    """Its events as busy blocks."""
    READ = 3
    WRITE = 4
    MANAGE = 5
    """To write, to see and say who else may, and to invite others."""


class Answer(IntEnum):
    """What somebody said to an invitation (caldav-sharing §6.6 to §6.9); stored, as `Proxy` is."""

    NONE = 0
    ACCEPTED = 1
    DECLINED = 2
    DELETED = 3
    """Nothing was said: the invitation was taken back. Never the state of one that stands."""


@dataclass(frozen=True, slots=True)
class Grants:
    """What access control entries, delegations and shares give to an actor and to its groups."""

    homes: Mapping[int, int] = field(default_factory=dict)
    """Bits of privileges on a home and on all that lies in it, by the owner's id."""
    calendars: Mapping[int, int] = field(default_factory=dict)
    """Bits of privileges on a calendar and its objects, by its id."""
    proxies: Mapping[int, Proxy] = field(default_factory=dict)
    """The highest level at which the actor is somebody's delegate, by the owner's id."""
    shares: Mapping[int, Level] = field(default_factory=dict)
    """The highest level at which a calendar is shared with the actor, by its id."""


NO_GRANTS: Final = Grants()
"""Nobody gave the actor anything, or it does not matter: what is asked about is its own."""


class Kind(Enum):
    """What a collection row is."""

    HOME = "home"
    CALENDAR = "calendar"
    NOTIFICATIONS = "notifications"
    INBOX = "inbox"
    OUTBOX = "outbox"


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
    """As CLASS lets others see them: no PRIVATE, masked CONFIDENTIAL ones; alarms of one's own."""
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
    """A collection row: a calendar home, a calendar, or what else lies in a home."""

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
    shared: int = 0
    """1: it appears, or can, in the homes of others."""
    quota_bytes: int | None = None
    """Its owner's own quota, where the row was locked; None: the server's. 0: no bound."""

    @property
    def etag(self) -> str:
        """The state of the collection and of what is in it, without quotes."""
        return f"{self.incarnation:x}-{self.revision:x}"


@dataclass(frozen=True, slots=True)
class Mount:
    """How somebody else's calendar lies in a home."""

    source: str
    """The calendar's own name, in the home of its owner."""
    level: Level


@dataclass(frozen=True, slots=True)
class Notice:
    """What somebody is told of sharing: an invitation, or an answer to one."""

    uid: str
    """The invitation's."""
    sharee: str
    """The calendar user address of who is invited, or answered."""
    answer: Answer
    level: Level
    host: str
    """The name of the calendar's owner."""
    calendar: str
    """The calendar's name in its owner's home."""
    organizer: str
    """The calendar user address of the owner."""
    organizer_name: str
    summary: str
    components: tuple[str, ...]
    at: int
    reply: bool = False
    """Whether it is an answer."""


class StoredNotification(NamedTuple):
    """A notification row; `content` is a Notice as JSON."""

    id: int
    owner_id: int
    collection_id: int
    name: str
    content: str
    etag: str
    created_at: int


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
    schedule_tag: str | None = None
    """Without quotes; only of a scheduling object resource (RFC 6638 §3.2.10)."""


class Place(NamedTuple):
    """A collection, or a name in one, taken or not: what a lock is rooted at."""

    collection_id: int
    name: str = ""


@dataclass(frozen=True, slots=True)
class Lock:
    """A write lock (RFC 4918 §6)."""

    token: str
    owner_id: int  # whose home it is in
    place: Place
    on_home: bool  # whether the place is the home itself
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
    stored: Stored | StoredNotification | None


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


Aloft = Root | PrincipalCollection | HomeCollection | Principal | ProxyGroup
"""What lies in no home."""


@dataclass(frozen=True, slots=True)
class Home:
    """A principal's calendar home (RFC 4791 §6.2.1)."""

    collection: Collection


@dataclass(frozen=True, slots=True)
class Calendar:
    """A calendar collection (RFC 4791 §4.2).

    Of a mount, the collection's name, UUID and incarnation are those that it has in the home where
    it is mounted; id, owner and revision are the calendar's.
    """

    collection: Collection
    mount: Mount | None = None


@dataclass(frozen=True, slots=True)
class Notifications:
    """A user's collection of notifications (caldav-notifications §4); id 0: none came so far."""

    collection: Collection


@dataclass(frozen=True, slots=True)
class Notification:
    """A notification (caldav-notifications §4)."""

    collection: Collection
    stored: StoredNotification
    notice: Notice


@dataclass(frozen=True, slots=True)
class Inbox:
    """A scheduling Inbox (RFC 6638 §2.2): it holds calendar objects that are messages."""

    collection: Collection


@dataclass(frozen=True, slots=True)
class Outbox:
    """A scheduling Outbox (RFC 6638 §2.1): it holds nothing."""

    collection: Collection


Box = Inbox | Outbox


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

    parent: Aloft | Home | Calendar | Notifications | Box | None
    name: str


Resource = Aloft | Home | Calendar | CalendarObject | Notifications | Notification | Box | Unmapped

Properties = Mapping[str, str]
"""Stored properties of one resource as one reader sees them: Clark name to whole element."""
