"""Makes the pictures of terminals in this directory, by running the real commands.

    python docs/pictures/make.py

Passwords, times, ports and directories are masked, so that the same program makes the same
pictures.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from html import escape
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
ICS: Final = HERE.parents[1] / "fixtures" / "ics" / "export.ics"
START_S: Final = 30
CELL: Final = 8.43
LINE: Final = 20
COLUMNS: Final = 88
MASKS: Final = (
    (r"\b[a-z]{5}(-[a-z]{5}){3}\b", "•••••-•••••-•••••-•••••"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "2026-01-01T08:00:00Z"),
    (r"127\.0\.0\.1:\d+", "127.0.0.1:8008"),
    (r"caldavd-doctor-[0-9a-f]{8}", "caldavd-doctor-1a2b3c4d"),
)
COLOURS: Final = {"$": "#7ee787", "ok": "#7ee787", "warning": "#e3b341", "failed": "#ff7b72"}


def main() -> None:
    """Writes first-start.svg and first-steps.svg."""
    with tempfile.TemporaryDirectory() as home, _serving(Path(home)) as said:
        port = re.findall(r"127\.0\.0\.1:(\d+)", said)[0]
        _write("first-start.svg", "caldavd serve", _prompted("caldavd serve", said, home))
        lines: list[str] = []
        for command, given in (
            ('caldavd user add ada --display-name "Ada Lovelace" --password-stdin', "a secret\n"),
            ("caldavd import old-calendar.ics --user ada --calendar work --create", ""),
            ('caldavd app-password add ada "Ada\'s phone"', ""),
            ("caldavd calendar list ada", ""),
            ("caldavd doctor --user ada", ""),
        ):
            shown = command.replace("--password-stdin", "--password-stdin < password.txt")
            lines += [*_prompted(shown, _run(Path(home), port, command, given), home), ""]
        _write("first-steps.svg", "the first steps", lines[:-1])


@contextmanager
def _serving(home: Path) -> Iterator[str]:
    """A first start in an empty home directory; what it printed."""
    (home / "old-calendar.ics").write_bytes(ICS.read_bytes())
    out = home / "out"
    with out.open("wb") as file:
        line = [sys.executable, "-m", "caldavd", "serve", "--port", "0"]
        process = subprocess.Popen(line, stdout=file, stderr=subprocess.DEVNULL, env=_environ(home))
    try:
        end = time.monotonic() + START_S
        while "python-caldav" not in (said := out.read_text()):
            if time.monotonic() > end or process.poll() is not None:
                raise SystemExit("the server does not start")
            time.sleep(0.1)
        yield said
    finally:
        process.terminate()
        process.wait()


def _run(home: Path, port: str, command: str, given: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *shlex.split(command)],
        input=given,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=True,
        cwd=home,
        env={**_environ(home), "CALDAVD_SERVER__PORT": port, "PYTHONUNBUFFERED": "1"},
    )
    return done.stdout


def _environ(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name[:8] != "CALDAVD_"}
    return {**kept, "HOME": str(home), "XDG_DATA_HOME": "", "COLUMNS": str(COLUMNS)}


def _prompted(command: str, said: str, home: str) -> list[str]:
    for pattern, mask in MASKS:
        said = re.sub(pattern, mask, said)
    return [f"$ {command}", *said.replace(home, "~").rstrip().splitlines()]


def _write(name: str, title: str, lines: Sequence[str]) -> None:
    width = round(COLUMNS * CELL + 32)
    height = LINE * len(lines) + 58
    text = "\n".join(_text(number, line) for number, line in enumerate(lines))
    (HERE / name).write_text(
        f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}"
 role="img" aria-label="A terminal: {escape(title)}">
<rect width="{width}" height="{height}" rx="8" fill="#161b22"/>
<circle cx="18" cy="17" r="5" fill="#ff5f57"/><circle cx="36" cy="17" r="5" fill="#febc2e"/>
<circle cx="54" cy="17" r="5" fill="#28c840"/>
<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
 font-size="14" fill="#e6edf3" xml:space="preserve">
{text}
</g>
</svg>
""",
        "utf-8",
    )
    print(f"wrote {name}")


def _text(number: int, line: str) -> str:
    word = line.split(" ", 1)[0]
    rest = line[len(word) :]
    inside = escape(line)
    if word in COLOURS:
        inside = f'<tspan fill="{COLOURS[word]}">{word}</tspan>{escape(rest)}'
    return f'<text x="16" y="{52 + LINE * number}">{inside}</text>'


if __name__ == "__main__":
    main()
