"""What every request is served with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from caldavd.clock import Clock, now
from caldavd.dav.path import Path, Urls
from caldavd.dav.publisher import Publisher
from caldavd.ical.validate import DEFAULT, Limits
from caldavd.languages.codes import DEFAULT_CODE
from caldavd.model import Actor, Principal
from caldavd.requestline import RequestLine
from caldavd.service.routes import Rules
from caldavd.store.engine import Database


class Authentication(Protocol):
    """Credentials to an Actor."""

    def cached(self, authorization: str | None) -> Actor | None:
        """The actor of a header that was verified a short time ago."""

    async def authenticate(self, authorization: str | None, peer: str) -> Actor:
        """The actor of a header. Raises Unauthorized or TooManyAttempts."""

    def forget(self, authorization: str) -> None:
        """Drops what is cached for a header, because the store ended that login."""


@dataclass(frozen=True, slots=True)
class DavLimits:
    """Bounds on what one request may ask for."""

    objects: Limits = DEFAULT
    max_xml_bytes: int = 10 << 20
    max_multiget_hrefs: int = 10_000
    max_instances: int = 50_000
    """Instances that one answer may expand."""
    max_answer_bytes: int = 128 << 20
    """Of the objects in one answer."""
    quota_bytes: int = 0
    """Of the objects of a user who has no quota of their own; 0: none."""


async def nothing() -> None:
    """There is nobody to see to it."""


def ignore(line: RequestLine) -> None:
    """Tells nobody."""


@dataclass(frozen=True, slots=True)
class Server:
    """The parts that outlive a request."""

    db: Database
    auth: Authentication
    urls: Urls = field(default_factory=Urls)
    realm: str = "caldavd"
    limits: DavLimits = field(default_factory=DavLimits)
    clock: Clock = now
    all_principals: bool = True
    """Whether users see and find everybody, or themselves and their groups only."""
    note: Callable[[RequestLine], None] = ignore
    """Where the line of each request goes."""
    accepts_for_groups: bool = False
    """Whether what is shared with a group is in its members' homes at once."""
    publisher: Publisher = field(default_factory=Publisher)
    scheduling: bool = False
    """Whether it sends invitations: clients that find an inbox and an outbox leave it to them."""
    rules: Rules = field(default_factory=Rules)
    """What is known of calendar user addresses."""
    language: str = DEFAULT_CODE
    """In which people are told of meetings whose organizers have none of their own."""
    settle: Callable[[], Awaitable[None]] = nothing
    """Sees to what requests left to be delivered, and waits a little while for it."""

    def accepts(self, sharee: Principal) -> bool:
        """Whether what is shared with somebody is in the homes of those at once."""
        return self.accepts_for_groups and sharee.is_group


@dataclass(frozen=True, slots=True)
class Context:
    """One request's share of the server: who asks, for which URL, how answers are to look."""

    server: Server
    actor: Actor
    path: Path
    now: int
    host: str = ""
    """Under which the client knows us, as it sent it."""
    outgoing: list[int] = field(default_factory=list)
    """What the request left to be delivered."""

    @property
    def urls(self) -> Urls:
        return self.server.urls
