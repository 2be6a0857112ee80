"""Where the migrations are: schema/ in the checkout, caldavd/schema/ in the wheel."""

from __future__ import annotations

from pathlib import Path


def directory() -> Path:
    """The folder that Alembic calls the script location."""
    package = Path(__file__).resolve().parents[1]
    installed = package / "schema"
    return installed if installed.is_dir() else package.parent / "schema"


def newest() -> str:
    """The newest version, as the names of the files say it: `0001_first.py` is `0001`."""
    files = (directory() / "versions").glob("[0-9]*.py")
    return max(file.name.partition("_")[0] for file in files)
