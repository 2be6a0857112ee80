"""What every request is served with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Protocol

from caldavd.clock import Clock, now
from caldavd.dav.path import Path, Urls
from caldavd.dav.publisher import Publisher
from caldavd.ical.validate import DEFAULT, Limits
from caldavd.model import Actor, Principal
from caldavd.requestline import RequestLine
from caldavd.store.engine import Database

SCHEDULING: Final = False
"""Whether clients are told of scheduling. A client that finds an inbox and an outbox leaves it to
the server to invite and to answer, and sends nothing itself: so not before the server does all of
that. Then this is True, and with it the DAV header names the features, homes list the two, and
principals name their URLs.
"""


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
    scheduling: bool = SCHEDULING

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

    @property
    def urls(self) -> Urls:
        return self.server.urls
