"""Delivers messages within this server once they are committed, each in its own transaction."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Final

from caldavd.clock import Clock
from caldavd.errors import Refused
from caldavd.service import deliver, undelivered
from caldavd.service.letter import Letter
from caldavd.service.routes import Rules
from caldavd.store import tasks
from caldavd.store.engine import Database, Unavailable, WriteTx
from caldavd.store.tasks import Task

BATCH: Final = 50
SIDE_BY_SIDE: Final = 4
"""So many at a time: they share a commit, or wait for the database at once. Requests that write
wait for no more than these."""
LEASE_S: Final = 60
MAX_ATTEMPTS: Final = 8
"""After so many a message is kept, and nobody tries again by itself."""
PATIENCE_S: Final = 0.1
"""How long a request waits for what it caused."""
_BACK_OFF_S: Final = 5
_KINDS: Final = (tasks.ITIP, deliver.REFRESH)

_log: Final = logging.getLogger(__name__)


class _Undeliverable(Exception):
    """A message that is none, however often it is tried: the task that is about it."""

    def __init__(self, of: Task, reason: str) -> None:
        super().__init__(reason)
        self.of = of
        self.reason = reason


class Deliverer:
    """One process' share of the deliveries."""

    def __init__(self, db: Database, rules: Rules, clock: Clock) -> None:
        self._db = db
        self._rules = rules
        self._clock = clock
        self._running: asyncio.Task[None] | None = None
        self._many = asyncio.Event()
        """Set while there is more than anybody should wait for."""
        self._again = False
        self._letters: dict[int, Letter] = {}
        """Those of the last batch."""

    async def settle(self, patience_s: float | None = None) -> None:
        """Starts with what is due, and waits for its end: a little while, and not if it is much;
        so long, if that is given.
        """
        self._again = True
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self.work())
        if patience_s is not None:
            await asyncio.wait([self._running], timeout=patience_s)
            return
        much = asyncio.create_task(self._many.wait())
        ends = [self._running, much]
        await asyncio.wait(ends, timeout=PATIENCE_S, return_when=asyncio.FIRST_COMPLETED)
        much.cancel()

    async def work(self) -> None:
        """Does all that is due, and what follows from it. Raises Unavailable."""
        self._again = True
        while self._again:
            self._again = False
            for kind in _KINDS:
                while await self._batch(kind):
                    self._again = True

    async def close(self) -> None:
        """Waits for what is being delivered."""
        if self._running is not None:
            await asyncio.wait([self._running])

    async def _batch(self, kind: str) -> bool:
        """Whether there was anything to do."""
        claim = partial(tasks.claim, kind=kind, now=self._clock(), lease_s=LEASE_S, limit=BATCH)
        found = await self._db.write(claim)
        (self._many.set if len(found) == BATCH else self._many.clear)()
        letters = await self._opened(found)
        await _side_by_side([partial(self._in_turn, of, letters) for of in _by_owner(found)])
        return bool(found)

    async def _opened(self, found: Sequence[Task]) -> dict[int, Letter]:
        """The messages of a batch, by id: a large meeting takes many, and is worked out once."""
        wanted = {one.message_id for one in found if one.message_id is not None}
        letters = {id_: one for id_, one in self._letters.items() if id_ in wanted}
        if unknown := sorted(wanted - letters.keys()):
            messages = await self._db.read(partial(tasks.messages, ids_=unknown))
            letters |= {id_: Letter(message) for id_, message in messages.items()}
        self._letters = letters
        return letters

    async def _in_turn(self, found: Sequence[Task], letters: Mapping[int, Letter]) -> None:
        for one in found:
            await self._one(one, letters.get(one.message_id or 0))

    async def _one(self, of: Task, letter: Letter | None) -> None:
        try:
            await self._db.write(partial(self._delivered, of=of, letter=letter))
        except Unavailable:
            raise
        except Refused as refused:
            await self._give_up(of, of, letter, refused.reason)
        except _Undeliverable as undeliverable:
            await self._give_up(undeliverable.of, of, letter, undeliverable.reason)
        except Exception as error:
            _log.exception("not delivered", extra={"task": of.id, "attempts": of.attempts})
            await self._db.write(partial(self._put_off, of=of, error=type(error).__name__))

    async def _give_up(self, one: Task, of: Task, letter: Letter | None, reason: str) -> None:
        """Keeps a message that can never be delivered, for the operator to see; then `of` is
        delivered, if it was one that had to be done before."""
        if await self._db.write(partial(self._failed, of=one, error=reason, retry_at=None)):
            _log.warning("not deliverable", extra={"task": one.id, "reason": reason})
            if one.id != of.id:
                await self._one(of, letter)

    async def _delivered(self, tx: WriteTx, of: Task, letter: Letter | None) -> None:
        """Delivers, and with it takes back what was said of one that had failed."""
        await self._do(tx, of, letter)
        await undelivered.take_back_local(tx, self._rules, of, self._clock())

    async def _do(self, tx: WriteTx, of: Task, letter: Letter | None) -> None:
        """Delivers, and removes the task with it: what was done is done once.

        What an organizer said comes in the order in which it was said; answers tell it themselves.
        """
        now = self._clock()
        if letter is not None and letter.message.method not in deliver.OF_ATTENDEES:
            for one, about in await tasks.take(tx, of, letter.message):
                told = letter if one.id == of.id else Letter(about)
                try:
                    await deliver.deliver(tx, self._rules, one, told, now)
                except Refused as refused:
                    raise _Undeliverable(one, refused.reason) from refused
        elif await tasks.done(tx, [of.id]):
            if of.kind == deliver.REFRESH:
                await deliver.tell_again(tx, self._rules, of, now)
            elif letter is not None:
                await deliver.deliver(tx, self._rules, of, letter, now)

    async def _put_off(self, tx: WriteTx, of: Task, error: str) -> None:
        now = self._clock()
        retry_at = now + _BACK_OFF_S * 2**of.attempts if of.attempts < MAX_ATTEMPTS else None
        await self._failed(tx, of, error, retry_at)

    async def _failed(self, tx: WriteTx, of: Task, error: str, retry_at: int | None) -> bool:
        """Gives a task back; false if somebody else has it by now."""
        now = self._clock()
        is_ours = await tasks.failed(tx, of, now, error, retry_at)
        if is_ours and retry_at is None:
            await undelivered.note_local(tx, self._rules, of, now)
        return is_ours


def _by_owner(found: Sequence[Task]) -> list[list[Task]]:
    """Tasks for one principal follow each other: they would wait for the same locks."""
    owners: dict[int, list[Task]] = {}
    for one in found:
        owners.setdefault(one.owner_id, []).append(one)
    return list(owners.values())


async def _side_by_side(works: Sequence[Callable[[], Awaitable[None]]]) -> None:
    """Does all of them, some at a time. Raises what one of them raised, once all have ended."""
    left = iter(works)

    async def some() -> None:
        for work in left:
            await work()

    done = await asyncio.gather(*(some() for _ in range(SIDE_BY_SIDE)), return_exceptions=True)
    for failed in done:
        if failed is not None:
            raise failed
