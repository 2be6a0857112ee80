"""Sharing by POST: invite, accept, decline, remove; and what both sides are told of it."""

from __future__ import annotations

import pytest
from lxml import etree

from caldavd.dav.methods.share import MAX_CHANGES
from caldavd.dav.server import Server
from caldavd.model import Level
from caldavd.service import accounts, named, sharing
from caldavd.store.engine import WriteTx
from tests.protocol.client import NS, Answer, Client, declared, proppatch
from tests.protocol.clients.wire import children, href_in, text_of
from tests.protocol.conftest import add_user
from tests.protocol.people import delegate, join, leave, make_group
from tests.protocol.recorded import Recorded
from tests.protocol.sharing import (
    CS,
    XML,
    accept,
    give,
    notices,
    remove,
    reply,
    set_,
    share,
    uid_of,
)
from tests.unit.builders import event

MOUNT = "/dav/calendars/bob/ann-main/"
TOLD = "/dav/calendars/bob/notifications/"


async def sharees(client: Client, path: str) -> dict[str, tuple[str, str]]:
    """What CS:invite says of each sharee: the answer and the access."""
    _, element = (await client.propfind(path, "CS:invite")).props()[CS + "invite"]
    found = {}
    for user in element.iterfind("CS:user", NS):
        (said,) = [one for one in children(user) if "invite-" in one]
        (access,) = children(user, "CS:access/*")
        found[str(user.findtext("D:href", "", NS))] = (plain(said), plain(access))
    return found


def plain(name: str) -> str:
    return name.rpartition("}")[2]


def said(told: etree._Element) -> str:
    """The answer in a notification."""
    (found,) = [plain(one) for one in children(told) if "invite-" in one]
    return found


async def test_the_features_are_announced(ann: Client, calendar: str):
    tokens = (await ann("OPTIONS", calendar)).headers["DAV"].split(", ")

    assert {"calendarserver-sharing", "calendarserver-group-sharee"} < set(tokens)


async def test_an_invitation_is_a_notification_to_the_sharee(
    ann: Client, bob: Client, calendar: str
):
    answer = await share(ann, calendar, set_("bob", "read-write", summary="Work &amp; more"))

    ((href, told),) = (await notices(bob)).items()
    assert (answer.status, answer.body) == (200, b"")
    assert [plain(one) for one in children(told)] == [
        "uid",
        "href",
        "invite-noresponse",
        "access",
        "hosturl",
        "organizer",
        "summary",
        "supported-calendar-component-set",
    ]
    assert told.findtext("D:href", "", NS) == "mailto:bob@example.org"
    assert [plain(one) for one in children(told, "CS:access/*")] == ["read-write"]
    assert told.findtext("CS:hosturl/D:href", "", NS) == calendar
    assert told.findtext("CS:organizer/D:href", "", NS) == "mailto:ann@example.org"
    assert told.findtext("CS:organizer/CS:common-name", "", NS) == "Ann Example"
    assert told.findtext("CS:summary", "", NS) == "Work & more"
    listed = await bob.propfind(TOLD, "CS:notificationtype", "D:getcontentlength", depth="1")
    kind = listed.props(href)[CS + "notificationtype"][1]
    assert children(kind) == [CS + "invite-notification"]
    length = text_of(listed, "{DAV:}getcontentlength", href)
    assert int(length) == len((await bob("GET", href)).body)
    assert await sharees(ann, calendar) == {
        "mailto:bob@example.org": ("invite-noresponse", "read-write")
    }
    assert (await bob.propfind(MOUNT)).status == 404


async def test_who_has_not_answered_sees_nothing(ann: Client, bob: Client, stored: str):
    place = stored.rpartition("/")[0] + "/"
    await share(ann, place, set_("bob", "read-write"))

    assert (await bob("GET", stored)).status == 404
    assert (await bob.propfind(place)).status == 404


async def test_accepting_makes_a_mount_and_tells_the_owner(ann: Client, bob: Client, calendar: str):
    await share(ann, calendar, set_("bob"))
    before = await bob.sync(bob.home), await ann.sync(ann.home)

    place = await accept(bob)

    ((_, told),) = (await notices(ann)).items()
    assert place == MOUNT
    assert plain(str(told.tag)) == "invite-reply"
    assert said(told) == "invite-accepted"
    assert told.findtext("CS:in-reply-to", "", NS) == await uid_of(bob)
    assert await sharees(ann, calendar) == {"mailto:bob@example.org": ("invite-accepted", "read")}
    assert MOUNT in (await bob.sync(bob.home, before[0].token)).hrefs
    assert calendar in (await ann.sync(ann.home, before[1].token)).hrefs


async def test_declining_changes_nothing_but_what_the_owner_sees(
    ann: Client, bob: Client, stored: str, calendar: str
):
    await share(ann, calendar, set_("bob"))

    answer = await reply(bob, await uid_of(bob), "declined")

    ((_, told),) = (await notices(ann)).items()
    assert (answer.status, answer.body) == (200, b"")
    assert said(told) == "invite-declined"
    assert await sharees(ann, calendar) == {"mailto:bob@example.org": ("invite-declined", "read")}
    assert (await bob.propfind(MOUNT)).status == 404
    assert (await bob("GET", stored)).status == 404


async def test_leaving_is_declining(ann: Client, bob: Client, calendar: str):
    await share(ann, calendar, set_("bob"))
    await bob("DELETE", await accept(bob))

    ((_, told),) = (await notices(ann)).items()
    assert said(told) == "invite-declined"
    assert await sharees(ann, calendar) == {"mailto:bob@example.org": ("invite-declined", "read")}


async def test_who_declined_can_be_invited_again_and_can_think_better_of_it(
    ann: Client, bob: Client, calendar: str
):
    await share(ann, calendar, set_("bob"))
    uid = await uid_of(bob)
    await reply(bob, uid, "declined")
    await share(ann, calendar, set_("bob"))
    assert await sharees(ann, calendar) == {"mailto:bob@example.org": ("invite-noresponse", "read")}

    await reply(bob, uid, "declined")
    accepted = await reply(bob, uid)

    assert accepted.status == 200
    assert (await bob.propfind(MOUNT)).status == 207


async def test_a_removed_sharee_is_told_and_loses_the_calendar(
    ann: Client, bob: Client, calendar: str, stored: str
):
    await share(ann, calendar, set_("bob"))
    await accept(bob)
    token = (await bob.sync(bob.home)).token

    answer = await share(ann, calendar, remove("bob"))

    ((_, told),) = (await notices(bob)).items()
    delta = await bob.sync(bob.home, token)
    assert answer.status == 200
    assert said(told) == "invite-deleted"
    assert (await bob("GET", MOUNT + "a.ics")).status == 404
    assert delta.statuses() == {MOUNT: 404}
    types = (await ann.propfind(calendar, "D:resourcetype")).props()["{DAV:}resourcetype"][1]
    assert CS + "shared-owner" not in children(types)
    assert (await ann.propfind(calendar, "CS:invite")).props()[CS + "invite"][0] == 404


async def test_another_level_is_told_as_an_update_of_what_was_accepted(
    ann: Client, bob: Client, calendar: str, stored: str
):
    await share(ann, calendar, set_("bob", "read-write"))
    await accept(bob)
    ((href, _),) = (await notices(bob)).items()
    await bob("DELETE", href)
    assert await notices(bob) == {}

    await share(ann, calendar, set_("bob", "read"))

    ((_, told),) = (await notices(bob)).items()
    assert said(told) == "invite-accepted"
    assert [plain(one) for one in children(told, "CS:access/*")] == ["read"]
    assert (await bob.put(MOUNT + "b.ics", event(uid="b"))).status == 403


async def test_who_is_set_to_what_they_have_is_told_nothing(
    ann: Client, bob: Client, calendar: str
):
    await share(ann, calendar, set_("bob"))
    await accept(bob)
    token = (await bob.sync(TOLD)).token

    await share(ann, calendar, set_("bob"))

    assert (await bob.sync(TOLD, token)).hrefs == []


async def test_several_sharees_are_changed_at_once(
    server: Server, ann: Client, bob: Client, calendar: str
):
    await add_user(server.db, "cat", "Cat Example")
    await share(ann, calendar, set_("bob"))

    answer = await share(ann, calendar, remove("bob"), set_("/dav/principals/cat/", "read-write"))

    assert answer.status == 200
    assert await sharees(ann, calendar) == {
        "mailto:cat@example.org": ("invite-noresponse", "read-write")
    }


async def test_of_several_the_unknown_ones_are_named(ann: Client, calendar: str):
    answer = await share(ann, calendar, set_("zoe"), set_("bob"))

    statuses = answer.statuses()
    assert answer.status == 207
    assert statuses == {"mailto:zoe@example.org": 403, "mailto:bob@example.org": 200}
    assert "recognized-principal" in answer.text
    assert list(await sharees(ann, calendar)) == ["mailto:bob@example.org"]


@pytest.mark.parametrize(
    "href", ["MAILTO:Bob%40Example.org", "/dav/principals/bob/", "urn:UUID:{}"]
)
async def test_a_sharee_is_known_by_every_address(
    server: Server, ann: Client, calendar: str, href: str
):
    bob = await server.db.read(lambda tx: named.account(tx, "bob"))

    answer = await share(ann, calendar, set_(href.format(bob.uuid.upper())))

    assert answer.status == 200
    assert list(await sharees(ann, calendar)) == ["mailto:bob@example.org"]


@pytest.mark.parametrize(
    ("who", "condition"),
    [
        ("zoe", "recognized-principal"),
        ("urn:uuid:nobody", "recognized-principal"),
        ("/dav/principals/zoe/", "recognized-principal"),
        ("ann", "allowed-principal"),
        ("/dav/principals/ann/calendar-proxy-read/", "allowed-principal"),
        ("/dav/principals/", "allowed-principal"),
    ],
)
async def test_who_cannot_be_a_sharee_is_refused(
    ann: Client, calendar: str, who: str, condition: str
):
    answer = await share(ann, calendar, set_(who))

    assert answer.condition == f"{{DAV:}}{condition}"
    assert (await ann.propfind(calendar, "CS:invite")).props()[CS + "invite"][0] == 404


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("<CS:share {ns}/>", 400),
        ("<CS:share {ns}><CS:set><CS:read/></CS:set></CS:share>", 400),
        ("<CS:share {ns}><CS:set><D:href>mailto:bob@example.org</D:href></CS:set></CS:share>", 400),
        ("<CS:invite-reply {ns}><CS:invite-accepted/></CS:invite-reply>", 400),
        ("<CS:publish-calendar {ns}/>", 400),
        ("<CS:share", 400),
        ("", 400),
        ("<CS:share {ns}>" + set_("b@" + "x" * 900 + "") + "</CS:share>", 403),
        ("<CS:share {ns}>" + set_("bob", summary="x" * 1001) + "</CS:share>", 400),
        ("<CS:share {ns}>" + set_("bob") * (MAX_CHANGES + 1) + "</CS:share>", 413),
        (
            "<CS:share {ns}>" + "".join(set_(f"u{n}") for n in range(1_000)) + "</CS:share>",
            413,
        ),
    ],
)
async def test_what_is_no_sound_body_is_refused_and_changes_nothing(
    ann: Client, calendar: str, body: str, status: int
):
    answer = await ann("POST", calendar, body.replace("{ns}", declared()), Content_Type=XML)

    assert answer.status == status
    assert (await ann.propfind(calendar, "CS:invite")).props()[CS + "invite"][0] == 404


async def test_nobody_answers_for_somebody_else(
    server: Server, ann: Client, bob: Client, calendar: str
):
    await add_user(server.db, "cat", "Cat Example")
    cat = Client(server, "cat")
    await share(ann, calendar, set_("bob"))
    uid = await uid_of(bob)
    await delegate(bob, "write", "cat")

    foreign = await reply(cat, uid)
    unknown = await reply(cat, "no-such-uid")
    body = f"<CS:invite-reply {declared()}><CS:invite-accepted/><CS:in-reply-to>{uid}"
    body += "</CS:in-reply-to></CS:invite-reply>"
    delegated = await cat("POST", bob.home, body, Content_Type=XML)
    stranger = await ann("POST", bob.home, body, Content_Type=XML)

    assert (foreign.status, foreign.text) == (unknown.status, unknown.text) == (404, foreign.text)
    assert (delegated.status, stranger.status) == (403, 404)
    assert await sharees(ann, calendar) == {"mailto:bob@example.org": ("invite-noresponse", "read")}


async def test_an_invitation_that_was_taken_back_cannot_be_accepted(
    ann: Client, bob: Client, calendar: str
):
    await share(ann, calendar, set_("bob"))
    uid = await uid_of(bob)
    await share(ann, calendar, remove("bob"))

    assert (await reply(bob, uid)).status == 404
    assert (await bob.propfind(MOUNT)).status == 404


@pytest.mark.parametrize("level", [Level.READ, Level.WRITE])
async def test_who_may_not_manage_invites_nobody_and_sees_no_other_sharee(
    server: Server, ann: Client, bob: Client, calendar: str, level: Level
):
    await add_user(server.db, "cat", "Cat Example")
    await give(server, "ann", "main", "cat", Level.READ)
    await give(server, "ann", "main", "bob", level)

    refused = [await share(bob, path, set_("cat", "read-write")) for path in (MOUNT, calendar)]

    shown = await bob.propfind(MOUNT, "CS:invite", "CS:allowed-sharing-modes")
    assert {one.condition for one in refused} == {"{DAV:}need-privileges"}
    assert list(await sharees(bob, MOUNT)) == ["mailto:bob@example.org"]
    assert "cat" not in shown.text
    organizer = shown.props()[CS + "invite"][1].find("CS:organizer", NS)
    assert organizer.findtext("D:href", "", NS) == "mailto:ann@example.org"
    assert shown.props()[CS + "allowed-sharing-modes"][0] == 404


async def test_who_manages_a_calendar_shares_it_with_others(
    server: Server, ann: Client, bob: Client, calendar: str
):
    await add_user(server.db, "cat", "Cat Example")
    await give(server, "ann", "main", "bob", Level.MANAGE)

    answer = await share(bob, MOUNT, set_("cat"))
    # What looks the same changes nothing: bob still manages.
    await share(ann, calendar, set_("bob", "read-write"))
    again = await share(bob, MOUNT, remove("cat"))

    modes = (await bob.propfind(MOUNT, "CS:allowed-sharing-modes")).props()
    assert (answer.status, again.status) == (200, 200)
    assert children(modes[CS + "allowed-sharing-modes"][1]) == [CS + "can-be-shared"]
    assert await sharees(bob, calendar) == {
        "mailto:bob@example.org": ("invite-accepted", "read-write")
    }


async def test_notifications_are_synchronised(ann: Client, bob: Client, calendar: str):
    empty = await bob.sync(TOLD)
    first = await bob.propfind(TOLD, "CS:getctag", "D:resourcetype")
    await share(ann, calendar, set_("bob"))

    refused = await bob.sync(TOLD, empty.token)
    started = await bob.sync(TOLD)
    (href,) = started.hrefs
    deleted = await bob("DELETE", href)
    later = await bob.sync(TOLD, started.token)

    assert empty.hrefs == []
    assert children(first.props()["{DAV:}resourcetype"][1]) == [
        "{DAV:}collection",
        CS + "notification",
    ]
    # Until the first one came there was nothing to synchronise with.
    assert refused.condition == "{DAV:}valid-sync-token"
    assert deleted.status == 204
    assert later.statuses() == {href: 404}
    assert (await bob("GET", href)).status == 404
    assert TOLD in (await bob.propfind(bob.home, "D:getetag", depth="1")).hrefs


async def test_a_user_is_told_where_the_own_notifications_are(ann: Client, bob: Client):
    own = await bob.propfind("/dav/principals/bob/", "CS:notification-URL")
    others = await ann.propfind("/dav/principals/bob/", "CS:notification-URL")

    assert href_in(own, CS + "notification-URL") == TOLD
    assert others.props()[CS + "notification-URL"][0] == 404


async def test_notifications_are_for_nobody_else(ann: Client, bob: Client, calendar: str):
    await share(ann, calendar, set_("bob"))
    ((href, _),) = (await notices(bob)).items()
    await delegate(bob, "write", "ann")

    seen = [
        (await ann("GET", href)).status,
        (await ann.propfind(TOLD)).status,
        (await ann("DELETE", href)).status,
        (await ann.sync(TOLD)).status,
    ]

    assert seen == [404, 404, 404, 404]
    assert len(await notices(bob)) == 1


@pytest.mark.parametrize("method", ["PUT", "MKCALENDAR", "PROPPATCH", "COPY", "MOVE", "POST"])
async def test_notifications_are_only_read_and_deleted(
    ann: Client, bob: Client, calendar: str, method: str
):
    await share(ann, calendar, set_("bob"))
    ((href, _),) = (await notices(bob)).items()

    to = bob.home + "calendar/x.ics"
    for path in (href, TOLD, TOLD + "new.xml"):
        body = event(uid="x") if method in {"PUT", "POST"} else ""
        body = proppatch(set_="<D:displayname>x</D:displayname>") if "PATCH" in method else body
        answer = await bob(method, path, body, Destination=to)
        assert answer.status in {403, 404, 405, 409}

    assert len(await notices(bob)) == 1


async def test_a_group_is_one_sharee_and_each_member_is_invited(
    server: Server, ann: Client, bob: Client, calendar: str
):
    await add_user(server.db, "cat", "Cat Example")
    cat = Client(server, "cat")
    await make_group(server, "team", "bob")
    await make_group(server, "office", "team", "cat", "ann")

    await share(ann, calendar, set_("/dav/principals/office/", "read-write"))
    place = await accept(bob)

    assert place == MOUNT
    assert await sharees(ann, calendar) == {
        "/dav/principals/office/": ("invite-accepted", "read-write")
    }
    assert len(await notices(cat)) == 1
    assert (await cat.propfind("/dav/calendars/cat/ann-main/")).status == 404
    assert (await bob.put(MOUNT + "b.ics", event(uid="b"))).status == 201


async def test_who_joins_a_group_is_invited_and_who_leaves_loses_the_calendar(
    server: Server, ann: Client, bob: Client, calendar: str, stored: str
):
    await make_group(server, "team")
    await share(ann, calendar, set_("/dav/principals/team/"))
    assert await notices(bob) == {}

    await join(server, "team", "bob")
    await accept(bob)
    token = (await bob.sync(bob.home)).token
    got = await bob("GET", MOUNT + "a.ics")
    await leave(server, "team", "bob")

    assert got.status == 200
    assert (await bob("GET", MOUNT + "a.ics")).status == 404
    assert (await bob("GET", stored)).status == 404
    assert (await bob.sync(bob.home, token)).statuses() == {MOUNT: 404}


async def test_a_server_can_accept_for_groups(server: Server, calendar: str):
    accepting = Server(server.db, server.auth, accepts_for_groups=True)
    await make_group(accepting, "team", "bob")

    await share(Client(accepting, "ann"), calendar, set_("/dav/principals/team/"), set_("bob"))

    assert (await Client(accepting, "bob").propfind(MOUNT)).status == 207


async def test_the_highest_of_several_shares_counts(
    server: Server, ann: Client, bob: Client, calendar: str
):
    await make_group(server, "team", "bob")
    await give(server, "ann", "main", "bob", Level.READ)
    await give(server, "ann", "main", "team", Level.WRITE)

    both = await bob.put(MOUNT + "b.ics", event(uid="b"))
    await share(ann, calendar, remove("/dav/principals/team/"))
    one = await bob.put(MOUNT + "c.ics", event(uid="c"))

    assert (both.status, one.status) == (201, 403)


async def test_everyone_has_what_is_shared_with_everyone(
    server: Server, ann: Client, bob: Client, calendar: str, stored: str
):
    await give(server, "ann", "main", None, Level.READ)
    shown = await sharees(ann, calendar)
    got = await bob("GET", MOUNT + "a.ics")

    answer = await share(ann, calendar, remove("/dav/principals/"))

    assert shown == {"/dav/principals/": ("invite-accepted", "read")}
    assert (got.status, answer.status) == (200, 200)
    assert (await bob("GET", MOUNT + "a.ics")).status == 404


async def test_who_is_removed_takes_along_what_they_shared_and_were_shared(
    server: Server, ann: Client, bob: Client, calendar: str
):
    await give(server, "ann", "main", "bob", Level.READ)
    await give(server, "bob", "calendar", "ann", Level.READ)
    token = (await bob.sync(bob.home)).token

    async def work(tx: WriteTx) -> None:
        await accounts.remove(tx, await named.account(tx, "ann"), 1_800_000_000)

    await server.db.write(work)

    delta = await bob.sync(bob.home, token)
    types = (await bob.propfind(f"{bob.home}calendar/", "D:resourcetype")).props()
    assert delta.statuses()[MOUNT] == 404
    assert CS + "shared-owner" not in children(types["{DAV:}resourcetype"][1])


async def test_a_calendar_is_shared_with_a_bounded_number(
    server: Server, ann: Client, calendar: str, monkeypatch: pytest.MonkeyPatch
):
    await add_user(server.db, "cat", "Cat Example")
    monkeypatch.setattr(sharing, "MAX_SHAREES", 1)

    answers = [await share(ann, calendar, set_(name)) for name in ("bob", "cat", "bob")]

    assert [one.status for one in answers] == [200, 507, 200]


@pytest.mark.parametrize(
    ("method", "path", "depth", "count"),
    [
        ("GET", "/dav/calendars/ann/main/a.ics", "0", 1),
        ("PROPFIND", "/dav/calendars/ann/main/", "0", 1),
        # The home, what dead properties it has, and what lies in it.
        ("PROPFIND", "/dav/calendars/ann/", "1", 3),
    ],
)
async def test_sharing_costs_no_statement_on_what_is_ones_own(
    server: Server, stored: str, method: str, path: str, depth: str, count: int
):
    recorded = Recorded(server.db)
    body = f"<D:propfind {declared()}><D:prop><D:resourcetype/><CS:invite/>"
    body += "<CS:allowed-sharing-modes/><CS:shared-url/></D:prop></D:propfind>"

    answer: Answer = await Client(Server(recorded, server.auth), "ann")(
        method, path, body, Depth=depth
    )

    assert answer.status in {200, 207}
    assert len(recorded.noted) == count
