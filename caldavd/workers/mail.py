"""Sends what is to be sent by mail, each mail until it is taken or refused for good."""

from __future__ import annotations

import asyncio
import logging
import random
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

from caldavd.clock import Clock
from caldavd.itip.address import normal
from caldavd.itip.ticket import KEY_BYTES
from caldavd.service import undelivered
from caldavd.service.routes import SENT, Rules, mail_addresses
from caldavd.service.schedule import moment
from caldavd.store import keys, mails, tasks
from caldavd.store.engine import Database, ReadTx, WriteTx
from caldavd.store.tasks import MAIL, Task
from caldavd.workers import outgoing, smtp
from caldavd.workers.outgoing import Identity, Ready
from caldavd.workers.smtp import Connection, NotSent, Relay

_log: Final = logging.getLogger(__name__)

MAILS_EACH: Final = 5
"""Mails that one connection takes before others are claimed."""
HELD: Final = "the mail before it, about the same, has not left yet"
FIRST_DELAY_S: Final = 60
MAX_DELAY_S: Final = 4 * 3_600


@dataclass(frozen=True, slots=True)
class Pace:
    """How many mails at a time, how fast, and how long each is tried."""

    connections: int = 2
    per_minute: int = 120
    give_up_s: int = 48 * 3_600


@dataclass(frozen=True, slots=True)
class Means:
    """What mails are sent with."""

    db: Database
    clock: Clock
    relay: Relay
    identity: Identity
    pace: Pace = Pace()
    rules: Rules = field(default_factory=Rules)
    jitter: Callable[[], float] = random.random
    ticks: Callable[[], float] = time.monotonic


class Mailer:
    """Sends what is due; its state is how much was sent lately, and whether any can be."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._batch = means.pace.connections * MAILS_EACH
        self._room = float(self._batch)
        self._counted_at = means.ticks()
        self._is_out = False

    async def work(self) -> None:
        """One look at what is due, for `runner.Periodic`. Several processes may do it at once."""
        means = self._means
        while (room := self._allowed()) and await means.db.read(
            partial(mails.is_due, kind=MAIL, now=means.clock()), snapshot=False
        ):
            lease_s = round((MAILS_EACH + 2) * means.relay.timeout_s) + 60
            claim = partial(tasks.claim, kind=MAIL, now=means.clock(), lease_s=lease_s, limit=room)
            claimed = await means.db.write(claim)
            self._room -= len(claimed)
            if not claimed:
                return
            await self._see_to(claimed)

    def _allowed(self) -> int:
        """How many mails may be sent now, at most a batch."""
        now = self._means.ticks()
        gained = (now - self._counted_at) * self._means.pace.per_minute / 60
        self._room = min(float(self._batch), self._room + gained)
        self._counted_at = now
        return int(self._room)

    async def _see_to(self, claimed: Sequence[Task]) -> None:
        means = self._means
        gathered = await means.db.read(partial(outgoing.gather, claimed=claimed))
        gathered = replace(gathered, bounce_key=await _key(means.db, keys.BOUNCES))
        if means.identity.pages:
            gathered = replace(gathered, key=await _key(means.db, keys.ANSWERS))
        if unmailed := await asyncio.to_thread(outgoing.unmailed, gathered):
            known = partial(mail_addresses, rules=means.rules, addresses=unmailed)
            gathered = replace(gathered, addresses=await means.db.read(known))
        found = await asyncio.to_thread(outgoing.sort, gathered, means.identity, means.clock())
        if found.needless:
            await means.db.write(partial(tasks.done, ids_=found.needless))
            _log.info("mails needless", extra={"count": len(found.needless)})
        for task, reason in found.impossible:
            await self._failed(task, NotSent(reason, for_good=True))
        lanes, late = _lanes(found.ready, means.pace.connections)
        async with asyncio.TaskGroup() as group:
            for lane in lanes:
                group.create_task(self._send_all(lane))
        for task in (*found.held, *late):
            await self._failed(task, NotSent(HELD))

    async def _send_all(self, lane: Sequence[Ready]) -> None:
        """Sends mails on one connection; without one, all are put off."""
        waiting, put_off = list(lane), set[tuple[int, str]]()
        try:
            async with smtp.connected(self._means.relay) as connection:
                self._note_outage(None)
                while waiting:
                    one = waiting[0]
                    if _thread(one) in put_off:
                        await self._failed(one.task, NotSent(HELD), one.replaces)
                    elif not await self._send(connection, one):
                        put_off.add(_thread(one))
                    waiting.pop(0)
        except NotSent as error:
            self._note_outage(error.reason)
            for one in waiting:
                await self._failed(one.task, error, one.replaces)

    def _note_outage(self, reason: str | None) -> None:
        """Says once that no mail can be sent, and once that mails can be again."""
        if reason is not None and not self._is_out:
            _log.warning("the mail server takes no mail", extra={"reason": reason})
        elif reason is None and self._is_out:
            _log.info("the mail server takes mail again")
        self._is_out = reason is not None

    async def _send(self, connection: Connection, one: Ready) -> bool:
        """Sends one mail; False: it is to be tried again.

        Raises NotSent if nothing more can be sent on this connection.
        """
        server = self._means.identity.address
        try:
            await connection.send(server, one.recipient, one.mail)
        except NotSent as error:
            if not connection.client.is_connected:
                raise
            await self._failed(one.task, error, one.replaces)
            return error.for_good
        await self._means.db.write(partial(_note, of=one, now=self._means.clock()))
        domain = one.recipient.rpartition("@")[2]
        _log.info("mail sent", extra={"task": one.task.id, "domain": domain})
        return True

    async def _failed(self, task: Task, error: NotSent, replaces: Sequence[int] = ()) -> None:
        means, now = self._means, self._means.clock()
        retry_at = None if error.for_good else self._next(task, now)
        failed = partial(_note_failed, of=task, now=now, error=error.reason, retry_at=retry_at)
        await means.db.write(failed)
        if replaces:
            await means.db.write(partial(tasks.done, ids_=replaces))
        about = {"task": task.id, "attempts": task.attempts, "reason": error.reason}
        if retry_at is None:
            _log.warning("mail given up", extra=about)
        else:
            _log.info("mail put off", extra={**about, "next": moment(retry_at).isoformat()})

    def _next(self, task: Task, now: int) -> int | None:
        """When to try again: later each time; None: it is too late for that."""
        delay = min(FIRST_DELAY_S * 2 ** min(task.attempts - 1, 20), MAX_DELAY_S)
        at = now + round(delay * (1 + self._means.jitter() / 4))
        return at if at <= task.created_at + self._means.pace.give_up_s else None


def _lanes(ready: Sequence[Ready], connections: int) -> tuple[list[list[Ready]], list[Task]]:
    """Mails for each of some connections, and those that are too many for theirs.

    The mails of one thread leave by one connection, in their order.
    """
    lanes: list[list[Ready]] = [[] for _ in range(connections)]
    by_thread: dict[tuple[int, str], list[Ready]] = {}
    late: list[Task] = []
    for one in ready:
        lane = by_thread.setdefault(_thread(one), min(lanes, key=len))
        if len(lane) < MAILS_EACH:
            lane.append(one)
        else:
            late.append(one.task)
    return [lane for lane in lanes if lane], late


def _thread(of: Ready) -> tuple[int, str]:
    return of.noted.owner_id, of.noted.thread


async def _note_failed(tx: WriteTx, of: Task, now: int, error: str, retry_at: int | None) -> None:
    """Gives a mail back; with one that nobody tries any more, its object says so."""
    is_ours = await tasks.failed(tx, of, now, error, retry_at)
    if retry_at is not None or not is_ours or mails.is_notice(of.payload):
        return
    for uid in await _uid(tx, of):
        address = normal(mails.recipient_of(of.payload))
        await undelivered.note(tx, of.owner_id, uid, address, now)


async def _uid(tx: ReadTx, of: Task) -> list[str]:
    """The UID that a mail is about, if its message is there."""
    found = {} if of.message_id is None else await tasks.messages(tx, [of.message_id])
    return [message.uid for message in found.values()]


async def _key(db: Database, name: str) -> bytes:
    """A key that signs; it is drawn when it is needed first."""
    found = await db.read(partial(keys.get, name=name), snapshot=False)
    if found is None:
        new = secrets.token_bytes(KEY_BYTES)
        found = await db.write(partial(keys.ensure, name=name, new=new))
    return found


async def _note(tx: WriteTx, of: Ready, now: int) -> None:
    """Notes that a mail was sent; if it had failed before, its object does not say so any more."""
    await mails.note_sent(tx, [of.noted])
    await tasks.done(tx, (of.task.id, *of.replaces))
    task = of.task
    if task.error is None or mails.is_notice(task.payload):
        return
    for uid in await _uid(tx, task):
        address = normal(mails.recipient_of(task.payload))
        await undelivered.take_back(tx, task.owner_id, uid, address, SENT, now)
