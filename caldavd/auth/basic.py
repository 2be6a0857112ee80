"""Basic authentication (RFC 7617): a header and who it comes from to an Actor."""

from __future__ import annotations

import asyncio
import logging
import math
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final

from caldavd.auth.cache import Cache, Verified
from caldavd.auth.failures import Failures, Slowing, network
from caldavd.auth.header import Credentials, parse
from caldavd.auth.passwords import Cost, Hasher, Verdict, verify_drawn
from caldavd.clock import Clock
from caldavd.errors import TooManyAttempts, Unauthorized
from caldavd.model import Actor
from caldavd.store import principals
from caldavd.store.engine import Database, WriteTx
from caldavd.store.principals import Login

_log: Final = logging.getLogger(__name__)

MAX_WAITING: Final = 100
"""Logins that may wait, for their delay or for a thread, before others are sent away."""
MAX_OF_ONE: Final = 20
"""Of them from one network: an office that comes back after a restart is not turned away."""
BUSY_RETRY_S: Final = 5
NOTE_EVERY_S: Final = 30
USE_EVERY_S: Final = 3_600
"""How exactly it is known when an app password was last used."""
WRONG_S: Final = 15
"""A device that repeats one wrong password does not guess, and costs no hash for so long."""


@dataclass(frozen=True, slots=True)
class AuthSettings:
    """How passwords are hashed, remembered and defended."""

    cost: Cost = field(default_factory=Cost)
    slowing: Slowing = field(default_factory=Slowing)
    cache_s: float = 300
    hash_threads: int = 2


@dataclass(slots=True)
class Counts:
    """Logins since the start, for metrics."""

    succeeded: int = 0
    failed: int = 0
    refused: int = 0

    def by_result(self) -> dict[str, int]:
        """The numbers by the word that metrics use."""
        return {"succeeded": self.succeeded, "failed": self.failed, "refused": self.refused}


@dataclass(slots=True)
class _Notes:
    """What logins leave to be written, away from their requests."""

    used: dict[int, int] = field(default_factory=dict)
    """App passwords, and the second of their last use."""
    rehashed: dict[int, tuple[str, str]] = field(default_factory=dict, repr=False)
    """Principals, their old hash and their new one."""


class Authenticator:
    """Verifies credentials, remembers those that were right, and slows those who guess."""

    def __init__(
        self,
        db: Database,
        settings: AuthSettings,
        clock: Clock,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.counts = Counts()
        self._db = db
        self._clock = clock
        self._pause = pause
        self._key = secrets.token_bytes(32)
        self._hasher = Hasher(settings.cost)
        self._failures = Failures(settings.slowing)
        self._right: Cache[Verified] = Cache(settings.cache_s)
        self._wrong: Cache[None] = Cache(WRONG_S)
        self._running: dict[bytes, asyncio.Task[Actor]] = {}
        self._threads = asyncio.Semaphore(settings.hash_threads)
        self._waiting: Counter[str | None] = Counter()
        self._max_of_one = max(MAX_OF_ONE, settings.slowing.free_failures)
        self._notes = _Notes()

    def cached(self, authorization: str | None) -> Actor | None:
        """Who a header belongs to, if it was verified of late. Never hashes, never waits."""
        if authorization is None:
            return None
        now = self._clock()
        found = self._right.get(self._digest(authorization), now)
        if found is None:
            return None
        self._note_use(found, now)
        return found.actor

    async def authenticate(self, authorization: str | None, peer: str) -> Actor:
        """Who a header belongs to. Raises Unauthorized, TooManyAttempts, Unavailable.

        `peer` is the client's address, or anything else for a unix socket. Requests that bring the
        same header at the same time share one verification.
        """
        if authorization is None:
            raise Unauthorized("no credentials")
        actor = self.cached(authorization)
        if actor is not None:
            return actor
        credentials = parse(authorization)
        if credentials is None:
            raise Unauthorized("no Basic credentials")
        digest = self._digest(authorization)
        task = self._running.get(digest)
        if task is None:
            task = asyncio.create_task(self._login(digest, credentials, peer))
            self._running[digest] = task
            task.add_done_callback(lambda _: self._running.pop(digest, None))
        # One of several who wait may leave: the others still want the answer.
        return await asyncio.shield(task)

    def forget(self, authorization: str) -> None:
        """Forgets a header whose login was ended: the next request verifies it anew."""
        self._right.remove(self._digest(authorization))

    async def keep_notes(self) -> None:
        """Writes what logins leave behind, from time to time, until it is cancelled."""
        while True:
            await asyncio.sleep(NOTE_EVERY_S)
            try:
                await self.write_notes()
            except Exception:  # the next round tries again
                _log.exception("login notes not written")

    async def write_notes(self) -> None:
        """Writes when app passwords were used, and hashes that were made anew."""
        notes, self._notes = self._notes, _Notes()
        if not notes.used and not notes.rehashed:
            return

        async def work(tx: WriteTx) -> None:
            for id_, used_at in sorted(notes.used.items()):
                await principals.touch_app_password(tx, id_, used_at)
            for id_, (old, new) in sorted(notes.rehashed.items()):
                await principals.rehash(tx, id_, old, new)

        try:
            await self._db.write(work)
        except BaseException:  # what was noted since then is newer
            self._notes.used = notes.used | self._notes.used
            self._notes.rehashed = notes.rehashed | self._notes.rehashed
            raise

    async def _login(self, digest: bytes, credentials: Credentials, peer: str) -> Actor:
        self._refuse_guesser(peer)
        name = principals.normal(credentials.login)
        login = await self._db.read(lambda tx: principals.login(tx, name))
        account = name if login is None else login.actor.name
        if self._wrong.has(digest, self._clock()):
            raise self._failed(credentials, peer)
        verified = await self._verify(login, credentials.password, account, peer)
        now = self._clock()
        if verified is None:
            self._failures.failed(account, peer, now)
            self._wrong.put(digest, None, now)
            raise self._failed(credentials, peer)
        self._failures.succeeded(account, peer)
        self.counts.succeeded += 1
        self._right.put(digest, verified, now)
        self._note_use(verified, now)
        return verified.actor

    async def _verify(
        self, login: Login | None, password: str, account: str, peer: str
    ) -> Verified | None:
        """Who it is, once it is this login's turn; None if the password is wrong."""
        if login is not None:
            for kept in login.app_passwords:
                if verify_drawn(kept.password_hash, password):
                    return Verified(login.actor, kept.id, kept.used_at or 0)
        password_hash = None if login is None else login.password_hash
        verdict = await self._hashed(password_hash, password, account, peer)
        if login is None or password_hash is None or not verdict.right:
            return None
        if verdict.rehashed is not None:
            self._notes.rehashed[login.actor.id] = (password_hash, verdict.rehashed)
        return Verified(login.actor)

    async def _hashed(
        self, password_hash: str | None, password: str, account: str, peer: str
    ) -> Verdict:
        delay_s = self._failures.delay(account, peer, self._clock())
        with self._place_in_line(peer, delay_s):
            if delay_s > 0:
                await self._pause(delay_s)
            async with self._threads:
                # Others from there were judged, and were wrong, while this one waited.
                self._refuse_guesser(peer)
                return await asyncio.to_thread(self._hasher.verify, password_hash, password)

    @contextmanager
    def _place_in_line(self, peer: str, delay_s: float) -> Iterator[None]:
        """Lets nobody have all the places: a network has a share of them."""
        waiter = network(peer)
        is_crowded = waiter is not None and self._waiting[waiter] >= self._max_of_one
        if is_crowded or self._waiting.total() >= MAX_WAITING:
            self.counts.refused += 1
            raise TooManyAttempts(max(BUSY_RETRY_S, math.ceil(delay_s)))
        self._waiting[waiter] += 1
        try:
            yield
        finally:
            self._waiting[waiter] -= 1
            if not self._waiting[waiter]:
                del self._waiting[waiter]

    def _refuse_guesser(self, peer: str) -> None:
        refusal_s = self._failures.refusal(peer, self._clock())
        if refusal_s > 0:
            self.counts.refused += 1
            raise TooManyAttempts(math.ceil(refusal_s))

    def _failed(self, credentials: Credentials, peer: str) -> Unauthorized:
        """The refusal of a failed login, after its line in the log."""
        self.counts.failed += 1
        _log.warning("authentication failed", extra={"address": peer, "account": credentials.login})
        return Unauthorized("unknown account or wrong password")

    def _note_use(self, verified: Verified, now: int) -> None:
        if verified.app_password_id is not None and now - verified.used_at >= USE_EVERY_S:
            verified.used_at = now
            self._notes.used[verified.app_password_id] = now

    def _digest(self, authorization: str) -> bytes:
        """What a header is remembered by: useless to who reads our memory without the key."""
        header = authorization.encode("utf-8", "surrogateescape")
        return blake2b(header, digest_size=32, key=self._key).digest()
