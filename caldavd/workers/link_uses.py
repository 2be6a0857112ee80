"""Writes when links were last used, away from the requests that use them."""

from __future__ import annotations

from functools import partial

from caldavd.service import publish
from caldavd.service.publish import USED_EVERY_S, Use
from caldavd.store.engine import Database


class LinkUses:
    """The uses that are not written yet."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._uses: dict[int, int] = {}
        self._written: dict[int, int] = {}

    def note(self, use: Use) -> None:
        """Has a use written soon, unless one of the last hour was."""
        if use.at - self._written.get(use.link_id, 0) >= USED_EVERY_S:
            self._uses[use.link_id] = use.at

    async def write(self) -> None:
        """Writes what was noted. Raises Unavailable; it is written the next time then."""
        if not self._uses:
            return
        uses, self._uses = self._uses, {}
        try:
            await self._db.write(partial(publish.note, uses=[Use(*one) for one in uses.items()]))
        except BaseException:  # what was noted since then is newer
            self._uses = uses | self._uses
            raise
        last = max(uses.values())
        self._written = {
            id_: at for id_, at in (self._written | uses).items() if last - at < USED_EVERY_S
        }
