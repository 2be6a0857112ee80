"""The yardstick: an aiohttp application that answers everything with one prepared answer.

It runs in a process of its own, on the event loop that the server would choose:
`python -m tests.benchmarks.bare`. The first line that it prints has its two ports: of the
application, and of the socket to which the answer to give is sent.
"""

from __future__ import annotations

import asyncio
import json
from importlib import import_module, util
from typing import Any, Final

from aiohttp import web

KEEPALIVE_S: Final = 75


class Bare:
    """One catch-all route, no access log; reads the request's body as any handler would."""

    def __init__(self) -> None:
        self._status = 200
        self._headers: dict[str, str] = {}
        self._body: bytes | None = None

    async def serve(self, request: web.Request) -> web.Response:
        """Answers a request that is measured."""
        if request.can_read_body:
            await request.read()
        return web.Response(status=self._status, headers=self._headers, body=self._body)

    async def prepare(self, request: web.Request) -> web.Response:
        """Takes the answer to give from now on."""
        wanted = json.loads(await request.read())
        self._status, self._headers = wanted["status"], wanted["headers"]
        self._body = b"x" * wanted["bytes"] or None
        return web.Response()


async def _listen(handler: Any) -> int:
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(application, access_log=None, keepalive_timeout=KEEPALIVE_S)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return int(runner.addresses[0][1])


async def _main() -> None:
    bare = Bare()
    print(await _listen(bare.serve), await _listen(bare.prepare), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    _factory: Any = None
    if util.find_spec("uvloop") is not None:
        _factory = import_module("uvloop").new_event_loop
    with asyncio.Runner(loop_factory=_factory) as _runner:
        _runner.run(_main())
