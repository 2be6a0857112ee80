"""RFC 3744 section by section: privileges, protected properties, preconditions, reports."""

from __future__ import annotations

import pytest

from caldavd.dav.server import Server
from tests.protocol.client import NS, Answer, Client, declared, proppatch, query
from tests.protocol.conftest import add_user
from tests.protocol.locking import lockinfo
from tests.protocol.people import ace, grant, href, make_group
from tests.unit.builders import event

ANN = "/dav/principals/ann/"
BOB = href("bob")
HOME = "/dav/calendars/ann/"
CALENDAR = HOME + "main/"
OBJECT = CALENDAR + "a.ics"
PROXIES = ANN + "calendar-proxy-write/"
NOTIFICATIONS = HOME + "notifications/"
NOBODYS = ["/", "/dav/", "/dav/principals/", "/dav/calendars/"]
EVERYWHERE = [*NOBODYS, ANN, PROXIES, HOME, CALENDAR, OBJECT, NOTIFICATIONS]
"""A URL of each kind of resource, but a notification's."""
OF_PRINCIPALS = ["alternate-URI-set", "principal-URL", "group-member-set", "group-membership"]
OF_RESOURCES = [
    "owner",
    "group",
    "supported-privilege-set",
    "current-user-privilege-set",
    "acl",
    "acl-restrictions",
    "inherited-acl-set",
    "principal-collection-set",
]
PREDEFINED = {
    *("all", "read", "read-acl", "read-current-user-privilege-set", "unlock", "write-acl"),
    *("write", "write-properties", "write-content", "bind", "unbind"),
}
DEAD = proppatch(set_="<x:y xmlns:x='urn:x'>1</x:y>")
EMPTY_ACL = "<D:acl xmlns:D='DAV:'/>"


async def privileges(client: Client, path: str) -> list[str]:
    """The Clark names in one's current-user-privilege-set."""
    answer = await client.propfind(path, "D:current-user-privilege-set")
    _, element = answer.props()["{DAV:}current-user-privilege-set"]
    return [str(one[0].tag) for one in element]


async def shown(client: Client, path: str, name: str) -> tuple[int, list[str]]:
    """The status of a DAV property, and what is directly in it: hrefs by their text."""
    answer = await client.propfind(path, f"D:{name}")
    status, element = answer.props()[f"{{DAV:}}{name}"]
    return status, [one.text or str(one.tag).partition("}")[2] for one in element]


def lacking(answer: Answer) -> tuple[int, str, str]:
    """What a need-privileges names: the status, the href, and the privilege."""
    ((resource,),) = answer.xml.findall("D:need-privileges", NS)
    (privilege,) = resource.find("D:privilege", NS)
    return answer.status, resource.findtext("D:href", "", NS), privilege.tag.partition("}")[2]


# Section 3


@pytest.mark.rfc("3744 3")
@pytest.mark.parametrize("path", EVERYWHERE)
async def test_no_privilege_contains_itself_or_takes_a_name_of_others(
    ann: Client, stored: str, path: str
):
    (tree,) = (await ann.propfind(path, "D:supported-privilege-set")).props().values()

    names = [one[0].tag for one in tree[1].iterfind(".//D:privilege", NS)]
    assert len(names) == len(set(names))
    assert {name for name in names if name.startswith("{DAV:}")} == {
        f"{{DAV:}}{name}" for name in PREDEFINED
    }


@pytest.mark.rfc("3744 3")
@pytest.mark.rfc("3744 5.3")
@pytest.mark.parametrize(
    "name", [f"D:{name}" for name in sorted(PREDEFINED)] + ["C:read-free-busy"]
)
async def test_no_privilege_is_abstract_each_can_be_granted_alone(
    ann: Client, bob: Client, calendar: str, name: str
):
    granted = await grant(ann, calendar, ace(BOB, name))

    acl = (await ann.propfind(calendar, "D:acl")).props()["{DAV:}acl"][1]
    kept = [entry for entry in acl if entry.findtext("D:principal/D:href", "", NS) == BOB[8:-9]]
    assert granted.status == 200
    assert [[one.tag for one in entry.iterfind("D:grant/*/*", NS)] for entry in kept] == [
        [f"{{{NS[name.partition(':')[0]]}}}{name.partition(':')[2]}"]
    ]


@pytest.mark.rfc("3744 3")
async def test_whoever_holds_no_privilege_is_denied_every_method(
    ann: Client, bob: Client, stored: str
):
    bodies = {
        "PROPPATCH": DEAD,
        "REPORT": query(""),
        "LOCK": lockinfo(),
        "PUT": event(uid="a", summary="B"),
    }
    sent = {"Destination": bob.home + "calendar/a.ics", "Lock-Token": "<urn:uuid:0>"}
    methods = (await ann("OPTIONS", stored)).headers["Allow"].split(", ")

    answers = {
        method: (await bob(method, stored, bodies.get(method, ""), **sent)).status
        for method in methods
    }

    assert answers == dict.fromkeys(methods, 404)


@pytest.mark.rfc("3744 3.1")
@pytest.mark.parametrize(
    ("granted", "status"), [("D:read", 200), ("C:read-free-busy", 403), ("D:write", 403)]
)
async def test_options_takes_the_privilege_to_read(
    ann: Client, bob: Client, calendar: str, granted: str, status: int
):
    await grant(ann, calendar, ace(BOB, granted))

    assert (await bob("OPTIONS", calendar)).status == status


@pytest.mark.rfc("3744 3.2")
async def test_who_may_write_needs_nothing_else_to_write(ann: Client, bob: Client, stored: str):
    await grant(ann, CALENDAR, ace(BOB, "D:write"))

    answers = [
        await bob("PROPPATCH", stored, DEAD),
        await bob("PROPPATCH", CALENDAR, DEAD),
        await bob.put(stored, event(uid="a", summary="B")),
        await bob.put(CALENDAR + "b.ics", event(uid="b")),
        await bob("DELETE", CALENDAR + "b.ics"),
        await bob("LOCK", stored, lockinfo()),
        await bob("GET", stored),
    ]

    assert [answer.status for answer in answers] == [207, 207, 204, 201, 204, 200, 403]
    assert [status for one in answers[:2] for status, _ in one.props().values()] == [200, 200]


@pytest.mark.rfc("3744 3.3")
async def test_who_may_write_properties_needs_nothing_else_for_proppatch(
    ann: Client, bob: Client, stored: str
):
    await grant(ann, CALENDAR, ace(BOB, "D:write-properties"))

    answer = await bob("PROPPATCH", stored, DEAD)

    assert [status for status, _ in answer.props().values()] == [200]
    assert (await ann.propfind(stored)).props()["{urn:x}y"][1].text == "1"
    assert lacking(await bob("GET", stored)) == (403, stored, "read")


@pytest.mark.rfc("3744 3.7")
async def test_ones_own_privileges_are_told_to_who_may_read_without_the_list(
    ann: Client, bob: Client, calendar: str
):
    await grant(ann, calendar, ace(BOB, "D:read-acl"))
    before = await bob.propfind(calendar, "D:current-user-privilege-set")

    await grant(ann, calendar, ace(BOB, "D:read"))

    assert lacking(before) == (403, calendar, "read")
    assert "{DAV:}read-current-user-privilege-set" in await privileges(bob, calendar)
    assert (await shown(bob, calendar, "acl"))[0] == 403


@pytest.mark.rfc("3744 3.11")
async def test_all_is_everything_that_can_be_granted(ann: Client, bob: Client, stored: str):
    (tree,) = (await ann.propfind(CALENDAR, "D:supported-privilege-set")).props().values()

    await grant(ann, CALENDAR, ace(BOB, "D:all"))

    told = [one[0].tag for one in tree[1].iterfind(".//D:privilege", NS)]
    assert await privileges(bob, CALENDAR) == told == await privileges(bob, stored)


# Section 4


@pytest.mark.rfc("3744 4")
@pytest.mark.parametrize("name", ["ann", "bob", "staff"])
async def test_a_principal_is_named_and_says_that_it_is_one(server: Server, ann: Client, name: str):
    await make_group(server, "staff", "bob")
    path = f"/dav/principals/{name}/"

    props = (await ann.propfind(path, "D:displayname", "D:resourcetype")).props()

    assert props["{DAV:}displayname"][1].text
    assert "{DAV:}principal" in [one.tag for one in props["{DAV:}resourcetype"][1]]


@pytest.mark.rfc("3744 4.1")
@pytest.mark.parametrize("path", [ANN, PROXIES, "/dav/principals/bob/", "/dav/principals/staff/"])
async def test_principals_have_no_other_uris_and_say_so(
    server: Server, ann: Client, bob: Client, path: str
):
    await make_group(server, "staff", "bob")

    assert await shown(ann, path, "alternate-URI-set") == (200, [])


@pytest.mark.rfc("3744 4.2")
@pytest.mark.parametrize("spelled", ["ann/", "ann", "%61nn/", "ann//"])
async def test_a_principal_is_granted_to_by_its_one_url_however_it_was_reached(
    ann: Client, bob: Client, spelled: str
):
    status, urls = await shown(bob, "/dav/principals/" + spelled, "principal-URL")

    calendar = bob.home + "calendar/"
    granted = await grant(bob, calendar, ace(f"<D:href>{urls[0]}</D:href>", "D:read"))

    assert (status, urls, granted.status) == (200, [ANN], 200)
    assert (await ann.propfind(calendar)).status == 207


# Section 5


@pytest.mark.rfc("3744 5")
@pytest.mark.parametrize("path", EVERYWHERE)
async def test_every_resource_has_the_access_control_properties_and_allprop_none(
    ann: Client, stored: str, path: str
):
    named = await ann.propfind(path, *(f"D:{name}" for name in OF_RESOURCES))
    everything = await ann.propfind(path)

    # Nobody may read the lists of what is nobody's.
    hidden = {"acl": 403} if path in NOBODYS else {}
    found = {name[6:]: status for name, (status, _) in named.props().items()}
    assert found == dict.fromkeys(OF_RESOURCES, 200) | hidden
    ours = {f"{{DAV:}}{name}" for name in (*OF_RESOURCES, *OF_PRINCIPALS)}
    assert ours & everything.props().keys() == set()


@pytest.mark.rfc("3744 5")
async def test_what_does_not_exist_has_no_access_control_properties(ann: Client, calendar: str):
    await ann("LOCK", calendar + "new.ics", lockinfo())

    named = await ann.propfind(calendar + "new.ics", *(f"D:{name}" for name in OF_RESOURCES))

    assert {status for status, _ in named.props().values()} == {404}


PROTECTED = [
    *((path, name) for path in (HOME, CALENDAR, OBJECT) for name in OF_RESOURCES),
    *((ANN, name) for name in (*OF_RESOURCES, *OF_PRINCIPALS)),
]


@pytest.mark.rfc("3744 5")
@pytest.mark.rfc("3744 4.1")
@pytest.mark.rfc("3744 4.2")
@pytest.mark.rfc("3744 5.1")
@pytest.mark.rfc("3744 5.7")
@pytest.mark.parametrize(("path", "name"), PROTECTED)
@pytest.mark.parametrize("action", ["set", "remove"])
async def test_a_protected_property_is_neither_set_nor_removed(
    ann: Client, stored: str, path: str, name: str, action: str
):
    before = await ann.propfind(path, f"D:{name}")
    given = f"<D:{name}>{BOB}</D:{name}>" if action == "set" else f"<D:{name}/>"
    both = given + "<x:y xmlns:x='urn:x'>1</x:y>"

    answer = await ann(
        "PROPPATCH", path, proppatch(set_=both) if action == "set" else proppatch(remove=both)
    )

    found = {tag: status for tag, (status, _) in answer.props().items()}
    error = answer.xml.find(".//D:error", NS)
    assert (answer.status, found) == (207, {f"{{DAV:}}{name}": 403, "{urn:x}y": 424})
    assert [one.tag for one in error] == ["{DAV:}cannot-modify-protected-property"]
    assert await ann.propfind(path, f"D:{name}") == before


@pytest.mark.rfc("3744 5.1")
@pytest.mark.parametrize("path", [PROXIES, HOME, CALENDAR, OBJECT, NOTIFICATIONS])
async def test_the_owner_is_whose_home_it_lies_in(ann: Client, stored: str, path: str):
    assert await shown(ann, path, "owner") == (200, [ANN])


@pytest.mark.rfc("3744 5.1")
@pytest.mark.parametrize("path", [*NOBODYS, ANN, "/dav/principals/bob/"])
async def test_what_is_nobodys_has_an_empty_owner(ann: Client, bob: Client, path: str):
    assert await shown(ann, path, "owner") == (200, [])


@pytest.mark.rfc("3744 5.1")
@pytest.mark.parametrize("path", [CALENDAR, OBJECT])
async def test_somebody_elses_is_theirs_and_stays_theirs(
    ann: Client, bob: Client, stored: str, path: str
):
    await grant(ann, CALENDAR, ace(BOB, "D:all"))

    patched = await bob("PROPPATCH", path, proppatch(set_=f"<D:owner>{BOB}</D:owner>"))
    added = await bob.put(CALENDAR + "b.ics", event(uid="b"))

    assert (await shown(bob, path, "owner"), added.status) == ((200, [ANN]), 201)
    assert [status for status, _ in patched.props().values()] == [403]
    assert await shown(bob, CALENDAR + "b.ics", "owner") == (200, [ANN])


@pytest.mark.rfc("3744 5.2")
@pytest.mark.parametrize("path", EVERYWHERE)
async def test_nothing_has_a_group(ann: Client, stored: str, path: str):
    assert await shown(ann, path, "group") == (200, [])


@pytest.mark.rfc("3744 5.6")
@pytest.mark.rfc("3744 5.6.1")
@pytest.mark.rfc("3744 5.6.2")
@pytest.mark.rfc("3744 5.6.3")
@pytest.mark.rfc("3744 5.6.4")
@pytest.mark.parametrize("path", [HOME, CALENDAR])
async def test_the_restrictions_that_are_told_are_those_that_hold(
    ann: Client, bob: Client, calendar: str, path: str
):
    denies = ace(BOB, "D:write").replace("D:grant", "D:deny")
    inverted = ace(BOB, "D:read").replace("D:principal>", "D:invert>", 1)
    inverted = inverted.replace("</D:principal>", "</D:principal></D:invert>")
    inverted = inverted.replace("<D:invert>", "<D:invert><D:principal>")

    refused = [
        (await grant(ann, path, denies)).condition,
        (await grant(ann, path, denies, ace(BOB, "D:read"))).condition,
        (await grant(ann, path, ace(BOB, "D:read"), denies)).condition,
        (await grant(ann, path, inverted)).condition,
    ]
    # Nobody is required, and so a list may be empty.
    emptied = await grant(ann, path)

    assert await shown(ann, path, "acl-restrictions") == (200, ["grant-only", "no-invert"])
    assert refused == ["{DAV:}grant-only"] * 3 + ["{DAV:}no-invert"]
    assert emptied.status == 200


@pytest.mark.rfc("3744 5.7")
@pytest.mark.parametrize("path", EVERYWHERE)
async def test_no_other_list_takes_away_what_one_grants(
    ann: Client, bob: Client, stored: str, path: str
):
    await grant(ann, CALENDAR, ace(BOB, "D:read"))

    assert await shown(ann, path, "inherited-acl-set") == (200, [])
    assert [(await bob("GET", stored)).status, (await bob("GET", HOME)).status] == [200, 404]


# Section 7


@pytest.mark.rfc("3744 7")
@pytest.mark.rfc("3744 7.1")
@pytest.mark.parametrize(
    ("method", "body", "privilege"),
    [
        ("OPTIONS", "", "read"),
        ("GET", "", "read"),
        ("HEAD", "", "read"),
        ("PROPFIND", "", "read"),
        ("REPORT", query(""), "read"),
        ("POST", event(uid="n"), "bind"),
        ("ACL", EMPTY_ACL, "write-acl"),
        ("LOCK", lockinfo(), "write-content"),
        ("COPY", "", "read"),
        ("MOVE", "", "read"),
        ("PROPPATCH", DEAD, "read"),
    ],
)
async def test_every_method_asks_for_its_privilege(
    ann: Client, bob: Client, calendar: str, method: str, body: str, privilege: str
):
    await grant(ann, calendar, ace(BOB, "D:read-acl"))
    sent = {"Content_Type": "text/calendar"} if method == "POST" else {}

    answer = await bob(method, calendar, body, Destination=bob.home + "b/", Depth="0", **sent)

    assert answer.status == 403
    if method != "HEAD":
        assert lacking(answer) == (403, calendar, privilege)


@pytest.mark.rfc("3744 7.2")
@pytest.mark.parametrize("path", [*EVERYWHERE, CALENDAR + "new.ics", HOME + "new/"])
async def test_access_control_is_announced_everywhere_and_acl_where_it_works(
    ann: Client, stored: str, path: str
):
    answer = await ann("OPTIONS", path)

    works = (await ann("ACL", path, EMPTY_ACL)).status == 200
    assert "access-control" in answer.headers["DAV"].split(", ")
    assert ("ACL" in answer.headers["Allow"].split(", ")) == works == (path in (HOME, CALENDAR))


# Sections 8 and 10


@pytest.mark.rfc("3744 8.1")
async def test_the_example_of_a_list_grants_what_it_says(ann: Client, bob: Client, calendar: str):
    await add_user(ann.server.db, "eve", "Eve")
    eve = Client(ann.server, "eve")
    bob_here = "<D:href>http://cal.example.org/dav/principals/bob/</D:href>"

    answer = await grant(
        ann,
        calendar,
        ace(bob_here, "D:read", "D:write"),
        ace("<D:property><D:owner/></D:property>", "D:read-acl", "D:write-acl"),
        ace("<D:all/>", "D:read"),
    )

    assert (answer.status, answer.body) == (200, b"")
    assert (await bob.put(calendar + "b.ics", event(uid="b"))).status == 201
    assert (await eve("GET", calendar + "b.ics")).status == 200
    assert lacking(await eve("DELETE", calendar + "b.ics")) == (403, calendar, "unbind")


DENIED = ace(BOB, "D:write").replace("D:grant", "D:deny")
READ = ace(BOB, "D:read")
PRECONDITIONS = [
    ("no-protected-ace-conflict", READ.replace("</D:ace>", "<D:protected/></D:ace>")),
    (
        "no-inherited-ace-conflict",
        READ.replace("</D:ace>", f"<D:inherited><D:href>{HOME}</D:href></D:inherited></D:ace>"),
    ),
    ("limited-number-of-aces", READ * 101),
    ("grant-only", DENIED),
    ("grant-only", DENIED.replace(BOB, href("ann"))),
    ("no-invert", f"<D:ace><D:invert><D:principal>{BOB}</D:principal></D:invert></D:ace>"),
    ("not-supported-privilege", ace(BOB, "D:fly")),
    ("not-supported-privilege", ace(BOB, "C:schedule-send")),
    ("recognized-principal", ace(href("zoe"), "D:read")),
    ("recognized-principal", ace(f"<D:href>{HOME}</D:href>", "D:read")),
    ("recognized-principal", ace("<D:href>/dav/principals/</D:href>", "D:read")),
    ("allowed-principal", ace("<D:unauthenticated/>", "D:read")),
    ("allowed-principal", ace("<D:self/>", "D:read")),
    ("allowed-principal", ace(f"<D:href>{PROXIES}</D:href>", "D:read")),
    ("allowed-principal", ace("<D:property><D:group/></D:property>", "D:read")),
]


@pytest.mark.rfc("3744 8.1.1")
@pytest.mark.parametrize("path", [HOME, CALENDAR])
@pytest.mark.parametrize(("condition", "entry"), PRECONDITIONS)
async def test_a_precondition_that_fails_changes_nothing(
    ann: Client, bob: Client, calendar: str, path: str, condition: str, entry: str
):
    await grant(ann, path, ace("<D:all/>", "C:read-free-busy"))
    before = await ann.propfind(path, "D:acl", "D:getetag", "D:sync-token")

    # The first entry is good, and is not set without the other.
    refused = await grant(ann, path, ace(BOB, "D:bind"), entry)

    assert (refused.status, refused.condition) == (403, f"{{DAV:}}{condition}")
    assert await ann.propfind(path, "D:acl", "D:getetag", "D:sync-token") == before


@pytest.mark.rfc("3744 8.1.1")
@pytest.mark.rfc("3744 5.5.3")
async def test_what_is_protected_or_inherited_stays_whatever_is_sent(
    ann: Client, bob: Client, calendar: str
):
    await grant(ann, HOME, READ)
    before = await ann.propfind(calendar, "D:acl")

    # Leaving an entry out, or granting it again, conflicts with nothing.
    emptied = await grant(ann, calendar)
    after = await ann.propfind(calendar, "D:acl")
    again = await grant(ann, calendar, READ, ace(href("ann"), "D:all"))

    assert (emptied.status, again.status) == (200, 200)
    assert after == before
    assert await privileges(bob, calendar) == await privileges(bob, HOME)


@pytest.mark.rfc("3744 10")
async def test_elements_that_nobody_knows_are_ignored_in_a_list(
    ann: Client, bob: Client, calendar: str
):
    new = "<x:new xmlns:x='urn:x'><D:deny/></x:new>"
    entry = READ.replace("</D:ace>", f"{new}</D:ace>").replace(
        "<D:principal>", f"<D:principal>{new}"
    )
    entry = entry.replace("<D:grant>", f"<D:grant>{new}")

    answer = await grant(ann, calendar, new, entry)

    assert answer.status == 200
    assert (await bob.propfind(calendar)).status == 207


# Section 9


def a_report(name: str, inner: str = "") -> str:
    return f"<D:{name} {declared()}>{inner}<D:prop><D:displayname/></D:prop></D:{name}>"


def search(text: str, *names: str, attributes: str = "") -> str:
    """A principal-property-search of one property-search."""
    props = "".join(f"<{name}/>" for name in names)
    return (
        f"<D:principal-property-search {declared()}{attributes}><D:property-search>"
        f"<D:prop>{props}</D:prop><D:match>{text}</D:match></D:property-search>"
        "<D:prop><D:displayname/></D:prop></D:principal-property-search>"
    )


OWNED = a_report("principal-match", "<D:principal-property><D:owner/></D:principal-property>")
AT_ZERO = [
    (CALENDAR, a_report("acl-principal-prop-set")),
    ("/dav/principals/", a_report("principal-match", "<D:self/>")),
    (CALENDAR, OWNED),
    ("/dav/principals/", search("ann", "D:displayname")),
    ("/dav/principals/", "<D:principal-search-property-set xmlns:D='DAV:'/>"),
]


@pytest.mark.rfc("3744 9.1")
@pytest.mark.rfc("3744 9.2")
@pytest.mark.rfc("3744 9.3")
@pytest.mark.rfc("3744 9.4")
@pytest.mark.rfc("3744 9.5")
@pytest.mark.parametrize(("path", "body"), AT_ZERO)
async def test_a_report_of_access_control_is_defined_at_depth_0_alone(
    ann: Client, stored: str, path: str, body: str
):
    statuses = [
        (await ann("REPORT", path, body, Depth=depth)).status
        for depth in ("0", "1", "infinity", "2")
    ]

    without = await ann("REPORT", path, body)
    assert statuses == [without.status, 400, 400, 400]
    assert without == await ann("REPORT", path, body, Depth="0")


@pytest.mark.rfc("3744 9")
@pytest.mark.rfc("3744 9.1")
@pytest.mark.parametrize(
    ("name", "paths"),
    [
        ("expand-property", EVERYWHERE),
        ("acl-principal-prop-set", EVERYWHERE),
        ("principal-match", [path for path in EVERYWHERE if path not in (OBJECT, NOTIFICATIONS)]),
        ("principal-property-search", ["/", "/dav/", "/dav/principals/", ANN, PROXIES]),
        ("principal-search-property-set", ["/", "/dav/", "/dav/principals/", ANN, PROXIES]),
    ],
)
async def test_a_report_of_access_control_is_listed_where_it_is_answered(
    ann: Client, stored: str, name: str, paths: list[str]
):
    listed, answered = [], []

    for path in EVERYWHERE:
        found = await ann.propfind(path, "D:supported-report-set")
        if found.xml.find(f".//D:supported-report/D:report/D:{name}", NS) is not None:
            listed.append(path)
        answer = await ann("REPORT", path, a_report(name, "<D:self/>"))
        if b"supported-report" not in answer.body:
            answered.append(path)

    assert listed == answered == paths


@pytest.mark.rfc("3744 9.2")
@pytest.mark.parametrize(
    ("path", "hrefs"),
    [(ANN, []), (PROXIES, [ANN]), (NOTIFICATIONS, [ANN])],
)
async def test_the_principals_of_a_list_are_those_with_a_url(
    ann: Client, path: str, hrefs: list[str]
):
    answer = await ann("REPORT", path, a_report("acl-principal-prop-set"))

    assert (answer.status, answer.hrefs) == (207, hrefs)


@pytest.mark.rfc("3744 9.2")
@pytest.mark.parametrize("path", NOBODYS)
async def test_the_principals_of_what_is_nobodys_are_as_hidden_as_its_list(ann: Client, path: str):
    answer = await ann("REPORT", path, a_report("acl-principal-prop-set"))

    assert lacking(answer) == (403, path, "read-acl")


@pytest.mark.rfc("3744 9.3")
@pytest.mark.parametrize("path", ["/dav/", "/dav/calendars/", HOME, CALENDAR])
async def test_principal_match_finds_what_one_owns_at_any_depth(
    ann: Client, bob: Client, stored: str, path: str
):
    await grant(bob, bob.home, ace("<D:all/>", "D:read"))
    await bob.put(bob.home + "calendar/b.ics", event(uid="b"))

    found = await ann("REPORT", path, OWNED)

    below = [HOME, HOME + "calendar/", CALENDAR, HOME + "tasks/", OBJECT]
    proxies = [ANN + "calendar-proxy-read/", PROXIES] if path == "/dav/" else []
    assert sorted(found.hrefs) == sorted(
        [*proxies, *(one for one in below if one.startswith(path))]
    )


@pytest.mark.rfc("3744 9.3")
async def test_principal_match_without_properties_tells_what_matches_alone(
    ann: Client, stored: str
):
    body = OWNED.replace("<D:prop><D:displayname/></D:prop>", "")

    answer = await ann("REPORT", CALENDAR, body, Depth="0")

    statuses = {one.text for one in answer.xml.iterfind(".//D:status", NS)}
    assert (answer.hrefs, answer.props(OBJECT)) == ([CALENDAR, OBJECT], {})
    assert statuses == {"HTTP/1.1 200 OK"}


@pytest.mark.rfc("3744 9.3")
async def test_a_group_matches_who_is_in_it(server: Server, ann: Client, bob: Client):
    await make_group(server, "staff", "bob")
    body = a_report("principal-match", "<D:self/>")

    found = [(await one("REPORT", "/dav/principals/staff/", body)).hrefs for one in (ann, bob)]

    assert found == [[], ["/dav/principals/staff/"]]


@pytest.mark.rfc("3744 9.4")
@pytest.mark.parametrize(
    ("attributes", "names", "found"),
    [
        ("", ["D:displayname", "CS:first-name"], True),
        ("", ["D:displayname", "CS:last-name"], False),
        ("", ["D:displayname", "D:getetag"], False),
        ("", [], False),
        (' test="anyof"', ["D:displayname", "CS:last-name"], True),
        (' test="anyof"', ["CS:last-name", "D:getetag"], False),
    ],
)
async def test_each_property_of_a_search_is_a_term(
    ann: Client, attributes: str, names: list[str], found: bool
):
    body = search("ann", *names, attributes=attributes)

    answer = await ann("REPORT", "/dav/principals/", body)

    assert (answer.status, answer.hrefs) == (207, [ANN] if found else [])


@pytest.mark.rfc("3744 9.4.1")
@pytest.mark.parametrize(
    ("text", "name", "found"),
    [
        ("zoë", "D:displayname", True),
        ("ZOË", "D:displayname", True),
        ("oË GRO", "D:displayname", True),
        ("zoo", "D:displayname", False),
        ("ZOE@EXAMPLE", "C:calendar-user-address-set", True),
        ("principals/zoe", "C:calendar-user-address-set", True),
        ("example.org/dav", "C:calendar-user-address-set", False),
    ],
)
async def test_a_match_is_caseless_and_within_one_run_of_characters(
    ann: Client, text: str, name: str, found: bool
):
    await add_user(ann.server.db, "zoe", "Zoë Groß")

    answer = await ann("REPORT", "/dav/principals/", search(text, name))

    assert answer.hrefs == (["/dav/principals/zoe/"] if found else [])


@pytest.mark.rfc("3744 9.5")
async def test_every_property_that_can_be_searched_is_one_and_has_a_language(ann: Client):
    body = "<D:principal-search-property-set xmlns:D='DAV:'/>"

    told = (await ann("REPORT", "/dav/principals/", body)).xml

    names = [[prop.tag for prop in one.find("D:prop", NS)] for one in told]
    languages = [one.find("D:description", NS).attrib for one in told]
    assert [len(one) for one in names] == [1] * len(told)
    assert {str(value) for one in languages for value in one.values()} == {"en"}
    assert len(languages) == sum(map(len, languages))


# Section 12


@pytest.mark.rfc("3744 12.3")
@pytest.mark.parametrize("path", [HOME + "new/", CALENDAR + "new.ics"])
async def test_what_is_new_is_its_owners_and_grants_nothing_of_its_own(
    ann: Client, bob: Client, calendar: str, path: str
):
    made = await ann.put(path, event(uid="n")) if path.endswith("ics") else None
    made = made or await ann("MKCALENDAR", path)

    acl = (await ann.propfind(path, "D:acl")).props()["{DAV:}acl"][1]

    marks = [[one.tag for one in entry if one.tag not in OF_AN_ENTRY] for entry in acl]
    assert (made.status, marks) == (201, [["{DAV:}protected"], *[["{DAV:}inherited"]] * 2])
    assert "{DAV:}all" in await privileges(ann, path)
    assert (await bob("GET", path)).status == 404


OF_AN_ENTRY = {"{DAV:}principal", "{DAV:}grant"}
