"""`caldavd backup` and `caldavd restore`."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from caldavd import clock, parts
from caldavd.cli import run
from caldavd.cli.main import Invocation
from caldavd.store import backup as store
from caldavd.store.archive import Manifest

FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("file", type=FILE)
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
@click.pass_obj
def backup(invocation: Invocation, file: Path, as_json: bool) -> None:
    """Write all that the database holds to FILE, which must not exist yet.

    It is one state of the database; the server may run and be used meanwhile. The file is the
    same for SQLite and PostgreSQL, so that it can be restored into either.

    \b
    caldavd backup /var/backups/caldavd-$(date +%F).zip
    """
    place = parts.location(run.settings(invocation))
    run.prepare(place)
    manifest = asyncio.run(store.backup(place, file, clock.now()))
    _say(f"wrote {file}", manifest, as_json)


@click.command()
@click.argument("file", type=FILE)
@click.option("--verify", is_flag=True, help="Only read all of FILE and say whether it is whole.")
@click.option("--force", is_flag=True, help="Replace the data that the database holds.")
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
@click.pass_obj
def restore(invocation: Invocation, file: Path, verify: bool, force: bool, as_json: bool) -> None:
    """Put a backup into the database: all of it or, if anything is wrong, nothing.

    Clients synchronise from the beginning afterwards. Passwords are those of the backup's time.

    \b
    caldavd restore --verify caldavd-2026-11-21.zip
    caldavd --data /srv/new restore caldavd-2026-11-21.zip
    """
    if verify:
        _say(f"{file} is whole", store.verify(file), as_json)
        return
    place = parts.location(run.settings(invocation))
    manifest = asyncio.run(store.restore(place, file, force=force))
    _say(f"restored {file} into {run.without_password(place)}", manifest, as_json)


def _say(done: str, manifest: Manifest, as_json: bool) -> None:
    rows = {part.table: part.rows for part in manifest.parts}
    if as_json:
        made = run.instant(manifest.created_at)
        run.show_json({"created": made, "schema": manifest.schema, "rows": rows})
        return
    click.echo(
        f"{done}: {run.count(rows['principal'], 'account')}, "
        f"{run.count(rows['calendar_object'], 'object')}, "
        f"as they were at {run.instant(manifest.created_at)}"
    )
