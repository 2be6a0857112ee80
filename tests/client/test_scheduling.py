"""Meetings between two accounts, as python-caldav makes them. Each test names its features."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from uuid import uuid4

import caldav
import pytest
from caldav.elements import cdav
from caldav.lib.error import ScheduleTagMismatchError

from tests.client.served import PASSWORD, USER, Served, wait_until
from tests.unit.builders import event

GUEST = "bob"
TIMES = {"start": "20990305T090000Z", "end": "20990305T100000Z"}


@pytest.fixture(scope="module")
def guest(shared: Served, base: str) -> Iterator[caldav.Principal]:
    """Somebody else with an account."""
    shared.run("user", "add", GUEST, "--password-stdin", typed=PASSWORD)
    with caldav.DAVClient(base, username=GUEST, password=PASSWORD) as client:
        yield client.principal()


@pytest.fixture
def uid() -> str:
    return str(uuid4())


@pytest.fixture
def invited(calendar: caldav.Calendar, guest: caldav.Principal, uid: str) -> caldav.Event:
    """The organizer's event, to which the guest was invited, who has it."""
    saved = calendar.save_with_invites(
        event(uid=uid, **TIMES), [("Ada", f"{USER}@localhost"), guest]
    )
    wait_until(lambda: message(guest, uid) is not None, "the invitation is in the inbox")
    return saved


def address(name: str) -> str:
    return f"mailto:{name}@localhost"


def message(principal: caldav.Principal, uid: str) -> caldav.CalendarObjectResource | None:
    """The message about a meeting in somebody's inbox."""
    items = principal.schedule_inbox().get_items()
    found = [one for one in items if one.icalendar_component["UID"] == uid]
    assert len(found) <= 1
    return found[0] if found else None


def copy(principal: caldav.Principal, uid: str) -> caldav.Event:
    """Somebody's own event about a meeting, in whichever calendar it is."""
    found = [
        one
        for calendar in principal.get_calendars()
        for one in calendar.search(event=True, uid=uid)
    ]
    assert len(found) == 1
    return found[0].load()


def partstats(of: caldav.Event) -> dict[str, str]:
    """What everybody says, by address."""
    attendees = of.icalendar_component["ATTENDEE"]
    return {str(one): str(one.params.get("PARTSTAT")) for one in attendees}


@pytest.mark.feature("scheduling")
def test_the_server_says_that_it_schedules(client: caldav.DAVClient):
    assert client.supports_scheduling()


@pytest.mark.feature("scheduling.mailbox")
def test_an_account_has_boxes_and_they_are_no_calendars(principal: caldav.Principal):
    boxes = principal.schedule_inbox(), principal.schedule_outbox()

    home = f"/dav/calendars/{USER}/"
    assert [box.url.path for box in boxes] == [home + "inbox/", home + "outbox/"]
    synced = [box.get_objects_by_sync_token(disable_fallback=True) for box in boxes]
    assert [list(found) for found in synced] == [[], []]
    assert [box.children() for box in boxes] == [[], []]
    assert {box.url for box in boxes}.isdisjoint(one.url for one in principal.get_calendars())


@pytest.mark.feature("scheduling.mailbox.inbox-delivery")
def test_an_invitation_is_in_the_inbox_until_it_is_deleted(
    invited: caldav.Event, guest: caldav.Principal, uid: str
):
    told = message(guest, uid)

    assert told is not None
    assert told.is_invite_request()
    assert partstats(told) == {address(USER): "NEEDS-ACTION", address(GUEST): "NEEDS-ACTION"}
    told.delete()
    assert message(guest, uid) is None
    assert partstats(copy(guest, uid))[address(GUEST)] == "NEEDS-ACTION"


@pytest.mark.feature("scheduling.auto-schedule")
def test_an_invitation_is_in_the_calendar(invited: caldav.Event, guest: caldav.Principal, uid: str):
    mine = copy(guest, uid)

    assert mine.url.path.startswith(f"/dav/calendars/{GUEST}/calendar/")
    assert "METHOD" not in mine.icalendar_instance
    assert partstats(mine)[address(GUEST)] == "NEEDS-ACTION"


@pytest.mark.feature("scheduling.auto-schedule")
@pytest.mark.parametrize(
    ("answer", "partstat"),
    [
        (caldav.CalendarObjectResource.accept_invite, "ACCEPTED"),
        (caldav.CalendarObjectResource.tentatively_accept_invite, "TENTATIVE"),
        (caldav.CalendarObjectResource.decline_invite, "DECLINED"),
    ],
)
def test_an_answer_reaches_the_organizer(
    invited: caldav.Event,
    principal: caldav.Principal,
    guest: caldav.Principal,
    uid: str,
    answer: Callable[[caldav.CalendarObjectResource], None],
    partstat: str,
):
    told = message(guest, uid)
    assert told is not None

    answer(told)

    wait_until(lambda: message(principal, uid) is not None, "the answer is in the inbox")
    reply = message(principal, uid)
    assert reply is not None
    assert reply.is_invite_reply()
    assert partstats(invited.load())[address(GUEST)] == partstat
    assert partstats(copy(guest, uid))[address(GUEST)] == partstat


@pytest.mark.feature("scheduling.schedule-tag")
def test_a_meeting_has_a_tag_wherever_it_is_asked_for(
    invited: caldav.Event, calendar: caldav.Calendar, uid: str
):
    on_put = invited.schedule_tag
    on_get = invited.load().schedule_tag
    as_property = invited.get_property(cdav.ScheduleTag(), use_cached=False)
    plain = calendar.save_event(event(uid="plain", **TIMES))

    assert on_put is not None
    assert {on_get, as_property} == {on_put}
    assert plain.load().schedule_tag is None


@pytest.mark.feature("scheduling.schedule-tag")
def test_who_has_an_old_tag_overwrites_nothing(
    invited: caldav.Event, guest: caldav.Principal, uid: str
):
    mine = copy(guest, uid)
    invited.load()
    invited.icalendar_component["DTEND"].dt = datetime(2099, 3, 5, 11, tzinfo=UTC)
    invited.save()
    wait_until(lambda: copy(guest, uid).schedule_tag != mine.schedule_tag, "it has changed")

    mine.change_attendee_status(partstat="ACCEPTED")
    with pytest.raises(ScheduleTagMismatchError):
        mine.save(increase_seqno=False)

    assert partstats(invited.load())[address(GUEST)] == "NEEDS-ACTION"


@pytest.mark.feature("scheduling.schedule-tag.stable-partstat")
def test_an_answer_leaves_the_tags_as_they_are(
    invited: caldav.Event, principal: caldav.Principal, guest: caldav.Principal, uid: str
):
    mine, before = copy(guest, uid), invited.load().schedule_tag
    tag = mine.schedule_tag
    mine.change_attendee_status(partstat="ACCEPTED")

    mine.save(increase_seqno=False)

    wait_until(lambda: message(principal, uid) is not None, "the answer has arrived")
    assert (mine.schedule_tag, mine.load().schedule_tag) == (tag, tag)
    assert invited.load().schedule_tag == before
    assert partstats(invited)[address(GUEST)] == "ACCEPTED"


@pytest.mark.feature("scheduling.auto-schedule")
def test_a_meeting_that_is_deleted_is_cancelled(
    invited: caldav.Event, guest: caldav.Principal, uid: str
):
    invited.load().delete()

    wait_until(lambda: copy(guest, uid).icalendar_component.get("STATUS") == "CANCELLED", "it is")
    told = message(guest, uid)
    assert told is not None
    assert told.icalendar_instance["METHOD"] == "CANCEL"


@pytest.mark.feature("scheduling.auto-schedule")
def test_who_deletes_the_event_declines(
    invited: caldav.Event, principal: caldav.Principal, guest: caldav.Principal, uid: str
):
    copy(guest, uid).delete()

    wait_until(lambda: message(principal, uid) is not None, "the answer has arrived")
    assert partstats(invited.load())[address(GUEST)] == "DECLINED"


@pytest.mark.feature("scheduling.freebusy-query")
def test_busy_time_of_others_is_told_by_the_outbox(
    principal: caldav.Principal, guest: caldav.Principal
):
    theirs = guest.get_calendars()[0]
    busy = theirs.save_event(
        event(uid=str(uuid4()), start="20980305T090000Z", end="20980305T100000Z")
    )
    day = datetime(2098, 3, 5, tzinfo=UTC), datetime(2098, 3, 6, tzinfo=UTC)

    told = principal.freebusy_request(*day, [guest, address("nobody")])

    assert told.keys() == {address(GUEST), "errors"}
    assert list(told["errors"]) == [address("nobody")]
    found = told[address(GUEST)].icalendar_component
    busy.delete()
    assert (found["DTSTART"].dt, found["DTEND"].dt, found["FREEBUSY"].dt) == (
        *day,
        (datetime(2098, 3, 5, 9, tzinfo=UTC), datetime(2098, 3, 5, 10, tzinfo=UTC)),
    )
