"""What feeds are fetched with, of the settings; apart from the other parts, which need no HTTP."""

from __future__ import annotations

from functools import partial

from caldavd import clock, parts
from caldavd.service import fill
from caldavd.settings import Config
from caldavd.store.engine import Database
from caldavd.workers.fetch import Bounds
from caldavd.workers.subscriptions import Means


def means(config: Config, db: Database) -> Means:
    """How much of a feed is fetched, from where, and into which calendars."""
    bounds = Bounds(
        max_bytes=config.limits.max_feed_bytes,
        allow_private=config.calendars.subscriptions_allow_private,
    )
    room = fill.Room(parts.limits(config), config.limits.quota_bytes)
    return Means(db, clock.now, bounds, partial(fill.fill, room=room))
