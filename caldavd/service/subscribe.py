"""Calendars that are filled from feeds: made, listed, claimed for a fetch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from caldavd.errors import Failed
from caldavd.model import Collection, Principal
from caldavd.names import CALDAV, split
from caldavd.service import named
from caldavd.store import properties, subscriptions
from caldavd.store.engine import ReadTx, WriteTx
from caldavd.store.subscriptions import Subscription

MIN_REFRESH_S: Final = 300
MAX_REFRESH_S: Final = 30 * 86_400
MAX_SUBSCRIPTIONS: Final = 100
"""Of one user."""
MAX_URL: Final = 4_000
LEASE_S: Final = 1_800
"""How long a fetch is left to whoever claimed it; if they were killed, others go on then."""
FIRST_RETRY_S: Final = 300
LAST_RETRY_S: Final = 86_400
_TRANSP: Final = CALDAV + "schedule-calendar-transp"


@dataclass(frozen=True, slots=True)
class New:
    """A subscription to be made; the URL was judged to be one."""

    source: str
    name: str
    refresh_s: int
    color: str | None = None


class Subscribed(NamedTuple):
    """A subscription and its calendar."""

    subscription: Subscription
    calendar: Collection


async def add(tx: WriteTx, owner: Principal, new: New, now: int) -> Subscribed:
    """Makes a calendar that is filled from a feed, at once.

    It does not make its owner busy: the holidays of a country are no appointments. Raises Failed.
    """
    if not MIN_REFRESH_S <= new.refresh_s <= MAX_REFRESH_S:
        raise Failed(400, f"a feed is fetched every {MIN_REFRESH_S} to {MAX_REFRESH_S} s")
    if len(new.source) > MAX_URL:
        raise Failed(400, f"a URL is at most {MAX_URL} characters long")
    if len(await subscriptions.of(tx, owner.id)) >= MAX_SUBSCRIPTIONS:
        raise Failed(507, f"a user has at most {MAX_SUBSCRIPTIONS} subscriptions")
    what = named.New(new.name, color=new.color, subscribed=True)
    calendar = await named.add(tx, owner, what, now)
    namespace, local = split(_TRANSP)
    transparent = f'<{local} xmlns="{namespace}"><transparent/></{local}>'
    await properties.set_(tx, owner.id, calendar.id, owner.id, _TRANSP, transparent)
    made = Subscription(calendar.id, owner.id, new.source, new.refresh_s, now)
    await subscriptions.add(tx, made)
    return Subscribed(made, calendar)


async def all_(tx: ReadTx, owner: Principal) -> list[Subscribed]:
    """A user's subscriptions, oldest first."""
    return [Subscribed(*one) for one in await subscriptions.of(tx, owner.id)]


async def by_name(tx: ReadTx, owner: Principal, name: str) -> Subscribed:
    """The subscription of a calendar by its URL name or display name. Raises Failed(404)."""
    calendar = await named.calendar(tx, owner, name)
    found = await subscriptions.get(tx, calendar.id)
    if found is None:
        raise Failed(404, f"{calendar.name} is no subscription: `caldavd subscribe list`")
    return Subscribed(found, calendar)


def shown(source: str) -> str:
    """A feed's URL without what may be secret: user, password and query."""
    url = urlsplit(source)
    user, _, host = url.netloc.rpartition("@")
    query = "?***" if url.query else ""
    return f"{url.scheme}://{'***@' if user else ''}{host}{url.path}{query}"


def host_of(source: str) -> str:
    """What logs tell of a feed's URL: its path may be a secret too."""
    return urlsplit(source).hostname or ""


async def due(tx: ReadTx, now: int, limit: int) -> list[Subscription]:
    """Those to be fetched."""
    return await subscriptions.due(tx, now, limit)


async def claim(tx: WriteTx, of: Subscription, now: int) -> Subscription | None:
    """Makes a fetch ours; None if somebody else is at it."""
    # Another second than the one that was read: whoever else has read it is too late then.
    until = max(now + LEASE_S, of.due_at + 1)
    return await subscriptions.claim(tx, of, until)


async def finish(tx: WriteTx, claimed: Subscription, became: Subscription) -> bool:
    """Notes how a fetch went; False if it was not ours any more."""
    return await subscriptions.fetched(tx, claimed, became)


def after_success(of: Subscription, now: int, jitter: float) -> int:
    """When to fetch again; `jitter` from 0 to 1 keeps feeds apart that were made together."""
    return now + int(of.refresh_s * (0.95 + 0.1 * jitter))


def after_failure(of: Subscription, now: int, jitter: float, retry_after_s: int = 0) -> int:
    """When to try again after one more failure: later each time, once a day at last."""
    wait_s = min(FIRST_RETRY_S * 2 ** min(of.failures, 20), LAST_RETRY_S)
    return now + int(max(wait_s, retry_after_s) * (1 + 0.1 * jitter))
