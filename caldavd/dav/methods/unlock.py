"""UNLOCK (RFC 4918 §9.11)."""

from __future__ import annotations

from dataclasses import dataclass

from caldavd.acl.privileges import Privilege
from caldavd.dav import conditions, lockinfo
from caldavd.dav.conditions import Conditions
from caldavd.dav.locked import require as require_state
from caldavd.dav.locked import require_at_root
from caldavd.dav.message import Request, Response
from caldavd.dav.resolve import Target
from caldavd.dav.server import Context
from caldavd.errors import LOCK_TOKEN_OF_UNLOCK, Refused
from caldavd.model import Lock
from caldavd.service import locks
from caldavd.store.engine import WriteTx


@dataclass(frozen=True, slots=True)
class Command:
    """Which lock is to end."""

    token: str
    conditions: Conditions


def parse(context: Context, request: Request) -> Command:
    """Raises Failed(400) without a Lock-Token."""
    token = lockinfo.lock_token(request.headers.get("Lock-Token"))
    return Command(token, conditions.parse(request.headers))


async def run(tx: WriteTx, context: Context, target: Target, command: Command) -> Response:
    """204; a lock is ended by its creator, or by who holds DAV:unlock (RFC 3744 §3.5)."""
    lock = await _find(tx, context, target, command.token)
    if lock.creator_id != context.actor.id:
        require_at_root(context, target, lock, Privilege.UNLOCK)
    await require_state(tx, context, command.conditions, target.resource)
    await locks.release(tx, lock)
    return Response(204)


async def _find(tx: WriteTx, context: Context, target: Target, token: str) -> Lock:
    where = locks.spot(target.resource)
    if where is not None:
        held = await locks.of_owners(tx, context.now, where.owner_id)
        for lock in held.covering(where):
            if lock.token == token:
                return lock
    raise Refused(LOCK_TOKEN_OF_UNLOCK, "there is no lock of that token here (any more)")
