"""What a TZID means by its name alone: a key of the zone database (RFC 5545 §3.2.19, RFC 7808)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib import resources
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from caldavd.ical.windows import WINDOWS

UTC_KEY: Final = "Etc/UTC"
_UTC: Final = frozenset({"UTC", "GMT", "Z", "ETC/UTC"})
_NO_NAMES: Final = frozenset({"localtime", "posixrules", "Factory"})
"""What a database has beside zones: the zone of this machine, and two that stand for none."""
_COPIES: Final = ("posix/", "right/")


@lru_cache(maxsize=1)
def names() -> frozenset[str]:
    """The names of all zones of the database, other names of the same included."""
    listed = (resources.files("tzdata") / "zones").read_text("ascii").split()
    return frozenset(listed) - _NO_NAMES


@lru_cache(maxsize=1024)
def key_of(tzid: str) -> str | None:
    """The key of the zone that a name means, or None.

    Names may have a prefix as libraries write them (`/mozilla.org/20050126_1/Europe/Berlin`), be
    those of Windows, and be written in any case.
    """
    name = tzid.strip().strip('"')
    if name.upper() in _UTC:
        return UTC_KEY
    if not name.isprintable():
        return None
    return next((key for one in _candidates(name) if (key := _key(one)) is not None), None)


def _candidates(name: str) -> Iterator[str]:
    """A name, and what is left of it without the prefix of whoever wrote it."""
    if not name.startswith("/"):
        yield name
        return
    parts = [part for part in name.split("/") if part]
    yield from ("/".join(parts[index:]) for index in range(1, len(parts)))


def _key(name: str) -> str | None:
    """The key that is exactly the name, else the one that is so but for letter case."""
    if not name or name in _NO_NAMES or name.startswith(_COPIES):
        return None
    if name in names():
        return name
    key = _by_lower_case().get(name.lower())
    if key is not None:
        return key
    # The system's database may be newer than the list of names.
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


@lru_cache(maxsize=1)
def _by_lower_case() -> Mapping[str, str]:
    known = {name.lower(): key for name, key in WINDOWS.items()}
    known.update((name.lower(), name) for name in names())
    return MappingProxyType(known)
