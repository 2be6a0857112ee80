"""Each rule that no client forgives, held by at least one test that names it: URLs and tags."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from caldavd.dav.registry import METHODS
from caldavd.dav.server import Server
from caldavd.store.engine import Database
from tests.protocol.client import NS, Client, multiget, query
from tests.protocol.clients.wire import (
    children,
    data,
    href_in,
    text_of,
    tokens,
)
from tests.protocol.conftest import add_user
from tests.protocol.rules import COLLECTIONS, HOME, OBJECT, PRINCIPAL, RULES, C
from tests.unit.builders import event

METHOD_NAMES = [row.name for row in METHODS]


def test_every_rule_is_named_by_a_test():
    texts = [path.read_text(encoding="utf-8") for path in Path(__file__).parent.rglob("test_*.py")]
    named = {name for text in texts for name in re.findall(r'mark\.rule\("(G\d+)"\)', text)}

    assert named == set(RULES)


# G1


@pytest.mark.rule("G1")
@pytest.mark.parametrize("method", [*METHOD_NAMES, "LOCK", "ACL"])
async def test_any_method_without_credentials_is_a_challenge(
    nobody: Client, stored: str, method: str
):
    paths = [*COLLECTIONS, stored, HOME + "missing/", "/dav/calendars/bob/", "/elsewhere"]

    answers = [await nobody(method, path) for path in paths]

    assert {answer.status for answer in answers} == {401}
    assert {answer.headers["WWW-Authenticate"] for answer in answers} == {
        'Basic realm="caldavd", charset="UTF-8"'
    }


@pytest.mark.rule("G1")
async def test_wrong_password_is_a_challenge(server: Server, stored: str):
    answer = await Client(server, None)("GET", stored, Authorization="Basic YW5uOndyb25n")

    assert (answer.status, "WWW-Authenticate" in answer.headers) == (401, True)


# G2


@pytest.mark.rule("G2")
@pytest.mark.parametrize("method", [*METHOD_NAMES, "LOCK"])
async def test_well_known_redirects_any_method(nobody: Client, method: str):
    answers = [await nobody(method, f"/.well-known/caldav{slash}") for slash in ("", "/")]

    assert [(one.status, one.headers["Location"]) for one in answers] == [(301, "/dav/")] * 2


@pytest.mark.rule("G2")
@pytest.mark.parametrize("path", COLLECTIONS)
async def test_any_collection_knows_the_current_user_principal(
    ann: Client, calendar: str, path: str
):
    found = await ann.propfind(path, "D:current-user-principal")

    assert href_in(found, "{DAV:}current-user-principal") == PRINCIPAL


# G3


@pytest.mark.rule("G3")
@pytest.mark.parametrize("path", [*COLLECTIONS, OBJECT])
async def test_options_announces_calendar_access_behind_the_1(ann: Client, stored: str, path: str):
    answer = await ann("OPTIONS", path, Origin="https://app.example.org")

    announced = tokens(answer.headers["DAV"])
    assert (answer.status, announced[0]) == (200, "1")
    assert "calendar-access" in announced
    assert len(set(announced)) == len(announced)


# G4


@pytest.mark.rule("G4")
async def test_home_set_is_one_bare_href(ann: Client):
    found = await ann.propfind(PRINCIPAL, "C:calendar-home-set")

    _, element = found.props()[C + "calendar-home-set"]
    assert "".join(element.itertext()) == HOME


# G5


@pytest.mark.rule("G5")
async def test_collections_end_in_a_slash_and_objects_do_not(ann: Client, stored: str):
    listings = [await ann.propfind(path, "D:resourcetype", depth="1") for path in COLLECTIONS]

    for found in listings:
        for href in found.hrefs:
            kind = children(found.props(href)["{DAV:}resourcetype"][1])
            assert href.endswith("/") == ("{DAV:}collection" in kind)


@pytest.mark.rule("G5")
@pytest.mark.parametrize("path", [path for path in COLLECTIONS if path != "/"])
async def test_collection_without_its_slash_is_served_as_if_it_had_it(
    ann: Client, calendar: str, path: str
):
    found = await ann.propfind(path.rstrip("/"), "D:resourcetype", depth="1")

    assert found.xml.findtext("D:response/D:href", "", NS) == path
    assert found.hrefs == (await ann.propfind(path, "D:resourcetype", depth="1")).hrefs


@pytest.mark.rule("G5")
@pytest.mark.parametrize("slash", ["", "/"])
async def test_calendar_is_made_with_and_without_the_slash(ann: Client, slash: str):
    made = await ann("MKCALENDAR", HOME + "new" + slash)

    assert made.status == 201
    assert HOME + "new/" in (await ann.propfind(HOME, "D:resourcetype", depth="1")).hrefs


@pytest.mark.rule("G5")
async def test_reports_on_a_calendar_without_its_slash_name_its_members(ann: Client, stored: str):
    path = stored.rpartition("/")[0]

    found = [
        await ann.sync(path),
        await ann("REPORT", path, query('<C:comp-filter name="VEVENT"/>'), Depth="1"),
    ]

    assert [answer.hrefs for answer in found] == [[stored], [stored]]


# G6

NAMES = {
    "at": "a@b.ics",
    "at-encoded": "a%40b.ics",
    "plus": "a+b.ics",
    "blank": "a%20b.ics",
    "slash": "a%2Fb.ics",
    "percent": "a%252Fb.ics",
    "accent": "caf%C3%A9.ics",
    "emoji": "%F0%9F%8E%82.ics",
    "brackets": "%7B4F%7D(1)!.ics",
    "colon": "urn:uuid:1.ics",
}


@pytest.mark.rule("G6")
@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
async def test_name_of_any_spelling_is_found_again(ann: Client, calendar: str, name: str):
    put = await ann.put(calendar + name, event(uid="a"))
    (listed,) = (await ann.sync(calendar)).hrefs

    for spelling in (calendar + name, listed):
        got = await ann("GET", spelling)
        asked = await ann("REPORT", calendar, multiget(spelling))
        assert (got.status, got.etag, asked.hrefs) == (200, put.etag, [spelling])
        assert text_of(asked, "{DAV:}getetag") == put.etag


@pytest.mark.rule("G6")
async def test_at_is_not_encoded(ann: Client, calendar: str):
    await ann.put(calendar + "a%40b.ics", event(uid="a"))

    assert (await ann.sync(calendar)).hrefs == [calendar + "a@b.ics"]


@pytest.mark.rule("G6")
@pytest.mark.parametrize(
    "home", ["/dav/calendars/zoe%40example.org/", "/dav/calendars/zoe@example.org/"]
)
async def test_members_are_spelled_below_the_path_of_the_request(
    server: Server, db: Database, home: str
):
    await add_user(db, "zoe@example.org", "Zoe")
    zoe = Client(server, "zoe@example.org")
    await zoe("MKCALENDAR", home + "main/")
    await zoe.put(home + "main/a.ics", event(uid="a"))

    answers = [
        await zoe.propfind(home, "D:resourcetype", depth="1"),
        await zoe.propfind(home + "main/", "D:resourcetype", depth="1"),
        await zoe.sync(home + "main/"),
        await zoe.sync(home),
    ]

    assert all(href.startswith(home) for answer in answers for href in answer.hrefs)


@pytest.mark.rule("G6")
async def test_multiget_takes_whole_urls(ann: Client, stored: str):
    url = "https://cal.example.org" + stored

    found = await ann("REPORT", HOME + "main/", multiget(url))

    assert (found.hrefs, list(data(found))) == ([url], [url])


# G7


@pytest.mark.rule("G7")
async def test_entity_tag_is_the_same_wherever_it_is_shown(ann: Client, calendar: str):
    put = await ann.put(OBJECT, event(uid="a"))
    shown = [
        (await ann("GET", OBJECT, Accept_Encoding="gzip, deflate, br")).etag,
        (await ann("HEAD", OBJECT)).etag,
    ]
    listed = [
        await ann.propfind(OBJECT, "D:getetag"),
        await ann.propfind(calendar, "D:getetag", depth="1"),
        await ann.sync(calendar),
        await ann("REPORT", calendar, multiget(OBJECT)),
        await ann("REPORT", calendar, query('<C:comp-filter name="VEVENT"/>'), Depth="1"),
    ]
    shown += [text_of(found, "{DAV:}getetag", OBJECT) for found in listed]

    assert re.fullmatch(r'"[^"]+"', put.etag)
    assert set(shown) == {put.etag}


@pytest.mark.rule("G7")
async def test_entity_tag_changes_with_the_bytes_and_comes_back_with_them(
    ann: Client, calendar: str
):
    texts = [event(uid="a"), event(uid="a", summary="B")]

    tags = [(await ann.put(OBJECT, text)).etag for text in texts]

    assert tags[0] != tags[1]
