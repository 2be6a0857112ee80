"""kill -9 in the middle of 1,000 PUTs: nothing that was acknowledged is lost."""

from __future__ import annotations

import http.client
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.client.served import USER, Served, environment, request, serving, wait_until

CALENDAR: Final = f"/dav/calendars/{USER}/calendar/"
CLIENTS: Final = 4
NAMES: Final = 125
"""Objects of each client, which it writes twice: 1,000 PUTs."""
BEFORE_THE_KILL: Final = 400

SYNC: Final = b"""\
<sync-collection xmlns="DAV:"><sync-token/><sync-level>1</sync-level><prop><getetag/></prop>
</sync-collection>"""


@dataclass(slots=True)
class Writer:
    """A client that writes its objects again and again, and what it knows of each."""

    number: int
    acknowledged: dict[str, bytes] = field(default_factory=dict)
    unanswered: tuple[str, bytes] | None = None
    done: int = 0

    def puts(self) -> Iterator[tuple[str, bytes]]:
        for version in range(2):
            for number in range(NAMES):
                name = f"{self.number}-{number}.ics"
                yield name, event(name, version)

    def run(self, served: Served) -> None:
        """Goes on until all is written or the server has gone."""
        connection = served.connect()
        try:
            for name, body in list(self.puts())[self.done :]:
                self.unanswered = (name, body)
                answer = request(connection, "PUT", CALENDAR + name, body)
                assert answer.status in {201, 204}, answer
                self.acknowledged[name] = body
                self.unanswered = None
                self.done += 1
        except (OSError, http.client.HTTPException):
            pass
        finally:
            connection.close()

    def may_find(self, name: str) -> set[bytes | None]:
        """What the server may hold: what it acknowledged last, or what it never answered."""
        allowed: set[bytes | None] = {self.acknowledged.get(name)}
        if self.unanswered is not None and self.unanswered[0] == name:
            allowed.add(self.unanswered[1])
        return allowed


def event(name: str, version: int) -> bytes:
    lines = ("BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//test//test//", "BEGIN:VEVENT")
    lines += (f"UID:{name}", "DTSTAMP:20261121T080000Z", "DTSTART:20261121T080000Z")
    lines += ("RRULE:FREQ=WEEKLY;COUNT=20", f"SUMMARY:version {version}", f"SEQUENCE:{version}")
    return "".join(f"{one}\r\n" for one in (*lines, "END:VEVENT", "END:VCALENDAR")).encode()


def write(served: Served, writers: list[Writer]) -> list[threading.Thread]:
    threads = [threading.Thread(target=one.run, args=(served,)) for one in writers]
    for one in threads:
        one.start()
    return threads


def test_no_acknowledged_write_is_lost(location: Path | str, tmp_path: Path) -> None:
    environ = environment(location)
    writers = [Writer(number) for number in range(CLIENTS)]

    with serving(tmp_path / "1", environ) as served:
        threads = write(served, writers)
        wait_until(lambda: sum(w.done for w in writers) >= BEFORE_THE_KILL, "400 PUTs", 120)
        served.stop(signal.SIGKILL)
        for one in threads:
            one.join(60)

    written = sum(one.done for one in writers)
    assert BEFORE_THE_KILL <= written < 2 * CLIENTS * NAMES
    with serving(tmp_path / "2", environ) as served:
        check = served.run("db", "check")
        assert check.returncode == 0, check.stdout + check.stderr
        found = contents(served)
        for one in writers:
            for name, _ in one.puts():
                assert found.get(name) in one.may_find(name), name

        for one in write(served, writers):
            one.join(120)

        assert [one.done for one in writers] == [2 * NAMES] * CLIENTS
        assert contents(served) == {
            name: body for one in writers for name, body in one.acknowledged.items()
        }
        assert served.run("db", "check").returncode == 0


def contents(served: Served) -> dict[str, bytes]:
    """What an initial synchronisation lists, each object read by itself."""
    report = served.request("REPORT", CALENDAR, SYNC)
    assert report.status == 207
    connection = served.connect()
    try:
        names = [
            part.partition("<")[0] for part in report.body.decode().split(f"href>{CALENDAR}")[1:]
        ]
        return {name: request(connection, "GET", CALENDAR + name).body for name in names}
    finally:
        connection.close()
