"""`db check`: a sound database has no finding, and every damage has its own."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

import asyncpg
import pytest

from caldavd.service.check import check
from caldavd.store import schema
from caldavd.store.check import Finding
from caldavd.store.connect import connect
from caldavd.store.engine import Database
from caldavd.store.rules import RULES
from tests import sample

NOW: Final = sample.NOW
YEAR_S: Final = 365 * 86_400

DROP_FOREIGN_KEYS: Final = """
DO $$ DECLARE found record; BEGIN
  FOR found IN
    SELECT conrelid::regclass AS held, conname FROM pg_constraint WHERE contype = 'f'
  LOOP
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', found.held, found.conname);
  END LOOP;
END $$
"""
MONTHLY: Final = "(SELECT min(id) FROM calendar_object WHERE name = 'monthly.ics')"
CALENDAR: Final = f"(SELECT collection_id FROM calendar_object WHERE id = {MONTHLY})"
HOME: Final = "(SELECT id FROM collection WHERE kind = 'home' ORDER BY revision DESC LIMIT 1)"

BOB: Final = "(SELECT id FROM principal WHERE name = 'bob')"

DAMAGES: Final = {
    "address without principal": "INSERT INTO address VALUES ('x@example.com', 7, 0)",
    "app password without principal": "UPDATE app_password SET principal_id = 7",
    "collection without principal": "UPDATE collection SET owner_id = 7 WHERE name = 'old'",
    "object without calendar": f"UPDATE calendar_object SET collection_id = 7 WHERE id = {MONTHLY}",
    "change without collection": "UPDATE change SET owner_id = 7 WHERE name = 'task.ics'",
    "occurrence without object": f"UPDATE occurrence SET kind = 1 WHERE object_id = {MONTHLY}",
    "property without resource": "UPDATE property SET owner_id = 7",
    "membership without group": "UPDATE principal SET kind = 'room' WHERE name = 'staff'",
    "delegation without principals": "UPDATE delegation SET level = 7",
    "access entry without resource": "UPDATE ace SET owner_id = 7",
    "access entry for nobody": "UPDATE ace SET principal_id = 7 WHERE principal_id > 0",
    "personal part without object": "UPDATE personal SET collection_id = 7",
    "personal part without reader": "UPDATE personal SET reader_id = owner_id",
    "link without collection": "UPDATE link SET owner_id = 7",
    "subscription without calendar": "UPDATE subscription SET owner_id = 7",
    "subscribed calendar without subscription": "DELETE FROM subscription",
    "share without calendar": "UPDATE share SET owner_id = 7",
    "share with nobody": "UPDATE share SET sharee_id = 7 WHERE level = 3",
    "calendar that does not know of its shares": "UPDATE collection SET shared = 0",
    "invitation without calendar": "UPDATE invitation SET owner_id = 7",
    "invitation whose answer is another": "UPDATE invitation SET answer = 2",
    "mount beside a calendar": f"UPDATE collection SET name = 'ada-default', owner_id = {BOB} "
    "WHERE name = 'holidays'",
    "notification without collection": "UPDATE notification SET owner_id = 7",
    "notification without change": "DELETE FROM change WHERE name LIKE '%.xml'",
    "change without notification": "DELETE FROM notification",
    "lock without collection": "UPDATE dav_lock SET owner_id = 7",
    "lock without creator": "UPDATE dav_lock SET creator_id = 7",
    "principal without inbox": "UPDATE collection SET kind = 'outbox' WHERE kind = 'inbox'",
    "principal without outbox": "UPDATE collection SET kind = 'inbox' WHERE kind = 'outbox'",
    "duplicate box": "UPDATE collection SET kind = 'inbox' WHERE kind = 'outbox'",
    "default calendar of another": f"UPDATE scheduling SET owner_id = {BOB}",
    "task without owner or message": "UPDATE task SET message_id = 7",
    "mail without sender": "UPDATE mailed SET owner_id = 7",
    "language that there is not": "UPDATE principal SET language = 'xx' WHERE name = 'ada'",
    "room without policy": "UPDATE room SET policy = ''",
    "room that is none, or that nobody can book": "UPDATE room SET bookers_id = 7",
    "size of a collection": f"UPDATE collection SET size_bytes = 7 WHERE id = {CALENDAR}",
    "object without change": "DELETE FROM change WHERE name = 'monthly.ics'",
    "change without object": "UPDATE change SET deleted = 0 WHERE name = 'lunch.ics'",
    "change seen by the wrong": "UPDATE change SET vanished = NULL WHERE name = 'doctor.ics'",
    "change without calendar": f"UPDATE change SET deleted = 0 WHERE collection_id = {HOME}",
    "revision behind its changes": f"UPDATE collection SET revision = 2 WHERE id = {CALENDAR}",
    "floor above revision": f"UPDATE collection SET floor = 99 WHERE id = {CALENDAR}",
    "duplicate UID": f"UPDATE calendar_object SET uid = 'same' WHERE collection_id = {CALENDAR}",
    "duplicate name": "UPDATE collection SET name = 'default' WHERE kind = 'calendar'",
    "principal without home": f"UPDATE collection SET trashed_at = 1 WHERE id = {HOME}",
    "component that its calendar does not take": "UPDATE collection SET components = 'VTODO'",
    "entity tag": f"UPDATE calendar_object SET etag = 'x' WHERE id = {MONTHLY}",
    "size": f"UPDATE calendar_object SET size_bytes = 1 WHERE id = {MONTHLY}",
    "text": f"UPDATE calendar_object SET content = 'BEGIN:VCALENDAR' WHERE id = {MONTHLY}",
    "access": "UPDATE calendar_object SET access = 0 WHERE name = 'doctor.ics'",
    "index": f"DELETE FROM occurrence WHERE object_id = {MONTHLY} AND starts > {NOW + YEAR_S}",
}
UNIQUE: Final = {
    "duplicate UID": "ALTER TABLE calendar_object "
    "DROP CONSTRAINT uq_calendar_object_collection_id_uid",
    "duplicate name": "DROP INDEX uq_collection_owner_id_name",
}
"""What keeps the damage from being done, with names of PostgreSQL where they differ."""


async def found_in(location: Path | str, now: int = NOW) -> list[Finding]:
    database = await connect(location)
    try:
        return await database.read(lambda tx: check(tx, now))
    finally:
        await database.close()


def damage(location: Path | str, *statements: str) -> None:
    """Runs statements that nothing holds back."""
    if isinstance(location, Path):
        with closing(sqlite3.connect(location)) as connection, connection:
            for statement in statements:
                connection.execute(statement)
        return

    async def run() -> None:
        connection = await asyncpg.connect(location)
        for statement in (DROP_FOREIGN_KEYS, *statements):
            await connection.execute(statement)
        await connection.close()

    asyncio.run(run())


@pytest.fixture
def filled(blank_location: Path | str) -> Path | str:
    """A sample database of its own, that may be damaged beyond reuse."""

    async def fill() -> None:
        database = await connect(blank_location, synchronous="off")
        await sample.fill(database)
        await database.close()

    schema.upgrade(blank_location)
    asyncio.run(fill())
    return blank_location


@pytest.mark.parametrize("years", [0, 1, 5])
async def test_a_sound_database_has_no_finding_however_old(db: Database, years: int) -> None:
    await sample.fill(db)

    assert await db.read(lambda tx: check(tx, NOW + years * YEAR_S)) == []


@pytest.mark.parametrize("rule", DAMAGES)
def test_each_damage_is_found(filled: Path | str, rule: str) -> None:
    if rule == "duplicate UID" and isinstance(filled, Path):
        # SQLite cannot drop a constraint: make the table anew without it.
        damage(
            filled,
            "ALTER TABLE calendar_object RENAME TO strict",
            "CREATE TABLE calendar_object AS SELECT * FROM strict",
            "DROP TABLE strict",
            DAMAGES[rule],
        )
    else:
        damage(filled, *(UNIQUE[rule] for _ in range(rule in UNIQUE)), DAMAGES[rule])

    assert rule in {finding.rule for finding in asyncio.run(found_in(filled))}


def test_every_rule_has_a_damage() -> None:
    in_texts = {"entity tag", "size", "text", "access", "index"}

    assert {rule.name for rule in RULES} | in_texts == DAMAGES.keys()


def test_a_finding_says_which_row(filled: Path | str) -> None:
    damage(filled, DAMAGES["size"])

    collection, finding = asyncio.run(found_in(filled))

    assert (collection.rule, finding.rule) == ("size of a collection", "size")
    assert "monthly.ics" in finding.what
    assert "1 bytes" in finding.what


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE occurrence SET ends = ends + 60 WHERE starts = (SELECT max(starts) FROM occurrence"
        f" WHERE object_id = {MONTHLY} AND starts < {NOW})",
        f"UPDATE occurrence SET busy = 0 WHERE object_id = {MONTHLY}",
        f"UPDATE calendar_object SET uid = 'other' WHERE id = {MONTHLY}",
        f"UPDATE calendar_object SET component = 'VJOURNAL' WHERE id = {MONTHLY}",
    ],
)
def test_a_wrong_index_row_is_found(filled: Path | str, statement: str) -> None:
    damage(filled, statement)

    assert "index" in {finding.rule for finding in asyncio.run(found_in(filled, NOW + YEAR_S))}
