"""Fills calendars from feeds, each when it is due."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from typing import Final

from aiohttp.abc import AbstractResolver

from caldavd.clock import Clock
from caldavd.service import fill, subscribe
from caldavd.service.fill import Filled, NoCalendar
from caldavd.store.engine import Database
from caldavd.store.subscriptions import Subscription
from caldavd.workers.fetch import Bounds, FeedError, Known, fetch

_log: Final = logging.getLogger(__name__)

AT_ONCE: Final = 4
"""Feeds that are fetched at the same time."""

Fill = Callable[[Database, int, BytesIO, int], Awaitable[Filled]]
"""As `fill.fill` does it, with whatever room."""


@dataclass(frozen=True, slots=True)
class Means:
    """What feeds are fetched with."""

    db: Database
    clock: Clock
    bounds: Bounds
    fill: Fill = fill.fill
    resolver: AbstractResolver | None = None
    jitter: Callable[[], float] = random.random


class Fetcher:
    """Fetches what is due."""

    def __init__(self, means: Means) -> None:
        self._means = means

    async def work(self) -> None:
        """One look at what is due, for `runner.Periodic`. Several processes may do it at once."""
        means = self._means
        while found := await means.db.read(
            partial(subscribe.due, now=means.clock(), limit=AT_ONCE), snapshot=False
        ):
            async with asyncio.TaskGroup() as group:
                for one in found:
                    group.create_task(self._refresh(one))

    async def _refresh(self, one: Subscription) -> None:
        try:
            await refresh(self._means, one)
        except FeedError:
            pass  # it is noted where whoever subscribed sees it
        except Exception:  # the others go on; this one when it is nobody's any more
            _log.exception("feed not fetched", extra={"calendar": one.collection_id})


async def refresh(means: Means, of: Subscription) -> Filled | None:
    """Fetches a feed, fills its calendar, and notes how it went; None if another process does.

    What cannot be had leaves the calendar as it was. Raises FeedError, after that is noted.
    """
    claimed = await means.db.write(partial(subscribe.claim, of=of, now=means.clock()))
    if claimed is None:
        return None
    about = {"calendar": of.collection_id, "host": subscribe.host_of(of.source)}
    try:
        filled, became = await _fetched(means, claimed)
    except FeedError as error:
        _log.warning("feed not fetched", extra={**about, "reason": error.reason})
        failed = _failed(claimed, error, means)
        await means.db.write(partial(subscribe.finish, claimed=claimed, became=failed))
        raise
    await means.db.write(partial(subscribe.finish, claimed=claimed, became=became))
    counts = {verb.value: count for verb, count in filled.counts.items()}
    _log.info("feed fetched", extra={**about, **counts, "removed": filled.removed})
    return filled


def _failed(of: Subscription, error: FeedError, means: Means) -> Subscription:
    """What was known of the feed is forgotten: the next one is read whole."""
    due_at = subscribe.after_failure(of, means.clock(), means.jitter(), error.retry_after_s)
    return of._replace(
        due_at=due_at,
        failures=of.failures + 1,
        error=error.reason[: fill.MAX_ERROR],
        http_etag=None,
        http_modified=None,
        digest=None,
    )


async def _fetched(means: Means, of: Subscription) -> tuple[Filled, Subscription]:
    known = Known(of.http_etag, of.http_modified)
    found = await fetch(of.source, known, means.bounds, means.resolver)
    now = means.clock()
    became = of._replace(
        due_at=subscribe.after_success(of, now, means.jitter()),
        fetched_at=now,
        failures=0,
        http_etag=found.known.etag,
        http_modified=found.known.modified,
    )
    if found.body is None:
        return Filled(changed=False), became
    digest = await asyncio.to_thread(fill.digest, found.body)
    if digest == of.digest:
        return Filled(changed=False), became
    try:
        filled = await means.fill(means.db, of.collection_id, found.body, now)
    except NoCalendar as error:
        raise FeedError(str(error)) from None
    became = became._replace(error=filled.error)
    if filled.full:  # there may be room the next time, even if the feed is as it is now
        return filled, became._replace(http_etag=None, http_modified=None, digest=None)
    return filled, became._replace(digest=digest)
