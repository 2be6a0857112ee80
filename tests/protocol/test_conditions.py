"""Conditional requests: what must be so before a request is carried out."""

from __future__ import annotations

import pytest

from tests.protocol.client import Client, proppatch
from tests.protocol.state import everything
from tests.unit.builders import event

OTHER = '"0123456789abcdef"'
LONG_AGO = "Sat, 01 Jan 2000 00:00:00 GMT"
LATER = "Fri, 01 Jan 2100 00:00:00 GMT"


@pytest.fixture
async def path(ann: Client, calendar: str) -> str:
    """The URL of an event."""
    await ann.put(calendar + "a.ics", event(uid="a"))
    return calendar + "a.ics"


@pytest.fixture
async def tag(ann: Client, path: str) -> str:
    """The event's entity tag, quoted."""
    return (await ann("HEAD", path)).etag


async def put(ann: Client, path: str, **headers: str) -> int:
    return (await ann.put(path, event(uid="a", summary="New"), **headers)).status


@pytest.mark.rfc("9110 13.1.1")
@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("{tag}", 204),
        ("*", 204),
        (OTHER + ", {tag}", 204),
        ("{tag}," + OTHER, 204),
        (OTHER, 412),
        ("W/{tag}", 412),
        ('""', 412),
    ],
)
async def test_if_match_compares_strongly(
    ann: Client, path: str, tag: str, header: str, status: int
):
    assert await put(ann, path, If_Match=header.format(tag=tag)) == status


@pytest.mark.rfc("9110 13.1.1")
@pytest.mark.parametrize("header", ["*", OTHER])
async def test_if_match_of_nothing_is_412(ann: Client, calendar: str, header: str):
    assert await put(ann, calendar + "new.ics", If_Match=header) == 412


@pytest.mark.rfc("9110 13.1.2")
@pytest.mark.parametrize(
    ("header", "status"),
    [("*", 412), ("{tag}", 412), ("W/{tag}", 412), (OTHER, 204), (OTHER + ", {tag}", 412)],
)
async def test_if_none_match_of_a_write_compares_weakly(
    ann: Client, path: str, tag: str, header: str, status: int
):
    assert await put(ann, path, If_None_Match=header.format(tag=tag)) == status


@pytest.mark.rfc("9110 13.1.2")
async def test_if_none_match_star_lets_a_new_object_be_made(ann: Client, calendar: str):
    assert await put(ann, calendar + "new.ics", If_None_Match="*") == 201


@pytest.mark.rfc("9110 13.1.2")
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("header", ["{tag}", "W/{tag}", "*", OTHER + ", W/{tag}"])
async def test_a_read_of_what_the_client_has_is_304_without_a_body(
    ann: Client, path: str, tag: str, method: str, header: str
):
    answer = await ann(method, path, If_None_Match=header.format(tag=tag))

    assert (answer.status, answer.etag, answer.body) == (304, tag, b"")


@pytest.mark.rfc("9110 13.1.3")
@pytest.mark.parametrize(
    ("date", "status"), [(LATER, 304), (LONG_AGO, 200), ("yesterday", 200), ("", 200)]
)
async def test_if_modified_since_is_about_reads(ann: Client, path: str, date: str, status: int):
    assert (await ann("GET", path, If_Modified_Since=date)).status == status


@pytest.mark.rfc("9110 13.1.3")
async def test_if_modified_since_is_void_beside_if_none_match(ann: Client, path: str):
    answer = await ann("GET", path, If_Modified_Since=LATER, If_None_Match=OTHER)

    assert answer.status == 200


@pytest.mark.rfc("9110 13.1.4")
@pytest.mark.parametrize(("date", "status"), [(LATER, 204), (LONG_AGO, 412), ("soon", 204)])
async def test_if_unmodified_since_is_about_writes(ann: Client, path: str, date: str, status: int):
    assert await put(ann, path, If_Unmodified_Since=date) == status


@pytest.mark.rfc("9110 13.1.4")
async def test_if_unmodified_since_is_void_beside_if_match(ann: Client, path: str, tag: str):
    assert await put(ann, path, If_Unmodified_Since=LONG_AGO, If_Match=tag) == 204


@pytest.mark.rfc("9110 13.2.2")
async def test_a_read_that_fails_if_match_is_412(ann: Client, path: str, tag: str):
    answer = await ann("GET", path, If_Match=OTHER, If_None_Match=tag)

    assert answer.status == 412


@pytest.mark.rfc("4918 10.4")
@pytest.mark.parametrize(
    ("header", "status"),
    [
        ("([{tag}])", 204),
        ('(["x"])', 412),
        ('(["x"]) ([{tag}])', 204),
        ("(Not <DAV:no-lock>)", 204),
        ("(<DAV:no-lock>)", 412),
        ("([{tag}] Not <DAV:no-lock>)", 204),
        ("([{tag}] <DAV:no-lock>)", 412),
        ("(Not [{tag}])", 412),
        ("([W/{tag}])", 412),
        ("<{path}> ([{tag}])", 204),
        ("<http://cal.example.org{path}> ([{tag}])", 204),
        ("<{path}> ([{tag}]) <{calendar}> (<urn:x>)", 204),
        ('<{path}> (["x"]) <{path}> ([{tag}])', 204),
        ("<{calendar}no.ics> ([{tag}])", 412),
        ("<{calendar}no.ics> (Not [{tag}])", 204),
        ("<{calendar}> (<{token}>)", 204),
        ("<{calendar}> (Not <{token}>)", 412),
        ("<{calendar}> (<{token}> [{calendar_tag}])", 204),
        ("<{home}> (<{home_token}>)", 204),
        ("<{home}> (<data:,1-1>)", 412),
    ],
)
@pytest.mark.rfc("6578 5")
async def test_an_if_header_holds_if_one_of_its_lists_does(
    ann: Client, calendar: str, path: str, tag: str, header: str, status: int
):
    state = await everything(ann)
    known = {
        "tag": tag,
        "path": path,
        "calendar": calendar,
        "home": ann.home,
        "calendar_tag": state[calendar][0],
        "token": state[calendar][1],
        "home_token": state[ann.home][1],
    }

    assert await put(ann, path, If=header.format(**known)) == status


@pytest.mark.rfc("4918 10.4.2")
@pytest.mark.parametrize(
    "header", ["", "()", "x", "(", "([", "<a>", "(<a>", '("x")', "(Not)", "(Not Not <a>)", "<(>"]
)
async def test_an_if_header_without_sense_is_400(ann: Client, path: str, header: str):
    assert await put(ann, path, If=header) == 400


@pytest.mark.rfc("4918 10.4.1")
async def test_an_if_header_is_about_reads_too(ann: Client, path: str):
    assert (await ann("GET", path, If='(["x"])')).status == 412


@pytest.mark.rfc("9110 13.2.1")
@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("DELETE", {}),
        ("MOVE", {"Destination": "/dav/calendars/ann/main/b.ics"}),
        ("COPY", {"Destination": "/dav/calendars/ann/calendar/b.ics"}),
        ("PROPPATCH", {}),
        ("PUT", {}),
    ],
)
@pytest.mark.parametrize(
    "condition", [{"If-Match": OTHER}, {"If-None-Match": "*"}, {"If": "(<urn:x>)"}]
)
async def test_a_write_on_a_false_condition_changes_nothing(
    ann: Client, path: str, method: str, headers: dict[str, str], condition: dict[str, str]
):
    before = await everything(ann)
    body = {"PUT": event(uid="a"), "PROPPATCH": proppatch(set_="<D:displayname>x</D:displayname>")}

    answer = await ann(method, path, body.get(method, ""), **headers, **condition)

    assert answer.status == 412
    assert await everything(ann) == before


@pytest.mark.rfc("9110 13.1.1")
@pytest.mark.parametrize("method", ["DELETE", "PROPPATCH", "MOVE"])
async def test_a_calendar_has_a_state_that_conditions_can_name(
    ann: Client, calendar: str, path: str, method: str
):
    old = (await everything(ann))[calendar][0]
    await put(ann, path)
    new = (await everything(ann))[calendar][0]
    body = proppatch(set_="<D:displayname>x</D:displayname>") if method == "PROPPATCH" else ""
    headers = {"Destination": f"{ann.home}moved/"}

    late = await ann(method, calendar, body, If_Match=old, **headers)
    timely = await ann(method, calendar, body, If_Match=new, **headers)

    assert late.status == 412
    assert timely.status in (201, 204, 207)


@pytest.mark.rfc("9110 5.3")
@pytest.mark.parametrize(("header", "status"), [(OTHER + ", *", 412), ("*, " + OTHER, 412)])
async def test_a_star_among_tags_is_any_state(ann: Client, path: str, header: str, status: int):
    assert await put(ann, path, If_None_Match=header) == status


@pytest.mark.rfc("4918 10.4.2")
@pytest.mark.parametrize(("lists", "status"), [(50, 412), (51, 400)])
async def test_an_if_header_has_at_most_fifty_lists(
    ann: Client, calendar: str, path: str, lists: int, status: int
):
    header = " ".join(f"<{calendar}{number}.ics> (<urn:x>)" for number in range(lists))

    assert await put(ann, path, If=header) == status


@pytest.mark.rfc("9110 13.1")
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("name", ["", "main/"])
@pytest.mark.parametrize(
    ("condition", "status"),
    [
        ({"If-Match": "{tag}"}, 200),
        ({"If-Match": OTHER}, 412),
        ({"If-None-Match": "{tag}"}, 304),
        ({"If-None-Match": OTHER}, 200),
        ({"If-Modified-Since": LATER}, 304),
        ({"If-Unmodified-Since": LONG_AGO}, 412),
    ],
)
async def test_a_read_of_a_collection_honours_conditions(
    ann: Client, path: str, method: str, name: str, condition: dict[str, str], status: int
):
    tag = (await everything(ann))[ann.home + name][0]
    headers = {header: value.format(tag=tag) for header, value in condition.items()}

    assert (await ann(method, ann.home + name, **headers)).status == status


@pytest.mark.rfc("4918 15.6")
@pytest.mark.parametrize("name", ["", "main/"])
async def test_a_collection_is_read_with_the_tag_and_date_of_its_properties(
    ann: Client, path: str, name: str
):
    props = (await ann.propfind(ann.home + name, "D:getetag", "D:getlastmodified")).props()

    headers = (await ann("GET", ann.home + name)).headers

    assert (headers["ETag"], headers["Last-Modified"]) == (
        props["{DAV:}getetag"][1].text,
        props["{DAV:}getlastmodified"][1].text,
    )
