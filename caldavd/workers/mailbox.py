"""Takes in what arrives in a mailbox, by looking there from time to time."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from caldavd.itip.incoming_mail import addressed_to
from caldavd.service.mail_in import Fate
from caldavd.store import leases
from caldavd.store.engine import Unavailable
from caldavd.workers import imap, mail_in
from caldavd.workers.imap import Account, Mailbox, NotRead

_log: Final = logging.getLogger(__name__)

AT_ONCE: Final = 50
"""Mails whose sizes are asked for together."""
LOOK_S: Final = 120
"""How long one look goes on; what is left is for the next one."""
LEASE_S: Final = LOOK_S + 240
"""How long a mailbox is one process': longer than a look and the last of its mails."""
MAX_BACK_OFF_S: Final = 3_600
MAX_FAULTS: Final = 3
"""How often a mail is tried that this server fails at, before it is set aside."""


def _uncounted(ok: bool) -> None:
    """For those who count nothing."""


@dataclass(frozen=True, slots=True)
class Means:
    """What a mailbox is read with."""

    account: Account
    take: mail_in.Means
    every_s: float = 60
    count: Callable[[bool], None] = _uncounted
    """Counts a look, and whether it succeeded."""
    ticks: Callable[[], float] = time.monotonic


class Poller:
    """Looks into the mailbox; how often that failed in a row is its state."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._holder = secrets.token_hex(8)
        self._failures = 0
        self._not_before = 0.0
        self._faults: dict[int, int] = {}

    async def work(self) -> None:
        """One look, for `runner.Periodic`. Of several processes one looks. Raises Unavailable."""
        if self._means.ticks() < self._not_before or not await self._is_mine():
            return
        try:
            await self._look_in()
        finally:
            release = partial(leases.release, name=leases.MAILBOX, holder=self._holder)
            await self._means.take.db.write(release)

    async def _look_in(self) -> None:
        means = self._means
        try:
            async with imap.opened(means.account, means.take.max_bytes) as mailbox:
                taken = await self._look(mailbox)
        except NotRead as error:
            self._failures += 1
            delay = min(means.every_s * 2**self._failures, MAX_BACK_OFF_S)
            self._not_before = means.ticks() + delay
            means.count(False)
            about = {"host": means.account.host, "reason": str(error), "again_s": round(delay)}
            _log.warning("mailbox not read", extra=about)
            return
        self._failures = 0
        means.count(True)
        if taken:
            _log.info("mailbox read", extra={"mails": taken})

    async def _is_mine(self) -> bool:
        now = self._means.take.clock()
        work = partial(
            leases.hold, name=leases.MAILBOX, holder=self._holder, now=now, until=now + LEASE_S
        )
        return await self._means.take.db.write(work)

    async def _look(self, mailbox: Mailbox) -> int:
        """Takes in what nobody has seen; how many mails. Raises NotRead, Unavailable."""
        ends = self._means.ticks() + LOOK_S
        waiting = await mailbox.unseen()
        self._faults = {uid: n for uid, n in self._faults.items() if uid in waiting}
        taken = 0
        for start in range(0, len(waiting), AT_ONCE):
            for uid, size in (await mailbox.sizes(waiting[start : start + AT_ONCE])).items():
                if self._means.ticks() > ends:
                    return taken
                taken += await self._one(mailbox, uid, size)
        return taken

    async def _one(self, mailbox: Mailbox, uid: int, size: int) -> bool:
        """Takes in one mail, and only then marks it: what is taken in twice does no harm."""
        most = self._means.take.max_bytes
        fits = size <= most
        reason = "" if fits else f"the mail has {size} octets, more than {most}"
        body = await mailbox.mail(uid, most if fits else mail_in.MAX_KEPT_BYTES)
        if body is None:
            return False
        try:
            fate = await self._taken(body, reason)
        except Unavailable:
            raise
        except Exception:
            self._faults[uid] = self._faults.get(uid, 0) + 1
            _log.exception("mail not taken", extra={"uid": uid, "attempts": self._faults[uid]})
            if self._faults[uid] < MAX_FAULTS:
                return False
            fate = await self._taken(body, "this server failed at it: its log says why")
        if fate is Fate.REFUSED:
            await mailbox.point_out(uid)
        else:
            await mailbox.put_away(uid)
        return True

    async def _taken(self, body: bytes, refusal: str) -> Fate:
        if refusal:
            return (await mail_in.refuse(self._means.take, body, refusal)).fate
        return (await mail_in.take(self._means.take, body, addressed_to(body))).fate
