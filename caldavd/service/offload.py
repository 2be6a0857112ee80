"""What may take long is done away from the event loop."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

from caldavd.store.engine import ReadTx

T = TypeVar("T")

OFFLOAD_BYTES: Final = 16_000
"""Work on longer texts is offloaded."""


async def offloaded(tx: ReadTx, size: int, work: Callable[..., T], *arguments: Any) -> T:
    """What `work` gives, at once for texts of so few characters together, else offloaded."""
    return await tx.offload(work, *arguments) if size > OFFLOAD_BYTES else work(*arguments)
