"""The composition root: settings to a database, a handler, listeners and periodic work."""

from __future__ import annotations

import asyncio
import logging
import signal
import ssl
from collections.abc import Awaitable, Callable, Coroutine, Iterable, MutableMapping
from dataclasses import dataclass, replace
from importlib import import_module, util
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Final

from aiohttp import web

from caldavd import clock, feeds, listeners, mailing, memory, parts, zonedata
from caldavd.auth.basic import Authenticator
from caldavd.auth.failures import Failures
from caldavd.auth.passwords import Hasher, draw
from caldavd.config import Bootstrap, ConfigError, mail_password, mailbox_password
from caldavd.dav import http
from caldavd.dav.http import Handler, Proxies
from caldavd.dav.path import Urls
from caldavd.dav.publisher import Publisher
from caldavd.dav.server import DavLimits, Server
from caldavd.front import Bounds, Front, Side, quiet_logger, receiver
from caldavd.listeners import Sockets
from caldavd.metrics import MeasuredDatabase, Metrics
from caldavd.processes import Parent
from caldavd.requestlog import RequestLog
from caldavd.service import accounts
from caldavd.service.accounts import Created
from caldavd.settings import Config
from caldavd.store import upgrading
from caldavd.store.connect import connect
from caldavd.store.engine import Database, Unavailable
from caldavd.workers import invitations, prune, runner
from caldavd.workers.deliver import Deliverer
from caldavd.workers.link_uses import LinkUses
from caldavd.workers.reindex import Reindexer
from caldavd.workers.subscriptions import Fetcher

_log: Final = logging.getLogger(__name__)

PRUNE_EVERY_S: Final = 6 * 3_600
INVITE_EVERY_S: Final = 300
REINDEX_EVERY_S: Final = 600
DELIVER_EVERY_S: Final = 5
"""How soon what another process was to deliver is delivered, and what could not be."""
LINK_USES_EVERY_S: Final = 600
FEEDS_EVERY_S: Final = 60
KEEPALIVE_S: Final = 75


@dataclass(frozen=True, slots=True)
class Prepared:
    """All that may fail at a start is done: the schema is current, the sockets listen."""

    config: Config
    sockets: tuple[Sockets, ...]
    """Those of each serving process."""
    unix: Path | None
    """The socket in the file system that goes when we go."""
    created: Created | None


def prepare(config: Config, bootstrap: Bootstrap, environ: MutableMapping[str, str]) -> Prepared:
    """Upgrades the database, opens the sockets, makes the first account if there is none.

    Raises ConfigError, Unavailable, WrongSchema, Failed.
    """
    location = parts.location(config)
    if isinstance(location, Path) and config.server.workers > 1:
        raise ConfigError("more than one worker needs PostgreSQL: set [database] url")
    listeners.tls(config.server)
    mail_password(config)
    mailbox_password(config)
    before, after = upgrading.upgrade(location)
    if before != after:
        _log.info("schema upgraded", extra={"before": before, "after": after})
    sockets = _open(config, environ)
    server = config.server.model_copy(update={"port": listeners.port_of(sockets[0])})
    created = asyncio.run(_first_account(config, bootstrap))
    config = config.model_copy(update={"server": server})
    return Prepared(config, sockets, _unix_path(config, sockets), created)


def serve(prepared: Prepared) -> int:
    """Serves until SIGTERM or SIGINT, then finishes what it began; the status to exit with."""
    server = prepared.config.server

    def child(number: int, parent: int) -> int:
        _run(prepared, number, parent)
        return 0

    try:
        if server.workers > 1:
            return Parent(server.workers, child, server.shutdown_timeout_s).run()
        _run(prepared, 0, None)
        return 0
    finally:
        if prepared.unix is not None:
            prepared.unix.unlink(missing_ok=True)


def _open(config: Config, environ: MutableMapping[str, str]) -> tuple[Sockets, ...]:
    server = config.server
    shared = listeners.handed_over(environ)
    if not shared and server.socket:
        shared = (listeners.unix(Path(server.socket), int(server.socket_mode, 8)),)
    if shared:
        return (shared,) * server.workers
    if server.workers == 1:
        return (listeners.tcp(server.host, server.port, shared=False),)
    first = listeners.tcp(server.host, server.port, shared=True)
    port = listeners.port_of(first)
    others = (listeners.tcp(server.host, port, shared=True) for _ in range(1, server.workers))
    return (first, *others)


def _unix_path(config: Config, sockets: tuple[Sockets, ...]) -> Path | None:
    """The path of a unix socket that we made; one that was handed over is its maker's."""
    path = config.server.socket
    return Path(path) if path and sockets[0][0].getsockname() == path else None


async def _first_account(config: Config, bootstrap: Bootstrap) -> Created | None:
    db = await _connect(config)
    try:
        return await accounts.bootstrap(
            db,
            accounts.NewAccount(bootstrap.user or accounts.FIRST_NAME),
            bootstrap.password,
            parts.defaults(config),
            (draw, lambda password: Hasher(parts.cost(config)).hash(password)),
            clock.now(),
        )
    finally:
        await db.close()


async def _connect(config: Config) -> Database:
    return await connect(
        parts.location(config),
        pool_size=config.database.pool_size,
        synchronous=config.database.sqlite_synchronous,
    )


def _run(prepared: Prepared, number: int, parent: int | None) -> None:
    """One serving process, from its event loop's start to its end."""
    memory.settle()
    factory: Any = None
    if util.find_spec("uvloop") is not None:
        factory = import_module("uvloop").new_event_loop
    with asyncio.Runner(loop_factory=factory) as loop:
        loop.run(_serve(prepared, number, parent))


async def _serve(prepared: Prepared, number: int, parent: int | None) -> None:
    config = prepared.config
    db = await _connect(config)
    metrics = Metrics(db.dialect)
    db = MeasuredDatabase(db, metrics)
    auth = Authenticator(db, parts.authentication(config), clock.now)
    metrics.read_logins(auth.counts.by_result)
    reindexer = Reindexer(db, clock.now, zonedata.version)
    metrics.read_indexing(reindexer.progress)
    context = listeners.tls(config.server)
    stop = _stop_signals(config, context, parent)
    requests = RequestLog(config.log.format)
    uses = LinkUses(db)
    deliverer = Deliverer(db, parts.rules(config), clock.now)
    served = replace(
        _server(config, db, auth, requests),
        publisher=_publisher(config, uses),
        settle=deliverer.settle,
    )
    front = Front(_bounds(config), db, metrics, http.handler(served, _proxies(config)))
    main = _runner(front.serve, config)
    side = _runner(Side(db, metrics).serve, config)
    try:
        await _listen(main, prepared.sockets[number], context)
        if config.metrics.port:
            port = config.metrics.port + number
            await _listen(side, listeners.tcp(config.metrics.host, port, shared=False), None)
        watching = front.watch(lambda: main.server.connections if main.server else ())
        works = map(runner.run, _works(config, db, (reindexer, uses, deliverer)))
        mails = mailing.works(config, db, number, metrics)
        others = (auth.keep_notes(), watching, *works, *mails)
        await _until(stop, config, db, others)
        _log.info("stopping")
        for site in main.sites:
            await site.stop()
        await front.finish(config.server.shutdown_timeout_s)
    finally:
        await main.cleanup()
        await side.cleanup()
        await _write_notes(auth.write_notes)
        await _write_notes(uses.write)
        await deliverer.close()
        await db.close()
        requests.close()


def _works(
    config: Config, db: Database, of: tuple[Reindexer, LinkUses, Deliverer]
) -> Iterable[runner.Periodic]:
    reindexer, uses, deliverer = of
    fetcher = Fetcher(feeds.means(config, db))
    return (
        runner.Periodic("reindex", REINDEX_EVERY_S, reindexer.work),
        runner.Periodic("link uses", LINK_USES_EVERY_S, uses.write),
        runner.Periodic("feeds", FEEDS_EVERY_S, fetcher.work),
        runner.Periodic("deliver", DELIVER_EVERY_S, deliverer.work),
    )


async def _write_notes(write: Callable[[], Awaitable[None]]) -> None:
    try:
        await write()
    except Unavailable as error:
        _log.warning("notes of uses not written", extra={"reason": str(error)})


async def _until(
    stop: asyncio.Event, config: Config, db: Database, others: Iterable[Coroutine[Any, Any, None]]
) -> None:
    """Does periodic work, and what others have to do, until it is time to stop."""
    keep = prune.Keep(
        trash_days=config.calendars.trash_days, inbox_days=config.scheduling.inbox_days
    )

    async def pruning() -> None:
        await prune.prune(db, keep, clock.now())

    async def inviting() -> None:
        accept = config.sharing.auto_accept_groups
        await invitations.settle(db, clock.now, accept=accept)

    periodic = runner.Periodic("prune", PRUNE_EVERY_S, pruning)
    invites = runner.Periodic("invite", INVITE_EVERY_S, inviting)
    async with asyncio.TaskGroup() as group:
        works = (runner.run(periodic), runner.run(invites), *others)
        tasks = [group.create_task(one) for one in works]
        await stop.wait()
        for task in tasks:
            task.cancel()


def _stop_signals(
    config: Config, context: ssl.SSLContext | None, parent: int | None
) -> asyncio.Event:
    """Set by SIGTERM, SIGINT or the parent's end. SIGHUP reads the certificate anew."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def reload() -> None:
        if context is None:
            return
        try:
            listeners.load_certificate(context, config.server)
        except ConfigError as error:
            _log.error("certificate not read anew", extra={"reason": str(error)})
        else:
            _log.info("certificate read anew")

    def orphaned() -> None:
        loop.remove_reader(parent or 0)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, reload)
    if parent is not None:
        loop.add_reader(parent, orphaned)
    return stop


def _runner(handler: Handler, config: Config) -> web.ServerRunner:
    """aiohttp without its router and its access log, which double the cost of a request."""
    server = web.Server(
        handler,  # type: ignore[arg-type]
        request_factory=receiver(config.server.max_body_bytes),
        # Whoever has gone waits for nothing: a read that was not ended would hold up the others.
        handler_cancellation=True,
        access_log=None,
        auto_decompress=False,
        logger=quiet_logger(),
        keepalive_timeout=KEEPALIVE_S,
    )
    return web.ServerRunner(server, shutdown_timeout=config.server.shutdown_timeout_s)


async def _listen(
    served: web.ServerRunner, sockets: Sockets, context: ssl.SSLContext | None
) -> None:
    await served.setup()
    for one in sockets:
        site = web.SockSite(served, one, ssl_context=context, backlog=listeners.BACKLOG)
        await site.start()


def _proxies(config: Config) -> Proxies:
    """Whose X-Forwarded headers are believed."""
    trusted = config.server.trusted_proxies
    networks = tuple(ip_network(one, strict=False) for one in trusted if one != "unix")
    return Proxies(networks, unix="unix" in trusted)


def _server(config: Config, db: Database, auth: Authenticator, requests: RequestLog) -> Server:
    """What requests are served with."""
    return Server(
        db,
        auth,
        urls=Urls(config.server.path_prefix, config.calendars.timezone_services),
        realm=config.auth.realm,
        all_principals=config.auth.principals_visible == "all",
        limits=DavLimits(
            objects=parts.limits(config),
            max_xml_bytes=config.limits.max_xml_bytes,
            max_multiget_hrefs=config.limits.max_multiget_hrefs,
            quota_bytes=config.limits.quota_bytes,
        ),
        note=requests.note,
        accepts_for_groups=config.sharing.auto_accept_groups,
        scheduling=config.scheduling.enabled,
        rules=parts.rules(config),
        language=config.server.language,
    )


def _publisher(config: Config, uses: LinkUses) -> Publisher:
    """What links are served with.

    Whoever follows one that was taken back guesses at no password: they are counted apart.
    """
    return Publisher(Failures(parts.slowing(config)), uses.note)


def _bounds(config: Config) -> Bounds:
    """What the front holds requests to."""
    return Bounds(
        config.server.request_timeout_s, config.server.path_prefix, _proxies(config).trusted
    )
