"""Calendars with meetings that an operator deletes and restores, on both databases."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from caldavd.ical.parse import parse
from caldavd.service import calendars, named
from caldavd.service.save import save
from caldavd.store.connect import connect
from caldavd.store.engine import WriteTx
from tests.store.cli import Shell, environment
from tests.unit.itip.messages import organized

NOW = 1_800_000_000


@pytest.fixture
def caldavd(
    location: Path | str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Shell:
    """The command line on a database in which ann has invited bob, in her calendar work."""
    for name, value in environment(location, tmp_path).items():
        monkeypatch.setenv(name, value)
    shell = Shell(capsys, monkeypatch)
    for name in ("ann", "bob"):
        options = ("--email", f"{name}@example.com", "--password-stdin")
        made = shell("user", "add", name, *options, stdin="a secret that is long\n")
        assert made.status == 0, made.err
    assert shell("calendar", "add", "ann", "work").status == 0
    put(location)
    return shell


def put(location: Path | str) -> None:
    """Puts a meeting into ann's calendar work."""

    async def work(tx: WriteTx) -> None:
        ann = await named.account(tx, "ann")
        calendar = await named.calendar(tx, ann, "work")
        _, locked = await calendars.lock_with_home(tx, ann.id, calendar.id)
        assert locked is not None
        document = parse(organized().encode())
        await save(tx, locked, None, "m.ics", document, NOW, schedule_tag="t")

    async def run() -> None:
        db = await connect(location, pool_size=1, synchronous="off")
        try:
            await db.write(work)
        finally:
            await db.close()

    asyncio.run(run())


def told(caldavd: Shell) -> list[tuple[str, str]]:
    """What is to be delivered to bob, in its order."""
    rows = caldavd("tasks", "list", "--json").json
    return [(one["user"], one["method"]) for one in rows if one["user"] == "bob"]


def test_what_is_deleted_is_cancelled_and_what_is_restored_invites_again(caldavd: Shell) -> None:
    removed = caldavd("calendar", "remove", "ann", "work", "--yes")
    cancelled = told(caldavd)
    restored = caldavd("calendar", "restore", "ann", "work")

    assert (removed.status, cancelled) == (0, [("bob", "CANCEL")])
    assert restored.out == "restored work; invited again to 1 meeting\n"
    assert told(caldavd) == [("bob", "CANCEL"), ("bob", "REQUEST")]


def test_without_scheduling_nobody_is_told(caldavd: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CALDAVD_SCHEDULING__ENABLED", "false")

    caldavd("calendar", "remove", "ann", "work", "--yes")
    restored = caldavd("calendar", "restore", "ann", "work")

    assert restored.out == "restored work\n"
    assert told(caldavd) == []
