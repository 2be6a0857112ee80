"""OPTIONS (RFC 9110 §9.3.7, RFC 4918 §10.1)."""

from __future__ import annotations

from caldavd.dav.message import Request, Response
from caldavd.dav.resolve import Target
from caldavd.dav.server import Context
from caldavd.store.engine import ReadTx


def parse(context: Context, request: Request) -> None:
    """Nothing in the request matters."""


async def run(tx: ReadTx, context: Context, target: Target, command: None) -> Response:
    """200; dispatch adds DAV and Allow for the resource."""
    return Response(200)
