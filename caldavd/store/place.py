"""Where a SQLite database is: whether it is there, making it, whether it can be written."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory

from caldavd.store.engine import Unavailable


def is_there(file: Path) -> bool:
    """Whether there is such a file. Raises Unavailable where that cannot be told."""
    try:
        return file.exists()
    except OSError as error:
        raise _unusable("look for", file, error) from error


def make(file: Path) -> None:
    """Makes the file if it is missing, for its owner alone: it will hold password hashes.

    Raises Unavailable where that cannot be done.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise _unusable("write" if os.path.exists(file) else "make", file, error) from error


def require_writable(file: Path) -> None:
    """Raises Unavailable unless this user can write the file, or make it, and others beside it.

    It is tried out: who may write where is more than the bits of a directory say.
    """
    there = is_there(file)
    nearest = next(folder for folder in file.absolute().parents if os.path.exists(folder))
    try:
        if there:
            os.close(os.open(file, os.O_RDWR))
        TemporaryDirectory(prefix=".caldavd-", dir=nearest).cleanup()
    except OSError as error:
        raise _unusable("write" if there else "make", file, error) from error


def _unusable(verb: str, file: Path, error: OSError) -> Unavailable:
    return Unavailable(
        f"cannot {verb} {file}: {error.strerror}: name a directory that this user can write, "
        "by --data or `data` in the settings"
    )
