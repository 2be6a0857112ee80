"""The file of a backup: a ZIP of one JSON-lines member a table, and a manifest at the end.

A line is a row: a JSON array of values in the order of the manifest's columns. Nothing in it is
particular to the database that it came from.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

FORMAT: Final = 1
_MANIFEST: Final = "manifest.json"
_BROKEN: Final = (zipfile.BadZipFile, zlib.error, KeyError, TypeError, ValueError, EOFError)


class BackupError(Exception):
    """A backup cannot be written, read or restored; the message says why, in one line."""


@dataclass(frozen=True, slots=True)
class Part:
    """One table of a backup; `digest` is the BLAKE2b of its lines."""

    table: str
    columns: tuple[str, ...]
    rows: int
    digest: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a backup holds; `schema` is the version of the database that it was taken from."""

    format: int
    program: str
    schema: str
    created_at: int
    parts: tuple[Part, ...]
    """In an order in which rows come after those that they refer to."""


@contextmanager
def new(file: Path) -> Iterator[zipfile.ZipFile]:
    """An archive that becomes `file`, on the disk for good, if nothing is raised meanwhile.

    Only its owner can read it. Raises BackupError if `file` exists or cannot be made.
    """
    _refuse_existing(file)
    try:
        descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=file.name, suffix=".partial")
    except OSError as error:  # it names the partial file, which nobody knows
        raise BackupError(f"cannot write {file}: {error.strerror}") from error
    partial = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
                yield archive
            stream.flush()
            os.fsync(stream.fileno())
        _refuse_existing(file)
        partial.rename(file)
        _sync_folder(file.parent)
    finally:
        partial.unlink(missing_ok=True)


class TableWriter:
    """Takes the rows of one table, then says what they were."""

    def __init__(self, archive: zipfile.ZipFile, table: str, columns: Sequence[str]) -> None:
        self._stream = archive.open(_member(table), "w", force_zip64=True)
        self._hash = hashlib.blake2b()
        self._table = table
        self._columns = tuple(columns)
        self._rows = 0

    def write(self, rows: Sequence[Sequence[Any]]) -> None:
        """Adds rows."""
        lines = "".join(
            json.dumps(list(row), ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows
        ).encode()
        self._hash.update(lines)
        self._stream.write(lines)
        self._rows += len(rows)

    def close(self) -> Part:
        """Ends the table; another can follow."""
        self._stream.close()
        return Part(self._table, self._columns, self._rows, self._hash.hexdigest())


def finish(archive: zipfile.ZipFile, manifest: Manifest) -> None:
    """Adds the manifest; a file without it is no backup."""
    archive.writestr(_MANIFEST, json.dumps(asdict(manifest), indent=1))


@contextmanager
def opened(file: Path) -> Iterator[tuple[zipfile.ZipFile, Manifest]]:
    """An archive and its manifest. Raises BackupError, also for what is found broken later."""
    try:
        with zipfile.ZipFile(file) as archive:
            yield archive, _manifest(json.loads(archive.read(_MANIFEST)))
    except FileNotFoundError as error:
        raise BackupError(f"{file} does not exist") from error
    except _BROKEN as error:
        raise BackupError(f"{file} is no backup of caldavd, or is damaged: {error}") from error


def rows(archive: zipfile.ZipFile, part: Part) -> Iterator[list[Any]]:
    """The rows of a table, one at a time. Raises ValueError if they are not what was written."""
    found = hashlib.blake2b()
    count = 0
    with archive.open(_member(part.table)) as stream:
        for line in stream:
            found.update(line)
            count += 1
            yield json.loads(line)
    if (count, found.hexdigest()) != (part.rows, part.digest):
        raise ValueError(f"table {part.table} is not as it was written")


def verify(file: Path) -> Manifest:
    """Reads all of a backup and compares it with its manifest. Raises BackupError."""
    with opened(file) as (archive, manifest):
        for part in manifest.parts:
            for row in rows(archive, part):
                if len(row) != len(part.columns):
                    raise ValueError(f"a row of table {part.table} has {len(row)} values")
        return manifest


def batches(source: Iterable[list[Any]], size: int) -> Iterator[list[list[Any]]]:
    """The items in lists of at most `size`."""
    pending = iter(source)
    while batch := list(islice(pending, size)):
        yield batch


def _manifest(values: dict[str, Any]) -> Manifest:
    if values["format"] != FORMAT:
        raise ValueError(f"it has format {values['format']}, and this program reads {FORMAT}")
    parts = tuple(
        Part(part["table"], tuple(part["columns"]), part["rows"], part["digest"])
        for part in values["parts"]
    )
    return Manifest(FORMAT, values["program"], values["schema"], values["created_at"], parts)


def _member(table: str) -> str:
    return f"{table}.jsonl"


def _refuse_existing(file: Path) -> None:
    if file.exists():
        raise BackupError(f"{file} exists already: give another name, or remove it first")


def _sync_folder(folder: Path) -> None:
    """Makes the new name itself durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
