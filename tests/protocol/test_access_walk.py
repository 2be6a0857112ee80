"""Every method on every kind of path, as everybody: what is answered, and what is told by it.

Writes are sent with a condition that does not hold: who may do them is answered 412, and nothing
changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import pytest

from caldavd.dav.registry import METHODS
from caldavd.dav.server import Server
from caldavd.model import Level
from tests.protocol.client import Client, declared, proppatch, query
from tests.protocol.conftest import add_user
from tests.protocol.locking import lock, lockinfo
from tests.protocol.people import ace, delegate, grant, href, make_group
from tests.protocol.recorded import Recorded
from tests.protocol.sharing import give
from tests.unit.builders import event

HOME: Final = "/dav/calendars/ann/"
CALENDAR: Final = HOME + "main/"
OBJECT: Final = CALENDAR + "a.ics"
LOCKED: Final = CALENDAR + "locked.ics"
NEW: Final = CALENDAR + "new.ics"
MADE: Final = HOME + "made/"
PROXIES: Final = "/dav/principals/ann/calendar-proxy-write/"
SECRETS: Final = ("Dentist", "Ann at home", "Ann's editor")
EDITOR: Final = "<D:owner>Ann's editor</D:owner>"
NO_TOKEN: Final = (("Lock-Token", "<urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6>"),)
NEVER: Final = {"If-Match": '"never"'}
ALLOWED: Final = {200, 201, 204, 207, 409, 412}
"""Those of who may; 409 for a lock that is none."""

FREE_BUSY_QUERY: Final = (
    '<C:free-busy-query xmlns:C="urn:ietf:params:xml:ns:caldav">'
    '<C:time-range start="20260701T000000Z" end="20260702T000000Z"/></C:free-busy-query>'
)
SYNC: Final = (
    '<D:sync-collection xmlns:D="DAV:"><D:sync-token/><D:sync-level>1</D:sync-level><D:prop>'
    "<D:getetag/></D:prop></D:sync-collection>"
)
PATCH: Final = proppatch(set_="<x:y xmlns:x='urn:x'>1</x:y>")
COLOUR: Final = proppatch(set_="<I:calendar-color>#111111FF</I:calendar-color>")
ACL: Final = "<D:acl xmlns:D='DAV:'/>"
MKCOL: Final = (
    f"<D:mkcol {declared()}><D:set><D:prop><D:resourcetype><D:collection/><C:calendar/>"
    "</D:resourcetype></D:prop></D:set></D:mkcol>"
)


@dataclass(frozen=True)
class Step:
    """A request, and what it takes: a privilege on the home (`home`) or on the calendar."""

    method: str
    path: str
    privilege: str
    of_home: bool = False
    body: str = ""
    headers: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.body[:25]}"


def elsewhere(who: str) -> tuple[tuple[str, str], ...]:
    return (("Destination", f"/dav/calendars/{who}/calendar/copied.ics"),)


STEPS: Final = (
    Step("GET", HOME, "read", True),
    Step("HEAD", HOME, "read", True),
    Step("PROPFIND", HOME, "read", True, headers=(("Depth", "1"),)),
    Step("REPORT", HOME, "read", True, SYNC),
    Step("PROPPATCH", HOME, "read", True, COLOUR),
    Step("ACL", HOME, "write-acl", True, ACL),
    Step("LOCK", HOME, "write-content", True, lockinfo()),
    Step("UNLOCK", HOME, "", True, headers=NO_TOKEN),
    Step("OPTIONS", CALENDAR, "read"),
    Step("GET", CALENDAR, "read"),
    Step("HEAD", CALENDAR, "read"),
    Step("PROPFIND", CALENDAR, "read", headers=(("Depth", "1"),)),
    Step("REPORT", CALENDAR, "read", body=SYNC),
    Step("REPORT", CALENDAR, "read", body=query("")),
    Step("REPORT", CALENDAR, "read-free-busy", body=FREE_BUSY_QUERY),
    Step("POST", CALENDAR, "bind", body=event(uid="n")),
    Step("PROPPATCH", CALENDAR, "read", body=COLOUR),
    Step("ACL", CALENDAR, "write-acl", body=ACL),
    Step("LOCK", CALENDAR, "write-content", body=lockinfo()),
    Step("UNLOCK", CALENDAR, "", headers=NO_TOKEN),
    Step("OPTIONS", OBJECT, "read"),
    Step("GET", OBJECT, "read"),
    Step("HEAD", OBJECT, "read"),
    Step("PROPFIND", OBJECT, "read"),
    Step("REPORT", OBJECT, "read", body=query("")),
    Step("PROPPATCH", OBJECT, "read", body=PATCH),
    Step("PUT", OBJECT, "write-content", body=event(uid="a")),
    Step("DELETE", OBJECT, "unbind"),
    Step("COPY", OBJECT, "read"),
    Step("MOVE", OBJECT, "unbind"),
    Step("LOCK", OBJECT, "write-content", body=lockinfo()),
    Step("UNLOCK", LOCKED, "unlock"),
    Step("PUT", NEW, "bind", body=event(uid="n")),
    Step("LOCK", NEW, "bind", body=lockinfo()),
    Step("PUT", LOCKED, "write-content", body=event(uid="locked", summary="Mine")),
    Step("DELETE", LOCKED, "unbind"),
)
"""Of those whose conditions, or whose nature, leave everything as it was."""
CHANGES: Final = (
    Step("MKCALENDAR", MADE, "bind", True),
    Step("DELETE", MADE, "unbind", True),
    Step("MKCOL", MADE, "bind", True, MKCOL, (("Content-Type", "text/xml"),)),
    Step("MOVE", MADE, "unbind", True, headers=(("Destination", HOME + "else/"),)),
)
"""Of calendars, one after the other."""

READS: Final = frozenset({"read", "read-free-busy"})
WRITES: Final = READS | {"write-content", "bind", "unbind", "write-properties"}
ALL: Final = WRITES | {"write-acl", "read-acl", "unlock"}
NOTHING: Final[frozenset[str]] = frozenset()
WHO: Final = {
    "stranger": (NOTHING, NOTHING),
    "busy": (NOTHING, frozenset({"read-free-busy"})),
    "reader": (NOTHING, READS),
    "writer": (NOTHING, WRITES),
    "asked": (NOTHING, NOTHING),
    "sharereader": (NOTHING, READS),
    "sharewriter": (NOTHING, WRITES),
    "manager": (NOTHING, WRITES | {"write-acl", "read-acl"}),
    "proxyreader": (READS, READS),
    "proxywriter": (WRITES, WRITES),
    "ann": (ALL, ALL),
}
"""The privileges of each on ann's home, and on her calendar."""
SHAREES: Final = frozenset({"sharereader", "sharewriter", "manager"})


_MEMBERS: Final = ((OBJECT, CALENDAR + "no.ics"), (LOCKED, CALENDAR + "no.ics"))
HIDDEN: Final = {
    "busy": _MEMBERS,
    "stranger": (
        *_MEMBERS,
        (HOME, "/dav/calendars/zoe/"),
        (CALENDAR, HOME + "no/"),
        (CALENDAR, "/dav/calendars/zoe/main/"),
        (OBJECT, HOME + "no/a.ics"),
        (OBJECT, "/dav/calendars/zoe/main/a.ics"),
        (PROXIES, PROXIES.replace("ann", "zoe")),
    ),
}
"""What somebody may not know of, and something beside it that does not exist."""


@pytest.fixture
async def walked(server: Server, ann: Client, calendar: str) -> Server:
    """Ann's calendar with a secret in it, and everybody who may do something with it, or not."""
    for name in WHO.keys() - {"ann"}:
        await add_user(server.db, name, name.title())
    times = {"start": "20260701T100000Z", "end": "20260701T110000Z"}
    await ann.put(OBJECT, event(uid="a", summary="Dentist", **times))
    await ann.put(LOCKED, event(uid="locked"))
    named = "<D:displayname>Ann at home</D:displayname>"
    await ann("PROPPATCH", calendar, proppatch(set_=named))
    await grant(
        ann,
        calendar,
        ace(href("busy"), "C:read-free-busy"),
        ace(href("reader"), "D:read"),
        ace(href("writer"), "D:read", "D:write"),
    )
    await delegate(ann, "read", "proxyreader")
    await delegate(ann, "write", "proxywriter")
    await give(server, "ann", "main", "asked", Level.WRITE, at_once=False)
    await give(server, "ann", "main", "sharereader", Level.READ)
    await make_group(server, "team", "sharewriter")
    await give(server, "ann", "main", "team", Level.WRITE)
    await give(server, "ann", "main", "manager", Level.MANAGE)
    return server


def expected(step: Step, who: str) -> int | None:
    """The status of a refusal; None where there is none."""
    home, calendar = WHO[who]
    held = home if step.of_home else calendar
    below = step.path.startswith(CALENDAR) and step.path != CALENDAR
    # Who knows no more than when ann is busy does not know what is in the calendar.
    if not held or (below and held == {"read-free-busy"}):
        return 404
    if step.method == "MOVE" and step.path == OBJECT and who in SHAREES:
        # What is shared with somebody stays where it is (caldav-sharing §5.5.5).
        return 403
    if not step.privilege or step.privilege in held:
        return None
    # What they may not make is not there either.
    return 404 if step.path == MADE and step.method in ("DELETE", "MOVE") else 403


@pytest.mark.rfc("3744 6")
@pytest.mark.rfc("3744 7.1.1")
@pytest.mark.parametrize("who", WHO)
async def test_everybody_may_do_what_they_were_granted_and_learn_no_more(walked: Server, who: str):
    client = Client(walked, who)
    ann = Client(walked, "ann")
    tag = (await ann("HEAD", OBJECT)).etag.strip('"')
    token = await lock(ann, LOCKED, owner=EDITOR)
    hidden = (*SECRETS, tag, token)
    wrong: dict[str, object] = {}

    for step in (*STEPS, *CHANGES):
        sent = {} if step in CHANGES else NEVER
        if step.method in ("GET", "HEAD", "PROPFIND", "REPORT"):
            sent = {}
        destination = dict(elsewhere(who)) if step.method in ("COPY", "MOVE") else {}
        named = {"Lock-Token": f"<{token}>"} if step.method == "UNLOCK" else {}
        headers = {**sent, **destination, **named, **dict(step.headers)}
        answer = await client(step.method, step.path, step.body, **headers)

        refusal = expected(step, who)
        if (answer.status if refusal else answer.status in ALLOWED) != (refusal or True):
            wrong[str(step)] = (answer.status, refusal)
        told = answer.text + str(answer.headers)
        if (refusal or "read" not in WHO[who][1]) and any(secret in told for secret in hidden):
            wrong[f"leak: {step}"] = told

    assert wrong == {}


@pytest.mark.rfc("3744 13")
async def test_nobody_may_do_anything_without_a_login(walked: Server, nobody: Client):
    answers = [
        await nobody(step.method, step.path, step.body, **dict(step.headers))
        for step in (*STEPS, *CHANGES)
    ]

    assert {answer.status for answer in answers} == {401}
    assert len({answer.body for answer in answers}) == 1


def test_every_method_is_walked():
    assert {step.method for step in (*STEPS, *CHANGES)} == {row.name for row in METHODS}


@pytest.mark.rfc("3744 12.2")
@pytest.mark.parametrize("method", ["GET", "PROPFIND", "REPORT"])
@pytest.mark.parametrize(
    ("there", "missing"),
    [
        (CALENDAR, HOME + "no/"),
        (CALENDAR, "/dav/calendars/zoe/main/"),
        (OBJECT, CALENDAR + "no.ics"),
        (OBJECT, "/dav/calendars/zoe/no/no.ics"),
        (HOME, "/dav/calendars/zoe/"),
    ],
)
async def test_what_is_hidden_takes_the_statements_of_what_does_not_exist(
    walked: Server, method: str, there: str, missing: str
):
    body = query("") if method == "REPORT" else ""
    noted = []
    for path in (there, missing):
        recorded = Recorded(walked.db)
        watched = Server(recorded, walked.auth)
        answer = await Client(watched, "stranger")(method, path, body)
        noted.append((answer, recorded.noted))

    assert noted[0] == noted[1]
    assert noted[0][0].status == 404


def requests(to: str, own: str, token: str) -> list[tuple[str, str, str, dict[str, str]]]:
    """Requests of every kind that name a URL: as their target, as Destination, in an If header."""
    sent = {"Destination": own + "new.ics", "Lock-Token": f"<{token}>"}
    bodies = dict.fromkeys((step.method, step.body) for step in (*STEPS, *CHANGES))
    found = [(method, to, body, sent) for method, body in bodies]
    found += [(method, own + "mine.ics", "", {"Destination": to}) for method in ("COPY", "MOVE")]
    conditions = (f"<{to}> (<{token}>)", f"<{to}> ([*])", f"<{to}> (Not [*])")
    mine = event(uid="a")
    return found + [("PUT", own + "mine.ics", mine, {"If": one}) for one in conditions]


@pytest.mark.rfc("3744 12.2")
@pytest.mark.parametrize("who", ["stranger", "busy"])
async def test_what_one_may_not_know_is_answered_as_what_does_not_exist(walked: Server, who: str):
    """In every octet, by every method; `busy` knows of the calendar, and of nothing in it."""
    client = Client(walked, who)
    own = client.home + "calendar/"
    await client.put(own + "mine.ics", event(uid="a"))
    token = await lock(Client(walked, "ann"), LOCKED)
    different: dict[str, object] = {}

    for there, missing in HIDDEN[who]:
        both = zip(requests(there, own, token), requests(missing, own, token), strict=True)
        for one, other in both:
            answers = [
                await client(method, path, body, **headers)
                for method, path, body, headers in (one, other)
            ]
            expected = {204, 412} if "If" in one[3] else {404}
            if answers[0] != answers[1] or answers[0].status not in expected:
                different[str(one)] = answers

    assert different == {}


@pytest.mark.parametrize(
    ("method", "path", "count"),
    [
        ("GET", OBJECT, 1),
        ("PROPFIND", CALENDAR, 2),
        ("PROPFIND", HOME, 4),
        ("PROPFIND", OBJECT, 2),
    ],
)
async def test_what_is_ones_own_is_read_without_asking_who_may(
    walked: Server, method: str, path: str, count: int
):
    recorded = Recorded(walked.db)
    body = (
        f"<D:propfind {declared()}><D:prop><D:displayname/><D:owner/><D:getetag/>"
        "<D:current-user-privilege-set/></D:prop></D:propfind>"
    )

    depth = "1" if path == HOME else "0"
    await Client(Server(recorded, walked.auth), "ann")(method, path, body, Depth=depth)

    asked = ("FROM ace", "FROM delegation", "FROM membership", "identity")
    # What lies in a home is one statement, mounts and all; who may is not asked beside it.
    others = [sql for sql in recorded.noted if "FROM invitation" not in sql]
    assert not any(table in sql for sql in others for table in asked)
    assert len(recorded.noted) == count
