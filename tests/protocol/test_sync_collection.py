"""sync-collection on calendars and on the home (RFC 6578)."""

from __future__ import annotations

import pytest

from caldavd.store import changes, collections, principals
from caldavd.store.engine import WriteTx
from tests.protocol.client import Client, declared, proppatch
from tests.protocol.state import members
from tests.protocol.test_delete import restore
from tests.unit.builders import event

INVALID = "{DAV:}valid-sync-token"


async def fill(client: Client, calendar: str, *names: str) -> None:
    for name in names:
        await client.put(f"{calendar}{name}.ics", event(uid=name))


async def prune(client: Client, path: str) -> None:
    """Forgets the removals of a calendar, as time does."""

    async def work(tx: WriteTx) -> None:
        owner = await principals.by_name(tx, str(client.name))
        assert owner is not None
        found = await collections.by_name(tx, owner.id, path.strip("/").rpartition("/")[2])
        assert found is not None
        await changes.prune(tx, found.id, found.revision)

    await client.server.db.write(work)


@pytest.mark.rfc("6578 3.4")
async def test_a_first_sync_lists_all_members_and_no_removed_ones(ann: Client, calendar: str):
    await fill(ann, calendar, "a", "b", "c")
    await ann("DELETE", calendar + "b.ics")

    answer = await ann.sync(calendar)

    assert answer.hrefs == [calendar + "a.ics", calendar + "c.ics"]
    assert answer.props(calendar + "a.ics")["{DAV:}getetag"][0] == 200


@pytest.mark.rfc("6578 3.5")
@pytest.mark.rfc("6578 3.5.1")
@pytest.mark.rfc("6578 3.5.2")
async def test_a_later_sync_lists_each_changed_member_once(ann: Client, calendar: str):
    await fill(ann, calendar, "same", "changed", "removed")
    token = (await ann.sync(calendar)).token
    await fill(ann, calendar, "new", "brief")
    await ann.put(calendar + "changed.ics", event(uid="changed", summary="1"))
    await ann.put(calendar + "changed.ics", event(uid="changed", summary="2"))
    await ann("DELETE", calendar + "removed.ics")
    await ann("DELETE", calendar + "brief.ics")

    answer = await ann.sync(calendar, token)

    gone = {calendar + "removed.ics": 404, calendar + "brief.ics": 404}
    assert sorted(answer.hrefs) == sorted([calendar + "new.ics", calendar + "changed.ics", *gone])
    assert answer.statuses() == gone
    assert (await ann.sync(calendar, answer.token)).hrefs == []


@pytest.mark.rfc("6578 3.5.2")
async def test_a_member_that_was_removed_and_made_again_is_changed(ann: Client, calendar: str):
    await fill(ann, calendar, "a")
    token = (await ann.sync(calendar)).token
    await ann("DELETE", calendar + "a.ics")
    await ann.put(calendar + "a.ics", event(uid="b"))

    answer = await ann.sync(calendar, token)

    assert (answer.hrefs, answer.statuses()) == ([calendar + "a.ics"], {})


@pytest.mark.rfc("6578 3.6")
@pytest.mark.parametrize("limit", [1, 2, 3, 100])
async def test_pages_of_a_sync_add_up_to_all_of_it(ann: Client, calendar: str, limit: int):
    await fill(ann, calendar, "a", "b", "c")
    token = (await ann.sync(calendar)).token
    await fill(ann, calendar, "d", "e")
    await ann("DELETE", calendar + "a.ics")
    await ann("DELETE", calendar + "b.ics")

    seen, pages = await read_all(ann, calendar, token, limit)

    expected = {"d": None, "e": None, "a": 404, "b": 404}
    assert seen == {f"{calendar}{name}.ics": status for name, status in expected.items()}
    assert pages == -(-4 // limit)


@pytest.mark.rfc("6578 3.6")
async def test_the_marker_of_a_page_is_a_507_for_the_calendar(ann: Client, calendar: str):
    await fill(ann, calendar, "a", "b")

    answer = await ann.sync(calendar, limit=1)

    assert answer.hrefs == [calendar + "a.ics", calendar]
    assert answer.statuses() == {calendar: 507}
    (error,) = answer.xml.iterfind("{DAV:}response/{DAV:}error")
    assert [child.tag for child in error] == ["{DAV:}number-of-matches-within-limits"]


@pytest.mark.rfc("6578 3.6")
async def test_a_first_sync_in_pages_goes_on_although_the_log_was_pruned(
    ann: Client, calendar: str
):
    await fill(ann, calendar, "a", "b", "c", "gone")
    await ann("DELETE", calendar + "gone.ics")
    await prune(ann, calendar)

    first = await ann.sync(calendar, limit=1)
    await ann("DELETE", calendar + "a.ics")
    seen, _ = await read_all(ann, calendar, first.token, 1)

    assert seen == {
        calendar + "b.ics": None,
        calendar + "c.ics": None,
        calendar + "a.ics": 404,
    }


@pytest.mark.rfc("6578 3.6")
async def test_pages_follow_what_changes_between_them(ann: Client, calendar: str):
    await fill(ann, calendar, "a", "b", "c")
    first = await ann.sync(calendar, limit=2)
    await ann.put(calendar + "a.ics", event(uid="a", summary="New"))
    await ann("DELETE", calendar + "c.ics")

    seen, _ = await read_all(ann, calendar, first.token, 2)

    assert seen == {calendar + "a.ics": None, calendar + "c.ics": 404}


@pytest.mark.rfc("6578 3.2")
@pytest.mark.parametrize(
    "token",
    [
        "data:,1-1",
        "data:,zzzzzzzzzzzzz-1",
        "http://example.org/sync/1",
        "x",
        "data:,",
        "data:,1-" + "9" * 100_000,
        "data:,1-1" + ".1-1" * 50_000,
        "-1",
    ],
)
@pytest.mark.parametrize("path", ["main/", ""])
async def test_a_foreign_token_is_refused(ann: Client, calendar: str, token: str, path: str):
    answer = await ann.sync(ann.home + path, token)

    assert (answer.status, answer.condition) == (403, INVALID)


@pytest.mark.rfc("6578 3.2")
@pytest.mark.parametrize("path", ["main/", ""])
async def test_tokens_of_the_future_or_of_no_revision_are_refused(
    ann: Client, calendar: str, path: str
):
    head = (await ann.sync(ann.home + path)).token.partition(".")[0].rpartition("-")[0]

    answers = [await ann.sync(ann.home + path, f"{head}-{end}") for end in ("zz", "0", "2-1", "")]

    assert [answer.condition for answer in answers] == [INVALID] * 4


@pytest.mark.rfc("6578 3.2")
async def test_a_token_from_before_the_log_was_pruned_is_refused(ann: Client, calendar: str):
    await fill(ann, calendar, "a", "b")
    old = (await ann.sync(calendar)).token
    await ann("DELETE", calendar + "a.ics")
    current = (await ann.sync(calendar)).token

    await prune(ann, calendar)

    assert (await ann.sync(calendar, old)).condition == INVALID
    assert (await ann.sync(calendar, current)).hrefs == []


@pytest.mark.rfc("6578 3.2")
async def test_the_token_of_a_calendar_is_void_in_its_successor(ann: Client, calendar: str):
    await fill(ann, calendar, "a")
    token = (await ann.sync(calendar)).token
    await ann("DELETE", calendar)
    await ann("MKCALENDAR", calendar)

    assert (await ann.sync(calendar, token)).condition == INVALID


@pytest.mark.rfc("6578 4")
@pytest.mark.parametrize("path", ["main/", ""])
async def test_the_property_is_the_token_that_a_sync_answers(ann: Client, calendar: str, path: str):
    props = (await ann.propfind(ann.home + path, "D:sync-token", "CS:getctag")).props()

    token = (await ann.sync(ann.home + path)).token
    assert [element.text for _, element in props.values()] == [token, token]


@pytest.mark.rfc("6578 3.3")
@pytest.mark.parametrize(
    ("inner", "status"),
    [
        ("<D:sync-level>2</D:sync-level>", 400),
        ("<D:limit><D:nresults>0</D:nresults></D:limit>", 400),
        ("<D:limit><D:nresults>-1</D:nresults></D:limit>", 400),
        ("<D:limit><D:nresults>many</D:nresults></D:limit>", 400),
        (f"<D:limit><D:nresults>{'9' * 5_000}</D:nresults></D:limit>", 400),
        ("<D:limit/>", 400),
        ("<D:sync-level>infinite</D:sync-level>", 207),
        ("", 207),
    ],
)
async def test_levels_and_limits_are_checked(ann: Client, calendar: str, inner: str, status: int):
    body = f"<D:sync-collection {declared()}><D:sync-token/>{inner}<D:prop/></D:sync-collection>"

    assert (await ann("REPORT", calendar, body)).status == status


@pytest.mark.rfc("6578 3.2")
async def test_a_sync_may_ask_for_calendar_data(ann: Client, calendar: str):
    await fill(ann, calendar, "a")
    body = (
        f"<D:sync-collection {declared()}><D:sync-token/><D:sync-level>1</D:sync-level><D:prop>"
        "<D:getetag/><C:calendar-data/></D:prop></D:sync-collection>"
    )

    props = (await ann("REPORT", calendar, body)).props(calendar + "a.ics")

    data = props["{urn:ietf:params:xml:ns:caldav}calendar-data"][1].text
    assert data == event(uid="a")


@pytest.mark.rfc("6578 3.3")
async def test_a_home_is_not_synchronised_to_any_depth(ann: Client):
    body = (
        f"<D:sync-collection {declared()}><D:sync-token/><D:sync-level>infinite</D:sync-level>"
        "<D:prop/></D:sync-collection>"
    )

    assert (await ann("REPORT", ann.home, body)).condition == "{DAV:}sync-traversal-supported"


@pytest.mark.rfc("6578 3.7")
async def test_an_answer_that_cannot_be_cut_is_refused(ann: Client):
    few, enough = await ann.sync(ann.home, limit=1), await ann.sync(ann.home, limit=2)

    assert (few.status, few.condition) == (507, "{DAV:}number-of-matches-within-limits")
    assert enough.status == 207


@pytest.mark.rfc("6578 3.5")
async def test_a_home_tells_of_calendars_made_changed_renamed_and_deleted(
    ann: Client, calendar: str
):
    for name in ("same", "filled", "labelled", "renamed", "deleted"):
        await ann("MKCALENDAR", f"{ann.home}{name}/")
    token = (await ann.sync(ann.home)).token
    assert (await ann.sync(ann.home, token)).hrefs == []
    await ann("MKCALENDAR", ann.home + "made/")
    await fill(ann, ann.home + "filled/", "a")
    label = proppatch(set_="<D:displayname>x</D:displayname>")
    await ann("PROPPATCH", ann.home + "labelled/", label)
    await ann("MOVE", ann.home + "renamed/", Destination=ann.home + "newname/")
    await ann("DELETE", ann.home + "deleted/")

    answer = await ann.sync(ann.home, token)

    gone = {ann.home + "deleted/": 404, ann.home + "renamed/": 404}
    changed = [f"{ann.home}{name}/" for name in ("made", "filled", "labelled", "newname")]
    assert sorted(answer.hrefs) == sorted([*changed, *gone])
    assert answer.statuses() == gone
    assert (await ann.sync(ann.home, answer.token)).hrefs == []


@pytest.mark.rfc("6578 3.5")
async def test_a_home_tells_of_a_calendar_that_came_back_from_the_trash(ann: Client, calendar: str):
    await ann("DELETE", calendar)
    token = (await ann.sync(ann.home)).token
    await restore(ann, "main")

    answer = await ann.sync(ann.home, token)

    assert (answer.hrefs, answer.statuses()) == ([calendar], {})


@pytest.mark.rfc("6578 3.5")
async def test_a_home_tells_of_a_calendar_that_took_the_place_of_another(
    ann: Client, calendar: str
):
    token = (await ann.sync(ann.home)).token
    await ann("DELETE", calendar)
    await ann("MKCALENDAR", calendar)

    answer = await ann.sync(ann.home, token)

    assert (answer.hrefs, answer.statuses()) == ([calendar], {})


async def read_all(
    client: Client, calendar: str, token: str, limit: int
) -> tuple[dict[str, int | None], int]:
    """What pages say of each member in the end, and how many there were; none is too long."""
    seen: dict[str, int | None] = {}
    for page in range(1, 100):
        answer = await client.sync(calendar, token, limit=limit)
        statuses = answer.statuses()
        more = statuses.pop(calendar, None) == 507
        told = [href for href in answer.hrefs if href != calendar]
        assert len(told) <= limit
        seen |= {href: statuses.get(href) for href in told}
        token = answer.token
        if not more:
            current = await members(client, calendar)
            assert {href for href, status in seen.items() if status is None} <= set(current)
            return seen, page
    raise AssertionError("the pages have no end")
