"""POST to a calendar: add a member, the server names it (RFC 5995)."""

from __future__ import annotations

import uuid

from caldavd.acl.privileges import Privilege
from caldavd.dav.locked import lock_object
from caldavd.dav.message import Response
from caldavd.dav.methods import put
from caldavd.dav.path import encode
from caldavd.dav.resolve import Target, require
from caldavd.dav.server import Context
from caldavd.errors import Failed
from caldavd.model import Calendar
from caldavd.store.engine import WriteTx


async def run(tx: WriteTx, context: Context, target: Target, command: put.Command) -> Response:
    """201 with the Location of the new object."""
    match target.resource:
        case Calendar(collection):
            require(target, Privilege.BIND)
            name = f"{uuid.uuid4()}.ics"
            href = target.href + encode(name)
            member = await lock_object(tx, context, collection, name, command.conditions)
            saved = await put.save(tx, context, href, member, name, command)
            made = put.answer(saved, command, href)
            return Response(made.status, (("Location", href), *made.headers), made.body)
    raise Failed(405, "objects are added to calendars only")
