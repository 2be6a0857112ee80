"""OPTIONS (RFC 9110 §9.3.7, RFC 4918 §10.1, RFC 3744 §3.1)."""

from __future__ import annotations

from caldavd.acl.privileges import Privilege
from caldavd.dav.message import Request, Response
from caldavd.dav.resolve import Target, require
from caldavd.dav.server import Context
from caldavd.model import Unmapped
from caldavd.store.engine import ReadTx


def parse(context: Context, request: Request) -> None:
    """Nothing in the request matters."""


async def run(tx: ReadTx, context: Context, target: Target, command: None) -> Response:
    """200; dispatch adds DAV and Allow for the resource."""
    if not isinstance(target.resource, Unmapped):
        require(target, Privilege.READ)
    return Response(200)
