"""PROPPATCH and dead properties."""

from __future__ import annotations

import pytest
from lxml import etree

from tests.protocol.client import Client, declared, proppatch
from tests.protocol.state import everything
from tests.unit.builders import event

DESCRIPTION = "{urn:ietf:params:xml:ns:caldav}calendar-description"


async def value(client: Client, path: str, name: str) -> str | None:
    """The text of a property, None where it is not there."""
    namespace, _, local = name[1:].partition("}")
    body = (
        f'<D:propfind xmlns:D="DAV:"><D:prop><p:{local} xmlns:p="{namespace}"/></D:prop>'
        "</D:propfind>"
    )
    status, element = (await client("PROPFIND", path, body, Depth="0")).props()[name]
    return None if status == 404 else element.text


@pytest.mark.rfc("4918 9.2")
async def test_instructions_are_carried_out_in_document_order(ann: Client, calendar: str):
    body = (
        f"<D:propertyupdate {declared()}><D:set><D:prop><C:calendar-description>1"
        "</C:calendar-description></D:prop></D:set><D:remove><D:prop><C:calendar-description/>"
        "</D:prop></D:remove><D:set><D:prop><C:calendar-description>2</C:calendar-description>"
        "</D:prop></D:set></D:propertyupdate>"
    )

    answer = await ann("PROPPATCH", calendar, body)

    assert answer.status == 207
    assert await value(ann, calendar, DESCRIPTION) == "2"


@pytest.mark.rfc("4918 9.2")
async def test_all_or_nothing_is_set(ann: Client, calendar: str):
    before = await everything(ann)
    set_ = "<C:calendar-description>x</C:calendar-description><D:getetag>x</D:getetag>"

    answer = await ann("PROPPATCH", calendar, proppatch(set_=set_, remove="<D:displayname/>"))

    assert {name: status for name, (status, _) in answer.props().items()} == {
        DESCRIPTION: 424,
        "{DAV:}getetag": 403,
        "{DAV:}displayname": 424,
    }
    assert await value(ann, calendar, DESCRIPTION) is None
    assert await everything(ann) == before


@pytest.mark.rfc("4918 9.2")
@pytest.mark.parametrize(
    "name", ["D:getetag", "D:resourcetype", "D:sync-token", "CS:getctag", "C:max-resource-size"]
)
@pytest.mark.parametrize("action", ["set_", "remove"])
async def test_protected_properties_are_neither_set_nor_removed(
    ann: Client, calendar: str, name: str, action: str
):
    body = proppatch(set_=f"<{name}/>") if action == "set_" else proppatch(remove=f"<{name}/>")

    answer = await ann("PROPPATCH", calendar, body)

    ((status, _),) = answer.props().values()
    assert status == 403
    (error,) = answer.xml.iterfind(".//{DAV:}propstat/{DAV:}error")
    assert [child.tag for child in error] == ["{DAV:}cannot-modify-protected-property"]


@pytest.mark.rfc("4918 9.2")
async def test_to_remove_what_is_not_there_is_no_error(ann: Client, calendar: str):
    answer = await ann("PROPPATCH", calendar, proppatch(remove='<x:no xmlns:x="urn:x"/>'))

    assert {name: status for name, (status, _) in answer.props().items()} == {"{urn:x}no": 200}


@pytest.mark.rfc("4918 4.3")
@pytest.mark.parametrize("place", ["", "a.ics"])
async def test_a_dead_property_comes_back_with_its_whole_xml(
    ann: Client, calendar: str, place: str
):
    await ann.put(calendar + "a.ics", event(uid="a"))
    dead = (
        '<x:d xmlns:x="urn:x" xmlns:y="urn:y" y:a="1" b="&quot;&lt;2"> <y:e xml:lang="fr">é '
        "&amp;&#13;\U0001f600</y:e>tail<![CDATA[<raw>]]><x:f/></x:d>"
    )
    await ann("PROPPATCH", calendar + place, proppatch(set_=dead))

    body = '<D:propfind xmlns:D="DAV:"><D:prop><d xmlns="urn:x"/></D:prop></D:propfind>'
    (status, element) = (await ann("PROPFIND", calendar + place, body, Depth="0")).props()[
        "{urn:x}d"
    ]

    assert status == 200
    assert canonical(element) == canonical(etree.fromstring(dead))


@pytest.mark.rfc("4918 4.3")
async def test_the_language_in_scope_is_kept_with_a_property(ann: Client, calendar: str):
    body = (
        f'<D:propertyupdate {declared()} xml:lang="de"><D:set><D:prop xml:lang="de-AT">'
        "<C:calendar-description>Jänner</C:calendar-description></D:prop></D:set>"
        "</D:propertyupdate>"
    )
    await ann("PROPPATCH", calendar, body)

    props = (await ann.propfind(calendar, "C:calendar-description")).props()

    lang = "{http://www.w3.org/XML/1998/namespace}lang"
    assert props[DESCRIPTION][1].get(lang) == "de-AT"


@pytest.mark.rfc("4918 4.3")
async def test_equal_local_names_of_two_namespaces_are_two_properties(ann: Client, calendar: str):
    both = '<p xmlns="urn:1">one</p><p xmlns="urn:2">two</p>'
    await ann("PROPPATCH", calendar, proppatch(set_=both))

    await ann("PROPPATCH", calendar, proppatch(remove='<p xmlns="urn:1"/>'))

    found = [await value(ann, calendar, f"{{urn:{number}}}p") for number in (1, 2)]
    assert found == [None, "two"]


@pytest.mark.rfc("4918 9.2")
@pytest.mark.parametrize(
    "body",
    [
        "",
        "<",
        '<propertyupdate xmlns="DAV:"/>',
        '<propertyupdate xmlns="DAV:"><set><prop/></set></propertyupdate>',
        '<propfind xmlns="DAV:"><prop><getetag/></prop></propfind>',
    ],
)
async def test_a_body_that_sets_nothing_is_400(ann: Client, calendar: str, body: str):
    assert (await ann("PROPPATCH", calendar, body)).status == 400


@pytest.mark.rfc("4918 9.2")
@pytest.mark.parametrize("path", ["main/no.ics", "no/"])
async def test_what_is_not_there_has_no_properties(ann: Client, calendar: str, path: str):
    answer = await ann("PROPPATCH", ann.home + path, proppatch(set_="<D:displayname/>"))

    assert answer.status == 404


@pytest.mark.rfc("8144 2.3")
async def test_minimal_success_has_nothing_to_say(ann: Client, calendar: str):
    body = proppatch(set_="<D:displayname>x</D:displayname>")

    good = await ann("PROPPATCH", calendar, body, Prefer="return=minimal")
    bad = await ann("PROPPATCH", calendar, proppatch(set_="<D:getetag/>"), Prefer="return=minimal")

    assert (good.status, good.body) == (200, b"")
    assert good.headers["Preference-Applied"] == "return=minimal"
    assert bad.status == 207


@pytest.mark.rfc("6578 4")
async def test_a_set_property_moves_the_sync_token_and_no_entity_tag_of_an_object(
    ann: Client, calendar: str
):
    put = await ann.put(calendar + "a.ics", event(uid="a"))
    before = (await ann.sync(calendar)).token

    await ann("PROPPATCH", calendar + "a.ics", proppatch(set_="<x:y xmlns:x='urn:x'>1</x:y>"))

    after = await ann.sync(calendar, before)
    assert after.token != before
    assert (await ann("GET", calendar + "a.ics")).etag == put.etag


@pytest.mark.rfc("7809 5.2")
async def test_both_spellings_of_the_time_zone_change_together(ann: Client, calendar: str):
    by_id = "<C:calendar-timezone-id>Europe/Vienna</C:calendar-timezone-id>"
    await ann("PROPPATCH", calendar, proppatch(set_=by_id))

    props = (await ann.propfind(calendar, "C:calendar-timezone", "C:calendar-timezone-id")).props()
    text = str(props["{urn:ietf:params:xml:ns:caldav}calendar-timezone"][1].text)

    assert "TZID:Europe/Vienna" in text.replace("\r", "")
    await ann("PROPPATCH", calendar, proppatch(remove="<C:calendar-timezone/>"))
    left = (await ann.propfind(calendar, "C:calendar-timezone", "C:calendar-timezone-id")).props()
    assert [status for status, _ in left.values()] == [404, 404]


def canonical(element: etree._Element) -> bytes:
    """The canonical form of an element that stands by itself."""
    alone = etree.fromstring(etree.tostring(element, with_tail=False))
    return bytes(etree.tostring(alone, method="c14n2", strip_text=False))


@pytest.mark.rfc("4918 9.2")
@pytest.mark.parametrize("name", ["D:displayname", "I:calendar-color", "I:calendar-order"])
async def test_a_property_is_bounded_with_its_markup(ann: Client, calendar: str, name: str):
    long = f'<{name} a="{"y" * 100_000}">x</{name}>'

    answer = await ann("PROPPATCH", calendar, proppatch(set_=long))

    assert [status for status, _ in answer.props().values()] == [403]
    assert "yyy" not in (await ann.propfind(calendar, name)).text
