"""The rules that no client forgives, where the server schedules: boxes, tags and tokens."""

from __future__ import annotations

import pytest

from caldavd.dav.server import Server
from tests.protocol.client import NS, Client, multiget, proppatch, query
from tests.protocol.clients.wire import children, data, ics, privileges, reports, text_of, tokens
from tests.protocol.meetings import answering, meeting, messages, only, partstats, scheduling
from tests.protocol.rules import HOME, PRINCIPAL, C
from tests.protocol.test_rules_properties import WORKS
from tests.unit.builders import event

INBOX, OUTBOX = HOME + "inbox/", HOME + "outbox/"
BOXES = (INBOX, OUTBOX)
MEETING = "/dav/calendars/bob/calendar/m.ics"
EVENTS = '<C:comp-filter name="VEVENT"/>'


@pytest.fixture
def scheduled(server: Server) -> Server:
    return scheduling(server)[0]


@pytest.fixture
def ann(scheduled: Server) -> Client:
    return Client(scheduled, "ann")


@pytest.fixture
def bob(scheduled: Server) -> Client:
    return Client(scheduled, "bob")


@pytest.fixture
async def item(ann: Client, bob: Client) -> str:
    """The URL of the one message in ann's inbox: bob invites her."""
    await bob.put(MEETING, meeting("ann", organizer="bob"))
    _, href = (await ann.propfind(INBOX, "D:getetag", depth="1")).hrefs
    return href


@pytest.mark.rule("G1")
@pytest.mark.parametrize("method", ["OPTIONS", "PROPFIND", "REPORT", "POST", "GET", "DELETE"])
async def test_inboxes_and_outboxes_ask_who_is_there(scheduled: Server, item: str, method: str):
    nobody = Client(scheduled, None)

    answers = [await nobody(method, path) for path in (*BOXES, item, INBOX + "missing.ics")]

    assert {answer.status for answer in answers} == {401}


@pytest.mark.rule("G3")
async def test_options_tells_of_calendars_on_inboxes_and_outboxes(ann: Client, item: str):
    answers = [await ann("OPTIONS", path) for path in (*BOXES, item, PRINCIPAL, HOME)]

    announced = [tokens(answer.headers["DAV"]) for answer in answers]
    assert {answer.status for answer in answers} == {200}
    assert {one[0] for one in announced} == {"1"}
    needed = {"calendar-access", "calendar-auto-schedule"}
    assert all(needed <= set(one) and len(one) == len(set(one)) for one in announced)


@pytest.mark.rule("G5")
@pytest.mark.parametrize("path", BOXES)
async def test_boxes_are_served_without_their_slash(ann: Client, item: str, path: str):
    slashless = await ann.propfind(path.rstrip("/"), "D:resourcetype", depth="1")

    assert slashless.hrefs == (await ann.propfind(path, "D:resourcetype", depth="1")).hrefs
    assert [href for href in slashless.hrefs if href.endswith("/")] == [path]


@pytest.mark.rule("G7")
async def test_a_message_has_one_entity_tag(ann: Client, item: str):
    shown = {(await ann("GET", item)).etag, (await ann("HEAD", item)).etag}
    listed = [
        await ann.propfind(item, "D:getetag"),
        await ann.propfind(INBOX, "D:getetag", depth="1"),
        await ann.sync(INBOX),
        await ann("REPORT", INBOX, multiget(item)),
        await ann("REPORT", INBOX, query(EVENTS), Depth="1"),
    ]
    shown |= {text_of(found, "{DAV:}getetag", item) for found in listed}

    assert len(shown) == 1


@pytest.mark.rule("G8")
async def test_a_meeting_that_was_rewritten_has_a_tag_and_no_entity_tag(ann: Client, bob: Client):
    sent = meeting("bob")

    put = await ann.put(HOME + "calendar/m.ics", sent)

    got = await ann("GET", HOME + "calendar/m.ics")
    assert got.text != sent
    assert "ETag" not in put.headers
    assert put.headers["Schedule-Tag"] == got.headers["Schedule-Tag"]


@pytest.mark.rule("G8")
async def test_an_event_of_ones_own_has_an_entity_tag_and_no_other(ann: Client):
    put = await ann.put(HOME + "calendar/a.ics", event(uid="a"))

    got = await ann("GET", HOME + "calendar/a.ics")
    assert put.etag == got.etag
    assert "Schedule-Tag" not in put.headers.keys() | got.headers.keys()


@pytest.mark.rule("G9")
@pytest.mark.parametrize("path", BOXES)
@pytest.mark.parametrize("depth", [{}, {"Depth": "0"}, {"Depth": "1"}])
async def test_boxes_sync_with_any_depth(ann: Client, item: str, path: str, depth: dict[str, str]):
    body = (
        '<D:sync-collection xmlns:D="DAV:"><D:sync-token/><D:prop><D:getetag/></D:prop>'
        "</D:sync-collection>"
    )

    found = await ann("REPORT", path, body, **depth)

    assert (found.status, found.hrefs) == (207, [item] if path == INBOX else [])


@pytest.mark.rule("G10")
@pytest.mark.parametrize("path", BOXES)
async def test_a_bad_token_is_refused_on_boxes(ann: Client, path: str):
    answer = await ann.sync(path, "data:,dead-1")

    assert (answer.status, answer.condition) == (403, "{DAV:}valid-sync-token")


@pytest.mark.rule("G11")
@pytest.mark.rule("G19")
async def test_only_messages_are_text_calendar(ann: Client, item: str):
    paths = (HOME, *BOXES)
    listed = [await ann.propfind(path, "D:getcontenttype", depth="1") for path in paths]

    types = {
        href: element.text
        for found in listed
        for href in found.hrefs
        for status, element in found.props(href).values()
        if status == 200
    }
    assert types == {item: "text/calendar; charset=utf-8; component=VEVENT"}


@pytest.mark.rule("G14")
async def test_what_is_not_in_a_box_is_a_404(ann: Client, item: str):
    missing = [
        await ann(method, box + "missing.ics")
        for method in ("GET", "HEAD", "DELETE", "PROPFIND")
        for box in BOXES
    ]

    assert {answer.status for answer in missing} == {404}


@pytest.mark.rule("G15")
@pytest.mark.parametrize("path", BOXES)
async def test_a_colour_an_order_and_what_nobody_knows_can_be_set_on_boxes(ann: Client, path: str):
    values = {"I:calendar-color": "#FD8208FF", "I:calendar-order": "2", "CS:whatever": "x"}
    set_ = "".join(f"<{name}>{value}</{name}>" for name, value in values.items())

    answer = await ann("PROPPATCH", path, proppatch(set_=set_))

    found = await ann.propfind(path, *values)
    assert {status for status, _ in answer.props().values()} == {200}
    assert [element.text for _, element in found.props().values()] == list(values.values())


@pytest.mark.rule("G17")
@pytest.mark.parametrize(
    ("path", "own"),
    [
        (INBOX, {"deliver", "deliver-invite", "deliver-reply", "query-freebusy"}),
        (OUTBOX, {"send", "send-invite", "send-reply", "send-freebusy"}),
    ],
)
async def test_privileges_of_boxes_are_spelled_out(ann: Client, path: str, own: set[str]):
    found = privileges(await ann.propfind(path, "D:current-user-privilege-set"))

    assert {name for name in found if "schedule" in name} == {f"{C}schedule-{one}" for one in own}
    assert found >= {"{DAV:}read", "{DAV:}read-current-user-privilege-set", "{DAV:}read-acl"}


@pytest.mark.rule("G18")
async def test_reports_of_boxes_stand_in_their_wrappers(ann: Client):
    found = {path: reports(await ann.propfind(path, "D:supported-report-set")) for path in BOXES}

    assert "{DAV:}sync-collection" in found[INBOX] & found[OUTBOX]
    assert {C + "calendar-multiget", C + "calendar-query"} <= found[INBOX]


@pytest.mark.rule("G21")
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Originator": "mailto:ann@example.org", "Recipient": "mailto:bob@example.org"},
        {"Originator": "mailto:eve@example.org", "Recipient": "mailto:eve@example.org"},
    ],
    ids=["none", "both", "others"],
)
@pytest.mark.parametrize("type_", ["text/calendar", "text/calendar; charset=utf-8"])
async def test_busy_time_is_told_of_whom_the_body_names(
    ann: Client, headers: dict[str, str], type_: str
):
    text = ics("thunderbird/free-busy", attendee="bob")

    answer = await ann("POST", OUTBOX, text, Content_Type=type_, **headers)

    told = [
        (one.findtext("C:recipient/D:href", "", NS), one.findtext("C:request-status", "", NS))
        for one in answer.xml
    ]
    assert (answer.status, told) == (200, [("mailto:bob@example.org", "2.0;Success")])


@pytest.mark.rule("G22")
async def test_a_tag_survives_answers_and_changes_with_the_meeting(ann: Client, bob: Client):
    mine = HOME + "calendar/m.ics"
    await ann.put(mine, meeting("bob"))
    path, text = await only(bob)

    async def tags() -> tuple[str, str]:
        his = await bob.propfind(path, "C:schedule-tag")
        return (await ann("GET", mine)).headers["Schedule-Tag"], text_of(his, C + "schedule-tag")

    before = await tags()
    put = await bob.put(path, answering(text, "bob", "ACCEPTED"), If_Schedule_Tag_Match=before[1])
    answered = await tags()
    assert partstats((await ann("GET", mine)).text)["bob"] == "ACCEPTED"
    await ann.put(mine, (await ann("GET", mine)).text.replace("T100000Z", "T103000Z"))
    moved = await tags()

    assert put.status == 204
    assert answered == before
    assert {*before}.isdisjoint(moved)


@pytest.mark.rule("G23")
async def test_scheduling_is_announced_whole_or_not_at_all(ann: Client, server: Server):
    told = [await client("OPTIONS", HOME) for client in (ann, Client(server, "ann"))]

    announced = [set(tokens(answer.headers["DAV"])) for answer in told]
    assert announced[0] - announced[1] == {
        "calendar-schedule",
        "calendar-auto-schedule",
        "calendar-availability",
    }
    assert announced[1] == WORKS


@pytest.mark.rule("G23")
async def test_what_boxes_allow_is_not_a_405(ann: Client, item: str):
    for path in (*BOXES, item):
        allowed = tokens((await ann("OPTIONS", path)).headers["Allow"])

        answers = {method: await ann(method, path) for method in allowed if method != "DELETE"}

        assert not [name for name, answer in answers.items() if answer.status in (405, 501)]


@pytest.mark.rule("G25")
async def test_a_message_with_markup_comes_whole_through_xml(ann: Client, bob: Client):
    summary = "<b>A & B</b> ]]> ☕"
    await bob.put(MEETING, meeting("ann", organizer="bob", summary=summary))
    _, href = (await ann.propfind(INBOX, "D:getetag", depth="1")).hrefs

    found = await ann("REPORT", INBOX, multiget(href))

    assert found.headers["Content-Type"] == "application/xml; charset=utf-8"
    assert [data(found)[href]] == await messages(ann)
    assert f"SUMMARY:{summary}\r\n" in data(found)[href]


@pytest.mark.rule("G11")
async def test_the_home_shows_boxes_as_what_they_are(ann: Client):
    found = await ann.propfind(HOME, "D:resourcetype", depth="1")

    kinds = {path: children(found.props(path)["{DAV:}resourcetype"][1]) for path in BOXES}
    assert kinds == {
        INBOX: ["{DAV:}collection", C + "schedule-inbox"],
        OUTBOX: ["{DAV:}collection", C + "schedule-outbox"],
    }
