"""What one answer may hold, and names that would spoil one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from caldavd.dav import respond
from caldavd.dav.server import DavLimits, Server
from tests.protocol.client import Client, multiget, query
from tests.protocol.locking import lock
from tests.unit.builders import event

DATA = "<C:calendar-data/>"
EXPANDED = (
    '<C:calendar-data><C:expand start="20260101T000000Z" end="20260201T000000Z"/></C:calendar-data>'
)
EVENTS = '<C:comp-filter name="VEVENT"/>'


def limited(server: Server, **limits: int) -> Client:
    return Client(replace(server, limits=DavLimits(**limits)), "ann")


async def test_an_answer_of_too_many_octets_is_refused(server: Server, ann: Client, calendar: str):
    for number in range(4):
        await ann.put(f"{calendar}{number}.ics", event(uid=str(number), summary="x" * 1_000))
    names = [f"{calendar}{number}.ics" for number in range(4)]

    few = await limited(server, max_answer_bytes=3_000)("REPORT", calendar, multiget(names[0]))
    all_ = await limited(server, max_answer_bytes=3_000)("REPORT", calendar, multiget(*names))

    assert (few.status, all_.status) == (207, 507)
    assert all_.condition == "{DAV:}number-of-matches-within-limits"


@pytest.mark.parametrize("many", [False, True], ids=["at once", "away from the loop"])
async def test_what_locks_show_of_every_member_counts_in_an_answer(
    server: Server, ann: Client, calendar: str, monkeypatch: pytest.MonkeyPatch, many: bool
):
    monkeypatch.setattr(respond, "OFFLOAD", 1 if many else 100)
    for number in range(4):
        await ann.put(f"{calendar}{number}.ics", event(uid=str(number)))
    await lock(ann, calendar, owner=f"<D:owner>{'x' * 400}</D:owner>")
    client = limited(server, max_answer_bytes=3_000)

    one = await client.propfind(calendar, "D:lockdiscovery", depth="0")
    all_ = await client.propfind(calendar, "D:lockdiscovery", depth="1")

    assert (one.status, all_.status) == (207, 507)
    assert all_.condition == "{DAV:}number-of-matches-within-limits"


async def test_all_expansions_of_an_answer_share_one_bound(
    server: Server, ann: Client, calendar: str
):
    for number in range(3):
        await ann.put(f"{calendar}{number}.ics", event(uid=str(number), rrule="FREQ=DAILY"))

    answer = await limited(server, max_instances=60)("REPORT", calendar, query(EVENTS, EXPANDED))

    assert answer.status == 507
    assert answer.condition == "{DAV:}number-of-matches-within-limits"


@pytest.mark.rfc("4918 17")
async def test_a_property_in_the_namespace_of_xml_leaves_answers_well_formed(
    ann: Client, calendar: str
):
    body = (
        '<D:propertyupdate xmlns:D="DAV:"><D:set><D:prop><xml:foo>1</xml:foo></D:prop></D:set>'
        "</D:propertyupdate>"
    )
    name = "{http://www.w3.org/XML/1998/namespace}foo"

    patched = await ann("PROPPATCH", calendar, body)
    names = await ann(
        "PROPFIND", calendar, '<D:propfind xmlns:D="DAV:"><D:propname/></D:propfind>', Depth="0"
    )

    assert patched.props()[name][0] == 200
    assert name in names.props()


async def test_a_url_beyond_all_reason_is_400(ann: Client):
    assert (await ann("GET", "/dav/" + "a/" * 10_000)).status == 400


async def test_a_stored_property_has_only_the_namespaces_that_it_uses(ann: Client, calendar: str):
    scope = " ".join(f'xmlns:n{number}="urn:{"x" * 500}{number}"' for number in range(50))
    body = (
        f'<D:propertyupdate xmlns:D="DAV:" {scope}><D:set><D:prop><n1:a>1</n1:a></D:prop></D:set>'
        "</D:propertyupdate>"
    )

    await ann("PROPPATCH", calendar, body)
    found = await ann("PROPFIND", calendar, Depth="0")

    assert len(found.body) < 3_000
