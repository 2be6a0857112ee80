"""Work that is done from time to time for as long as the server runs."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from caldavd.store.engine import Unavailable

_log: Final = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Periodic:
    """A piece of work, and how long to wait before each time, in seconds."""

    name: str
    period_s: float
    work: Callable[[], Awaitable[None]]


async def run(periodic: Periodic) -> None:
    """Does it until it is cancelled. The first wait is a random part of the period.

    So processes that start together do not work together. What fails is done again next time.
    """
    await asyncio.sleep(periodic.period_s * random.random())
    while True:
        try:
            await periodic.work()
        except Unavailable as error:
            _log.warning("periodic work put off", extra={"work": periodic.name, "why": str(error)})
        except Exception:
            _log.exception("periodic work failed", extra={"work": periodic.name})
        await asyncio.sleep(periodic.period_s)
