"""Which zone database this process computes with: a name that changes when its rules may have."""

from __future__ import annotations

import hashlib
import zoneinfo
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Final

_SOURCES: Final = ("tzdata.zi", "+VERSION")
"""Files that say what a directory of zones was made of: one text, instead of 1,800 files."""
_VERSION: Final = b"# version "
_COMPILED: Final = b"TZif"
_NOT_ZONES: Final = ("posix", "right")
"""Copies of all zones, which no name of a zone leads to."""


def version() -> str:
    """The release, if the database names it, and a digest of what it was read from.

    zoneinfo looks a name up in each directory of its path, and then in the package `tzdata`. The
    files are read anew each time: call it away from the event loop.
    """
    digest = hashlib.blake2b(digest_size=6)
    release = ""
    for place in zoneinfo.TZPATH:
        for content in _contents(Path(place)):
            release = release or _release(content)
            digest.update(hashlib.blake2b(content).digest())
    package = _package()
    digest.update(package.encode())
    return f"{release or package or 'unknown'}-{digest.hexdigest()}"


def _contents(directory: Path) -> Iterator[bytes]:
    """What tells a directory of zones from another: its sources, or all its zones."""
    sources = [content for name in _SOURCES if (content := _read(directory / name))]
    if sources:
        yield from sources
        return
    for file in sorted(directory.rglob("*")):
        inside = file.relative_to(directory)
        content = b"" if inside.parts[0] in _NOT_ZONES else _read(file)
        if content.startswith(_COMPILED):
            yield str(inside).encode() + b"\0" + content


def _read(file: Path) -> bytes:
    """What a file holds; nothing, if it is none that we can read."""
    try:
        return file.read_bytes()
    except OSError:
        return b""


def _release(content: bytes) -> str:
    """The release that a source names: `2026a`, or nothing."""
    first = content.split(b"\n", 1)[0].removeprefix(_VERSION).strip()
    return first.decode("ascii", "replace") if 4 < len(first) < 12 else ""


def _package() -> str:
    try:
        return version_of("tzdata")
    except PackageNotFoundError:
        return ""
