"""What locks keep from being done, and what submits their tokens (RFC 4918 §7, §10.4)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from caldavd.clock import now
from caldavd.dav.server import Server
from caldavd.service import named
from caldavd.store import collections
from caldavd.store import locks as store
from caldavd.store.engine import ReadTx
from tests.protocol.client import Client, proppatch
from tests.protocol.locking import held, lock, locked_by, lockinfo, tokens
from tests.protocol.recorded import Recorded
from tests.protocol.state import everything, members
from tests.unit.builders import event

SUBMITTED = "{DAV:}lock-token-submitted"
SET = proppatch(set_='<x:n xmlns:x="urn:x">1</x:n>')
TEXT = {"Content_Type": "text/calendar"}


def requests(home: str) -> dict[str, tuple[str, str, str, dict[str, str]]]:
    """Requests that change something in the calendars main and other: method, path and the rest."""
    to = {"Destination": f"http://cal.example.org{home}other/a.ics"}
    return {
        "PUT": ("PUT", "main/a.ics", event(uid="a", summary="x"), TEXT),
        "PUT new": ("PUT", "main/new.ics", event(uid="new"), TEXT),
        "POST": ("POST", "main/", event(uid="new"), TEXT),
        "PROPPATCH": ("PROPPATCH", "main/a.ics", SET, {}),
        "PROPPATCH calendar": ("PROPPATCH", "main/", SET, {}),
        "PROPPATCH home": ("PROPPATCH", "", SET, {}),
        "DELETE": ("DELETE", "main/a.ics", "", {}),
        "DELETE calendar": ("DELETE", "main/", "", {}),
        "MKCALENDAR": ("MKCALENDAR", "more/", "", {}),
        "COPY": ("COPY", "main/a.ics", "", to),
        "MOVE": ("MOVE", "main/a.ics", "", to),
        "COPY calendar": ("COPY", "main/", "", {"Destination": home + "more/"}),
        "MOVE calendar": ("MOVE", "main/", "", {"Destination": home + "more/"}),
    }


DONE = {
    "PUT": 204,
    "PUT new": 201,
    "POST": 201,
    "PROPPATCH": 207,
    "PROPPATCH calendar": 207,
    "PROPPATCH home": 207,
    "DELETE": 204,
    "DELETE calendar": 204,
    "MKCALENDAR": 201,
    "COPY": 201,
    "MOVE": 201,
    "COPY calendar": 201,
    "MOVE calendar": 201,
}
REFUSED = {
    ("main/a.ics", "0"): {"PUT", "PROPPATCH", "DELETE", "MOVE", "DELETE calendar", "MOVE calendar"},
    ("main/", "0"): {
        "PUT new",
        "POST",
        "PROPPATCH calendar",
        "DELETE",
        "MOVE",
        "DELETE calendar",
        "MOVE calendar",
    },
    ("main/", "infinity"): {
        "PUT",
        "PUT new",
        "POST",
        "PROPPATCH",
        "PROPPATCH calendar",
        "DELETE",
        "MOVE",
        "DELETE calendar",
        "MOVE calendar",
    },
    ("main/new.ics", "0"): {"PUT new", "DELETE calendar", "MOVE calendar"},
    ("other/", "0"): {"COPY", "MOVE"},
    ("other/a.ics", "0"): {"COPY", "MOVE"},
    ("", "0"): {
        "PROPPATCH home",
        "MKCALENDAR",
        "DELETE calendar",
        "COPY calendar",
        "MOVE calendar",
    },
    ("", "infinity"): set(DONE),
}
"""What a lock keeps from being done (RFC 4918 §7, §7.4, §7.5)."""


@pytest.fixture
async def other(ann: Client) -> str:
    """A second calendar of ann's."""
    assert (await ann("MKCALENDAR", ann.home + "other/")).status == 201
    return ann.home + "other/"


@pytest.mark.rfc("4918 7")
@pytest.mark.rfc("4918 7.4")
@pytest.mark.parametrize("name", DONE)
@pytest.mark.parametrize("at", REFUSED, ids=" ".join)
async def test_a_lock_protects_what_it_covers_and_nothing_else(
    ann: Client, stored: str, other: str, name: str, at: tuple[str, str]
):
    path, depth = at
    await lock(ann, ann.home + path, Depth=depth)
    before = await everything(ann), await members(ann, ann.home + "main/")
    method, target, body, headers = requests(ann.home)[name]

    answer = await ann(method, ann.home + target, body, **headers)

    if name in REFUSED[at]:
        assert locked_by(answer) == (423, SUBMITTED, ann.home + path)
        assert (await everything(ann), await members(ann, ann.home + "main/")) == before
    else:
        assert answer.status == DONE[name]


@pytest.mark.rfc("4918 7.5")
@pytest.mark.parametrize("name", DONE)
@pytest.mark.parametrize("at", REFUSED, ids=" ".join)
async def test_with_its_token_all_can_be_done(
    ann: Client, stored: str, other: str, name: str, at: tuple[str, str]
):
    path, depth = at
    token = await lock(ann, ann.home + path, Depth=depth)
    method, target, body, headers = requests(ann.home)[name]

    answer = await ann(method, ann.home + target, body, **headers, **held(token))

    assert answer.status == DONE[name]


@pytest.mark.rfc("4918 7.4")
async def test_a_member_with_a_lock_of_its_own_needs_the_calendars_too(
    ann: Client, calendar: str, stored: str
):
    own, above = await lock(ann, stored), await lock(ann, calendar, Depth="0")

    by_own = await ann("DELETE", stored, If=f"(<{own}>)")
    by_above = await ann("DELETE", stored, If=f"<{calendar}> (<{above}>)")
    by_both = await ann("DELETE", stored, If=f"<{stored}> (<{own}>) <{calendar}> (<{above}>)")

    assert [by_own.status, by_above.status, by_both.status] == [423, 423, 204]


@pytest.mark.rfc("4918 6.2")
async def test_of_several_shared_locks_one_token_is_enough(ann: Client, stored: str):
    first, second = await lock(ann, stored, "shared"), await lock(ann, stored, "shared")
    new = event(uid="a", summary="x")

    answers = [await ann.put(stored, new, If=f"(<{token}>)") for token in (first, second)]

    assert [answer.status for answer in answers] == [204, 204]
    assert (await ann.put(stored, event(uid="a"))).status == 423


@pytest.mark.rfc("4918 7")
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PROPFIND"])
async def test_what_is_locked_can_be_read(ann: Client, stored: str, method: str):
    await lock(ann, ann.home)

    assert (await ann(method, stored, Depth="0")).status in (200, 207)


@pytest.mark.rfc("4918 9.6")
@pytest.mark.rfc("4918 9.9")
@pytest.mark.parametrize("method", ["DELETE", "MOVE"])
async def test_a_lock_ends_with_what_it_is_on(ann: Client, calendar: str, stored: str, method: str):
    token = await lock(ann, stored)
    gone = await ann(method, stored, Destination=calendar + "b.ics", **held(token))
    await ann("DELETE", calendar + "b.ics")

    assert gone.status in (201, 204)
    assert (await ann.put(stored, event(uid="a"))).status == 201
    assert await tokens(ann, stored) == set()


@pytest.mark.rfc("4918 9.6")
@pytest.mark.rfc("4918 9.9")
@pytest.mark.parametrize("method", ["DELETE", "MOVE"])
async def test_the_locks_of_a_calendar_and_its_members_end_with_it(
    ann: Client, calendar: str, stored: str, method: str
):
    token = await lock(ann, calendar, Depth="0")
    inner = await lock(ann, stored)
    both = f"<{calendar}> (<{token}>) <{stored}> (<{inner}>)"

    gone = await ann(method, calendar, Destination=ann.home + "moved/", If=both)

    assert gone.status in (201, 204)
    assert (await ann("MKCALENDAR", calendar)).status == 201
    for path in (calendar, ann.home + "moved/", ann.home + "moved/a.ics"):
        assert (await ann.propfind(path, "D:lockdiscovery")).text.count("activelock") == 0


@pytest.mark.rfc("4918 7.6")
@pytest.mark.parametrize("method", ["COPY", "MOVE"])
async def test_locks_do_not_travel_and_those_of_the_destination_stay(
    ann: Client, calendar: str, stored: str, method: str
):
    to = calendar + "b.ics"
    other = ann.home + "other/"
    await ann("MKCALENDAR", other)
    there = await lock(ann, other)
    here = await lock(ann, stored)
    both = f"<{stored}> (<{here}>) <{other}> (<{there}>)"

    answer = await ann(method, stored, Destination=other + "a.ics", If=both)

    assert (answer.status, await tokens(ann, other + "a.ics")) == (201, {there})
    assert (await ann("LOCK", to, lockinfo())).status == 201


@pytest.mark.rfc("4918 7.6")
@pytest.mark.parametrize("method", ["COPY", "MOVE"])
async def test_a_calendar_that_takes_a_locked_url_is_locked(
    ann: Client, calendar: str, other: str, method: str
):
    token = await lock(ann, other, Depth="0")

    answer = await ann(method, calendar, Destination=other, **held(token))

    assert (answer.status, await tokens(ann, other)) == (204, {token})
    assert (await ann.put(other + "x.ics", event(uid="x"))).status == 423


@pytest.mark.rfc("4918 7.4")
async def test_what_is_made_below_an_infinite_lock_is_locked(ann: Client, calendar: str):
    token = await lock(ann, ann.home)
    await ann("MKCALENDAR", ann.home + "new/", **held(token))
    await ann.put(ann.home + "new/a.ics", event(uid="a"), **held(token))

    assert await tokens(ann, ann.home + "new/a.ics") == {token}


@pytest.mark.rfc("4918 10.4.3")
@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("(<{token}>)", 204),
        ("(<{token}> [{etag}])", 204),
        ('(<{token}> ["x"])', 412),
        ('(<{token}> ["x"]) ([{etag}])', 204),
        ("(Not <{token}>)", 412),
        ("(Not <{token}>) ([{etag}])", 204),
        ("(<urn:uuid:x>)", 412),
        ("(Not <urn:uuid:x>)", 423),
        ("([{etag}])", 423),
        ("(<urn:uuid:x>) (<{token}>)", 204),
        ("(<urn:uuid:x>) (Not <DAV:no-lock>)", 423),
        ("<{path}> (<{token}>)", 204),
        ("<http://cal.example.org{path}> (<{token}>)", 204),
        ("<{calendar}> (<{token}>)", 412),
        ("<{calendar}> (Not <{token}>)", 204),
        ("<{path}x> (Not <{token}>)", 204),
        ("<{path}x> (<{token}>)", 412),
        ("</dav/calendars/bob/> (<{token}>) (Not <{token}>)", 204),
    ],
)
async def test_an_if_header_is_both_a_condition_and_what_is_submitted(
    ann: Client, calendar: str, stored: str, header: str, status: int
):
    token = await lock(ann, stored)
    etag = (await ann("GET", stored)).etag
    filled = header.format(token=token, etag=etag, path=stored, calendar=calendar)

    answer = await ann.put(stored, event(uid="a", summary="x"), If=filled)

    assert answer.status == status


@pytest.mark.rfc("4918 10.4.10")
async def test_a_collections_token_is_matched_at_the_collection(
    ann: Client, calendar: str, stored: str
):
    token = await lock(ann, calendar)

    answer = await ann("DELETE", stored, If=f"<http://cal.example.org{calendar}> (<{token}>)")

    assert answer.status == 204


@pytest.mark.rfc("4918 10.4.4")
async def test_a_member_has_the_token_of_its_collections_lock(ann: Client, stored: str):
    token = await lock(ann, ann.home)

    assert (await ann.put(stored, event(uid="a", summary="x"), If=f"(<{token}>)")).status == 204


@pytest.mark.rfc("4918 10.4")
async def test_a_token_conditions_reading_too(ann: Client, stored: str):
    token = await lock(ann, stored)

    answers = [
        await ann("GET", stored, If=header) for header in (f"(<{token}>)", f"(Not <{token}>)")
    ]

    assert [answer.status for answer in answers] == [200, 412]


@pytest.mark.rfc("4918 7.5")
async def test_if_match_alone_does_not_open_a_lock(ann: Client, stored: str):
    await lock(ann, stored)
    etag = (await ann("GET", stored)).etag

    answer = await ann.put(stored, event(uid="a", summary="x"), If_Match=etag)

    assert locked_by(answer) == (423, SUBMITTED, stored)


@pytest.mark.rfc("4918 7.5")
async def test_a_failed_condition_goes_before_a_missing_token(ann: Client, stored: str):
    await lock(ann, stored)

    assert (await ann("DELETE", stored, If_Match='"x"')).status == 412


async def test_an_editor_works_from_lock_to_unlock(ann: Client, calendar: str):
    """What generic clients do with a file: reserve, write, look, write again, leave."""
    path = calendar + "file.ics"
    reserved = await ann("LOCK", path, lockinfo(), Timeout="Second-1800", Depth="0")
    token = reserved.headers["Lock-Token"]
    one = {"If": f"<{path}> ({token})"}

    steps = [
        reserved.status,
        (await ann.put(path, event(uid="f"), **one)).status,
        (await ann.propfind(path, "D:lockdiscovery", "D:getetag")).status,
        (await ann("PROPPATCH", path, SET, **one)).status,
        (await ann("LOCK", path, Timeout="Second-1800", **one)).status,
        (await ann.put(path, event(uid="f", summary="again"), **one)).status,
        (await ann("UNLOCK", path, Lock_Token=token)).status,
        (await ann("DELETE", path)).status,
    ]

    assert steps == [201, 201, 207, 207, 200, 204, 204, 204]


async def test_the_locks_of_a_home_are_read_once_for_all_urls_of_an_if_header(
    server: Server, ann: Client, calendar: str, stored: str
):
    token = await lock(ann, stored)
    recorded = Recorded(server.db)
    client = Client(replace(server, db=recorded), "ann")
    lists = "".join(f"<{calendar}{number}.ics> (<{token}>) " for number in range(10))

    answer = await client("GET", stored, If=f"{lists}<{stored}> (<{token}>)")

    assert answer.status == 200
    assert sum("FROM dav_lock" in sql for sql in recorded.noted) == 1


async def test_a_write_reads_no_owners_of_locks(server: Server, ann: Client, stored: str):
    token = await lock(ann, stored)

    async def read(tx: ReadTx) -> list[tuple[str, str]]:
        calendar = await collections.by_name(tx, (await named.account(tx, "ann")).id, "main")
        assert calendar is not None
        found, held = await store.member(tx, calendar, "a.ics", now())
        assert found is not None
        return [(one.token, one.owner) for one in held]

    assert await server.db.read(read) == [(token, "")]
