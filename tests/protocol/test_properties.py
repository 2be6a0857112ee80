"""Each property that clients ask for, on each kind of resource: its value, or a 404."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest
from lxml import etree

from caldavd.dav.registry import PROPERTIES
from tests.protocol.client import NS, Client, proppatch
from tests.protocol.rules import HOME, OBJECT, PRINCIPAL
from tests.unit.builders import BERLIN, event

NAMESPACES = {
    **NS,
    "ME": "http://me.com/_namespace/",
    "P": "https://bitfire.at/webdav-push",
    "CARD": "urn:ietf:params:xml:ns:carddav",
    "OC": "http://owncloud.org/ns",
    "NC": "http://nextcloud.com/ns",
    "S": "http://sabredav.org/ns",
}
_PREFIXES = {uri: prefix for prefix, uri in NAMESPACES.items()}

URLS = {
    "root": "/dav/",
    "principals": "/dav/principals/",
    "homes": "/dav/calendars/",
    "principal": PRINCIPAL,
    "home": HOME,
    "bare": HOME + "bare/",
    "calendar": HOME + "main/",
    "object": OBJECT,
}
"""Kinds of resources: `bare` is a calendar as it was made, `calendar` one with all that is set."""

ZONE = f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n{BERLIN}END:VCALENDAR\r\n"
ALARM = "BEGIN:VALARM\r\nACTION:NONE\r\nTRIGGER;VALUE=DATE-TIME:19760401T005545Z\r\nEND:VALARM\r\n"
ALARMS = ("vevent-date", "vevent-datetime", "vtodo-date", "vtodo-datetime")


def as_xml(text: str) -> str:
    """Text as it is sent, its carriage returns kept."""
    return text.replace("\r", "&#13;")


SET = (
    "<D:displayname>Work &amp; play</D:displayname>"
    '<I:calendar-color symbolic-color="orange">#FD8208FF</I:calendar-color>'
    "<I:calendar-order>2</I:calendar-order>"
    "<I:refreshrate>PT1H</I:refreshrate>"
    "<C:calendar-description>Büro</C:calendar-description>"
    f"<C:calendar-timezone>{as_xml(ZONE)}</C:calendar-timezone>"
    "<C:schedule-calendar-transp><C:transparent/></C:schedule-calendar-transp>"
    '<dead xmlns="urn:x" a="1" xml:lang="de"><in xmlns="urn:y">b</in></dead>'
) + "".join(f"<C:default-alarm-{n}>{as_xml(ALARM)}</C:default-alarm-{n}>" for n in ALARMS)


def shown(element: etree._Element) -> str:
    """What is inside an element, with fixed prefixes: `<D:href>/a/</D:href>`, `<C:opaque/>`."""
    return (element.text or "") + "".join(_outside(child) for child in element)


def _outside(element: etree._Element) -> str:
    qualified = etree.QName(element)
    name = f"{_PREFIXES[qualified.namespace]}:{qualified.localname}"
    attributes = "".join(
        f' {etree.QName(key).localname}="{value}"' for key, value in sorted(element.attrib.items())
    )
    inside = shown(element)
    return f"<{name}{attributes}>{inside}</{name}>" if inside else f"<{name}{attributes}/>"


def href(path: str) -> str:
    """An href to exactly that path, as a pattern."""
    return re.escape(f"<D:href>{path}</D:href>")


def comps(*names: str) -> str:
    """The content of a component set."""
    return "".join(f'<C:comp name="{name}"/>' for name in names)


def privileges(*names: str) -> str:
    """The content of a privilege set, in order."""
    return "".join(f"<D:privilege><{name}/></D:privilege>" for name in names)


def reports(*names: str) -> str:
    """The content of a supported-report-set, in order."""
    return "".join(
        f"<D:supported-report><D:report><{name}/></D:report></D:supported-report>" for name in names
    )


UUID = "<D:href>urn:uuid:[0-9a-f-]{36}</D:href>"
ETAG = '"[^"]+"'
TOKEN = r"data:,\S+"
HTTP_DATE = r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT"
DATE = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
ALL = "VEVENT", "VTODO", "VJOURNAL"
SOME = re.compile(".+", re.DOTALL).pattern

READER = privileges("D:read", "C:read-free-busy", "D:read-current-user-privilege-set")
OWNER = privileges(
    "D:all",
    "D:read",
    "C:read-free-busy",
    "D:read-current-user-privilege-set",
    "D:read-acl",
    "D:write",
    "D:write-properties",
    "D:write-content",
    "D:bind",
    "D:unbind",
    "D:unlock",
    "D:write-acl",
)
LOCKS = "".join(
    f"<D:lockentry><D:lockscope><D:{scope}/></D:lockscope>"
    "<D:locktype><D:write/></D:locktype></D:lockentry>"
    for scope in ("exclusive", "shared")
)
SEARCH = ("D:principal-property-search", "D:principal-search-property-set", "D:principal-match")
CALENDAR_REPORTS = ("C:calendar-query", "C:calendar-multiget")
COLLECTION = "<D:collection/>"
CALENDAR = "<D:collection/><C:calendar/>"


def on(kinds: str, pattern: str) -> dict[str, str]:
    """The same pattern on several kinds of resources."""
    return dict.fromkeys(kinds.split(), pattern)


EVERY = " ".join(URLS)
CALENDARS = "bare calendar"
ROWED = "home bare calendar object"

EXPECTED: Mapping[str, Mapping[str, str]] = {
    "D:current-user-principal": on(EVERY, href(PRINCIPAL)),
    "D:principal-URL": on("principal", href(PRINCIPAL)),
    "D:principal-collection-set": on(EVERY, href("/dav/principals/")),
    "D:resourcetype": on("root principals homes home", COLLECTION)
    | on("principal", "<D:collection/><D:principal/>")
    | on(CALENDARS, CALENDAR)
    | on("object", ""),
    "D:displayname": {
        "principal": "Ann Example",
        "home": SOME,
        "bare": "bare",
        "calendar": "Work & play",
    },
    "D:owner": on("root principals homes principal", "") | on(ROWED, href(PRINCIPAL)),
    "D:group": on(EVERY, ""),
    "D:supported-privilege-set": on(EVERY, r"(?s)<D:supported-privilege><D:privilege><D:all/>.*"),
    "D:acl": on(f"principal {ROWED}", "(<D:ace>.*</D:ace>)+"),
    "D:acl-restrictions": on(EVERY, "<D:grant-only/><D:no-invert/>"),
    "D:inherited-acl-set": on(EVERY, ""),
    "D:group-member-set": on("principal", ""),
    "CS:calendar-proxy-read-for": on("principal", ""),
    "CS:calendar-proxy-write-for": on("principal", ""),
    "D:current-user-privilege-set": on("root principals homes", READER)
    | on("principal " + ROWED, OWNER),
    "D:supported-report-set": on(
        "root principals principal",
        reports("D:expand-property", *SEARCH, "D:acl-principal-prop-set"),
    )
    | on(
        "homes",
        reports(
            "C:free-busy-query",
            "D:expand-property",
            "D:principal-match",
            "D:acl-principal-prop-set",
        ),
    )
    | on(
        "home",
        reports(
            "C:free-busy-query",
            "D:sync-collection",
            "D:expand-property",
            "D:principal-match",
            "D:acl-principal-prop-set",
        ),
    )
    | on(
        CALENDARS,
        reports(
            *CALENDAR_REPORTS,
            "C:free-busy-query",
            "D:sync-collection",
            "D:expand-property",
            "D:principal-match",
            "D:acl-principal-prop-set",
        ),
    )
    | on(
        "object",
        reports(*CALENDAR_REPORTS, "D:expand-property", "D:acl-principal-prop-set"),
    ),
    "D:supported-method-set": on(EVERY, r"(<D:supported-method name=\"[A-Z]+\"/>)+"),
    "D:supported-live-property-set": on(EVERY, SOME),
    "D:sync-token": on("home bare calendar", TOKEN),
    "D:getetag": on(ROWED, ETAG),
    "D:getcontenttype": on("object", "text/calendar; charset=utf-8; component=VEVENT"),
    "D:getcontentlength": on("object", str(len(event(uid="a")))),
    "D:getlastmodified": on(ROWED, HTTP_DATE),
    "D:creationdate": on("principal " + ROWED, DATE),
    "D:lockdiscovery": on(ROWED, ""),
    "D:supportedlock": on(ROWED, LOCKS),
    "D:quota-used-bytes": on("home bare calendar", str(len(event(uid="a")))),
    "D:quota-available-bytes": {},
    "D:resource-id": on("principal home bare calendar", UUID),
    "D:add-member": {kind: href(URLS[kind]) for kind in ("bare", "calendar")},
    "D:group-membership": on("principal", ""),
    "D:alternate-URI-set": on("principal", ""),
    "C:calendar-home-set": on("principal", href(HOME)),
    "C:calendar-user-address-set": on(
        "principal",
        '<D:href preferred="1">mailto:ann@example.org</D:href>' + href(PRINCIPAL) + UUID,
    ),
    "C:calendar-user-type": on("principal", "INDIVIDUAL"),
    "C:schedule-calendar-transp": {"bare": "<C:opaque/>", "calendar": "<C:transparent/>"},
    "C:supported-calendar-component-set": on(CALENDARS, comps(*ALL)),
    "C:supported-calendar-component-sets": on(
        "home", f"(<C:supported-calendar-component-set>({comps('V[A-Z]+')})+</C:[a-z-]+>)+"
    ),
    "C:supported-calendar-data": on(
        CALENDARS, '<C:calendar-data content-type="text/calendar" version="2.0"/>'
    ),
    "C:supported-collation-set": on(
        CALENDARS,
        "".join(
            f"<C:supported-collation>{name}</C:supported-collation>"
            for name in ("i;ascii-casemap", "i;octet", "i;unicode-casemap")
        ),
    ),
    "C:max-resource-size": on(CALENDARS, r"\d{8,}"),
    "C:max-instances": on(CALENDARS, r"\d+"),
    "C:max-attendees-per-instance": on(CALENDARS, r"\d+"),
    "C:calendar-description": {"calendar": "Büro"},
    "C:calendar-timezone": {"calendar": re.escape(ZONE)},
    "C:calendar-timezone-id": {"calendar": "Europe/Berlin"},
    "C:timezone-service-set": on("home", href("/timezones")),
    **{
        f"C:default-alarm-{name}": {"home": re.escape(ALARM), "calendar": re.escape(ALARM)}
        for name in ALARMS
    },
    "CS:getctag": on("home bare calendar", TOKEN),
    "CS:allowed-sharing-modes": on(CALENDARS, "<CS:can-be-shared/>"),
    "CS:notification-URL": on("principal", href("/dav/calendars/ann/notifications/")),
    # Of what is shared: test_sharing.py, test_mounts.py.
    "CS:invite": {},
    "CS:shared-url": {},
    "CS:notificationtype": {},
    # Of inboxes and outboxes, of which nobody is told so far: test_boxes.py.
    "C:schedule-inbox-URL": {},
    "C:schedule-outbox-URL": {},
    "C:schedule-default-calendar-URL": {},
    "C:schedule-tag": {},
    "CS:schedule-changes": {},
    "C:calendar-availability": {},
    "CS:calendar-availability": {},
    "CS:email-address-set": on("principal", "<CS:email-address>ann@example.org</CS:email-address>"),
    "CS:first-name": on("principal", "Ann"),
    "CS:last-name": on("principal", "Example"),
    "CS:record-type": on("principal", "users"),
    "I:calendar-color": {"bare": "#[0-9A-F]{8}", "calendar": "#FD8208FF"},
    "I:calendar-order": {"calendar": "2"},
    "I:refreshrate": {"calendar": "PT1H"},
}

MISSING = {
    "languages, as nothing says which an object is in": ("D:getcontentlanguage"),
    "scheduling and availability": (
        "C:schedule-inbox-URL C:schedule-outbox-URL C:schedule-default-calendar-URL "
        "C:schedule-tag C:calendar-free-busy-set C:calendar-availability "
        "CS:calendar-availability CS:schedule-changes CS:created-by CS:updated-by"
    ),
    "dates are not limited; attachments are not served; data is for reports alone": (
        "C:min-date-time C:max-date-time "
        "C:managed-attachments-server-URL C:calendar-data C:calendar-alarm"
    ),
    "publishing, subscriptions": (
        "CS:publish-url CS:pre-publish-url CS:source CS:subscribed-strip-alarms "
        "CS:subscribed-strip-attachments CS:subscribed-strip-todos"
    ),
    "push": ("CS:push-transports CS:pushkey P:transports P:topic P:supported-triggers"),
    "what belongs to other servers, or to the past": (
        "CS:dropbox-home-URL CS:allowed-calendar-component-set CS:checksum-versions "
        "I:language-code I:location-code I:autoprovisioned ME:bulk-requests "
        "CARD:addressbook-home-set CARD:max-resource-size OC:calendar-enabled "
        "NC:deleted-at S:sync-token"
    ),
}
"""Properties of features that are not there, by the feature."""

NOWHERE = [name for names in MISSING.values() for name in names.split()]


@pytest.fixture
async def dressed(ann: Client, stored: str) -> None:
    """A calendar without settings beside one that has them all; alarms on the home."""
    assert (await ann("MKCALENDAR", URLS["bare"])).status == 201
    alarms = "".join(f"<C:default-alarm-{n}>{as_xml(ALARM)}</C:default-alarm-{n}>" for n in ALARMS)
    for path, properties in ((URLS["calendar"], SET), (HOME, alarms)):
        answer = await ann("PROPPATCH", path, proppatch(set_=properties))
        assert {status for status, _ in answer.props().values()} == {200}


async def values(ann: Client, name: str) -> dict[str, str]:
    """A property's content on each kind of resource that has it."""
    declared = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NAMESPACES.items())
    body = f"<D:propfind {declared}><D:prop><{name}/></D:prop></D:propfind>"
    found = {}
    for kind, path in URLS.items():
        answer = await ann("PROPFIND", path, body, Depth="0")
        ((_, (status, element)),) = answer.props().items()
        if status == 200:
            found[kind] = shown(element)
        else:
            # 403 where the list is nobody's to read.
            denied = name == "D:acl" and kind in ("root", "principals", "homes")
            expected = (403 if denied else 404, 0, None)
            assert (status, len(element), element.text) == expected
    return found


@pytest.mark.parametrize("name", EXPECTED)
async def test_property_has_its_value_on_each_kind_of_resource(
    ann: Client, dressed: None, name: str
):
    found = await values(ann, name)

    assert sorted(found) == sorted(EXPECTED[name])
    assert {
        kind: value
        for kind, value in found.items()
        if re.fullmatch(EXPECTED[name][kind], value) is None
    } == {}


@pytest.mark.parametrize("name", NOWHERE)
async def test_property_of_a_feature_that_is_missing_is_nowhere(
    ann: Client, dressed: None, name: str
):
    assert await values(ann, name) == {}


def test_every_live_property_is_in_the_table():
    live = {name for rows in PROPERTIES.rows.values() for name in rows}

    listed = {
        f"{{{NAMESPACES[name.partition(':')[0]]}}}{name.partition(':')[2]}" for name in EXPECTED
    }
    assert live <= listed


async def test_colour_keeps_its_attribute_and_dead_properties_all_they_have(
    ann: Client, dressed: None
):
    body = (
        '<D:propfind xmlns:D="DAV:" xmlns:I="http://apple.com/ns/ical/"><D:prop>'
        '<I:calendar-color/><dead xmlns="urn:x"/></D:prop></D:propfind>'
    )

    answer = await ann("PROPFIND", URLS["calendar"], body, Depth="0")

    props = answer.props()
    _, color = props["{http://apple.com/ns/ical/}calendar-color"]
    assert dict(color.attrib) == {"symbolic-color": "orange"}
    status, dead = props["{urn:x}dead"]
    lang = "{http://www.w3.org/XML/1998/namespace}lang"
    assert (status, dict(dead.attrib)) == (200, {"a": "1", lang: "de"})
    assert [(child.tag, child.text) for child in dead] == [("{urn:y}in", "b")]


@pytest.mark.parametrize("kind", ["calendar", "object", "home", "principal"])
async def test_allprop_has_what_everyone_shows(ann: Client, dressed: None, kind: str):
    files = {"D:getetag", "D:getcontenttype", "D:getcontentlength", "D:getlastmodified"}
    collections = {"D:displayname"} | (set() if kind == "principal" else {"D:getetag"})
    wanted = {"D:resourcetype", "D:creationdate"} | (files if kind == "object" else collections)

    answer = await ann("PROPFIND", URLS[kind], Depth="0")

    names = {f"{{DAV:}}{name.partition(':')[2]}" for name in wanted}
    assert names <= set(answer.props())
    assert {status for status, _ in answer.props().values()} == {200}


async def test_allprop_has_the_dead_properties(ann: Client, dressed: None):
    answer = await ann("PROPFIND", URLS["calendar"], Depth="0")

    assert {"{urn:x}dead", "{http://apple.com/ns/ical/}refreshrate"} <= set(answer.props())


@pytest.mark.parametrize("kind", URLS)
async def test_propname_names_what_there_is_and_shows_nothing(
    ann: Client, dressed: None, kind: str
):
    body = '<D:propfind xmlns:D="DAV:"><D:propname/></D:propfind>'

    answer = await ann("PROPFIND", URLS[kind], body, Depth="0")

    props = answer.props()
    wanted = {
        f"{{{NAMESPACES[prefix]}}}{local}"
        for name, kinds in EXPECTED.items()
        if kind in kinds
        for prefix, _, local in [name.partition(":")]
    }
    assert wanted <= set(props)
    assert {(status, len(element), element.text) for status, element in props.values()} == {
        (200, 0, None)
    }
