"""Scheduling inboxes and outboxes, as far as they do nothing (RFC 6638 §2, §4.3, §6, §9)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from caldavd.dav.registry import dav_header
from caldavd.dav.server import Server
from caldavd.ical.parse import stored as read
from caldavd.model import Kind
from caldavd.service import availability, inbox, named
from caldavd.service.save import save
from caldavd.store import collections, objects, quota, scheduling
from caldavd.store.engine import WriteTx
from tests.protocol.client import Answer, Client, multiget, proppatch, query
from tests.protocol.people import EVERYBODY, ace, delegate, grant, href
from tests.protocol.recorded import Recorded
from tests.unit.builders import event

NOW = 1_800_000_000
HOME = "/dav/calendars/ann/"
INBOX, OUTBOX = HOME + "inbox/", HOME + "outbox/"
CALDAV = "{urn:ietf:params:xml:ns:caldav}"
DEFAULT = "C:schedule-default-calendar-URL"
VAVAILABILITY = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VAVAILABILITY\r\nUID:a\r\n"
    "DTSTAMP:20260101T000000Z\r\nBEGIN:AVAILABLE\r\nUID:b\r\nDTSTART:20260105T090000Z\r\n"
    "DTEND:20260105T170000Z\r\nRRULE:FREQ=WEEKLY\r\nEND:AVAILABLE\r\n"
    "END:VAVAILABILITY\r\nEND:VCALENDAR\r\n"
)


@pytest.fixture
def scheduled(server: Server) -> Server:
    """The server as it will be once scheduling is whole."""
    return replace(server, scheduling=True)


@pytest.fixture
def ann(scheduled: Server) -> Client:
    return Client(scheduled, "ann")


@pytest.fixture
def bob(scheduled: Server) -> Client:
    return Client(scheduled, "bob")


def request(uid: str, *, start: str = "20260105T090000Z", lines: tuple[str, ...] = ()) -> str:
    """An invitation; without `start`, an event that says no time."""
    text = event(uid=uid, start=start or "20260105T090000Z", lines=list(lines))
    if not start:
        kept = [one for one in text.split("\r\n") if not one.startswith(("DTSTART", "DTEND"))]
        text = "\r\n".join(kept)
    return text.replace("VERSION:2.0\r\n", "VERSION:2.0\r\nMETHOD:REQUEST\r\n")


async def deliver(server: Server, uid: str, text: str, *, to: str = "ann") -> str:
    """Puts a message into somebody's inbox; its URL."""

    async def work(tx: WriteTx) -> str:
        owner = await named.account(tx, to)
        box = (await scheduling.boxes(tx, [owner.id]))[owner.id, Kind.INBOX]
        (locked,) = await collections.lock(tx, box.id)
        stored = await inbox.put(tx, locked, inbox.key(uid), read(text), NOW)
        return f"/dav/calendars/{to}/{box.name}/{stored.name}"

    return await server.db.write(work)


async def tagged(server: Server, path: str, tag: str | None) -> None:
    """Gives an object of ann's calendar `main` a schedule tag, as the server does that saves it."""

    async def work(tx: WriteTx) -> None:
        owner = await named.account(tx, "ann")
        calendar = await named.calendar(tx, owner, "main")
        (locked,) = await collections.lock(tx, calendar.id)
        loaded = await objects.get_with_content(tx, locked.id, path.rpartition("/")[2])
        assert loaded is not None
        await save(tx, locked, loaded[0], loaded[0].name, read(loaded[1]), NOW, tag)

    await server.db.write(work)


def text_of(answer: Answer, name: str) -> str | None:
    status, element = answer.props()[CALDAV + name]
    return "".join(element.itertext()) if status == 200 else None


def privileges(answer: Answer) -> list[str]:
    """The local names in a current-user-privilege-set."""
    _, element = answer.props()["{DAV:}current-user-privilege-set"]
    return [str(one[0].tag).rpartition("}")[2] for one in element]


class TestUntold:
    """Where it is switched off, no client is sent into scheduling."""

    async def test_nothing_announces_it(self, server: Server) -> None:
        ann = Client(server, "ann")

        urls = await ann.propfind(
            "/dav/principals/ann/", "C:schedule-inbox-URL", "C:schedule-outbox-URL"
        )
        listed = await ann.propfind(HOME, "D:resourcetype", depth="1")
        synced = await ann.sync(HOME)

        assert {status for status, _ in urls.props().values()} == {404}
        assert {INBOX, OUTBOX}.isdisjoint([*listed.hrefs, *synced.hrefs])
        assert "schedule" not in dav_header(schedules=False)
        assert "availability" not in dav_header(schedules=False)


class TestTold:
    @pytest.mark.rfc("6638 2.1.1", "6638 2.2.1")
    async def test_a_principal_has_the_urls(self, ann: Client, bob: Client) -> None:
        for client in (ann, bob):
            answer = await client.propfind(
                "/dav/principals/ann/", "C:schedule-inbox-URL", "C:schedule-outbox-URL"
            )

            found = [text_of(answer, f"schedule-{box}-URL") for box in ("inbox", "outbox")]
            assert found == [INBOX, OUTBOX]

    @pytest.mark.rfc("6638 2.1", "6638 2.2")
    async def test_a_home_lists_them_with_their_types(self, ann: Client) -> None:
        answer = await ann.propfind(HOME, "D:resourcetype", depth="1")

        types = {
            path: [str(one.tag).rpartition("}")[2] for one in element]
            for path in (INBOX, OUTBOX)
            for _, element in answer.props(path).values()
        }
        assert types == {
            INBOX: ["collection", "schedule-inbox"],
            OUTBOX: ["collection", "schedule-outbox"],
        }

    async def test_a_home_tells_of_a_new_message(self, ann: Client, scheduled: Server) -> None:
        token = (await ann.sync(HOME)).token
        await deliver(scheduled, "a", request("a"))

        assert (await ann.sync(HOME, token)).hrefs == [INBOX]

    async def test_a_home_and_its_inbox_cost_what_they_did(
        self, ann: Client, server: Server
    ) -> None:
        counts = []
        for told in (False, True):
            recorded = Recorded(server.db)
            client = Client(replace(server, db=recorded, scheduling=told), "ann")
            await client.propfind(HOME, "D:resourcetype", "D:sync-token", depth="1")
            await client.sync(HOME)
            counts.append(len(recorded.noted))

        assert counts[0] == counts[1]

    async def test_properties_of_calendars_are_there(self, ann: Client) -> None:
        names = ("supported-calendar-component-set", "max-resource-size")

        for box in (INBOX, OUTBOX):
            answer = await ann.propfind(box, "CS:getctag", *(f"C:{name}" for name in names))
            assert {status for status, _ in answer.props().values()} == {200}


class TestMembers:
    @pytest.fixture
    async def message(self, scheduled: Server) -> str:
        return await deliver(scheduled, "a", request("a"))

    @pytest.mark.rfc("6638 2.2")
    async def test_a_message_is_read_in_every_way(self, ann: Client, message: str) -> None:
        got = await ann("GET", message)
        listed = await ann.propfind(INBOX, "D:getetag", depth="1")
        fetched = await ann("REPORT", INBOX, multiget(message))
        synced = await ann.sync(INBOX)

        assert got.text == request("a")
        assert listed.hrefs == [INBOX, message]
        assert (fetched.hrefs, "METHOD:REQUEST" in fetched.text) == ([message], True)
        assert synced.hrefs == [message]

    @pytest.mark.rfc("6638 2.3")
    async def test_a_query_finds_messages_by_time_and_those_without(
        self, ann: Client, scheduled: Server, message: str
    ) -> None:
        timeless = await deliver(scheduled, "b", request("b", start=""))
        await deliver(scheduled, "c", request("c", start="20300105T090000Z"))
        january = (
            '<C:comp-filter name="VEVENT">'
            '<C:time-range start="20260101T000000Z" end="20260201T000000Z"/></C:comp-filter>'
        )

        answer = await ann("REPORT", INBOX, query(january))

        assert answer.hrefs == [message, timeless]

    async def test_a_newer_message_takes_the_place_of_the_older(
        self, ann: Client, scheduled: Server, message: str
    ) -> None:
        token = (await ann.sync(INBOX)).token

        newer = await deliver(scheduled, "a", request("a", start="20260106T090000Z"))

        answer = await ann.sync(INBOX, token)
        assert (answer.hrefs, answer.statuses()) == ([newer, message], {message: 404})

    async def test_its_owner_and_delegates_who_write_remove_messages(
        self, ann: Client, bob: Client, scheduled: Server, message: str
    ) -> None:
        other = await deliver(scheduled, "b", request("b"))
        await delegate(ann, "write", "bob")

        answers = [await ann("DELETE", message), await bob("DELETE", other)]

        assert [one.status for one in answers] == [204, 204]
        assert (await ann.propfind(INBOX, "D:getetag", depth="1")).hrefs == [INBOX]

    async def test_delegates_who_read_do_not(self, ann: Client, bob: Client, message: str) -> None:
        await delegate(ann, "read", "bob")

        answers = [
            await bob("GET", message),
            await bob("DELETE", message),
            await bob.put(message, event(uid="a")),
        ]

        assert [one.status for one in answers] == [200, 403, 403]

    async def test_a_private_message_is_hidden_from_who_reads(
        self, ann: Client, bob: Client, scheduled: Server
    ) -> None:
        private = await deliver(scheduled, "p", request("p", lines=("CLASS:PRIVATE",)))
        await delegate(ann, "read", "bob")

        assert (await bob("GET", private)).status == 404
        assert (await bob.propfind(INBOX, "D:getetag", depth="1")).hrefs == [INBOX]

    @pytest.mark.rfc("3744 7.1.1")
    async def test_nobody_puts_anything_there(
        self, ann: Client, calendar: str, message: str
    ) -> None:
        mine = calendar + "a.ics"
        await ann.put(mine, event(uid="mine"))
        into = {"Destination": INBOX + "new.ics"}
        over = {"Destination": message}

        answers = [
            await ann.put(message, event(uid="a")),
            await ann.put(INBOX + "new.ics", event(uid="new")),
            await ann.put(OUTBOX + "new.ics", event(uid="new")),
            await ann("COPY", mine, **into),
            await ann("MOVE", mine, **into),
            await ann("COPY", mine, **over),
            await ann("MOVE", mine, **over),
        ]

        assert [one.status for one in answers] == [403] * 7
        assert {one.condition for one in answers} == {"{DAV:}need-privileges"}
        assert (await ann("GET", message)).text == request("a")
        assert (await ann("GET", mine)).status == 200

    @pytest.mark.rfc("4791 5.3.2.1")
    async def test_a_message_does_not_become_a_calendar_object(
        self, ann: Client, calendar: str, message: str
    ) -> None:
        for method in ("COPY", "MOVE"):
            answer = await ann(method, message, Destination=calendar + "a.ics")

            assert answer.condition == CALDAV + "valid-calendar-object-resource"

    @pytest.mark.rfc("6638 2")
    async def test_no_client_makes_removes_or_moves_them(self, ann: Client) -> None:
        inside = await ann("MKCALENDAR", INBOX + "new/")

        assert (await ann("MKCALENDAR", INBOX)).condition == "{DAV:}resource-must-be-null"
        assert inside.condition == CALDAV + "calendar-collection-location-ok"
        for box in (INBOX, OUTBOX):
            for method in ("DELETE", "COPY", "MOVE", "LOCK"):
                answer = await ann(method, box, Destination=HOME + "other/")
                assert (method, answer.status) == (method, 405)

    async def test_a_message_is_not_locked(self, ann: Client, message: str) -> None:
        body = (
            '<D:lockinfo xmlns:D="DAV:"><D:lockscope><D:exclusive/></D:lockscope>'
            "<D:locktype><D:write/></D:locktype></D:lockinfo>"
        )

        assert (await ann("LOCK", message, body)).condition == "{DAV:}need-privileges"
        _, element = (await ann.propfind(message, "D:supportedlock")).props()["{DAV:}supportedlock"]
        assert len(element) == 0

    async def test_it_takes_no_room_and_no_time(
        self, ann: Client, scheduled: Server, message: str
    ) -> None:
        async def used(tx: WriteTx) -> int:
            owner = await named.account(tx, "ann")
            return (await quota.of(tx, [owner.id]))[owner.id].used_bytes

        body = (
            '<C:free-busy-query xmlns:C="urn:ietf:params:xml:ns:caldav">'
            '<C:time-range start="20260101T000000Z" end="20260201T000000Z"/></C:free-busy-query>'
        )

        assert await scheduled.db.write(used) == 0
        assert "\r\nFREEBUSY" not in (await ann("REPORT", HOME, body)).text
        assert (await ann("REPORT", INBOX, body)).status == 403


class TestPrivileges:
    @pytest.mark.rfc("6638 6", "6638 6.3")
    async def test_each_knows_its_own(self, ann: Client) -> None:
        found = {}
        for path in (INBOX, OUTBOX, HOME, HOME + "calendar/"):
            answer = await ann.propfind(path, "D:supported-privilege-set")
            _, element = answer.props()["{DAV:}supported-privilege-set"]
            tags = [one[0].tag for one in element.iter("{DAV:}privilege")]
            found[path] = [tag.removeprefix(CALDAV) for tag in tags if "schedule" in tag]

        assert found == {
            INBOX: [
                "schedule-deliver",
                "schedule-deliver-invite",
                "schedule-deliver-reply",
                "schedule-query-freebusy",
            ],
            OUTBOX: [
                "schedule-send",
                "schedule-send-invite",
                "schedule-send-reply",
                "schedule-send-freebusy",
            ],
            HOME: [],
            HOME + "calendar/": [],
        }

    @pytest.mark.rfc("6638 6.1", "6638 6.2")
    async def test_the_owner_and_delegates_who_write_send(self, ann: Client, bob: Client) -> None:
        await delegate(ann, "write", "bob")

        for client in (ann, bob):
            sends = privileges(await client.propfind(OUTBOX, "D:current-user-privilege-set"))
            takes = privileges(await client.propfind(INBOX, "D:current-user-privilege-set"))

            assert {"schedule-send", "schedule-send-invite"} <= set(sends)
            assert {"schedule-deliver", "unbind"} <= set(takes)
            assert {"bind", "write-content", "write", "all"}.isdisjoint({*sends, *takes})

    async def test_a_delegate_who_reads_does_not_send(self, ann: Client, bob: Client) -> None:
        await delegate(ann, "read", "bob")

        found = privileges(await bob.propfind(OUTBOX, "D:current-user-privilege-set"))

        assert [one for one in found if one.startswith("schedule-send")] == []

    async def test_who_may_deliver_does_not_see_the_inbox(self, bob: Client) -> None:
        for path in (INBOX, OUTBOX, INBOX + "a.ics", OUTBOX + "a.ics"):
            assert (await bob.propfind(path, "D:getetag")).status == 404

    @pytest.mark.rfc("6638 6.1", "3744 8.1")
    async def test_everybody_delivers_until_the_owner_says_otherwise(self, ann: Client) -> None:
        def shown(answer: Answer) -> list[tuple[str, list[str]]]:
            return [
                (
                    str(entry.find("{DAV:}principal")[0].tag).rpartition("}")[2],
                    [str(one[0].tag).rpartition("}")[2] for one in entry.iter("{DAV:}privilege")],
                )
                for entry in answer.props()["{DAV:}acl"][1]
                if entry.find("{DAV:}protected") is None and entry.find("{DAV:}inherited") is None
            ]

        before = shown(await ann.propfind(INBOX, "D:acl"))
        answer = await grant(ann, INBOX, ace(href("bob"), "C:schedule-query-freebusy", "D:read"))
        after = shown(await ann.propfind(INBOX, "D:acl"))

        assert before == [("authenticated", ["schedule-deliver"])]
        assert answer.status == 200
        assert after == [("href", ["read", "schedule-query-freebusy"])]

    @pytest.mark.rfc("3744 8.1.1")
    async def test_a_privilege_of_another_kind_of_resource_is_refused(self, ann: Client) -> None:
        for path, name in (
            (INBOX, "C:schedule-send"),
            (OUTBOX, "C:schedule-deliver"),
            (HOME, "C:schedule-send"),
            (HOME + "calendar/", "C:schedule-deliver-reply"),
        ):
            answer = await grant(ann, path, ace(EVERYBODY, name))

            assert answer.condition == "{DAV:}not-supported-privilege"

    async def test_all_on_a_home_is_all_that_an_outbox_knows(
        self, ann: Client, bob: Client
    ) -> None:
        await grant(ann, HOME, ace(href("bob"), "D:all"))

        found = privileges(await bob.propfind(OUTBOX, "D:current-user-privilege-set"))

        assert "schedule-send" in found


class TestDefaultCalendar:
    async def default(self, client: Client) -> str | None:
        answer = await client.propfind(INBOX, DEFAULT)
        return text_of(answer, "schedule-default-calendar-URL")

    async def set_to(self, client: Client, path: str) -> Answer:
        value = f"<{DEFAULT}><D:href>{path}</D:href></{DEFAULT}>"
        return await client("PROPPATCH", INBOX, proppatch(set_=value))

    @pytest.mark.rfc("6638 9.2")
    async def test_it_is_the_oldest_that_takes_events_or_what_was_said(
        self, ann: Client, calendar: str
    ) -> None:
        first = await self.default(ann)
        answer = await self.set_to(ann, calendar)
        second = await self.default(ann)
        await ann("PROPPATCH", INBOX, proppatch(remove=f"<{DEFAULT}/>"))

        assert answer.props()[CALDAV + "schedule-default-calendar-URL"][0] == 200
        assert (first, second) == (HOME + "calendar/", calendar)
        assert await self.default(ann) == HOME + "calendar/"

    async def test_it_follows_the_calendar(self, ann: Client, calendar: str) -> None:
        await self.set_to(ann, calendar)

        await ann("MOVE", calendar, Destination=HOME + "renamed/")

        assert await self.default(ann) == HOME + "renamed/"

    @pytest.mark.rfc("6638 4.3.1.2")
    async def test_it_is_a_calendar_of_events_in_the_same_home(
        self, ann: Client, bob: Client
    ) -> None:
        for path in (
            HOME + "tasks/",
            HOME + "nothing/",
            INBOX,
            HOME,
            "/dav/calendars/bob/calendar/",
            "http://elsewhere.example/dav/calendars/ann/calendar/",
            "::",
        ):
            answer = await self.set_to(ann, path)

            assert answer.props()[CALDAV + "schedule-default-calendar-URL"][0] == 403
            assert "<C:valid-schedule-default-calendar-URL/>" in answer.text

    async def test_nothing_else_is_set_with_one_that_is_refused(self, ann: Client) -> None:
        value = f"<{DEFAULT}><D:href>{INBOX}</D:href></{DEFAULT}><D:displayname>X</D:displayname>"

        answer = await ann("PROPPATCH", INBOX, proppatch(set_=value))

        statuses = {name.rpartition("}")[2]: of[0] for name, of in answer.props().items()}
        shown = await ann.propfind(INBOX, "D:displayname")
        assert answer.status == 207
        assert statuses["schedule-default-calendar-URL"] == 403
        assert shown.props()["{DAV:}displayname"][1].text == "Inbox"

    @pytest.mark.rfc("6638 4.3.1.1")
    async def test_it_is_not_deleted(self, ann: Client, calendar: str) -> None:
        await self.set_to(ann, calendar)

        deleted = await ann("DELETE", calendar)
        overwritten = await ann("MOVE", HOME + "tasks/", Destination=calendar)
        other = await ann("DELETE", HOME + "calendar/")

        assert deleted.condition == CALDAV + "default-calendar-needed"
        assert overwritten.condition == CALDAV + "default-calendar-needed"
        assert other.status == 204

    async def test_nor_is_the_last_that_takes_events(self, ann: Client) -> None:
        assert (await ann("DELETE", HOME + "tasks/")).status == 204
        answer = await ann("DELETE", HOME + "calendar/")

        assert answer.condition == CALDAV + "default-calendar-needed"

    async def test_who_may_not_write_does_not_set_it(
        self, ann: Client, bob: Client, calendar: str
    ) -> None:
        await delegate(ann, "read", "bob")

        answer = await self.set_to(bob, calendar)

        assert answer.props()[CALDAV + "schedule-default-calendar-URL"][0] == 403
        assert await self.default(ann) == HOME + "calendar/"


class TestAvailability:
    async def set_to(self, client: Client, text: str) -> int:
        value = f"<C:calendar-availability>{text}</C:calendar-availability>".replace("\r", "&#13;")
        answer = await client("PROPPATCH", INBOX, proppatch(set_=value))
        return answer.props()[CALDAV + "calendar-availability"][0]

    @pytest.mark.rfc("7953 7.2.4")
    async def test_it_is_kept_as_it_was_sent(self, ann: Client) -> None:
        assert await self.set_to(ann, VAVAILABILITY) == 200

        answer = await ann.propfind(INBOX, "C:calendar-availability")
        assert text_of(answer, "calendar-availability") == VAVAILABILITY

    @pytest.mark.parametrize("prefix", ["C", "CS"])
    async def test_it_has_an_older_name_that_comes_and_goes_with_it(
        self, ann: Client, scheduled: Server, prefix: str
    ) -> None:
        async def work(tx: WriteTx) -> None:
            await availability.set_(tx, (await named.account(tx, "ann")).id, VAVAILABILITY, NOW)

        async def told() -> dict[str, str]:
            names = ("C:calendar-availability", "CS:calendar-availability")
            props = (await ann.propfind(INBOX, *names)).props()
            return {str(name): element.text for name, (_, element) in props.items() if element.text}

        await scheduled.db.write(work)
        before = await told()
        await ann("PROPPATCH", INBOX, proppatch(remove=f"<{prefix}:calendar-availability/>"))

        names = ("urn:ietf:params:xml:ns:caldav", "http://calendarserver.org/ns/")
        assert before == {f"{{{name}}}calendar-availability": VAVAILABILITY for name in names}
        assert await told() == {}

    @pytest.mark.rfc("7953 7.2.4")
    @pytest.mark.parametrize(
        "text",
        [
            "",
            "nonsense",
            event(uid="a"),
            VAVAILABILITY.replace("END:VCALENDAR", event(uid="a") + "END:VCALENDAR"),
            VAVAILABILITY.replace("DTSTART:20260105T090000Z\r\n", ""),
            VAVAILABILITY.replace("BEGIN:AVAILABLE", "BEGIN:VEVENT").replace(
                "END:AVAILABLE", "END:VEVENT"
            ),
            VAVAILABILITY.replace(
                "END:VAVAILABILITY",
                "BEGIN:AVAILABLE\r\nUID:c\r\nDTSTART:20260105T090000Z\r\nEND:AVAILABLE\r\n" * 100
                + "END:VAVAILABILITY",
            ),
        ],
    )
    async def test_it_is_one_vavailability(self, ann: Client, text: str) -> None:
        assert await self.set_to(ann, text) == 403


class TestScheduleTag:
    @pytest.mark.rfc("6638 8.2", "6638 9.3")
    async def test_it_is_a_header_and_a_property_where_there_is_one(
        self, ann: Client, scheduled: Server, stored: str
    ) -> None:
        before = await ann("GET", stored)
        await tagged(scheduled, stored, "t1")
        shown = await ann.propfind(stored, "C:schedule-tag")

        answers = [await ann(method, stored) for method in ("GET", "HEAD")]

        assert "Schedule-Tag" not in before.headers
        assert [one.headers["Schedule-Tag"] for one in answers] == ['"t1"'] * 2
        assert text_of(shown, "schedule-tag") == '"t1"'

    async def test_it_can_be_taken_away(self, ann: Client, scheduled: Server, stored: str) -> None:
        await tagged(scheduled, stored, "t1")
        await tagged(scheduled, stored, "")

        assert "Schedule-Tag" not in (await ann("GET", stored)).headers

    @pytest.mark.rfc("6638 3.2.10.1", "6638 3.2.10.2", "6638 8.3")
    async def test_a_write_for_another_tag_is_refused(
        self, ann: Client, scheduled: Server, calendar: str, stored: str
    ) -> None:
        await tagged(scheduled, stored, "t1")
        text = event(uid="a", summary="new")
        to = calendar + "b.ics"

        refused = [
            await ann.put(stored, text, If_Schedule_Tag_Match='"t0"'),
            await ann("DELETE", stored, If_Schedule_Tag_Match='"t0"'),
            await ann("MOVE", stored, Destination=to, If_Schedule_Tag_Match='"t0"'),
            await ann(
                "COPY", stored, Destination=HOME + "calendar/b.ics", If_Schedule_Tag_Match="t0"
            ),
        ]
        done = [
            await ann("MOVE", stored, Destination=to, If_Schedule_Tag_Match='"t1"'),
            await ann("DELETE", to, If_Schedule_Tag_Match='"t1"'),
        ]
        await ann.put(stored, text)
        await tagged(scheduled, stored, "t1")
        done.append(await ann.put(stored, text, If_Schedule_Tag_Match='"t1"'))

        assert [one.status for one in refused] == [412] * 4
        assert [one.status for one in done] == [201, 204, 204]

    async def test_an_object_without_one_matches_none(
        self, ann: Client, calendar: str, stored: str
    ) -> None:
        changed = await ann.put(stored, event(uid="a"), If_Schedule_Tag_Match='"t"')
        made = await ann.put(calendar + "n.ics", event(uid="n"), If_Schedule_Tag_Match='"t"')

        assert (changed.status, made.status) == (412, 412)
