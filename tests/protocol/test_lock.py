"""LOCK and UNLOCK: taking, refreshing, ending; what is shown of locks."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace

import pytest

from caldavd.clock import now
from caldavd.dav.lockinfo import DEFAULT_TIMEOUT_S, MAX_TIMEOUT_S
from caldavd.service import locks
from tests.protocol.client import NS, Client
from tests.protocol.locking import active, held, lock, locked_by, lockinfo, tokens, unlock
from tests.protocol.state import members
from tests.unit.builders import event

SUBMITTED = "{DAV:}lock-token-submitted"
CONFLICTING = "{DAV:}no-conflicting-lock"
MATCHES = "{DAV:}lock-token-matches-request-uri"


def later(client: Client, seconds: int) -> Client:
    """The same client when so many seconds have passed."""
    return replace(client, server=replace(client.server, clock=lambda: now() + seconds))


@pytest.fixture
def still(ann: Client) -> Client:
    """ann, while the clock stands."""
    at = now()
    return replace(ann, server=replace(ann.server, clock=lambda: at))


@pytest.mark.rfc("4918 9.10.1")
@pytest.mark.rfc("4918 10.5")
async def test_a_lock_is_answered_with_its_token_and_all_there_is_to_know(
    still: Client, stored: str
):
    answer = await still("LOCK", stored, lockinfo(), Depth="0", Timeout="Second-600")

    assert answer.status == 200
    assert active(answer) == [
        {
            "scope": "exclusive",
            "type": "write",
            "depth": "0",
            "timeout": "Second-600",
            "token": answer.headers["Lock-Token"].strip("<>"),
            "root": stored,
        }
    ]
    assert answer.xml.tag == "{DAV:}prop"


@pytest.mark.rfc("4918 9.10.1")
@pytest.mark.rfc("4918 14.17")
async def test_the_owner_is_kept_as_it_was_sent(ann: Client, stored: str):
    owner = '<D:owner xml:lang="fr"> é <x:b xmlns:x="urn:x" x:c="1&amp;2">&lt;</x:b></D:owner>'

    await ann("LOCK", stored, lockinfo(owner=owner))

    found = (await ann.propfind(stored, "D:lockdiscovery")).xml.find(".//D:owner", NS)
    assert (found.text, found[0].tag, dict(found[0].attrib), found[0].text) == (
        " é ",
        "{urn:x}b",
        {"{urn:x}c": "1&2"},
        "<",
    )
    assert found.get("{http://www.w3.org/XML/1998/namespace}lang") == "fr"


@pytest.mark.rfc("4918 14.17")
async def test_a_lock_without_an_owner_shows_none(ann: Client, stored: str):
    answer = await ann("LOCK", stored, lockinfo(owner=""))

    assert answer.xml.find(".//D:owner", NS) is None


@pytest.mark.rfc("4918 10.7")
@pytest.mark.parametrize(
    ("wish", "given"),
    [
        ({}, DEFAULT_TIMEOUT_S),
        ({"Timeout": "Second-7"}, 7),
        ({"Timeout": "second-0"}, 1),
        ({"Timeout": "Infinite"}, MAX_TIMEOUT_S),
        ({"Timeout": "Infinite, Second-4100000000"}, MAX_TIMEOUT_S),
        ({"Timeout": "Second-99999999999999999999"}, MAX_TIMEOUT_S),
        ({"Timeout": "Extended, Second-9"}, 9),
        ({"Timeout": "soon"}, DEFAULT_TIMEOUT_S),
    ],
)
async def test_the_server_bounds_the_time_of_a_lock(
    still: Client, stored: str, wish: dict[str, str], given: int
):
    [one] = active(await still("LOCK", stored, lockinfo(), **wish))

    assert one["timeout"] == f"Second-{given}"


@pytest.mark.rfc("4918 9.10.3")
@pytest.mark.parametrize(("depth", "shown"), [({}, "infinity"), ({"Depth": "0"}, "0")])
async def test_without_a_depth_a_lock_is_infinite(ann: Client, calendar: str, depth, shown):
    [one] = active(await ann("LOCK", calendar, lockinfo(), **depth))

    assert (one["depth"], one["root"]) == (shown, calendar)


@pytest.mark.rfc("4918 9.10")
@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (lockinfo(), {"Depth": "1"}),
        (lockinfo("local"), {}),
        (lockinfo(type_="read"), {}),
        (lockinfo(owner=f"<D:owner>{'x' * 500}</D:owner>"), {}),
        ('<D:lockinfo xmlns:D="DAV:"/>', {}),
        ('<D:propfind xmlns:D="DAV:"/>', {}),
        ("<x", {}),
        ("", {}),
        ("", {"If": "(<urn:uuid:a>) (<urn:uuid:b>)"}),
    ],
)
async def test_what_is_no_lock_request_is_refused(ann: Client, stored: str, body, headers):
    assert (await ann("LOCK", stored, body, **headers)).status == 400
    assert await tokens(ann, stored) == set()


@pytest.mark.rfc("4918 9.10.5")
@pytest.mark.parametrize(
    ("first", "second", "status"),
    [
        ("shared", "shared", 200),
        ("shared", "exclusive", 423),
        ("exclusive", "shared", 423),
        ("exclusive", "exclusive", 423),
    ],
)
async def test_locks_are_compatible_as_the_table_says(
    ann: Client, stored: str, first: str, second: str, status: int
):
    await lock(ann, stored, first)

    answer = await ann("LOCK", stored, lockinfo(second))

    assert answer.status == status
    if status == 423:
        assert locked_by(answer) == (423, CONFLICTING, stored)


@pytest.mark.rfc("4918 7.4")
@pytest.mark.parametrize("above", ["home", "calendar"])
async def test_an_infinite_lock_is_not_given_over_another(
    ann: Client, calendar: str, stored: str, above: str
):
    await lock(ann, stored)
    path = ann.home if above == "home" else calendar

    deep = await ann("LOCK", path, lockinfo(), Depth="infinity")
    flat = await ann("LOCK", path, lockinfo(), Depth="0")

    assert (locked_by(deep), flat.status) == ((423, CONFLICTING, stored), 200)


@pytest.mark.rfc("4918 7.4")
@pytest.mark.rfc("4918 6.1")
async def test_below_an_infinite_lock_all_is_locked_with_its_root(
    ann: Client, calendar: str, stored: str
):
    token = await lock(ann, ann.home)

    for path in (ann.home, calendar, stored):
        assert await tokens(ann, path) == {token}
    assert locked_by(await ann("LOCK", stored, lockinfo())) == (423, CONFLICTING, ann.home)


@pytest.mark.rfc("4918 6.1")
async def test_a_lock_of_depth_0_does_not_reach_the_members(
    ann: Client, calendar: str, stored: str
):
    await lock(ann, calendar, Depth="0")

    assert await tokens(ann, stored) == set()
    assert (await ann("LOCK", stored, lockinfo())).status == 200


@pytest.mark.rfc("4918 9.10.2")
@pytest.mark.rfc("4918 7.7")
async def test_a_lock_is_refreshed_by_a_request_without_a_body(still: Client, stored: str):
    token = await lock(still, stored, Timeout="Second-100")

    answer = await still("LOCK", stored, Timeout="Second-200", If=f"(<{token}>)")

    assert (answer.status, "Lock-Token" in answer.headers) == (200, False)
    assert [(one["token"], one["timeout"]) for one in active(answer)] == [(token, "Second-200")]


@pytest.mark.rfc("4918 9.10.2")
async def test_a_refresh_at_a_member_reaches_the_lock_of_its_calendar(
    still: Client, calendar: str, stored: str
):
    token = await lock(still, calendar, Timeout="Second-100")

    answer = await still("LOCK", stored, Timeout="Second-200", If=f"(<{token}>)", Depth="0")

    assert [(one["root"], one["timeout"]) for one in active(answer)] == [(calendar, "Second-200")]


@pytest.mark.rfc("4918 9.10.6")
@pytest.mark.parametrize("where", ["other.ics", ""])
async def test_a_lock_is_not_refreshed_where_it_does_not_reach(
    ann: Client, calendar: str, stored: str, where: str
):
    token = await lock(ann, stored)

    answer = await ann("LOCK", calendar + where, If=f"(<{token}>)")

    assert (answer.status, answer.condition) == (412, MATCHES)


@pytest.mark.rfc("4918 6.6")
async def test_a_lock_whose_time_is_over_is_none(ann: Client, stored: str):
    token = await lock(ann, stored, Timeout="Second-100")
    after = later(ann, 101)

    refreshed = await after("LOCK", stored, If=f"(<{token}>)")

    assert (refreshed.status, await tokens(after, stored)) == (412, set())
    assert await unlock(after, stored, token) == 409
    assert (await after.put(stored, event(uid="a", summary="x"))).status == 204
    assert (await after("LOCK", stored, lockinfo())).status == 200


@pytest.mark.rfc("4918 9.11")
async def test_an_unlocked_object_can_be_changed(ann: Client, stored: str):
    token = await lock(ann, stored)

    assert await unlock(ann, stored, token) == 204
    assert await tokens(ann, stored) == set()
    assert (await ann.put(stored, event(uid="a", summary="x"))).status == 204


@pytest.mark.rfc("4918 9.11")
async def test_an_infinite_lock_is_ended_at_any_of_its_members(ann: Client, stored: str):
    token = await lock(ann, ann.home)

    assert await unlock(ann, stored, token) == 204
    assert await tokens(ann, ann.home) == set()


@pytest.mark.rfc("4918 9.11.1")
@pytest.mark.parametrize("header", [{}, {"Lock_Token": "urn:uuid:x"}, {"Lock_Token": "<>"}])
async def test_unlock_needs_a_token(ann: Client, stored: str, header: dict[str, str]):
    assert (await ann("UNLOCK", stored, **header)).status == 400


@pytest.mark.rfc("4918 9.11.1")
async def test_unlock_elsewhere_ends_nothing(ann: Client, calendar: str, stored: str):
    token = await lock(ann, stored)

    answers = [
        await ann("UNLOCK", path, Lock_Token=f"<{given}>")
        for path, given in ((calendar, token), (calendar + "b.ics", token), (stored, "urn:uuid:x"))
    ]

    assert [(one.status, one.condition) for one in answers] == [(409, MATCHES)] * 3
    assert await tokens(ann, stored) == {token}


@pytest.mark.rfc("4918 9.10.1")
@pytest.mark.parametrize("path", ["/", "/dav/calendars/", "/dav/principals/ann/"])
async def test_what_belongs_to_nobody_alone_is_not_locked(ann: Client, path: str):
    answer = await ann("LOCK", path, lockinfo())

    assert (answer.status, "LOCK" in answer.headers["Allow"]) == (405, False)


@pytest.mark.rfc("4918 20.1")
async def test_others_neither_lock_nor_learn_what_there_is(ann: Client, bob: Client, stored: str):
    token = await lock(ann, stored)

    answers = [
        await bob("LOCK", path, lockinfo()) for path in (stored, stored + "x", "/dav/calendars/x/")
    ]

    assert [answer.status for answer in answers] == [404] * 3
    assert await unlock(bob, stored, token) == 404
    assert await tokens(ann, stored) == {token}


@pytest.mark.rfc("4918 9.10.4")
async def test_a_lock_of_a_free_name_reserves_it(ann: Client, calendar: str):
    path = calendar + "new.ics"
    before = (await ann.sync(calendar)).token

    locked = await ann("LOCK", path, lockinfo())
    token = locked.headers["Lock-Token"].strip("<>")

    assert locked.status == 201
    assert [one["root"] for one in active(locked)] == [path]
    assert (await ann("GET", path)).status == 404
    assert (await members(ann, calendar), (await ann.sync(calendar)).token) == ({}, before)
    assert locked_by(await ann.put(path, event(uid="n"))) == (423, SUBMITTED, path)
    assert (await ann.put(path, event(uid="n"), **held(token))).status == 201
    assert await tokens(ann, path) == {token}


@pytest.mark.rfc("4918 9.10.4")
async def test_a_reserved_name_is_free_again_when_it_is_unlocked(ann: Client, calendar: str):
    path = calendar + "new.ics"
    token = await lock(ann, path)

    assert await unlock(ann, path, token) == 204
    assert (await ann("GET", path)).status == 404
    assert (await ann.put(path, event(uid="n"))).status == 201


@pytest.mark.rfc("4918 7.3")
async def test_a_reserved_name_can_be_put_where_nothing_may_be(ann: Client, calendar: str):
    path = calendar + "new.ics"
    token = await lock(ann, path)

    answer = await ann.put(path, event(uid="n"), If_None_Match="*", **held(token))

    assert answer.status == 201


@pytest.mark.rfc("4918 9.10.6")
async def test_a_name_is_reserved_in_calendars_only(ann: Client, calendar: str):
    answers = [
        await ann("LOCK", ann.home + path, lockinfo()) for path in ("new", "no/a.ics", "main/a/b")
    ]

    assert [answer.status for answer in answers] == [403, 409, 404]


@pytest.mark.rfc("4918 15.8")
@pytest.mark.rfc("4918 15.10")
async def test_allprop_tells_of_locks(ann: Client, stored: str):
    token = await lock(ann, stored, Depth="0")

    answer = await ann.propfind(stored)

    assert [one["token"] for one in active(answer)] == [token]
    scopes = answer.xml.xpath(".//D:supportedlock/D:lockentry/D:lockscope/*", namespaces=NS)
    types = answer.xml.xpath(".//D:supportedlock/D:lockentry/D:locktype/*", namespaces=NS)
    assert [str(one.tag) for one in scopes] == ["{DAV:}exclusive", "{DAV:}shared"]
    assert [str(one.tag) for one in types] == ["{DAV:}write"] * 2


@pytest.mark.rfc("4918 15.8")
async def test_a_listing_shows_each_members_locks(ann: Client, calendar: str, stored: str):
    await ann.put(calendar + "b.ics", event(uid="b"))
    token = await lock(ann, stored)

    answer = await ann.propfind(calendar, "D:lockdiscovery", depth="1")

    assert [(one["token"], one["root"]) for one in active(answer)] == [(token, stored)]
    assert len(answer.hrefs) == 3


@pytest.mark.rfc("4918 15.8")
async def test_what_is_told_of_locks_cannot_be_set(ann: Client, stored: str):
    body = (
        '<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><D:lockdiscovery/></D:prop></D:set>'
        "</D:propertyupdate>"
    )

    answer = await ann("PROPPATCH", stored, body)

    assert answer.props()["{DAV:}lockdiscovery"][0] == 403


@pytest.mark.rfc("4918 18.2")
async def test_class_2_is_announced_in_the_order_of_numbers(ann: Client, stored: str):
    answer = await ann("OPTIONS", stored)

    assert answer.headers["DAV"].split(", ")[:3] == ["1", "2", "3"]
    assert {"LOCK", "UNLOCK"} <= set(answer.headers["Allow"].split(", "))


@pytest.mark.rfc("4918 6.2")
@pytest.mark.parametrize("at", ["a.ics", "free.ics", ""])
async def test_of_many_who_want_one_exclusive_lock_exactly_one_gets_it(
    ann: Client, calendar: str, stored: str, at: str
):
    answers = await asyncio.gather(
        *(ann("LOCK", calendar + at, lockinfo(), Depth="0") for _ in range(8))
    )

    counts = Counter(answer.status for answer in answers)
    assert counts == {201 if at == "free.ics" else 200: 1, 423: 7}


@pytest.mark.rfc("4918 7.4")
async def test_of_a_lock_above_and_one_below_at_once_one_is_given(
    ann: Client, calendar: str, stored: str
):
    paths = [ann.home, calendar, stored] * 3

    answers = await asyncio.gather(*(ann("LOCK", path, lockinfo()) for path in paths))

    assert Counter(answer.status for answer in answers) == {200: 1, 423: 8}


@pytest.mark.rfc("4918 7.5")
async def test_no_write_slips_in_behind_a_lock(ann: Client, calendar: str, stored: str):
    """After the lock is given, what it covers stays as it is."""
    texts = [event(uid="a", summary=str(number)) for number in range(6)]

    async def lock_home() -> str:
        await lock(ann, ann.home)
        return (await ann("GET", stored)).text

    at_lock, *answers = await asyncio.gather(
        lock_home(), *(ann.put(stored, text) for text in texts)
    )

    assert {answer.status for answer in answers} <= {204, 423}
    assert (await ann("GET", stored)).text == at_lock


async def test_locks_are_bounded(
    ann: Client, calendar: str, stored: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(locks, "MAX_OF_CREATOR", 3)

    statuses = [(await ann("LOCK", stored, lockinfo("shared"))).status for _ in range(5)]

    assert statuses == [200, 200, 200, 507, 507]
    assert (await ann.put(calendar + "b.ics", event(uid="b"))).status == 201


async def test_locks_on_one_place_are_bounded(ann: Client, calendar: str, stored: str):
    """Each is shown by all that lies below, so there cannot be as many as in a home."""
    statuses = [
        (await ann("LOCK", calendar, lockinfo("shared"))).status for _ in range(locks.MAX_AT + 1)
    ]

    assert statuses == [200] * locks.MAX_AT + [507]
    assert (await ann("LOCK", stored, lockinfo("shared"))).status == 200
