"""Every method on what sharing puts into a home: nothing fails, and locks hold for all readers."""

from __future__ import annotations

import pytest

from caldavd.dav.registry import METHODS, REPORTS
from caldavd.dav.server import Server
from caldavd.model import Level
from tests.protocol.client import Client, declared
from tests.protocol.sharing import give, set_, share
from tests.unit.builders import event

MOUNT = "/dav/calendars/bob/ann-main/"
TOLD = "/dav/calendars/bob/notifications/"
LOCK = (
    f"<D:lockinfo {declared()}><D:lockscope><D:exclusive/></D:lockscope>"
    "<D:locktype><D:write/></D:locktype></D:lockinfo>"
)


@pytest.mark.parametrize("method", [row.name for row in METHODS])
async def test_no_method_fails(
    server: Server, ann: Client, bob: Client, calendar: str, stored: str, method: str
):
    await give(server, "ann", "main", "bob", Level.MANAGE)
    (told,) = [
        href for href in (await bob.propfind(TOLD, "D:getetag", depth="1")).hrefs if href != TOLD
    ]
    bodies = ["", LOCK, f"<D:propfind {declared()}><D:allprop/></D:propfind>"]
    bodies += (
        [
            f"<{'D' if 'DAV:' in row.name else 'C'}:{row.name.rpartition('}')[2]} {declared()}/>"
            for row in REPORTS
        ]
        if method == "REPORT"
        else []
    )
    for path in (TOLD, TOLD + "new.xml", told, MOUNT + "new.ics", MOUNT + "a.ics", MOUNT):
        for body in bodies:
            for depth in ("0", "1"):
                answer = await bob(
                    method, path, body, Depth=depth, Destination=TOLD + "x", Overwrite="F"
                )
                assert answer.status < 500 or answer.status == 507, (path, body)


async def test_properties_of_a_mount_and_of_notifications_can_all_be_asked_for(
    server: Server, bob: Client, stored: str
):
    await give(server, "ann", "main", "bob", Level.READ)

    for path in (bob.home, MOUNT, TOLD):
        names = await bob(
            "PROPFIND", path, f"<D:propfind {declared()}><D:propname/></D:propfind>", Depth="1"
        )
        all_ = await bob.propfind(path, depth="1")
        assert (names.status, all_.status) == (207, 207)


async def test_a_lock_on_the_owners_url_holds_in_the_mount(
    server: Server, ann: Client, bob: Client, stored: str
):
    await give(server, "ann", "main", "bob", Level.WRITE)
    locked = await ann("LOCK", stored, LOCK)

    refused = await bob.put(MOUNT + "a.ics", event(uid="a", summary="x"))

    assert locked.status == 200
    assert refused.status == 423


async def test_a_lock_taken_by_a_sharee_holds_for_the_owner(
    server: Server, ann: Client, bob: Client, stored: str
):
    await give(server, "ann", "main", "bob", Level.WRITE)
    locked = await bob("LOCK", MOUNT + "a.ics", LOCK)
    token = locked.headers["Lock-Token"]

    refused = await ann.put(stored, event(uid="a", summary="x"))
    put = await bob.put(MOUNT + "a.ics", event(uid="a", summary="y"), If=f"({token})")

    assert (locked.status, refused.status, put.status) == (200, 423, 204)


async def test_who_only_reads_locks_nothing(server: Server, ann: Client, bob: Client, stored: str):
    await give(server, "ann", "main", "bob", Level.READ)

    answer = await bob("LOCK", MOUNT + "a.ics", LOCK)

    assert answer.condition == "{DAV:}need-privileges"
    assert (await share(ann, "/dav/calendars/ann/main/", set_("bob"))).status == 200
