"""What there is to say about the zones of the database, and about leap seconds (RFC 7808 §3).

All of it is read from files: call it away from the event loop.
"""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from importlib import resources
from pathlib import Path
from typing import Final

from caldavd import zonedata
from caldavd.ical import tzif
from caldavd.ical.tznames import names

PUBLISHER: Final = "IANA Time Zone Database"
_FORM: Final = b"1"
"""How a VTIMEZONE is written: another number for each change of that."""
_FIRST_LEAP: Final = date(1972, 1, 1)
_FIRST_OFFSET: Final = 10
_LEAP: Final = re.compile(r"Leap\s+(\d{4})\s+(\w{3})\s+(\d+)\s+\S+\s+([+-])")
_EXPIRES: Final = re.compile(r"#expires (\d+)")
_MONTHS: Final = (
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sep",
    "Oct",
    "Nov",
    "Dec",
)


@dataclass(frozen=True, slots=True)
class Zone:
    """A zone as a list shows it (§6.2)."""

    tzid: str
    etag: str
    modified: datetime
    aliases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Listing:
    """All zones of one state of the database."""

    version: str
    token: str
    zones: tuple[Zone, ...]


def listing() -> Listing:
    """The zones there are now."""
    return _listing(zonedata.version())


def version() -> str:
    """The release of the database: `2026a`."""
    return _release(zonedata.version())


def etag(tzid: str) -> str:
    """The tag of a zone's data, without quotes; another when anything about its clocks changes."""
    content = repr((tzid, tzif.history(tzid))).encode()
    return blake2b(_FORM + content, digest_size=10).hexdigest()


@lru_cache(maxsize=1)
def aliases() -> dict[str, str]:
    """Names that mean another zone, and that zone's."""
    links = [line.split() for line in _text("tzdata.zi").splitlines() if line.startswith("L ")]
    targets = {name: target for _, target, name in links}
    found: dict[str, str] = {}
    for name, target in targets.items():
        while target in targets:
            target = targets[target]  # noqa: PLW2901
        if name in names() and target in names():
            found[name] = target
    return found


def leap_seconds() -> tuple[date, list[tuple[int, date]]]:
    """Until when they are known, and from which day on TAI is how many seconds ahead (§6.4).

    Raises LookupError where the database comes without them.
    """
    text = _text("leapseconds")
    expires = _EXPIRES.search(text)
    if expires is None:
        raise LookupError("the zone database comes without leap seconds")
    offset, found = _FIRST_OFFSET, [(_FIRST_OFFSET, _FIRST_LEAP)]
    for year, month, day, sign in _LEAP.findall(text):
        offset += 1 if sign == "+" else -1
        last = date(int(year), _MONTHS.index(month) + 1, int(day))
        found.append((offset, last + timedelta(days=1)))
    return datetime.fromtimestamp(int(expires[1]), UTC).date(), found


@lru_cache(maxsize=1)
def _listing(of: str) -> Listing:
    others: dict[str, list[str]] = {}
    for name, target in aliases().items():
        others.setdefault(target, []).append(name)
    zones = tuple(
        Zone(tzid, etag(tzid), _modified(tzid), tuple(sorted(others.get(tzid, ()))))
        for tzid in sorted(names() - aliases().keys())
    )
    return Listing(_release(of), f"{of}-{_FORM.decode()}", zones)


def _release(of: str) -> str:
    return of.partition("-")[0]


def _modified(tzid: str) -> datetime:
    """When the file of a zone was written."""
    seconds = next((file.stat().st_mtime for file in _files(tzid)), 0)
    return datetime.fromtimestamp(int(seconds), UTC)


def _text(name: str) -> str:
    """A text that comes with the database; the package's where the system's has none."""
    for file in _files(name):
        return file.read_text("ascii", "replace")
    packaged = resources.files("tzdata") / "zoneinfo" / name
    return packaged.read_bytes().decode("ascii", "replace")


def _files(name: str) -> Iterator[Path]:
    places = [Path(place) for place in zoneinfo.TZPATH]
    packaged = resources.files("tzdata") / "zoneinfo"
    if isinstance(packaged, Path):
        places.append(packaged)
    yield from (file for place in places if (file := place / name).is_file())
