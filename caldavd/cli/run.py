"""What commands share: settings, an open database, passwords, tables and JSON."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit, urlunsplit

import click

from caldavd import config as configuration
from caldavd import parts
from caldavd.cli.main import Invocation
from caldavd.settings import Config
from caldavd.store.connect import connect
from caldavd.store.engine import Database, ReadTx, WriteTx

T = TypeVar("T")

SHORT: Final = 8
"""New passwords of fewer characters are warned of (NIST SP 800-63B §5.1.1.1)."""
_COLOR: Final = re.compile("#[0-9A-Fa-f]{6}([0-9A-Fa-f]{2})?")


def settings(invocation: Invocation) -> Config:
    """The settings that hold for this command. Raises ConfigError."""
    return configuration.load(invocation.file, invocation.data, os.environ)


def without_password(place: Path | str) -> str:
    """Where the database is, as it may be shown."""
    if isinstance(place, Path):
        return str(place)
    url = urlsplit(place)
    return urlunsplit(url._replace(netloc=url.netloc.rpartition("@")[2], query=""))


@asynccontextmanager
async def database(config: Config, *, make: bool = False) -> AsyncIterator[Database]:
    """The open database; `make` makes it if there is none yet.

    Raises ClickException where there is none, WrongSchema where it is an older one.
    """
    place = parts.location(config)
    await asyncio.to_thread(prepare, place, make=make)
    opened = await connect(place, pool_size=2, synchronous=config.database.sqlite_synchronous)
    try:
        yield opened
    finally:
        await opened.close()


def prepare(place: Path | str, *, make: bool = False) -> None:
    """Sees to it that a database has the schema; an older one is left to `db upgrade` and `serve`.

    `make` makes one where there is none. Without it a mistyped --data would be answered by an empty
    database. Raises ClickException, WrongSchema.
    """
    # A server has no use for Alembic, and it takes 20 MB.
    schema = import_module("caldavd.store.schema")
    if schema.current(place) is not None:
        schema.require_current(place)
    elif make:
        schema.upgrade(place)
    else:
        raise click.ClickException(
            f"there is no caldavd database in {without_password(place)}: "
            "`caldavd serve` or `caldavd user add` makes one"
        )


def has_database(config: Config) -> bool:
    """Whether there is a database, of whatever schema. Raises Unavailable."""
    return import_module("caldavd.store.schema").current(parts.location(config)) is not None


def read(config: Config, work: Callable[[ReadTx], Awaitable[T]]) -> T:
    """The result of one read transaction."""

    async def run() -> T:
        async with database(config) as opened:
            return await opened.read(work)

    return asyncio.run(run())


def write(config: Config, work: Callable[[WriteTx], Awaitable[T]], *, make: bool = False) -> T:
    """The result of one write transaction, committed; `make` as `database` has it."""

    async def run() -> T:
        async with database(config, make=make) as opened:
            return await opened.write(work)

    return asyncio.run(run())


def ask_password(prompt: str, *, from_stdin: bool, twice: bool) -> str:
    """A password from the first line of standard input, or asked for on the terminal."""
    if from_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    elif sys.stdin.isatty():
        password = click.prompt(prompt, hide_input=True, confirmation_prompt=twice, err=True)
    else:
        raise click.UsageError("no terminal to ask for a password: give it with --password-stdin")
    if not password:
        raise click.UsageError("the password is empty")
    return password


def warn_of_short(password: str) -> None:
    """Says that a new password is soon guessed; it is taken all the same."""
    if len(password) < SHORT:
        click.echo(f"caldavd: the password has fewer than {SHORT} characters: it is weak", err=True)


def confirm(question: str) -> None:
    """Goes on if the answer is yes. Raises Abort if it is no, UsageError if there is nobody."""
    if sys.stdin.isatty():
        click.confirm(question, abort=True, err=True)
        return
    answer = sys.stdin.readline().strip().lower()
    if not answer:
        raise click.UsageError("no terminal to ask at: --yes does it without asking")
    if answer not in {"y", "yes"}:
        raise click.Abort


def show(columns: Sequence[str], rows: Sequence[Mapping[str, Any]], as_json: bool) -> None:
    """Rows as a table of these columns, or as JSON with all that they hold."""
    if as_json:
        show_json(rows)
    else:
        show_table(columns, rows)


def show_json(value: object) -> None:
    """One JSON document on standard output."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def show_table(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    """Rows below their headings, each column as wide as it must be."""
    cells = [[heading.upper().replace("_", " ") for heading in columns]]
    cells += [[_cell(row[name]) for name in columns] for row in rows]
    widths = [max(len(line[n]) for line in cells) for n in range(len(columns))]
    for line in cells:
        click.echo("  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip())


def count(number: int, what: str) -> str:
    """`1 object`, `2 objects`."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def instant(seconds: int | None) -> str | None:
    """An instant as people and scripts read it: ISO 8601, UTC."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def color(text: str) -> str | None:
    """A colour as it is stored, #RRGGBB or #RRGGBBAA; None if it is not written so."""
    return text.strip().upper() if _COLOR.fullmatch(text.strip()) else None


def base_url(config: Config) -> str:
    """The URL of the server as clients reach it, as far as the settings tell."""
    server = config.server
    if server.public_url:
        return server.public_url + server.path_prefix
    scheme = "https" if server.tls_certificate else "http"
    host = server.host if server.host not in {"0.0.0.0", "::"} else "localhost"
    host = f"[{host}]" if ":" in host else host
    return f"{scheme}://{host}:{server.port}{server.path_prefix}"


def _cell(value: object) -> str:
    match value:
        case None:
            return "-"
        case list() | tuple():
            return " ".join(str(item) for item in value) or "-"
        case bool():
            return "yes" if value else "no"
    return " ".join(str(value).split())
