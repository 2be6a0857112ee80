"""python -m tests.benchmarks: see README.md beside this file."""

from __future__ import annotations

import argparse
import asyncio
import os
import pstats
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from importlib import import_module, util
from pathlib import Path
from typing import Any, Final

from tests.benchmarks import alone, items, machine, processes, report, servers
from tests.benchmarks.alone import ALONE, Run
from tests.benchmarks.client import Client, Wrong
from tests.benchmarks.figures import Row
from tests.benchmarks.fill import fill
from tests.benchmarks.measure import Bench, Place
from tests.benchmarks.operations import OPERATIONS, Operation
from tests.benchmarks.processes import Cores
from tests.benchmarks.servers import Caldavd, Cluster
from tests.benchmarks.subject import Subject
from tests.benchmarks.webdav import Asker

DATABASES: Final = ("sqlite", "postgresql")
FEWEST_OBJECTS: Final = 50
PROFILED_LINES: Final = 40


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """What is to be measured."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    keys = [operation.key for operation in OPERATIONS]
    every = [*keys, *(alone.key for alone in ALONE)]
    parser.add_argument("--objects", type=_counts, default=[200, 2000, 20000], metavar="N,...")
    parser.add_argument("--database", type=_among(DATABASES), default=DATABASES, metavar="NAME,...")
    parser.add_argument(
        "--seconds", type=float, default=3.0, help="load for each operation, server and scale"
    )
    parser.add_argument(
        "--only", type=_among(every), default=every, metavar="OP,...", help=", ".join(every)
    )
    parser.add_argument(
        "--imported", type=int, default=10_000, metavar="N", help="events of the import"
    )
    parser.add_argument(
        "--invited", type=int, default=1_000, metavar="N", help="attendees of the large meeting"
    )
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--markdown", type=Path, metavar="FILE")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="SECTION__KEY=VALUE",
        help="a setting of the server, like LOG__LEVEL=warning",
    )
    parser.add_argument(
        "--profile",
        choices=keys,
        metavar="OP",
        help="run one operation with the server profiled, at the first scale and database",
    )
    parser.add_argument("--profile-out", type=Path, metavar="FILE", help="keep the profile")
    return parser.parse_args(given)


def main() -> int:
    """Runs what was asked for; 1 if an answer was wrong."""
    asked = arguments()
    try:
        if asked.profile:
            _profile(asked)
        else:
            _measure(asked)
    except Wrong as error:
        print(f"wrong answer, nothing is reported: {error}", file=sys.stderr)
        return 1
    return 0


def _measure(asked: argparse.Namespace) -> None:
    cores = processes.cores()
    processes.pin(os.getpid(), cores.generator)
    operations = [one for one in OPERATIONS if one.key in asked.only]
    rows: list[Row] = []
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="caldavd-bench-")))
        cluster = None
        if "postgresql" in asked.database:
            cluster = stack.enter_context(servers.postgresql(cores.database))
        described = machine.describe(cores, cluster.version if cluster else None)
        described["settings"] = " ".join(asked.set) or "as they come"
        described["seconds"] = f"{asked.seconds:g} for each figure"
        bare = stack.enter_context(servers.bare(cores.server))
        for database in asked.database:
            with _servers(asked, database, directory, cluster, cores) as running:
                bench = Bench(bare, asked.seconds)
                rows += _run(_database(bench, operations, database, running, cluster, asked))
    described["load after"] = machine.load()
    _report(rows, described, asked)


def _report(rows: list[Row], described: dict[str, str], asked: argparse.Namespace) -> None:
    print(report.text(rows, described))
    if asked.json:
        asked.json.write_text(report.as_json(rows, described))
    if asked.markdown:
        asked.markdown.write_text(report.markdown(rows, described))


def _profile(asked: argparse.Namespace) -> None:
    """One operation, alone, with the server's code under cProfile."""
    operation = next(one for one in OPERATIONS if one.key == asked.profile)
    database, objects = asked.database[0], asked.objects[0]
    cores = processes.cores()
    processes.pin(os.getpid(), cores.generator)
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="caldavd-bench-")))
        out = (asked.profile_out or directory / "profile").absolute()
        cluster = None
        if database == "postgresql":
            cluster = stack.enter_context(servers.postgresql(cores.database))
        url = cluster.create("profile") if cluster else ""
        settings = _settings(asked)
        with servers.caldavd(directory / "data", url, cores.server, settings, out) as server:
            requests = _run(_profiled(operation, server, objects, asked.seconds))
        print(f"{operation.title}, {objects} objects, {database}: {requests} requests\n")
        for order in ("tottime", "cumulative"):
            pstats.Stats(str(out)).sort_stats(order).print_stats(PROFILED_LINES)


async def _profiled(operation: Operation, server: Caldavd, objects: int, seconds: float) -> int:
    subject = await _subject(server, objects)
    source = await operation.prepare(subject)
    client = subject.asker.client
    await client.load(source, operation.connections, seconds / 5)
    os.kill(server.process.pid, signal.SIGUSR1)
    slice_ = await client.load(source, operation.connections, seconds)
    slice_.verify()
    client.close()
    return slice_.requests


@contextmanager
def _servers(
    asked: argparse.Namespace,
    database: str,
    directory: Path,
    cluster: Cluster | None,
    cores: Cores,
) -> Iterator[list[tuple[Caldavd, int]]]:
    """A server for each scale, all at once: those that have nothing to do cost nothing."""
    with ExitStack() as stack:
        running = []
        for objects in asked.objects:
            name = f"{database}-{objects}"
            url = cluster.create(name) if cluster and database == "postgresql" else ""
            server = stack.enter_context(
                servers.caldavd(directory / name, url, cores.server, _settings(asked), None)
            )
            running.append((server, objects))
        yield running


async def _database(
    bench: Bench,
    operations: Sequence[Operation],
    database: str,
    running: Sequence[tuple[Caldavd, int]],
    cluster: Cluster | None,
    asked: argparse.Namespace,
) -> list[Row]:
    pid = cluster.pid if cluster and database == "postgresql" else 0
    places = []
    for server, objects in running:
        _progress(f"{database}: filling {objects} objects")
        places.append(Place(server, await _subject(server, objects), database, pid))
    rows: list[Row] = []
    for operation in operations:
        _progress(f"{database}: {operation.title}")
        rows += await bench.measure(operation, places)
    for one in ALONE:
        if one.key in asked.only:
            _progress(f"{database}: {one.title}")
            rows += await alone.measure(
                one, places, Run(asked.seconds, asked.imported, asked.invited)
            )
    return rows


async def _subject(server: Caldavd, objects: int) -> Subject:
    """The server's calendar, filled."""
    made = items.make(objects)
    await fill(server.location, servers.USER, "calendar", made)
    client = Client(servers.HOST, server.port)
    host = f"{servers.HOST}:{server.port}"
    return Subject(
        Asker(client, host, servers.USER, servers.PASSWORD), servers.CALENDAR, tuple(made)
    )


def _run(work: Any) -> Any:
    """On the fastest loop there is: the generator must not be what limits."""
    factory: Any = None
    if util.find_spec("uvloop") is not None:
        factory = import_module("uvloop").new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(work)


def _settings(asked: argparse.Namespace) -> dict[str, str]:
    pairs = (one.partition("=") for one in asked.set)
    return {f"CALDAVD_{name}": value for name, _, value in pairs}


def _counts(text: str) -> list[int]:
    counts = sorted({int(part) for part in text.split(",")})
    if counts[0] < FEWEST_OBJECTS:
        raise argparse.ArgumentTypeError(f"at least {FEWEST_OBJECTS} objects")
    return counts


def _among(choices: Sequence[str]) -> Any:
    def parse(text: str) -> list[str]:
        wanted = text.split(",")
        if unknown := sorted(set(wanted) - set(choices)):
            raise argparse.ArgumentTypeError(f"{unknown[0]} is not one of {', '.join(choices)}")
        return wanted

    return parse


def _progress(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
