"""`caldavd export`."""

from __future__ import annotations

import io
import os
import sys
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Final, TextIO

import click

from caldavd.cli import run
from caldavd.cli.main import Invocation
from caldavd.model import Collection
from caldavd.service import export as service
from caldavd.service import named
from caldavd.store import collections
from caldavd.store.engine import ReadTx

STDOUT: Final = Path("-")
Open = Callable[[str], AbstractContextManager[TextIO]]
"""Opens a calendar's file by its name; the file is there when the context ends well."""


@click.command()
@click.option("--user", "owner", metavar="USER", required=True, help="Whose calendars.")
@click.option("--calendar", metavar="NAME", help="Only this one, instead of all.")
@click.option("--force", is_flag=True, help="Replace files that exist.")
@click.argument("target", metavar="[FILE]", default=STDOUT, type=click.Path(path_type=Path))
@click.pass_obj
def export(
    invocation: Invocation, owner: str, calendar: str | None, force: bool, target: Path
) -> None:
    """Write a calendar as one .ics file, or all of a user as a .zip or a folder of them.

    \b
    caldavd export --user ada --calendar work work.ics
    caldavd export --user ada --calendar work | grep SUMMARY
    caldavd export --user ada ada.zip
    caldavd export --user ada backup/ada/

    What it writes is one state of the database, even while the server runs.
    """
    if calendar is None and target == STDOUT:
        raise click.UsageError("for all calendars name a .zip file or a folder, for one --calendar")

    async def work(tx: ReadTx) -> int:
        account = await named.account(tx, owner)
        if calendar is not None:
            return await _one(tx, await named.calendar(tx, account, calendar), target)
        calendars = _named(await collections.calendars(tx, account.id))
        if folder and not force:
            _require_new(target / name for name in calendars)
        return await _all(tx, calendars, target)

    folder = calendar is None and target.suffix.lower() != ".zip"
    if folder:
        target.mkdir(parents=True, exist_ok=True)
    elif target != STDOUT and not force:
        _require_new([target])
    count = run.read(run.settings(invocation), work)
    if target != STDOUT:
        click.echo(f"wrote {run.count(count, 'object')} to {target}", err=True)


async def _one(tx: ReadTx, calendar: Collection, target: Path) -> int:
    if target == STDOUT:
        sys.stdout.reconfigure(encoding="utf-8", newline="")  # type: ignore[union-attr]
        return await service.export(tx, calendar, sys.stdout.write)
    with _file(target) as file:
        return await service.export(tx, calendar, file.write)


async def _all(tx: ReadTx, calendars: Mapping[str, Collection], target: Path) -> int:
    if target.suffix.lower() != ".zip":
        return await _each(tx, calendars, lambda name: _file(target / name))
    with _replacing(target) as partial, zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as zip_:
        return await _each(tx, calendars, lambda name: _entry(zip_, name))


async def _each(tx: ReadTx, calendars: Mapping[str, Collection], open_: Open) -> int:
    count = 0
    for name, calendar in calendars.items():
        with open_(name) as file:
            count += await service.export(tx, calendar, file.write)
    return count


def _named(calendars: Iterable[Collection]) -> dict[str, Collection]:
    """Calendars by file names of their own that every system can have."""
    found: dict[str, Collection] = {}
    taken: set[str] = set()
    for calendar in calendars:
        found[_name(calendar, taken)] = calendar
    return found


def _name(calendar: Collection, taken: set[str]) -> str:
    """A file name that is not taken in any case of letters; it is then."""
    stem = named.url_name(calendar.name)
    name, number = f"{stem}.ics", 1
    while name.casefold() in taken:
        number += 1
        name = f"{stem}-{number}.ics"
    taken.add(name.casefold())
    return name


def _require_new(files: Iterable[Path]) -> None:
    """Raises ClickException if one of them exists: it may hold all that is left of a calendar."""
    for file in files:
        if file.exists():
            raise click.ClickException(f"{file} exists already: --force replaces it")


@contextmanager
def _file(path: Path) -> Iterator[TextIO]:
    with _replacing(path) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        yield file


@contextmanager
def _entry(zip_: zipfile.ZipFile, name: str) -> Iterator[TextIO]:
    with (
        zip_.open(name, "w", force_zip64=True) as raw,
        io.TextIOWrapper(raw, encoding="utf-8", newline="") as file,
    ):
        yield file


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """A file beside `path`, for its owner alone, that takes its place once it is whole."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        yield partial
        partial.replace(path)
    except OSError as error:
        # Nobody knows the partial file's name.
        raise click.ClickException(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        partial.unlink(missing_ok=True)
