"""Takes in mails, however they came; what nothing comes of is kept for the operator to see."""

from __future__ import annotations

import asyncio
import base64
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from caldavd.clock import Clock
from caldavd.itip import incoming_mail
from caldavd.itip.incoming_mail import Incoming, Unreadable
from caldavd.service.mail_in import Fate, Received, Rules, receive
from caldavd.store import ids, mails
from caldavd.store.engine import Database, WriteTx
from caldavd.store.mails import Kept

_log: Final = logging.getLogger(__name__)

MAX_KEPT_BYTES: Final = 65_536
"""Of a longer mail the beginning is kept."""
MAX_REASON: Final = 500


def _uncounted(fate: Fate) -> None:
    """For those who count nothing."""


@dataclass(frozen=True, slots=True)
class Means:
    """What mails are taken in with."""

    db: Database
    clock: Clock
    rules: Rules
    max_bytes: int = incoming_mail.MAX_BYTES
    count: Callable[[Fate], None] = _uncounted


async def take(means: Means, body: bytes, recipients: Sequence[str]) -> Received:
    """Takes in one mail, delivered to these addresses; what became of it. Raises Unavailable."""
    try:
        mail = await asyncio.to_thread(incoming_mail.read, body, means.max_bytes)
    except Unreadable as unreadable:
        return await refuse(means, body, str(unreadable))
    received = await means.db.write(
        partial(_receive, means=means, mail=mail, body=body, recipients=recipients)
    )
    return _noted(means, received)


async def refuse(means: Means, body: bytes, reason: str) -> Received:
    """Keeps a mail, or its beginning, without looking into it. Raises Unavailable."""
    received = Received(Fate.REFUSED, reason)
    await means.db.write(partial(_keep, means=means, body=body, received=received))
    return _noted(means, received)


def _noted(means: Means, received: Received) -> Received:
    means.count(received.fate)
    about = {"fate": received.fate.value, "reason": received.reason[:MAX_REASON]}
    _log.info("mail received", extra={**about, "deliveries": len(received.tasks)})
    return received


async def _receive(
    tx: WriteTx, means: Means, mail: Incoming, body: bytes, recipients: Sequence[str]
) -> Received:
    received = await receive(tx, means.rules, mail, recipients, means.clock())
    if received.fate is Fate.REFUSED:
        await _keep(tx, means, body, received)
    return received


async def _keep(tx: WriteTx, means: Means, body: bytes, received: Received) -> None:
    kept = Kept(
        ids.new(),
        means.clock(),
        incoming_mail.sender_of(body).removeprefix("mailto:"),
        received.reason[:MAX_REASON].replace("\x00", ""),
        base64.b64encode(body[:MAX_KEPT_BYTES]).decode(),
    )
    await mails.keep(tx, kept)
