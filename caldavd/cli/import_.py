"""`caldavd import`."""

from __future__ import annotations

import asyncio
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final

import click

from caldavd import clock, parts
from caldavd.cli import run
from caldavd.cli.failure import FAILED
from caldavd.cli.main import Invocation
from caldavd.errors import Failed, Refused
from caldavd.ical.parse import Document, parse
from caldavd.ical.split import Contents, Item, Unreadable, scan, split, stable_uid
from caldavd.ical.validate import Limits
from caldavd.model import Collection
from caldavd.service import import_ as service
from caldavd.service import named
from caldavd.service.import_ import Outcome, Verb
from caldavd.store.engine import Database, ReadTx, WriteTx

BATCH: Final = 100
"""Objects of one transaction: what others have to wait for."""
BATCH_BYTES: Final = 4_000_000
SUFFIXES: Final = (".ics", ".ical")
STDIN: Final = Path("-")
CLEAR_LINE: Final = "\r\x1b[K"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A part of a file that was not taken, and why."""

    file: str
    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Read:
    """A document and where it stands."""

    line: int
    document: Document


@dataclass(slots=True)
class Tally:
    """What became of all that was read so far; `heard` is told of each refusal at once."""

    heard: Callable[[Refusal], object]
    counts: Counter[Verb] = field(default_factory=Counter)
    refusals: list[Refusal] = field(default_factory=list)
    uids: set[int] = field(default_factory=set)
    """Hashes of the UIDs that stood there before."""

    def refuse(self, file: str, line: int, reason: str) -> None:
        """Counts a refusal."""
        self.counts[Verb.REFUSED] += 1
        self.refusals.append(Refusal(file, line, reason))
        self.heard(self.refusals[-1])

    def is_new(self, uid: str) -> bool:
        """Whether this is the first time that the UID is met."""
        known = len(self.uids)
        self.uids.add(hash(uid))
        return len(self.uids) > known


@dataclass(frozen=True, slots=True)
class Target:
    """Where it all goes; `calendar` is None in a dry run that would make it."""

    db: Database
    calendar: Collection | None
    limits: Limits
    quota_bytes: int
    dry: bool


@click.command("import")
@click.argument("source", metavar="FILE|DIR", type=click.Path(path_type=Path))
@click.option("--user", "owner", metavar="USER", required=True, help="Whose calendar.")
@click.option("--calendar", "name", metavar="NAME", required=True, help="Which calendar.")
@click.option("--create", is_flag=True, help="Make the calendar if there is none of that name.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
@click.pass_obj
def import_(
    invocation: Invocation,
    source: Path,
    owner: str,
    name: str,
    create: bool,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Bring an .ics file, or all in a folder and below it, into a calendar.

    \b
    caldavd import old.ics --user ada --calendar work --create
    caldavd import ~/calendars/ --user ada --calendar archive --dry-run
    curl https://example.org/holidays.ics | caldavd import - --user ada --calendar holidays

    It can be run again: what is there already is left alone, what differs is replaced by what the
    file holds. What cannot be taken is named with its file, line and reason, the rest goes in, and
    the status is 1. The server may run meanwhile.
    """
    config = run.settings(invocation)
    tally = Tally(_ignore if as_json else _say)

    async def work() -> None:
        async with run.database(config) as db:
            with _files(source) as files:
                calendar = await _calendar(db, (owner, name), files, create, dry_run)
                bounds = parts.limits(config), config.limits.quota_bytes
                target = Target(db, calendar, *bounds, dry_run)
                await _take_all(target, files, tally)

    asyncio.run(work())
    if as_json:
        run.show_json(_json(tally, dry_run))
    else:
        click.echo(_summary(tally, dry_run))
    return FAILED if tally.refusals else 0


async def _take_all(target: Target, files: Sequence[Path], tally: Tally) -> None:
    """Every file, in batches, with a bar that moves by their bytes."""
    sizes = [max(file.stat().st_size, 1) for file in files]
    hidden = not sys.stderr.isatty()
    with click.progressbar(length=sum(sizes), file=sys.stderr, hidden=hidden) as bar:
        for file, size in zip(files, sizes, strict=True):
            with file.open("rb") as stream:
                contents = scan(stream)
                share = size / max(len(contents.entries), 1)
                for batch in _batches(stream, contents, file.name, target.limits, tally):
                    started = time.monotonic()
                    await _take(target, file.name, batch, tally)
                    bar.update(int(share * len(batch)))
                    # Whoever waits for the database gets as long as it was held.
                    await asyncio.sleep(min(time.monotonic() - started, 0.1))


async def _take(target: Target, file: str, batch: Sequence[Read], tally: Tally) -> None:
    documents = [one.document for one in batch]
    calendar = target.calendar
    outcomes: list[Outcome]
    if target.dry or calendar is None:
        outcomes = await target.db.read(lambda tx: service.foresee(tx, calendar, documents))
    else:
        outcomes = await target.db.write(
            lambda tx: service.take(tx, calendar, documents, clock.now(), target.quota_bytes)
        )
    for one, outcome in zip(batch, outcomes, strict=True):
        if outcome.reason is not None:
            tally.refuse(file, one.line, outcome.reason)
        else:
            tally.counts[outcome.verb] += 1


def _batches(
    stream: BinaryIO, contents: Contents, file: str, limits: Limits, tally: Tally
) -> Iterator[list[Read]]:
    """What a file holds, read, a transaction's worth at a time."""
    batch: list[Read] = []
    size = 0
    for item in split(stream, contents, stable_uid, limits):
        found = _read(item, file, limits, tally)
        if found is None:
            continue
        batch.append(found)
        size += len(found.document.text)
        if len(batch) == BATCH or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _read(item: Item | Unreadable, file: str, limits: Limits, tally: Tally) -> Read | None:
    """The document of an item; None if it is refused."""
    if isinstance(item, Unreadable):
        tally.refuse(file, item.line, item.reason)
        return None
    try:
        document = parse(item.text.encode(), limits)
    except Refused as refused:
        tally.refuse(file, item.line, refused.reason)
        return None
    if not tally.is_new(document.uid):
        tally.refuse(
            file, item.line, f"the UID {document.uid} stands there twice: the first is taken"
        )
        return None
    return Read(item.line, document)


async def _calendar(
    db: Database, place: tuple[str, str], files: Sequence[Path], create: bool, dry: bool
) -> Collection | None:
    """The calendar by account and name, made if that is wanted."""
    owner, name = place
    color = _color(files[0]) if create and files else None

    async def find(tx: ReadTx) -> Collection | None:
        account = await named.account(tx, owner)
        try:
            return await named.calendar(tx, account, name)
        except Failed as error:
            if create and error.status == 404:
                return None
            raise

    async def make(tx: WriteTx) -> Collection:
        account = await named.account(tx, owner)
        return await named.add(tx, account, named.New(name, color=color), clock.now())

    found = await db.read(find)
    if found is not None and found.subscribed:
        raise Failed(409, f"{name} is filled from a feed: import into another calendar")
    return found if found is not None or dry else await db.write(make)


def _color(file: Path) -> str | None:
    """The colour that a file gives its calendar."""
    with file.open("rb") as stream:
        lines = scan(stream).properties
    values = [line.value for line in lines if line.name == "X-APPLE-CALENDAR-COLOR"]
    return run.color(values[0]) if values else None


@contextmanager
def _files(source: Path) -> Iterator[list[Path]]:
    """The files to read, in order. What comes by standard input is kept in one for that time."""
    if source != STDIN:
        yield _below(source) if source.is_dir() else [source]
        return
    with tempfile.TemporaryDirectory(prefix="caldavd-") as directory:
        file = Path(directory) / "stdin"
        with file.open("wb") as copy:
            shutil.copyfileobj(sys.stdin.buffer, copy)
        yield [file]


def _below(folder: Path) -> list[Path]:
    """The calendar files in a folder and below it, hidden ones left out."""
    found = [
        path
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in SUFFIXES
        and path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    ]
    if not found:
        raise click.ClickException(f"there is no {' or '.join(SUFFIXES)} file in {folder}")
    return found


def _ignore(_: Refusal) -> None:
    """JSON is printed at the end."""


def _say(refusal: Refusal) -> None:
    over = CLEAR_LINE if sys.stderr.isatty() else ""  # the bar is drawn again below
    click.echo(f"{over}{refusal.file}:{refusal.line}: refused: {refusal.reason}", err=True)


def _summary(tally: Tally, dry: bool) -> str:
    counts = ", ".join(f"{tally.counts[verb]} {verb.value}" for verb in Verb)
    return f"{counts} (nothing was written)" if dry else counts


def _json(tally: Tally, dry: bool) -> dict[str, object]:
    return {
        "dry_run": dry,
        **{verb.value: tally.counts[verb] for verb in Verb},
        "refusals": [
            {"file": one.file, "line": one.line, "reason": one.reason} for one in tally.refusals
        ],
    }
