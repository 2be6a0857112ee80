"""Every condition of the catalogue: its element, its status, and that nothing was changed."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

import pytest

from caldavd import errors
from caldavd.acl.privileges import Privilege
from caldavd.dav import answer
from caldavd.dav.resolve import Target, require
from caldavd.dav.server import DavLimits, Server
from caldavd.errors import Condition, NeedPrivileges
from caldavd.ical.validate import Limits
from caldavd.model import Root
from caldavd.store.engine import Database
from tests.protocol.client import Answer, Client, NamesAsPasswords, declared, proppatch, query
from tests.protocol.locking import lock, lockinfo
from tests.protocol.state import everything
from tests.unit.builders import calendar as vcalendar
from tests.unit.builders import event, todo, valarm, vevent

LIMITS = DavLimits(
    Limits(max_bytes=20_000, max_attendees=3, max_instances=100, max_per_day=2),
    max_instances=50,
    quota_bytes=15_000,
)
NO_TOKEN = "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6"
EVENT = '<C:comp-filter name="VEVENT">{}</C:comp-filter>'


@dataclass(frozen=True)
class Case:
    """A request that has to be refused; paths are below the home of ann."""

    condition: Condition
    method: str
    path: str
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)


def put(condition: Condition, text: str, path: str = "main/new.ics", **headers: str) -> Case:
    return Case(condition, "PUT", path, text, {"Content-Type": "text/calendar"} | headers)


def report(condition: Condition, body: str, path: str = "main/") -> Case:
    return Case(condition, "REPORT", path, body)


ACE = (
    "<D:ace><D:principal>{}</D:principal><D:grant><D:privilege><D:read/></D:privilege></D:grant>{}"
    "</D:ace>"
)


def acl(condition: Condition, entries: str) -> Case:
    return Case(condition, "ACL", "main/", f"<D:acl {declared()}>{entries}</D:acl>")


def sync(inner: str) -> str:
    return f"<D:sync-collection {declared()}>{inner}<D:prop/></D:sync-collection>"


def mkcalendar(props: str) -> str:
    return f"<C:mkcalendar {declared()}><D:set><D:prop>{props}</D:prop></D:set></C:mkcalendar>"


EXPAND = (
    '<C:calendar-data><C:expand start="20260101T000000Z" end="20990101T000000Z"/></C:calendar-data>'
)
CASES = [
    Case(errors.PROPFIND_FINITE_DEPTH, "PROPFIND", "", headers={"Depth": "infinity"}),
    Case(errors.NO_EXTERNAL_ENTITIES, "PROPFIND", "", "<!DOCTYPE a><a/>"),
    report(errors.SUPPORTED_REPORT, '<version-tree xmlns="DAV:"/>'),
    report(errors.SUPPORTED_REPORT, query(""), path=""),
    report(errors.SUPPORTED_REPORT, sync("<D:sync-token/>"), path="main/a.ics"),
    Case(errors.RESOURCE_MUST_BE_NULL, "MKCALENDAR", "main/"),
    Case(errors.CALENDAR_COLLECTION_LOCATION, "MKCALENDAR", "main/inside/"),
    Case(errors.CALENDAR_COLLECTION_LOCATION, "MKCALENDAR", "../../elsewhere/"),
    Case(
        errors.CALENDAR_COLLECTION_LOCATION,
        "MOVE",
        "main/",
        headers={"Destination": "/dav/calendars/ann/calendar/inside/"},
    ),
    Case(errors.VALID_RESOURCETYPE, "MKCOL", "new/"),
    Case(
        errors.SUPPORTED_COMPONENT,
        "MKCALENDAR",
        "new/",
        mkcalendar(
            '<C:supported-calendar-component-set><C:comp name="VCARD"/>'
            "</C:supported-calendar-component-set>"
        ),
    ),
    Case(errors.NEED_PRIVILEGES, "COPY", "main/a.ics", headers={"Destination": "/dav/elsewhere"}),
    acl(errors.NO_PROTECTED_ACE_CONFLICT, ACE.format("<D:self/>", "<D:protected/>")),
    acl(errors.NO_INHERITED_ACE_CONFLICT, ACE.format("<D:all/>", "<D:inherited/>")),
    acl(errors.LIMITED_NUMBER_OF_ACES, ACE.format("<D:all/>", "") * 101),
    acl(errors.GRANT_ONLY, ACE.format("<D:all/>", "").replace("grant", "deny")),
    acl(
        errors.NO_INVERT, "<D:ace><D:invert><D:principal><D:all/></D:principal></D:invert></D:ace>"
    ),
    acl(errors.NOT_SUPPORTED_PRIVILEGE, ACE.format("<D:all/>", "").replace("D:read", "D:fly")),
    acl(errors.RECOGNIZED_PRINCIPAL, ACE.format("<D:href>/dav/principals/zoe/</D:href>", "")),
    acl(errors.RECOGNIZED_PRINCIPAL, ACE.format("<D:href>/dav/calendars/ann/</D:href>", "")),
    acl(errors.RECOGNIZED_PRINCIPAL, ACE.format("<D:href>mailto:bob@example.org</D:href>", "")),
    acl(errors.ALLOWED_PRINCIPAL, ACE.format("<D:self/>", "")),
    acl(errors.ALLOWED_PRINCIPAL, ACE.format("<D:unauthenticated/>", "")),
    acl(errors.ALLOWED_PRINCIPAL, ACE.format("<D:property><D:group/></D:property>", "")),
    acl(
        errors.ALLOWED_PRINCIPAL,
        ACE.format("<D:href>/dav/principals/ann/calendar-proxy-read/</D:href>", ""),
    ),
    report(errors.VALID_SYNC_TOKEN, sync("<D:sync-token>data:,1-1</D:sync-token>")),
    report(
        errors.SYNC_TRAVERSAL_SUPPORTED,
        sync("<D:sync-token/><D:sync-level>infinite</D:sync-level>"),
        path="",
    ),
    report(
        errors.NUMBER_OF_MATCHES,
        sync("<D:sync-token/><D:limit><D:nresults>1</D:nresults></D:limit>"),
        path="",
    ),
    report(errors.NUMBER_OF_MATCHES, query("", props=EXPAND)),
    put(errors.SUPPORTED_CALENDAR_DATA, "{}", **{"Content-Type": "application/calendar+json"}),
    put(errors.SUPPORTED_CALENDAR_DATA, event(uid="n").replace("VERSION:2.0", "VERSION:1.0")),
    report(
        errors.SUPPORTED_CALENDAR_DATA,
        query("", props='<C:calendar-data content-type="application/calendar+json"/>'),
    ),
    put(errors.VALID_CALENDAR_DATA, "hello"),
    put(errors.VALID_CALENDAR_DATA, event(uid="n", start="20260230T000000Z")),
    put(errors.VALID_CALENDAR_DATA, event(uid="n", rrule="FREQ=NEVER")),
    put(errors.VALID_CALENDAR_DATA, event(uid="n", alarms=[valarm(lines=["REPEAT:999999"])])),
    put(errors.VALID_CALENDAR_OBJECT, vcalendar()),
    put(errors.VALID_CALENDAR_OBJECT, vcalendar(vevent(uid="a"), vevent(uid="b"))),
    put(errors.VALID_CALENDAR_OBJECT, event(uid=None)),
    put(errors.VALID_CALENDAR_OBJECT, vcalendar(vevent(uid="n"), lines=["METHOD:REQUEST"])),
    put(errors.SUPPORTED_COMPONENT, event(uid="n"), path="tasks/n.ics"),
    put(errors.SUPPORTED_COMPONENT, todo(uid="n"), path="calendar/n.ics"),
    put(errors.NO_UID_CONFLICT, event(uid="a")),
    put(errors.MAX_RESOURCE_SIZE, event(uid="n", lines=["X-A:" + "a" * 20_000])),
    put(errors.MIN_DATE_TIME, event(uid="n", start="00010101T000000Z")),
    put(errors.MAX_DATE_TIME, event(uid="n", start="99991231T000000Z")),
    put(errors.MAX_INSTANCES, event(uid="n", rrule="FREQ=DAILY;COUNT=101")),
    put(errors.MAX_INSTANCES, event(uid="n", rrule="FREQ=MINUTELY")),
    put(errors.MAX_ATTENDEES, event(uid="n", attendees=["a", "b", "c", "d"])),
    put(errors.SUPPORTED_RSCALE, event(uid="n", rrule="RSCALE=CHINESE;FREQ=YEARLY")),
    report(errors.VALID_FILTER, query(EVENT.format("<C:time-range/>"))),
    report(errors.VALID_FILTER, query("").replace("VCALENDAR", "VEVENT")),
    report(errors.VALID_FILTER, f"<C:calendar-query {declared()}><D:prop/></C:calendar-query>"),
    report(
        errors.SUPPORTED_FILTER,
        query(EVENT.format('<C:prop-filter name="ATTENDEE"/>' * 300)),
    ),
    report(
        errors.SUPPORTED_COLLATION,
        query(
            EVENT.format(
                '<C:prop-filter name="UID"><C:text-match collation="i;klingon">a</C:text-match>'
                "</C:prop-filter>"
            )
        ),
    ),
    report(errors.VALID_TIMEZONE, query("", more="<C:timezone-id>Nowhere</C:timezone-id>")),
    report(errors.VALID_CALENDAR_DATA, query("", more="<C:timezone>Nowhere</C:timezone>")),
    Case(errors.NO_CONFLICTING_LOCK, "LOCK", "main/locked.ics", lockinfo()),
    put(errors.LOCK_TOKEN_SUBMITTED, event(uid="locked"), "main/locked.ics"),
    Case(errors.LOCK_TOKEN_OF_REFRESH, "LOCK", "main/a.ics", headers={"If": f"(<{NO_TOKEN}>)"}),
    Case(
        errors.LOCK_TOKEN_OF_UNLOCK,
        "UNLOCK",
        "main/a.ics",
        headers={"Lock-Token": f"<{NO_TOKEN}>"},
    ),
    put(errors.QUOTA_NOT_EXCEEDED, event(uid="n", summary="x" * 15_000)),
]
WITHIN_A_PROPSTAT = {errors.CANNOT_MODIFY_PROTECTED}
OF_THE_MACHINE = {errors.SUFFICIENT_DISK_SPACE}
"""What no request brings about: a test of a full disk has it."""
OF_SCHEDULING = {
    errors.UNIQUE_SCHEDULING_OBJECT_RESOURCE,
    errors.SAME_ORGANIZER_IN_ALL_COMPONENTS,
    errors.ALLOWED_ORGANIZER_SCHEDULING_OBJECT_CHANGE,
    errors.ALLOWED_ATTENDEE_SCHEDULING_OBJECT_CHANGE,
    errors.VALID_SCHEDULING_MESSAGE,
    errors.VALID_ORGANIZER,
    errors.DEFAULT_CALENDAR_NEEDED,
    errors.VALID_SCHEDULE_DEFAULT_CALENDAR_URL,
}
"""What a server refuses that schedules: test_scheduling, test_outbox and test_boxes try them."""


@pytest.fixture
async def ann(server: Server, db: Database) -> Client:
    """Ann's client of a server with small limits, with an event that recurs without end, and a
    locked one.
    """
    client = Client(Server(db, NamesAsPasswords(db), limits=LIMITS), "ann")
    await client("MKCALENDAR", client.home + "main/")
    await client(
        "MKCALENDAR",
        client.home + "calendar/",
        mkcalendar(
            '<C:supported-calendar-component-set><C:comp name="VEVENT"/>'
            "</C:supported-calendar-component-set>"
        ),
    )
    put_ = await client.put(client.home + "main/a.ics", event(uid="a", rrule="FREQ=DAILY"))
    assert put_.status == 201
    await client.put(client.home + "main/locked.ics", event(uid="locked"))
    await lock(client, client.home + "main/locked.ics")
    return client


async def send(client: Client, case: Case) -> Answer:
    path = "/dav/elsewhere/" if case.path.startswith("..") else client.home + case.path
    return await client(case.method, path, case.body, **case.headers)


def names(value: object) -> str:
    return value.condition.element.rpartition("}")[2] if isinstance(value, Case) else ""


@pytest.mark.rfc("4918 16")
@pytest.mark.rfc("4791 1.3")
@pytest.mark.rfc("4791 5.3.1")
@pytest.mark.rfc("4791 5.3.2.1")
@pytest.mark.rfc("4791 7.8")
@pytest.mark.parametrize("case", CASES, ids=names)
async def test_a_refusal_names_its_condition_alone_and_changes_nothing(ann: Client, case: Case):
    before = await everything(ann)

    refused = await send(ann, case)

    assert (refused.status, refused.condition) == (case.condition.status, case.condition.element)
    assert await everything(ann) == before


@pytest.mark.parametrize("case", CASES, ids=names)
async def test_the_words_of_a_refusal_follow_its_element_as_a_comment(ann: Client, case: Case):
    text = (await send(ann, case)).text

    document, _, words = text.rpartition("</D:error>\n")
    assert "<!--" not in document
    assert words.startswith("<!-- ") and words.endswith(f"({case.condition.source}) -->\n")


@pytest.mark.rfc("4791 5.3.2.1")
@pytest.mark.parametrize("method", ["PUT", "POST"])
async def test_a_uid_conflict_names_the_object_that_holds_the_uid(ann: Client, method: str):
    path = ann.home + "main/" + ("b.ics" if method == "PUT" else "")

    refused = await ann(method, path, event(uid="a"), Content_Type="text/calendar")

    (element,) = refused.xml
    assert [(child.tag, child.text) for child in element] == [
        ("{DAV:}href", ann.home + "main/a.ics")
    ]


@pytest.mark.rfc("3744 7.1.1")
def test_a_missing_privilege_is_named_with_its_resource():
    with pytest.raises(NeedPrivileges) as raised:
        require(Target(Root(), "/dav/", Privilege.READ), Privilege.WRITE_CONTENT)

    (element,) = Answer(answer.refused(raised.value)).xml
    (resource,) = element
    assert [(child.tag, child.text) for child in resource] == [
        ("{DAV:}href", "/dav/"),
        ("{DAV:}privilege", None),
    ]
    assert [child.tag for child in resource[1]] == ["{DAV:}write-content"]


@pytest.mark.rfc("4918 16")
@pytest.mark.parametrize(
    ("set_", "status", "element"),
    [
        ("<D:getetag>x</D:getetag>", 403, errors.CANNOT_MODIFY_PROTECTED.element),
        ("<C:calendar-timezone>x</C:calendar-timezone>", 403, errors.VALID_CALENDAR_DATA.element),
        ("<C:calendar-timezone-id>x</C:calendar-timezone-id>", 403, errors.VALID_TIMEZONE.element),
    ],
)
async def test_a_property_is_refused_inside_its_propstat(
    ann: Client, set_: str, status: int, element: str
):
    before = await everything(ann)

    patched = await ann("PROPPATCH", ann.home + "main/", proppatch(set_=set_))

    (propstat,) = patched.xml.iterfind("{DAV:}response/{DAV:}propstat")
    (named,) = propstat.find("{DAV:}error")
    assert (patched.status, named.tag) == (207, element)
    assert str(propstat.findtext("{DAV:}status")).startswith(f"HTTP/1.1 {status} ")
    assert await everything(ann) == before


def test_every_condition_of_the_catalogue_is_tried():
    catalogue = {found for found in vars(errors).values() if isinstance(found, Condition)}

    tried = {case.condition for case in CASES}
    assert catalogue == tried | WITHIN_A_PROPSTAT | OF_THE_MACHINE | OF_SCHEDULING


@pytest.mark.rfc("4918 16")
def test_words_cannot_end_their_comment():
    refusal = errors.Refused(errors.VALID_FILTER, "a --> b <x> -- \x00 --- ")

    assert Answer(answer.refused(refusal)).condition == errors.VALID_FILTER.element


@pytest.mark.rfc("4791 5.2.5")
async def test_limits_are_told_as_properties_and_held(ann: Client):
    path = ann.home + "main/"
    wanted = "C:max-resource-size", "C:max-instances", "C:max-attendees-per-instance"

    props = (await ann.propfind(path, *wanted)).props()

    assert [element.text for _, element in props.values()] == ["20000", "100", "3"]
    assert (await ann.put(path + "b.ics", event(uid="b", attendees=["x"] * 3))).status == 201


@pytest.mark.parametrize(("level", "told"), [(logging.INFO, False), (logging.DEBUG, True)])
async def test_what_a_client_sent_is_in_the_log_only_for_whoever_debugs(
    ann: Client, caplog: pytest.LogCaptureFixture, level: int, told: bool
) -> None:
    caplog.set_level(level, "caldavd")
    private = event(uid="private-uid", lines=["EXDATE:private-date"])

    refused = await ann.put(ann.home + "calendar/a.ics", private)

    (record,) = [one for one in caplog.records if one.message == "refused"]
    assert (refused.status, "private-date" in refused.text) == (403, True)
    assert vars(record)["condition"] == "valid-calendar-data"
    assert ("private" in str(vars(record))) == told
