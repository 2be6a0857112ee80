"""A client that keeps a copy of a calendar, or of a home, by sync-collection alone."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.protocol.client import Answer, Client


@dataclass
class Mirror:
    """Entity tags by href, as far as what was told goes."""

    client: Client
    path: str
    limit: int | None = None
    known: dict[str, str] = field(default_factory=dict)
    token: str = ""

    async def catch_up(self) -> None:
        """Reads page after page; begins anew where the token is refused."""
        while await self.read_page():
            pass

    async def read_page(self) -> bool:
        """Reads one page; whether there are more."""
        answer = await self.client.sync(self.path, self.token, limit=self.limit)
        if answer.status == 207:
            return self._take(answer)
        again = answer.status == 403 and bool(self.token)
        assert again or answer.status == 404
        self.known, self.token = {}, ""
        return again

    def _take(self, answer: Answer) -> bool:
        self.token = answer.token
        removed = answer.statuses()
        more = removed.pop(self.path, None) == 507
        for href in answer.hrefs:
            if href in removed:
                self.known.pop(href, None)
            elif href != self.path:
                self.known[href] = str(answer.props(href)["{DAV:}getetag"][1].text)
        return more
