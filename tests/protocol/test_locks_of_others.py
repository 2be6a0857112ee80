"""Locks and quotas in the home of another: who may lock, who ends a lock, whose quota it is."""

from __future__ import annotations

import pytest

from caldavd.dav.server import Server
from caldavd.service import locks, named
from caldavd.store import quota
from caldavd.store.engine import Database, WriteTx
from tests.protocol.client import NS, Client
from tests.protocol.conftest import add_user
from tests.protocol.locking import active, held, lock, locked_by, lockinfo, tokens, unlock
from tests.protocol.people import ace, delegate, grant, href
from tests.unit.builders import event

BOB = href("bob")
ACL = "<D:acl xmlns:D='DAV:'/>"
HREF = "D:need-privileges/D:resource/D:href"


async def bound(db: Database, name: str, bytes_: int) -> None:
    """Gives somebody a quota."""

    async def work(tx: WriteTx) -> None:
        await quota.set_(tx, (await named.account(tx, name)).id, bytes_)

    await db.write(work)


async def used(client: Client, path: str) -> tuple[int, str | None]:
    """The status of quota-used-bytes, and how much it is."""
    status, element = (await client.propfind(path, "D:quota-used-bytes")).props()[
        "{DAV:}quota-used-bytes"
    ]
    return status, element.text


@pytest.mark.rfc("4918 6.4")
@pytest.mark.rfc("4918 7.5")
async def test_a_delegates_lock_keeps_the_owner_out_and_lets_the_delegate_in(
    ann: Client, bob: Client, stored: str
):
    await delegate(ann, "write", "bob")

    token = await lock(bob, stored)

    kept_out = await ann.put(stored, event(uid="a", summary="Ann's"))
    stolen = await ann.put(stored, event(uid="a", summary="Ann's"), **held(token))
    let_in = await bob.put(stored, event(uid="a", summary="Bob's"), **held(token))
    assert locked_by(kept_out) == (423, "{DAV:}lock-token-submitted", stored)
    assert (stolen.status, let_in.status) == (423, 204)
    assert await tokens(ann, stored) == {token}


@pytest.mark.rfc("3744 3.5")
async def test_the_owner_ends_a_delegates_lock(ann: Client, bob: Client, stored: str):
    await delegate(ann, "write", "bob")
    token = await lock(bob, stored)

    status = await unlock(ann, stored, token)

    assert (status, await tokens(ann, stored)) == (204, set())


@pytest.mark.rfc("3744 3.5")
async def test_a_delegate_ends_no_lock_of_the_owners(ann: Client, bob: Client, stored: str):
    await delegate(ann, "write", "bob")
    token = await lock(ann, stored)

    answer = await bob("UNLOCK", stored, Lock_Token=f"<{token}>")

    assert (answer.status, answer.condition) == (403, "{DAV:}need-privileges")
    assert answer.xml.find(".//{DAV:}unlock") is not None
    assert await tokens(ann, stored) == {token}


@pytest.mark.rfc("3744 3.5")
@pytest.mark.parametrize("granted", ["D:unlock", "D:all"])
async def test_who_holds_unlock_ends_the_locks_of_others(
    ann: Client, bob: Client, calendar: str, stored: str, granted: str
):
    await grant(ann, calendar, ace(BOB, "D:read", granted))
    on_object, on_calendar = await lock(ann, stored, "shared"), await lock(ann, calendar, "shared")

    statuses = [await unlock(bob, stored, token) for token in (on_object, on_calendar)]

    assert (statuses, await tokens(ann, stored)) == ([204, 204], set())


@pytest.mark.rfc("3744 3.5")
async def test_unlock_on_a_calendar_does_not_end_a_lock_of_the_home(
    ann: Client, bob: Client, calendar: str, stored: str
):
    """It is found through the calendar, and protects what is none of the actor's business."""
    await grant(ann, calendar, ace(BOB, "D:all"))
    token = await lock(ann, ann.home)

    answers = [await bob("UNLOCK", path, Lock_Token=f"<{token}>") for path in (calendar, stored)]

    assert [answer.status for answer in answers] == [403, 403]
    assert [answer.xml.findtext(HREF, "", NS) for answer in answers] == [ann.home, ann.home]
    assert await tokens(ann, ann.home) == {token}


@pytest.mark.rfc("3744 3.5")
async def test_whose_access_was_taken_away_has_left_a_lock_that_the_owner_ends(
    ann: Client, bob: Client, calendar: str, stored: str
):
    await grant(ann, calendar, ace(BOB, "D:read", "D:write"))
    token = await lock(bob, stored)
    await grant(ann, calendar)

    assert (await bob.put(stored, event(uid="a"), **held(token))).status == 404
    assert await unlock(bob, stored, token) == 404
    assert await unlock(ann, stored, token) == 204


@pytest.mark.rfc("4918 9.10")
@pytest.mark.parametrize(
    ("path", "privilege"), [("", "write-content"), ("a.ics", "write-content"), ("new", "bind")]
)
async def test_who_only_reads_takes_no_lock_and_sees_those_of_others(
    ann: Client, bob: Client, calendar: str, stored: str, path: str, privilege: str
):
    await delegate(ann, "read", "bob")
    token = await lock(ann, stored)

    answer = await bob("LOCK", calendar + path, lockinfo())

    assert (answer.status, answer.condition) == (403, "{DAV:}need-privileges")
    assert answer.xml.find(f".//{{DAV:}}{privilege}") is not None
    assert await tokens(bob, stored) == {token}


@pytest.mark.rfc("4918 9.9")
@pytest.mark.rfc("4918 7.5")
async def test_a_move_between_homes_needs_the_tokens_of_both(
    ann: Client, bob: Client, calendar: str, stored: str
):
    await delegate(ann, "write", "bob")
    to = bob.home + "calendar/a.ics"
    theirs, mine = await lock(bob, calendar), await lock(bob, bob.home + "calendar/")

    one = await bob("MOVE", stored, Destination=to, **held(theirs))
    other = await bob("MOVE", stored, Destination=to, **held(mine))
    both = await bob(
        "MOVE", stored, Destination=to, If=f"(<{theirs}>) (Not <DAV:no-lock> <{mine}>)"
    )

    assert locked_by(one) == (423, "{DAV:}lock-token-submitted", bob.home + "calendar/")
    assert locked_by(other) == (423, "{DAV:}lock-token-submitted", calendar)
    assert (both.status, (await bob("GET", to)).status) == (201, 200)


@pytest.mark.rfc("4331 6")
async def test_what_a_delegate_puts_counts_for_the_owner_of_the_home(
    ann: Client, bob: Client, db: Database, stored: str
):
    await delegate(ann, "write", "bob")
    await bound(db, "ann", int(str((await used(ann, ann.home))[1])) + 100)
    await bound(db, "bob", 1)

    over = await bob.put(stored, event(uid="a", summary="x" * 200))
    within = await bob.put(stored, event(uid="a", summary="x" * 20))

    assert (over.status, over.condition) == (507, "{DAV:}quota-not-exceeded")
    assert within.status == 204
    assert await used(bob, bob.home) == (200, "0")


@pytest.mark.rfc("4331 6")
async def test_what_is_moved_into_another_home_has_to_find_room_there(
    ann: Client, bob: Client, db: Database, calendar: str, stored: str
):
    await delegate(ann, "write", "bob")
    size = (await used(ann, ann.home))[1]
    await bound(db, "bob", 10)
    to = bob.home + "calendar/a.ics"

    refused = await bob("MOVE", stored, Destination=to)
    await bound(db, "bob", 10_000)
    moved = await bob("MOVE", stored, Destination=to)

    assert (refused.status, refused.condition) == (507, "{DAV:}quota-not-exceeded")
    assert moved.status == 201
    assert (await used(ann, calendar), await used(bob, bob.home)) == ((200, "0"), (200, size))


@pytest.mark.rfc("4331 3")
@pytest.mark.parametrize(("granted", "status"), [(["D:read"], 403), (["D:read", "D:write"], 200)])
async def test_who_writes_sees_the_owners_quota_and_who_reads_does_not(
    server: Server, ann: Client, calendar: str, stored: str, granted: list[str], status: int
):
    await add_user(server.db, "eve", "Eve")
    await grant(ann, calendar, ace(href("eve"), *granted))

    told = await used(Client(server, "eve"), calendar)

    assert told == (status, (await used(ann, ann.home))[1] if status == 200 else None)


@pytest.mark.rfc("3744 7.5")
@pytest.mark.parametrize("at", ["main/", ""])
async def test_a_lock_keeps_others_from_the_access_control_list(
    ann: Client, bob: Client, calendar: str, stored: str, at: str
):
    await grant(ann, ann.home, ace(BOB, "D:read", "D:write", "D:write-acl"))
    token = await lock(bob, ann.home + at)

    refused = await bob("ACL", ann.home + at, ACL)
    granted = await bob("ACL", ann.home + at, ACL, **held(token))

    assert locked_by(refused) == (423, "{DAV:}lock-token-submitted", ann.home + at)
    assert granted.status == 200


@pytest.mark.rfc("3744 7.5")
@pytest.mark.parametrize("locked", ["main/", ""])
async def test_no_lock_keeps_the_owner_from_taking_access_away(
    ann: Client, bob: Client, calendar: str, locked: str
):
    await grant(ann, ann.home, ace(BOB, "D:read", "D:write"))
    await lock(bob, ann.home + locked)

    answers = [await grant(ann, path) for path in (ann.home, calendar)]

    assert [answer.status for answer in answers] == [200, 200]
    assert (await bob("GET", calendar)).status == 404


@pytest.mark.rfc("4918 6.4")
@pytest.mark.rfc("3744 3.5")
@pytest.mark.parametrize("locked", ["main/a.ics", "main/", ""])
@pytest.mark.parametrize("deleted", ["main/a.ics", "main/"])
async def test_the_owner_deletes_what_another_locked_by_the_locks_token(
    ann: Client, bob: Client, stored: str, locked: str, deleted: str
):
    await delegate(ann, "write", "bob")
    token = await lock(bob, ann.home + locked)

    answer = await ann("DELETE", ann.home + deleted, **held(token))

    assert (answer.status, (await ann("GET", stored)).status) == (204, 404)


@pytest.mark.rfc("4918 6.4")
@pytest.mark.rfc("3744 3.5")
@pytest.mark.parametrize(
    "case",
    [
        ("main/", ["D:all"], 204),
        ("main/", ["D:read", "D:write"], 423),
        # The lock of the home is none of whom the calendar alone was given.
        ("", ["D:all"], 423),
    ],
)
async def test_the_tokens_of_others_serve_who_holds_unlock_where_they_were_taken(
    ann: Client, bob: Client, calendar: str, stored: str, case: tuple[str, list[str], int]
):
    locked, privileges, status = case
    await grant(ann, calendar, ace(BOB, *privileges))
    token = await lock(ann, ann.home + locked)

    answer = await bob("DELETE", stored, **held(token))

    assert answer.status == status


@pytest.mark.rfc("4918 7.3")
@pytest.mark.rfc("3744 3.5")
async def test_the_owner_sees_and_ends_the_lock_of_a_free_name(
    ann: Client, bob: Client, calendar: str
):
    await delegate(ann, "write", "bob")
    path = calendar + "new.ics"
    token = await lock(bob, path)

    found = await ann.propfind(path, "D:lockdiscovery", "D:getetag")

    assert found.status == 207
    assert {name: status for name, (status, _) in found.props().items()} == {
        "{DAV:}lockdiscovery": 200,
        "{DAV:}getetag": 404,
    }
    assert await tokens(ann, path) == {token}
    assert await unlock(ann, path, token) == 204
    assert (await ann.propfind(path, "D:lockdiscovery")).status == 404


@pytest.mark.rfc("4918 7.3")
async def test_who_may_not_read_a_calendar_sees_no_lock_of_a_free_name(
    ann: Client, bob: Client, calendar: str
):
    await grant(ann, calendar, ace(BOB, "D:bind"))
    await lock(ann, calendar + "new.ics")

    answers = [await bob.propfind(calendar + name, "D:lockdiscovery") for name in ("new.ics", "x")]

    assert [answer.status for answer in answers] == [404, 404]


@pytest.mark.rfc("3744 3.5")
@pytest.mark.parametrize("method", ["DELETE", "MOVE", "MOVE over"])
async def test_the_locks_of_others_below_keep_no_owner_from_removing_a_calendar(
    ann: Client, bob: Client, calendar: str, stored: str, method: str
):
    await delegate(ann, "write", "bob")
    await ann("MKCALENDAR", ann.home + "other/")
    await lock(bob, stored)
    reserved = await lock(bob, calendar + "new.ics")
    removed = ann.home + "other/" if method == "MOVE over" else calendar
    to = {"DELETE": "", "MOVE": ann.home + "more/", "MOVE over": calendar}[method]
    verb, headers = method.removesuffix(" over"), {"Destination": to} if to else {}

    answer = await ann(verb, removed, **headers)

    assert answer.status == (201 if method == "MOVE" else 204)
    assert await unlock(ann, calendar + "new.ics", reserved) == 409


async def test_the_locks_of_others_take_no_room_from_the_owners(
    ann: Client, bob: Client, calendar: str, stored: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(locks, "MAX_IN_HOME", 2)
    await delegate(ann, "write", "bob")

    by_bob = [(await bob("LOCK", calendar + name, lockinfo())).status for name in "abc"]
    by_ann = await ann("LOCK", stored, lockinfo())

    assert (by_bob, by_ann.status) == ([201, 201, 507], 200)


@pytest.mark.rfc("4918 9.10.2")
@pytest.mark.parametrize("at", ["main/a.ics", "main/"])
async def test_who_lost_the_home_refreshes_no_lock_of_it_through_a_calendar(
    ann: Client, bob: Client, calendar: str, stored: str, at: str
):
    await grant(ann, ann.home, ace(BOB, "D:read", "D:write"))
    token = await lock(bob, ann.home)
    await grant(ann, ann.home)
    await grant(ann, calendar, ace(BOB, "D:read", "D:write"))

    answer = await bob("LOCK", ann.home + at, If=f"(<{token}>)")

    assert (answer.status, answer.condition) == (403, "{DAV:}need-privileges")
    assert answer.xml.findtext(HREF, "", NS) == ann.home


@pytest.mark.rfc("4918 9.10.1")
@pytest.mark.parametrize("granted", [["D:write"], ["D:write", "D:read"]])
async def test_an_answer_to_lock_tells_of_the_locks_of_others_who_may_read(
    ann: Client, bob: Client, calendar: str, stored: str, granted: list[str]
):
    await grant(ann, calendar, ace(BOB, *granted))
    theirs = await lock(ann, stored, "shared")

    taken = await bob("LOCK", stored, lockinfo("shared"))
    mine = taken.headers["Lock-Token"].strip("<>")
    refreshed = await bob("LOCK", stored, If=f"(<{mine}>)")

    told = [{one["token"] for one in active(answer)} for answer in (taken, refreshed)]
    assert told == [{mine, theirs} if "D:read" in granted else {mine}] * 2
