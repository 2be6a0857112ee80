"""One request: who asks, which row of the table, parse, transaction, run, answer."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Any, Final, TypeVar

from caldavd.dav import answer, links, rsvp, timezones
from caldavd.dav.message import Request, Response
from caldavd.dav.path import Urls, path_of
from caldavd.dav.registry import BY_NAME, allow, dav_header
from caldavd.dav.resolve import Target, resolve
from caldavd.dav.row import Method, Question, Reads, Writes
from caldavd.dav.server import Context, Server
from caldavd.errors import SUFFICIENT_DISK_SPACE, Failed, Refused, not_found
from caldavd.model import Actor, Unmapped
from caldavd.requestline import RequestLine
from caldavd.store.engine import Full, ReadTx, Unavailable, WriteTx
from caldavd.store.principals import LoginEnded

log = logging.getLogger(__name__)

T = TypeVar("T")

THREAD_BYTES: Final = 16_000
"""Bodies larger than this are parsed away from the event loop."""
RETRY_AFTER_S: Final = 5
_WELL_KNOWN: Final = "/.well-known/"


async def handle(server: Server, request: Request) -> Response:
    """The response to a request. Never raises: what is not a refusal is a bug, logged once."""
    started = time.perf_counter()
    actor: Actor | None = None
    by_link = links.is_below(request.raw_path, server.urls)
    try:
        place = _well_known(request.raw_path, server.urls)
        if by_link:
            response = await links.answer(server, request)
        elif rsvp.is_below(request.raw_path, server.urls):
            response = await rsvp.answer(server, request)
        elif place is not None:
            response = Response(301, (("Location", place),))
        else:
            actor = await _actor(server, request)
            if request.read is not None:
                # Not before: whoever has no credentials makes us read nothing.
                request = request._replace(body=await request.read(), read=None)
            response = await _answer(server, request, actor)
    except Exception as error:
        response = _told(server, request, error)
    request = request._replace(raw_path=links.hidden(request.raw_path, server.urls))
    _note(server, request, response, actor.name if actor else "-", started)
    return response


def _well_known(raw_path: str, urls: Urls) -> str | None:
    """Where a well-known URL leads: one of the host, or of where a proxy mounts us."""
    if _WELL_KNOWN not in raw_path:
        return None
    before, _, name = path_of(raw_path).rstrip("/").partition(_WELL_KNOWN)
    if before not in ("", urls.prefix):
        return None
    return {"caldav": urls.root, "timezone": urls.timezones}.get(name)


def _told(server: Server, request: Request, error: Exception) -> Response:
    """The response to what was raised; an answer that cannot be written is a bug too."""
    try:
        return _refusal(server, request, error)
    except Exception:
        log.exception("bug", extra={"request_id": request.id})
        return answer.failed(Failed(500, f"a fault in the server, logged as {request.id}"))


def _refusal(server: Server, request: Request, error: Exception) -> Response:
    match error:
        case Refused():
            _note_refusal(request, error)
            return answer.refused(error)
        case Failed():
            return _failed(server, error)
        case Full():
            reason = {"request_id": request.id, "reason": str(error)}
            log.error("database full", extra=reason)
            full = "the server's disk is full: tell who runs it"
            return answer.refused(Refused(SUFFICIENT_DISK_SPACE, full))
        case Unavailable():
            reason = {"request_id": request.id, "reason": str(error)}
            log.warning("database unavailable", extra=reason)
            headers = (("Retry-After", str(RETRY_AFTER_S)),)
            return answer.failed(Failed(503, "the database is busy: try again", headers=headers))
    raise error


def _note_refusal(request: Request, error: Refused) -> None:
    """Which condition it was. The words may quote the object: they are for whoever debugs."""
    extra = {"request_id": request.id, "condition": error.condition.element.rpartition("}")[2]}
    if log.isEnabledFor(logging.DEBUG):
        extra["reason"] = error.reason
    log.info("refused", extra=extra)


async def _actor(server: Server, request: Request) -> Actor:
    authorization = request.headers.get("Authorization")
    return server.auth.cached(authorization) or await server.auth.authenticate(
        authorization, request.peer
    )


async def _answer(server: Server, request: Request, actor: Actor) -> Response:
    if timezones.is_below(request.raw_path, server.urls):
        return await timezones.answer(server.urls, request)
    row = BY_NAME.get(request.method)
    if row is None:
        raise Failed(501, f"{request.method} is not a method of this server")
    path = server.urls.parse("/" if request.raw_path == "*" else request.raw_path)
    context = Context(server, actor, path, server.clock(), request.host)
    command = await _parsed(row, context, request)
    try:
        response = await _run(server, row, context, command)
    except LoginEnded:
        # The password was changed, or the account disabled, since the login was verified.
        server.auth.forget(request.headers.get("Authorization", ""))
        context = replace(context, actor=await _actor(server, request))
        response = await _run_again(server, row, context, command)
    if context.outgoing:
        await server.settle()
    if request.method == "PROPFIND":
        return replace(
            response, headers=(*response.headers, ("DAV", dav_header(schedules=server.scheduling)))
        )
    return response


async def _run_again(server: Server, row: Method, context: Context, command: Any) -> Response:
    try:
        return await _run(server, row, context, command)
    except LoginEnded:
        raise Failed(401, "this login was ended a moment ago") from None


async def _parsed(row: Method, context: Context, request: Request) -> Any:
    if len(request.body) > THREAD_BYTES:
        return await asyncio.to_thread(row.parse, context, request)
    return row.parse(context, request)


async def _run(server: Server, row: Method, context: Context, command: Any) -> Response:
    """Resolves and runs in one transaction, on whichever side of the database it belongs."""
    match row:
        case Writes(question=Question() as asked) if isinstance(command, asked.command):
            row = Reads(row.name, row.on, row.parse, asked.run)
    match row:
        case Reads(run=read, content=content):

            async def reads(tx: ReadTx) -> Response:
                target = await resolve(tx, context, context.path, content=content)
                run = partial(read, tx, context, target, command)
                return await _on(row, target, run, schedules=server.scheduling)

            return await server.db.read(reads, snapshot=not content)
        case Writes(run=write):

            async def writes(tx: WriteTx) -> Response:
                target = await resolve(tx, context, context.path)
                run = partial(write, tx, context, target, command)
                return await _on(row, target, run, schedules=server.scheduling)

            return await server.db.write(writes)


async def _on(
    row: Method, target: Target, run: Callable[[], Awaitable[Response]], *, schedules: bool
) -> Response:
    type_ = type(target.resource)
    if type_ in row.on:
        response = await run()
        if row.name == "OPTIONS":
            headers = (("DAV", dav_header(schedules=schedules)), ("Allow", allow(type_)))
            return replace(response, headers=(*response.headers, *headers))
        return response
    if isinstance(target.resource, Unmapped):
        raise not_found("this URL")
    if isinstance(row, Writes) and row.taken is not None:
        raise Refused(row.taken, "there is something at this URL already")
    raise Failed(405, f"{row.name} is not possible here", headers=(("Allow", allow(type_)),))


def _failed(server: Server, error: Failed) -> Response:
    if error.status == 401:
        challenge = f'Basic realm="{server.realm}", charset="UTF-8"'
        error = Failed(401, error.reason, headers=(("WWW-Authenticate", challenge),))
    return answer.failed(error)


def _note(server: Server, request: Request, response: Response, who: str, began: float) -> None:
    server.note(
        RequestLine(
            at=time.time(),
            request_id=request.id,
            actor=who,
            peer=request.peer,
            method=request.method,
            path=request.raw_path.partition("?")[0],
            status=response.status,
            bytes=response.size,
            ms=(time.perf_counter() - began) * 1000,
        )
    )
