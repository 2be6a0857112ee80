"""Keeps the index of occurrences ahead of time, and makes it anew when the zones have changed."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

from caldavd.clock import Clock
from caldavd.service import reindex
from caldavd.service.reindex import Due, Made, Noted, Outcome, State, Version
from caldavd.store import indexing
from caldavd.store.engine import Database

_log: Final = logging.getLogger(__name__)

PAGE: Final = 1_000
"""Ids that are looked up at a time."""
REST: Final = 1.0
"""How long to rest after each group, in parts of the time that it took: requests come first."""
MAX_REST_S: Final = 5.0


class _Overtaken(Exception):
    """Somebody else has taken on the work."""


@dataclass(slots=True)
class Progress:
    """What was done since the start of the process, for those who watch."""

    outcomes: Counter[str] = field(default_factory=Counter)
    """Objects by `Outcome`."""
    waiting: int = 0
    """Objects that are to be computed anew, as of the last look."""
    finished_at: int = 0
    """When the last piece of work was finished here; 0: never."""


class Reindexer:
    """Does the work that is due, unless another process is at it.

    What is done is noted after every few objects: whoever comes after one that was killed goes
    on where it ended.
    """

    def __init__(
        self, db: Database, clock: Clock, zones: Callable[[], str], rest: float = REST
    ) -> None:
        self.progress = Progress()
        self._db = db
        self._clock = clock
        self._zones = zones
        self._rest = rest
        self._holder = secrets.token_hex(8)
        self._with = reindex.present(zones())
        self._settled: Version | None = None
        self._foreign: Version | None = None
        self._told: set[int] = set()
        self._noted = Noted(State(), None)

    async def work(self) -> None:
        """One look at what is due, for `runner.Periodic`.

        A new zone database is acted upon at the look after the one that finds it: by then every
        process has found it, and none computes with the old one any more.
        """
        zones = await asyncio.to_thread(self._zones)
        if zones != self._with.zones:
            _log.info("zone database changed", extra={"was": self._with.zones, "is": zones})
            reindex.forget_zones()
            self._with, self._settled = reindex.present(zones), None
            return
        await self.at_once()

    async def at_once(self, *, everything: bool = False, near: bool = False) -> bool:
        """Does what is due, or more; False if another process is at it."""
        began, before = self._clock(), Counter(self.progress.outcomes)
        try:
            if await self._take(everything=everything, near=near):
                await self._count()
                await self._rebuild()
                await self._extend()
                await self._note(replace(self._noted.state, holder="", held_until=0))
                self._tell(before, began)
        except _Overtaken:
            return False
        finally:
            await self._count()
        return self._noted.state.held_until <= began

    async def _take(self, *, everything: bool, near: bool) -> bool:
        """Whether there is work, and it is ours."""
        self._noted = await self._db.read(reindex.noted)
        state = self._noted.state
        if everything:
            state = reindex.everything_anew(state)
        if near:
            state = replace(state, looked_at=0)
        taken = reindex.taken(state, self._wanted(state), self._holder, self._clock())
        if taken is None:
            return False
        await self._note(taken)
        return True

    def _wanted(self, state: State) -> Version:
        """What rows are to be computed with: once it was ours, others may replace it, not we.

        Processes with different zone databases would rebuild for ever otherwise.
        """
        if state.version == self._with:
            self._settled = self._with
        elif self._settled == self._with and state.version is not None:
            if state.version != self._foreign:
                self._foreign = state.version
                extra = {"ours": self._with.zones, "theirs": state.version.zones}
                _log.warning("another process has another zone database", extra=extra)
            return state.version
        return self._with

    async def _rebuild(self) -> None:
        state = self._noted.state
        if state.target is None:
            return
        zones_alone = state.version is not None and state.version.rules == state.target.rules
        async for group in self._groups(state.after, None):
            await self._group(group, zones_alone=zones_alone)
            await self._note(replace(self._noted.state, after=group[-1]))
        now = self._clock()
        done = replace(state, version=state.target, target=None, after=0, looked_at=now)
        await self._note(done)
        self._settled = done.version

    async def _extend(self) -> None:
        now = self._clock()
        if now - self._noted.state.looked_at < reindex.EVERY_S:
            return
        async for group in self._groups(0, now + reindex.NEAR_S):
            await self._group(group, zones_alone=False)
            await self._note(self._noted.state)
        await self._note(replace(self._noted.state, looked_at=now))

    async def _groups(self, after: int, before: int | None) -> AsyncIterator[list[int]]:
        """Ids of the objects after one, some at a time; `before` as `indexing.page` has it."""
        while page := await self._db.read(
            partial(indexing.page, after=after, limit=PAGE, before=before), snapshot=False
        ):
            for group in reindex.groups(page):
                yield group
            after = page[-1][0]

    async def _group(self, ids: Sequence[int], *, zones_alone: bool) -> None:
        began = time.perf_counter()
        due = await self._db.read(partial(reindex.due, ids=ids))
        made = await asyncio.to_thread(_made, due, self._clock(), zones_alone)
        for one in made:
            outcome = await self._written(one)
            self.progress.outcomes[outcome.value] += 1
        self.progress.waiting = max(0, self.progress.waiting - len(ids))
        await asyncio.sleep(min(self._rest * (time.perf_counter() - began), MAX_REST_S))

    async def _written(self, one: Made) -> Outcome:
        if one.index is not None:
            return await self._db.write(partial(reindex.write, made=one))
        if not one.fault:
            return Outcome.SAME
        if one.stored.id not in self._told:
            self._told.add(one.stored.id)
            extra = {"object": one.stored.id, "fault": one.fault}
            _log.warning("object cannot be indexed anew", extra=extra)
        return Outcome.FAILED

    async def _note(self, state: State) -> None:
        """Notes how far we are, and that we live. Raises _Overtaken."""
        if state.holder:
            state = replace(state, held_until=self._clock() + reindex.HELD_S)
        noted = await self._db.write(partial(reindex.note, before=self._noted, state=state))
        if noted is None:
            raise _Overtaken
        self._noted = noted

    async def _count(self) -> None:
        now, with_ = self._clock(), self._wanted(self._noted.state)
        waiting = await self._db.read(partial(reindex.waiting, with_=with_, now=now))
        self.progress.waiting = waiting.rebuild or waiting.near

    def _tell(self, before: Counter[str], began: int) -> None:
        self.progress.finished_at = self._clock()
        done = self.progress.outcomes - before
        if done.total():
            extra = {**done, "zones": self._with.zones, "seconds": self._clock() - began}
            _log.info("indexed anew", extra=extra)


def _made(due: Sequence[Due], now: int, zones_alone: bool) -> list[Made]:
    return [reindex.make(one, now, zones_alone=zones_alone) for one in due]
