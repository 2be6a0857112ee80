"""expand-property (RFC 3253 3.8)."""

from __future__ import annotations

import pytest

from tests.protocol.client import Client, declared, proppatch

CALDAV = 'namespace="urn:ietf:params:xml:ns:caldav"'


def expand(inner: str) -> str:
    return f"<D:expand-property {declared()}>{inner}</D:expand-property>"


@pytest.mark.rfc("3253 3.8")
async def test_the_resources_that_a_property_names_are_shown_in_its_place(
    ann: Client, calendar: str
):
    body = expand(
        '<D:property name="current-user-principal"><D:property name="displayname"/>'
        f'<D:property name="calendar-home-set" {CALDAV}><D:property name="resourcetype"/>'
        "</D:property></D:property>"
    )

    answer = await ann("REPORT", calendar, body)

    principal = "{DAV:}response/{DAV:}propstat/{DAV:}prop/{DAV:}current-user-principal/"
    (shown,) = answer.xml.iterfind(principal + "{DAV:}response")
    home = (
        "{DAV:}propstat/{DAV:}prop/{urn:ietf:params:xml:ns:caldav}calendar-home-set/"
        "{DAV:}response/{DAV:}href"
    )
    assert answer.status == 207
    assert shown.findtext("{DAV:}href") == "/dav/principals/ann/"
    assert shown.findtext("{DAV:}propstat/{DAV:}prop/{DAV:}displayname") == "Ann Example"
    assert shown.findtext(home) == ann.home


@pytest.mark.rfc("3253 3.8")
async def test_properties_without_children_are_shown_as_they_are(ann: Client, calendar: str):
    body = expand('<D:property name="owner"/><D:property name="nothing"/>')

    props = (await ann("REPORT", calendar, body)).props()

    assert [(status, [c.tag for c in element]) for status, element in props.values()] == [
        (200, ["{DAV:}href"]),
        (404, []),
    ]


@pytest.mark.rfc("3253 3.8")
@pytest.mark.parametrize(
    "href", ["http://[", "/a/../b", "mailto:a@b.example", "/dav/calendars/ann/no/x.ics", "/x/y"]
)
async def test_an_href_that_leads_nowhere_stays(ann: Client, calendar: str, href: str):
    dead = f"<x:see xmlns:x='urn:x'><D:href>{href}</D:href></x:see>"
    await ann("PROPPATCH", calendar, proppatch(set_=dead))
    inner = '<D:property name="see" namespace="urn:x"><D:property name="getetag"/></D:property>'

    answer = await ann("REPORT", calendar, expand(inner))

    (see,) = answer.xml.iterfind(".//{urn:x}see")
    assert "".join(see.itertext()).startswith(href)


@pytest.mark.rfc("3253 3.8")
async def test_names_without_a_namespace_are_expanded_too(ann: Client, calendar: str):
    dead = "<see xmlns=''><D:href>/dav/principals/ann/</D:href></see>"
    await ann("PROPPATCH", calendar, proppatch(set_=dead))
    inner = '<D:property name="see" namespace=""><D:property name="displayname"/></D:property>'

    answer = await ann("REPORT", calendar, expand(inner))

    assert "Ann Example" in answer.text
