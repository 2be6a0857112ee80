"""DELETE of objects and calendars."""

from __future__ import annotations

import pytest

from caldavd.service import named
from caldavd.store.engine import WriteTx
from tests.protocol.client import Client
from tests.protocol.state import everything, members
from tests.unit.builders import event


@pytest.mark.rfc("4918 9.6")
async def test_a_deleted_object_is_gone(ann: Client, calendar: str):
    await ann.put(calendar + "a.ics", event(uid="a"))
    await ann.put(calendar + "b.ics", event(uid="b"))

    deleted = await ann("DELETE", calendar + "a.ics")

    assert (deleted.status, deleted.body) == (204, b"")
    assert (await ann("GET", calendar + "a.ics")).status == 404
    assert list(await members(ann, calendar)) == [calendar + "b.ics"]


@pytest.mark.rfc("4918 9.6")
async def test_name_and_uid_of_a_deleted_object_are_free(ann: Client, calendar: str):
    await ann.put(calendar + "a.ics", event(uid="a"))
    await ann("DELETE", calendar + "a.ics")

    by_name = await ann.put(calendar + "a.ics", event(uid="b"))
    by_uid = await ann.put(calendar + "c.ics", event(uid="a"))

    assert (by_name.status, by_uid.status) == (201, 201)


@pytest.mark.rfc("4918 9.6")
@pytest.mark.parametrize("path", ["main/no.ics", "no/", "no/no.ics"])
async def test_what_is_not_there_cannot_be_deleted(ann: Client, calendar: str, path: str):
    assert (await ann("DELETE", ann.home + path)).status == 404


@pytest.mark.rfc("4918 9.6.1")
async def test_a_calendar_goes_with_all_it_holds(ann: Client, calendar: str):
    await ann.put(calendar + "a.ics", event(uid="a"))

    deleted = await ann("DELETE", calendar)

    assert deleted.status == 204
    assert (await ann("GET", calendar + "a.ics")).status == 404
    assert (await ann.propfind(calendar)).status == 404
    assert calendar not in (await ann.propfind(ann.home, depth="1")).hrefs


@pytest.mark.rfc("4918 9.6.1")
@pytest.mark.parametrize("depth", ["0", "1", "2"])
async def test_a_calendar_is_not_deleted_by_half(ann: Client, calendar: str, depth: str):
    before = await everything(ann)

    assert (await ann("DELETE", calendar, Depth=depth)).status == 400
    assert await everything(ann) == before


@pytest.mark.rfc("4918 9.6")
@pytest.mark.parametrize("path", ["/", "/dav/", "/dav/principals/ann/", "/dav/calendars/ann/"])
async def test_what_holds_the_account_is_not_deleted(ann: Client, path: str):
    answer = await ann("DELETE", path)

    assert (answer.status, "DELETE" in answer.headers["Allow"]) == (405, False)


async def test_a_deleted_calendar_comes_back_from_the_trash_as_it_was(ann: Client, calendar: str):
    await ann.put(calendar + "a.ics", event(uid="a"))
    before = (await everything(ann))[calendar], await members(ann, calendar)
    await ann("DELETE", calendar)

    await restore(ann, "main")

    assert ((await everything(ann))[calendar], await members(ann, calendar)) == before


async def test_a_calendar_in_the_trash_blocks_neither_its_name_nor_its_uids(
    ann: Client, calendar: str
):
    await ann.put(calendar + "a.ics", event(uid="a"))
    await ann("DELETE", calendar)

    made = await ann("MKCALENDAR", calendar)

    assert made.status == 201
    assert await members(ann, calendar) == {}
    assert (await ann.put(calendar + "a.ics", event(uid="a"))).status == 201


async def restore(client: Client, name: str) -> None:
    """Takes a calendar of a client's user out of the trash, as an operator does."""

    async def work(tx: WriteTx) -> None:
        await named.restore(tx, await named.account(tx, str(client.name)), name, 1_800_000_000)

    await client.server.db.write(work)
