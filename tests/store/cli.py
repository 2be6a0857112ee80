"""The command line as tests use it: in this process, on a database of their own."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from caldavd.cli.main import run


@dataclass(frozen=True, slots=True)
class Done:
    """What a command left: its status, standard output, standard error."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as a script reads it."""
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class Shell:
    """Runs commands."""

    capture: pytest.CaptureFixture[str]
    patch: pytest.MonkeyPatch

    def __call__(self, *arguments: str | Path, stdin: str = "") -> Done:
        """One command; `stdin` is what it can read."""
        self.capture.readouterr()
        stream = io.TextIOWrapper(io.BytesIO(stdin.encode()), encoding="utf-8")
        self.patch.setattr("sys.stdin", stream)
        status = run([str(one) for one in arguments])
        return Done(status, *self.capture.readouterr())


def environment(location: Path | str, data: Path) -> dict[str, str]:
    """The variables that lead commands to a database, and make passwords cheap."""
    url = f"sqlite:///{location}" if isinstance(location, Path) else location
    return {
        "CALDAVD_DATA": str(data),
        "CALDAVD_DATABASE__URL": url,
        "CALDAVD_DATABASE__SQLITE_SYNCHRONOUS": "normal",
        "CALDAVD_AUTH__ARGON2_MEMORY_KIB": "8192",
        "CALDAVD_AUTH__ARGON2_TIME_COST": "1",
    }
