"""PROPFIND."""

from __future__ import annotations

import pytest

from tests.protocol.client import NS, Client, propfind, proppatch
from tests.unit.builders import event

DEAD = '<x:shape xmlns:x="urn:x">round</x:shape>'


@pytest.fixture
async def filled(ann: Client, calendar: str) -> str:
    """A calendar with one event and a dead property."""
    await ann.put(calendar + "a.ics", event(uid="a"))
    await ann("PROPPATCH", calendar, proppatch(set_=DEAD))
    return calendar


@pytest.mark.rfc("4918 9.1")
@pytest.mark.parametrize(("depth", "names"), [("0", [""]), ("1", ["", "a.ics"])])
async def test_depth_says_whether_members_are_shown(
    ann: Client, filled: str, depth: str, names: list[str]
):
    answer = await ann.propfind(filled, "D:getetag", depth=depth)

    assert (answer.status, answer.hrefs) == (207, [filled + name for name in names])


@pytest.mark.rfc("4918 9.1")
async def test_an_object_is_listed_alone_at_any_depth(ann: Client, filled: str):
    for depth in ("0", "1", "infinity"):
        answer = await ann.propfind(filled + "a.ics", "D:getetag", depth=depth)

        assert (answer.status, answer.hrefs) == (207, [filled + "a.ics"])


@pytest.mark.rfc("4918 9.1")
@pytest.mark.parametrize("headers", [{}, {"Depth": "infinity"}, {"Depth": "Infinity"}])
async def test_infinity_is_refused_and_is_the_default(
    ann: Client, filled: str, headers: dict[str, str]
):
    answer = await ann("PROPFIND", filled, propfind("D:getetag"), **headers)

    assert (answer.status, answer.condition) == (403, "{DAV:}propfind-finite-depth")


@pytest.mark.rfc("4918 10.2")
@pytest.mark.parametrize("depth", ["2", "-1", "", "one", "9" * 1_000, "0x1", "1 1"])
async def test_a_depth_that_is_none_is_400(ann: Client, filled: str, depth: str):
    assert (await ann.propfind(filled, "D:getetag", depth=depth)).status == 400


@pytest.mark.rfc("4918 9.1.3")
async def test_what_is_not_there_is_in_a_404_propstat(ann: Client, filled: str):
    answer = await ann.propfind(filled, "D:getetag", "D:nothing", "C:getetag")

    statuses = {name: status for name, (status, _) in answer.props().items()}
    assert statuses == {
        "{DAV:}getetag": 200,
        "{DAV:}nothing": 404,
        "{urn:ietf:params:xml:ns:caldav}getetag": 404,
    }


@pytest.mark.rfc("4918 9.1.4")
async def test_propname_names_all_and_shows_no_values(ann: Client, filled: str):
    body = '<propfind xmlns="DAV:"><propname/></propfind>'

    props = (await ann("PROPFIND", filled, body, Depth="0")).props()

    assert {"{DAV:}getetag", "{DAV:}supported-report-set", "{urn:x}shape"} <= set(props)
    assert all(status == 200 and not len(e) and not e.text for status, e in props.values())


@pytest.mark.rfc("4918 9.1.5")
@pytest.mark.parametrize("body", ["", '<propfind xmlns="DAV:"><allprop/></propfind>'])
async def test_allprop_is_what_rfc_4918_defines_and_the_dead_ones(
    ann: Client, filled: str, body: str
):
    props = (await ann("PROPFIND", filled, body, Depth="0")).props()

    assert set(props) == {
        "{DAV:}resourcetype",
        "{DAV:}displayname",
        "{DAV:}getetag",
        "{DAV:}getlastmodified",
        "{DAV:}creationdate",
        "{DAV:}lockdiscovery",
        "{DAV:}supportedlock",
        "{urn:x}shape",
    }


@pytest.mark.rfc("4791 5.2")
async def test_allprop_holds_nothing_of_caldav(ann: Client, filled: str):
    props = (await ann.propfind(filled)).props()

    assert [name for name in props if "caldav" in name] == []


@pytest.mark.rfc("4918 9.1.6")
async def test_include_adds_to_allprop(ann: Client, filled: str):
    body = (
        '<propfind xmlns="DAV:"><allprop/><include><supported-report-set/><nothing/></include>'
        "</propfind>"
    )

    props = (await ann("PROPFIND", filled, body, Depth="0")).props()

    assert props["{DAV:}supported-report-set"][0] == 200
    assert props["{DAV:}getetag"][0] == 200


@pytest.mark.rfc("4918 4.3")
async def test_names_without_a_namespace_are_names_too(ann: Client, filled: str):
    await ann("PROPPATCH", filled, proppatch(set_='<plain xmlns="">x</plain>'))

    answer = await ann(
        "PROPFIND",
        filled,
        '<D:propfind xmlns:D="DAV:"><D:prop><plain/><other/></D:prop></D:propfind>',
        Depth="0",
    )

    props = answer.props()
    assert (props["plain"][0], props["plain"][1].text, props["other"][0]) == (200, "x", 404)


@pytest.mark.rfc("4918 17")
async def test_unknown_elements_and_attributes_are_passed_over(ann: Client, filled: str):
    body = (
        '<?xml version="1.0"?><!-- c --><D:propfind xmlns:D="DAV:" xmlns:x="urn:x" x:a="b"><x:more>'
        '<D:allprop/></x:more><?pi d?><D:prop x:b="c"><D:getetag><x:y/></D:getetag></D:prop>'
        "</D:propfind>"
    )

    answer = await ann("PROPFIND", filled, body, Depth="0")

    assert list(answer.props()) == ["{DAV:}getetag"]


@pytest.mark.rfc("4918 8.2")
@pytest.mark.parametrize(
    "body",
    [
        "<",
        "text",
        "<a></b>",
        '<propfind xmlns="DAV:">',
        "<D:propfind/>",
        '<a:b xmlns:a=""/>',
        "<a/>",
    ],
)
async def test_a_body_that_is_no_propfind_is_400(ann: Client, filled: str, body: str):
    assert (await ann("PROPFIND", filled, body, Depth="0")).status == 400


@pytest.mark.rfc("4918 8.2")
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-8-sig", "utf-16-le"])
async def test_bodies_are_utf_8_or_utf_16(ann: Client, filled: str, encoding: str):
    declared = "utf-16" if "16" in encoding else "utf-8"
    body = f'<?xml version="1.0" encoding="{declared}"?>' + propfind("D:getetag")

    answer = await ann("PROPFIND", filled, body.encode(encoding), Depth="0")

    assert answer.status == 207


@pytest.mark.rfc("8144 2.1")
@pytest.mark.parametrize(
    "headers",
    [{"Prefer": "return=minimal"}, {"Prefer": "wait=1, return=minimal; foo"}, {"Brief": "t"}],
)
async def test_minimal_leaves_out_what_is_not_there(
    ann: Client, filled: str, headers: dict[str, str]
):
    answer = await ann("PROPFIND", filled, propfind("D:getetag", "D:nothing"), Depth="0", **headers)

    assert list(answer.props()) == ["{DAV:}getetag"]
    assert answer.headers["Preference-Applied"] == "return=minimal"


@pytest.mark.rfc("8144 2.1")
async def test_minimal_still_names_a_resource_that_has_nothing(ann: Client, filled: str):
    answer = await ann.propfind(filled, "D:nothing", Prefer="return=minimal")

    (response,) = answer.xml
    assert [response[0].text, response[1].findtext("D:status", "", NS)] == [
        filled,
        "HTTP/1.1 200 OK",
    ]


@pytest.mark.rfc("8144 4")
async def test_depth_noroot_leaves_the_collection_out(ann: Client, filled: str):
    answer = await ann.propfind(filled, "D:getetag", depth="1", Prefer="depth-noroot")

    assert answer.hrefs == [filled + "a.ics"]


@pytest.mark.rfc("4918 5.2")
async def test_a_collection_without_its_slash_is_served_under_its_own_name(
    ann: Client, filled: str
):
    answer = await ann.propfind(filled.rstrip("/"), "D:getetag", depth="1")

    assert answer.hrefs == [filled, filled + "a.ics"]


@pytest.mark.rfc("4918 14.24")
@pytest.mark.parametrize("path", ["/", "/dav/", "/dav/principals/", "/dav/calendars/"])
async def test_a_listing_names_nothing_twice_and_only_what_can_be_read(ann: Client, path: str):
    answer = await ann.propfind(path, "D:resourcetype", depth="1")

    assert len(set(answer.hrefs)) == len(answer.hrefs)
    for href in answer.hrefs:
        assert (await ann.propfind(href, "D:resourcetype")).status == 207


@pytest.mark.rfc("4918 15.6")
@pytest.mark.rfc("4918 15.4")
@pytest.mark.rfc("4918 15.5")
@pytest.mark.rfc("4918 15.7")
async def test_live_properties_of_an_object_are_the_headers_of_get(ann: Client, filled: str):
    got = await ann("GET", filled + "a.ics")

    props = (await ann.propfind(filled + "a.ics")).props()

    assert props["{DAV:}getetag"][1].text == got.etag
    assert props["{DAV:}getlastmodified"][1].text == got.headers["Last-Modified"]
    assert props["{DAV:}getcontentlength"][1].text == str(len(got.body))
    assert str(props["{DAV:}getcontenttype"][1].text).startswith(got.headers["Content-Type"])


@pytest.mark.rfc("4918 9.1")
@pytest.mark.parametrize("path", ["no/", "main/no.ics", "no/no.ics"])
async def test_propfind_of_what_is_not_there_is_404(ann: Client, filled: str, path: str):
    assert (await ann.propfind(ann.home + path, "D:getetag")).status == 404
