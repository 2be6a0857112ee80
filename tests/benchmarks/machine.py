"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
import re
import sqlite3
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from tests.benchmarks.processes import Cores


def describe(cores: Cores, postgresql: str | None) -> dict[str, str]:
    """The machine and the versions, in the order in which to show them."""
    described = {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "processor": f"{_model()}, {os.cpu_count()} cores",
        "memory": f"{_memory_gb():.1f} GB",
        "system": platform.platform(),
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "event loop": f"uvloop {_version('uvloop')}" if _version("uvloop") else "asyncio",
        "aiohttp": _version("aiohttp"),
        "SQLite": sqlite3.sqlite_version,
    }
    if postgresql is not None:
        described["PostgreSQL"] = postgresql
    described["cores used"] = _used(cores)
    described["load before"] = load()
    return described


def load() -> str:
    """The load averages of 1, 5 and 15 minutes."""
    return " ".join(f"{value:.1f}" for value in os.getloadavg())


def _used(cores: Cores) -> str:
    if cores.server is None:
        return "one core for all: requests per second and latencies say little"
    return (
        f"server and bare application {cores.server}, generator {cores.generator}, "
        f"PostgreSQL {cores.database}"
    )


def _model() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.machine()
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.M)
    return found[1].strip() if found else platform.machine()


def _memory_gb() -> float:
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""
