"""iTIP messages as mails: what is in them, and that nothing in an event can change a header."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from caldavd.itip.imip import (
    MARK,
    Post,
    Unmailable,
    change_of,
    covers,
    mailbox,
    thread_of,
    write,
)
from caldavd.itip.notice import write as write_notice
from tests.unit.builders import calendar, vevent, vtodo
from tests.unit.itip.messages import message, part, request

GOLDEN = Path(__file__).parents[3] / "fixtures" / "itip" / "mail"
AT = datetime(2026, 1, 2, 8, 30, tzinfo=UTC)
POST = Post("calendar@example.com", "ann@example.com", "Ann Ärlich", "bob@example.net")
BOB = "ATTENDEE;CN=Bob;PARTSTAT={}:mailto:bob@example.net"
PLACE = "LOCATION:Köln\\, Saal 2"
WORDS = "DESCRIPTION:Bring the <numbers>.\\n\\n.\\nFrom " + "here on we count " * 8


def invitation(method: str = "REQUEST", *lines: str, **fields: object) -> str:
    """A message about a weekly meeting in Berlin."""
    fields = {
        "summary": "Bücher & <Zahlen>",
        "start": "20260105T090000",
        "duration": "PT1H30M",
        "rrule": "FREQ=WEEKLY;BYDAY=MO,WE;UNTIL=20260331T000000Z",
        "organizer": "ann",
    } | fields
    text = calendar(vevent(lines=lines, **fields), lines=[f"METHOD:{method}"])  # type: ignore[arg-type]
    return text.replace("DTSTART:2026", "DTSTART;TZID=Europe/Berlin:2026")


MAILS = {
    "request": (
        invitation("REQUEST", "SEQUENCE:0", BOB.format("NEEDS-ACTION"), PLACE, WORDS),
        POST,
    ),
    "update": (
        invitation("REQUEST", "SEQUENCE:1", BOB.format("NEEDS-ACTION"), PLACE),
        replace(POST, update=True),
    ),
    "cancel": (invitation("CANCEL", "SEQUENCE:2", BOB.format("NEEDS-ACTION")), POST),
    "reply": (
        invitation("REPLY", "SEQUENCE:1", BOB.format("TENTATIVE"), "COMMENT:Ich komme später"),
        Post("calendar@example.net", "bob@example.net", "Bob", "ann@example.com"),
    ),
    "counter": (
        invitation("COUNTER", "SEQUENCE:1", BOB.format("NEEDS-ACTION"), rrule=None),
        Post("calendar@example.net", "bob@example.net", "Bob", "ann@example.com"),
    ),
    "declinecounter": (
        invitation("DECLINECOUNTER", "SEQUENCE:1", BOB.format("NEEDS-ACTION"), rrule=None),
        POST,
    ),
}


def parsed(text: str, post: Post = POST) -> EmailMessage:
    """A mail as its recipient reads it."""
    octets = write(text, post, AT).as_bytes()
    found = message_from_bytes(octets, policy=policy.default)
    assert isinstance(found, EmailMessage)
    return found


def words(mail: EmailMessage) -> str:
    """The plain text of a mail."""
    plain = next(one for one in mail.walk() if one.get_content_type() == "text/plain")
    assert isinstance(plain, EmailMessage)
    return str(plain.get_content()).replace("\r\n", "\n")


def page_of(mail: EmailMessage) -> str:
    """The page of HTML in a mail."""
    (page,) = (one for one in mail.walk() if one.get_content_type() == "text/html")
    return str(page.get_content()).replace("\r\n", "\n")


def from_then_on(override: str) -> str:
    """An override that is about all that comes after it, too."""
    return override.replace("RECURRENCE-ID:", "RECURRENCE-ID;RANGE=THISANDFUTURE:")


@pytest.mark.rfc("6047 2.4")
@pytest.mark.rfc("6047 2.5")
@pytest.mark.parametrize("name", MAILS)
def test_the_mail_is_the_stored_one_octet_by_octet(name: str) -> None:
    text, post = MAILS[name]

    octets = write(text, post, AT).as_bytes()

    assert octets == (GOLDEN / f"{name}.eml").read_bytes()
    assert octets.isascii()
    assert max(map(len, octets.split(b"\r\n"))) <= 78


@pytest.mark.rfc("6047 2.4")
@pytest.mark.rfc("6047 4.2")
@pytest.mark.parametrize("name", MAILS)
def test_the_calendar_is_the_last_alternative_and_attached_besides(name: str) -> None:
    text, post = MAILS[name]

    mail = parsed(text, post)

    assert [one.get_content_type() for one in mail.walk()] == [
        *("multipart/mixed", "multipart/alternative"),
        *("text/plain", "text/html", "text/calendar", "application/ics"),
    ]
    *_, inline, attached = mail.walk()
    assert dict(inline["Content-Type"].params) == {
        "charset": "UTF-8",
        "method": name.upper() if name != "update" else "REQUEST",
        "component": "VEVENT",
    }
    assert inline.get_payload(decode=True) == text.encode()
    assert attached.get_payload(decode=True) == text.encode()
    assert attached.get_filename() == "invite.ics"


@pytest.mark.parametrize(
    ("name", "subject"),
    [
        ("request", "Invitation: Bücher & <Zahlen>"),
        ("update", "Updated: Bücher & <Zahlen>"),
        ("cancel", "Cancelled: Bücher & <Zahlen>"),
        ("reply", "Tentative: Bücher & <Zahlen>"),
        ("counter", "New time proposed: Bücher & <Zahlen>"),
        ("declinecounter", "Proposal declined: Bücher & <Zahlen>"),
    ],
)
def test_the_subject_says_what_it_is_about(name: str, subject: str) -> None:
    assert parsed(*MAILS[name])["Subject"] == subject


def test_a_mail_is_from_the_server_in_the_name_of_who_sends_it() -> None:
    mail = parsed(request())

    assert [mail[name] for name in ("From", "Sender", "Reply-To", "To")] == [
        "Ann Ärlich <calendar@example.com>",
        None,
        "Ann Ärlich <ann@example.com>",
        "bob@example.net",
    ]


def test_a_server_that_may_speak_as_its_user_does_and_says_so() -> None:
    mail = parsed(request(), replace(POST, speaks_as_sender=True))

    assert (mail["From"], mail["Sender"]) == (
        "Ann Ärlich <ann@example.com>",
        "calendar@example.com",
    )


def test_answers_go_to_the_mailbox_that_is_read_if_there_is_one() -> None:
    mail = parsed(request(), replace(POST, reply_to="rsvp@example.com"))

    assert mail["Reply-To"] == "Ann Ärlich <rsvp@example.com>"


def test_programs_that_answer_mails_are_told_not_to() -> None:
    mail = parsed(request())

    names = ("Auto-Submitted", "X-Auto-Response-Suppress", "Precedence", MARK)
    assert [mail[name] for name in names] == [
        "auto-generated",
        "OOF, DR, RN, NRN, AutoReply",
        "bulk",
        "calendar@example.com",
    ]


def test_all_mails_about_a_meeting_are_one_thread_and_each_has_its_own_id() -> None:
    first, again, update, other = (
        parsed(request()),
        parsed(request(at=7)),
        parsed(request(sequence=1)),
        parsed(request(), replace(POST, recipient="cid@example.net")),
    )

    assert first["Message-ID"] == again["Message-ID"] != update["Message-ID"]
    assert first["References"] == first["In-Reply-To"] == update["References"]
    assert other["References"] != first["References"]
    assert thread_of("u", "Bob@example.net") == thread_of("u", "mailto:bob@example.net")


@pytest.mark.parametrize(
    "hostile",
    [
        "Lunch\\nBcc: all@example.org",
        "Lunch\r\n \r\nBcc: all@example.org",
        "Lunch\\n\\n<script>alert(1)</script>",
        "\N{RIGHT-TO-LEFT OVERRIDE}hcnuL\x0b\x85\N{LINE SEPARATOR}Bcc: all@example.org",
        "x" * 5_000,
    ],
)
def test_nothing_in_an_event_can_add_a_header_or_markup(hostile: str) -> None:
    lines = [f"SUMMARY:{hostile}", f"LOCATION:{hostile}", f"DESCRIPTION:{hostile}"]
    text = message("REQUEST", part(summary=None, lines=lines))

    mail = parsed(text, replace(POST, sender_name=hostile))

    assert set(mail.keys()) == set(parsed(request()).keys())
    assert len(mail["Subject"]) <= 200
    assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in mail["Subject"]
    html = next(one for one in mail.walk() if one.get_content_type() == "text/html")
    assert "<script" not in html.get_content()


@pytest.mark.rfc("6047 2.3")
def test_all_people_stand_in_a_mail_by_their_mail_addresses() -> None:
    path, uuid = "/dav/principals/cid/", "urn:uuid:8e3d2a7e-8c5b-4b5c-9d0a-0d8c8c1d7c11"
    said = [f"ATTENDEE;CN=Cid:{path}", "ATTENDEE;CN=Nobody:urn:uuid:0", f"ATTENDEE:{uuid.upper()}"]
    text = request(people=("ann", "bob"), lines=said)
    people = ["ATTENDEE;CN=Cid:mailto:cid@example.com", "ATTENDEE:mailto:dan@example.com"]
    post = replace(POST, addresses={path: "cid@example.com", uuid: "dan@example.com"})

    (mail, plain) = (
        next(part for part in write(*work, AT).walk() if part.get_content_type() == "text/calendar")
        for work in ((text, post), (request(people=("ann", "bob"), lines=people), POST))
    )

    assert mail.get_content() == plain.get_content()


@pytest.mark.rfc("6047 2.3")
@pytest.mark.parametrize(
    "address",
    [
        "",
        "bob",
        "urn:uuid:8e3d2a7e-8c5b-4b5c-9d0a-0d8c8c1d7c11",
        "mailto:bob@example.net\r\nRCPT TO:<eve@example.net>",
        "bob@example.net>, <eve@example.net",
        "bob@@example.net",
        "bob@-example.net",
        "böb@example.net",
        "b" * 250 + "@example.net",
    ],
)
def test_what_is_no_mail_address_is_not_mailed_to(address: str) -> None:
    with pytest.raises(Unmailable):
        write(request(), replace(POST, recipient=address), AT)


def test_a_domain_may_have_letters_that_mail_has_not() -> None:
    assert mailbox("mailto:Bob@BÜCHER.example") == "bob@xn--bcher-kva.example"


@pytest.mark.parametrize("method", ["PUBLISH", "X-OTHER", ""])
def test_what_is_for_nobody_in_particular_is_not_mailed(method: str) -> None:
    with pytest.raises(Unmailable):
        write(message(method, part()), POST, AT)


WHEN = {
    "in a zone": (
        invitation(rrule=None),
        "Monday 5 January 2026, 09:00 to 10:30 (Europe/Berlin, UTC+01:00)",
    ),
    "in UTC": (
        message("REQUEST", part(start="20260105T090000Z", duration="PT1H")),
        "Monday 5 January 2026, 09:00 to 10:00 (UTC)",
    ),
    "over midnight": (
        message("REQUEST", part(start="20260105T230000Z", duration="PT2H")),
        "Monday 5 January 2026, 23:00 to Tuesday 6 January 2026, 01:00 (UTC)",
    ),
    "floating": (
        message("REQUEST", part(start="20260105T090000", end="20260105T100000")),
        "Monday 5 January 2026, 09:00 to 10:00 (local time, wherever you are)",
    ),
    "one day": (
        message("REQUEST", part(start="20260105", end="20260106")),
        "Monday 5 January 2026 (all day)",
    ),
    "three days": (
        message("REQUEST", part(start="20260105", end="20260108")),
        "Monday 5 January 2026 to Wednesday 7 January 2026",
    ),
    "a task": (
        calendar(vtodo(due="20260105T120000Z"), lines=["METHOD:REQUEST"]),
        "due Monday 5 January 2026, 12:00 (UTC)",
    ),
}


@pytest.mark.parametrize("name", WHEN)
def test_times_are_told_with_their_zone(name: str) -> None:
    text, told = WHEN[name]

    assert f"When: {told}\n" in words(parsed(text))


REPEATS = {
    "FREQ=DAILY": "every day",
    "FREQ=DAILY;INTERVAL=3;COUNT=4": "every 3 days, 4 times",
    "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR": "every weekday (Monday to Friday)",
    "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE,FR": "every 2 weeks on Monday, Wednesday and Friday",
    "FREQ=MONTHLY;BYDAY=2TU": "every month on the second Tuesday",
    "FREQ=MONTHLY;BYDAY=-1FR": "every month on the last Friday",
    "FREQ=MONTHLY;BYMONTHDAY=15": "every month on day 15",
    "FREQ=MONTHLY;BYMONTHDAY=-1": "every month on the last day",
    "FREQ=YEARLY;UNTIL=20300105T090000Z": "every year, until Saturday 5 January 2030",
    "FREQ=DAILY;UNTIL=20300105T085959Z": "every day, until Friday 4 January 2030",
    "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=1": "by a rule that your calendar program shows",
}


@pytest.mark.parametrize("rule", REPEATS)
def test_simple_rules_are_told_in_words(rule: str) -> None:
    assert f"Repeats: {REPEATS[rule]}\n" in words(parsed(request(rrule=rule)))


def test_a_message_about_one_date_says_so() -> None:
    mail = parsed(message("CANCEL", part(day=6)))

    assert "Note: This is about one date of a series.\n" in words(mail)


def test_what_tells_a_recipient_nothing_new_is_the_same_change() -> None:
    told = change_of(request(), "bob@example.net")

    answered = request(at=5, people=("ann=ACCEPTED", "bob", "cid=DECLINED"))
    assert change_of(answered, "mailto:BOB@example.net") == told
    others = (
        request(sequence=1),
        request(lines=["LOCATION:Elsewhere"]),
        request(people=("ann=ACCEPTED", "bob")),
        request().replace("METHOD:REQUEST", "METHOD:CANCEL"),
    )
    assert told not in {change_of(one, "bob@example.net") for one in others}
    assert change_of(request(), "cid@example.net") != told


def test_each_answer_is_another_change() -> None:
    answers = [
        change_of(message("REPLY", part(people=[f"bob={given}"])), "ann@example.com")
        for given in ("ACCEPTED", "DECLINED", "TENTATIVE")
    ]

    assert len(set(answers)) == 3


@pytest.mark.parametrize(
    ("newer", "older", "expected"),
    [
        (request(sequence=1), request(), True),
        (request(), request(sequence=1), False),
        (message("CANCEL", part(sequence=1)), request(), True),
        (request(sequence=2), message("CANCEL", part(sequence=1)), True),
        (message("CANCEL", part(day=6, sequence=1)), request(), False),
        (message("CANCEL", part(day=6)), message("CANCEL", part(day=7)), False),
        (message("REQUEST", part(day=6), part(day=7)), message("REQUEST", part(day=7)), True),
        (message("REPLY", part(people=["bob"])), request(), False),
    ],
)
def test_a_newer_message_covers_what_it_says_again(newer: str, older: str, expected: bool) -> None:
    assert covers(newer, older) is expected


def test_what_the_server_notes_for_itself_leaves_by_no_mail() -> None:
    noted = BOB.format("ACCEPTED;X-CALDAVD-REPLIED=20260101T000000Z")
    text = invitation("REQUEST", "SEQUENCE:0", noted, "X-CALDAVD-RECEIVED:0")

    mail = write(text, POST, AT)

    sent = [
        part.get_content() for part in mail.walk() if part.get_content_type() == "text/calendar"
    ]
    assert len(sent) == 1
    assert "X-CALDAVD" not in sent[0]
    assert "PARTSTAT=ACCEPTED" in sent[0]


def test_what_is_otherwise_in_a_series_is_told() -> None:
    text = request(
        part(day=6, start="20260106T170000Z"),
        part(day=7, summary="Meeting <b>late</b>", lines=["LOCATION:Room & 2"]),
        part(day=8),
        part(day=9, lines=["STATUS:CANCELLED"]),
        start="20260105T090000Z",
        duration="PT1H",
        exdate=["20260110T090000Z"],
        rrule="FREQ=DAILY;COUNT=9",
    )

    mail = parsed(text)

    assert (
        words(mail)
        .partition("Repeats: every day, 9 times\n")[2]
        .startswith(
            "Exceptions:\n"
            "Except Tuesday 6 January 2026: 17:00 to 18:00\n"
            "Except Wednesday 7 January 2026: “Meeting <b>late</b>”, Room & 2\n"
            "Not on Friday 9 January 2026\n"
            "Not on Saturday 10 January 2026\n"
        )
    )
    (page,) = [one for one in mail.walk() if one.get_content_type() == "text/html"]
    assert "“Meeting &lt;b&gt;late&lt;/b&gt;”, Room &amp; 2" in page.get_content()


def exceptions_of(**fields: Any) -> list[str]:
    """The lines that tell the exceptions of a series."""
    told = words(parsed(request(**fields))).partition("Exceptions:\n")[2]
    return told.partition("\nOrganizer:")[0].splitlines()


def test_an_instance_on_another_day_is_told_in_full() -> None:
    text = request(part(day=6, start="20260108T080000Z"), start="20260105T090000Z", duration="PT1H")

    assert (
        "Exceptions: Except Tuesday 6 January 2026: Thursday 8 January 2026, 08:00 to 09:00 (UTC)\n"
    ) in words(parsed(text))


def test_of_many_exceptions_the_first_are_told() -> None:
    days = [f"202601{day:02}T090000Z" for day in range(6, 20)]

    told = words(parsed(request(exdate=days, rrule="FREQ=DAILY;COUNT=30")))

    assert told.count("\nNot on ") == 10
    assert "Not on Thursday 15 January 2026\nand 4 more\n" in told


def test_of_many_exceptions_those_to_come_are_told() -> None:
    """Written on 2 January: what is over is told where that leaves less than ten."""
    old = [f"202512{day:02}T090000Z" for day in range(10, 20)]
    new = [f"202601{day:02}T090000Z" for day in range(6, 10)]
    few = exceptions_of(start="20251201T090000Z", exdate=[*old, *new], rrule="FREQ=DAILY")
    many = exceptions_of(
        start="20251201T090000Z",
        exdate=[*old, *new, *(f"202602{day:02}T090000Z" for day in range(6, 14))],
        rrule="FREQ=DAILY",
    )

    assert (len(few), few[0], few[-1]) == (
        10,
        "Not on Sunday 14 December 2025",
        "Not on Friday 9 January 2026",
    )
    assert (len(many), many[0], many[9:]) == (
        11,
        "Not on Tuesday 6 January 2026",
        ["Not on Wednesday 11 February 2026", "and 2 more"],
    )


def test_what_became_of_an_exception_is_told_beyond_the_tenth() -> None:
    days = [f"202601{day:02}T090000Z" for day in range(6, 20)]
    before = request(exdate=days, rrule="FREQ=DAILY;COUNT=30")
    after = request(exdate=[*days, "20260125T090000Z"], rrule="FREQ=DAILY;COUNT=30")

    told = words(parsed(after, replace(POST, update=True, before=before)))

    assert told.partition("Changed: ")[2].splitlines()[0] == "New: Not on Sunday 25 January 2026"


def test_an_update_says_what_changed() -> None:
    before = request(
        start="20260105T090000Z", duration="PT1H", exdate=["20260107T090000Z"], summary="Plan"
    )
    after = request(
        start="20260105T110000Z",
        duration="PT1H",
        exdate=["20260108T110000Z"],
        lines=["LOCATION:Room 2"],
        summary="Plans",
    )

    mail = parsed(after, replace(POST, update=True, before=before))

    assert (
        "Changed:\n"
        "What: now Plans, before Plan\n"
        "When: now Monday 5 January 2026, 11:00 to 12:00 (UTC), "
        "before Monday 5 January 2026, 09:00 to 10:00 (UTC)\n"
        "Where: now Room 2, before nothing\n"
        "New: Not on Thursday 8 January 2026\n"
        "No longer: Not on Wednesday 7 January 2026\n"
        "What: Plans\n"
    ) in words(mail)


def test_what_is_told_of_those_invited_is_left_out_of_a_cancellation() -> None:
    """They would be those who are told of it, and read as all."""
    told = [words(parsed(message(method, part()))) for method in ("REQUEST", "CANCEL")]

    assert ["Invited:" in one for one in told] == [True, False]


# --- What holds from a date on ---


@pytest.mark.rfc("5545 3.2.13")
def test_what_is_otherwise_from_a_date_on_is_told_so() -> None:
    text = request(
        from_then_on(part(day=6, start="20260106T140000Z", duration="PT1H")),
        from_then_on(part(day=8, lines=["STATUS:CANCELLED"])),
        start="20260105T090000Z",
        duration="PT1H",
    )

    assert (
        "Exceptions:\n"
        "From Tuesday 6 January 2026 on: 14:00 to 15:00\n"
        "From Thursday 8 January 2026 on it no longer takes place\n"
    ) in words(parsed(text))


@pytest.mark.rfc("5545 3.2.13")
def test_what_began_to_be_otherwise_is_not_over() -> None:
    """Of many exceptions those that are over are not told: this one still holds."""
    days = [f"202601{day:02}T090000Z" for day in range(6, 20)]
    began = from_then_on(part(day=1, start="20260101T140000Z")).replace("202601", "202512", 2)

    text = request(began, start="20251201T090000Z", exdate=days, rrule="FREQ=DAILY")

    told = words(parsed(text)).partition("Exceptions:\n")[2].splitlines()
    assert (told[0][:5], told[9], told[10]) == (
        "From ",
        "Not on Wednesday 14 January 2026",
        "and 5 more",
    )


@pytest.mark.rfc("5545 3.2.13")
def test_a_message_about_the_rest_of_a_series_says_so() -> None:
    mail = parsed(message("CANCEL", from_then_on(part(day=6))))

    assert mail["Subject"] == "Cancelled: Meeting (from Tuesday 6 January 2026 on)"
    assert "Note: This is about the dates of a series from Tuesday 6 January 2026 on.\n" in words(
        mail
    )


# --- Subjects ---


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        (message("CANCEL", part(day=6)), "Cancelled: Meeting (Tuesday 6 January 2026)"),
        (message("CANCEL", part(day=6), part(day=7)), "Cancelled: Meeting (2 dates)"),
        (message("REQUEST", part(), part(day=7)), "Invitation: Meeting"),
        (
            message("REPLY", part(day=6, people=["bob=DECLINED"])),
            "Declined: Meeting (Tuesday 6 January 2026)",
        ),
        (
            message("CANCEL", part(day=6, start="20260107T090000Z", summary="x" * 300)),
            f"Cancelled: {'x' * 99}… (Tuesday 6 January 2026)",
        ),
        (message("CANCEL", part(day=6, summary="{x}")), "Cancelled: {x} (Tuesday 6 January 2026)"),
    ],
)
def test_the_subject_names_the_date_if_it_is_about_one(text: str, subject: str) -> None:
    assert parsed(text)["Subject"] == subject


def test_what_takes_place_after_all_is_told_so() -> None:
    mail = parsed(request(), replace(POST, update=True, reinstated=True))

    assert mail["Subject"] == "Takes place after all: Meeting"
    assert words(mail).startswith("Ann Ärlich invites you again: it takes place after all.\n")


# --- Links ---

LINKS = [
    "LOCATION:Room 2",
    "CONFERENCE;VALUE=URI;FEATURE=VIDEO;LABEL=Join <us>:https://meet.example.com/a?b=1&c=2",
    "CONFERENCE;VALUE=URI;LABEL=Phone:tel:+49-30-1234",
    "URL:https://example.com/agenda",
    "URL:https://example.com/agenda",
]


@pytest.mark.rfc("7986 5.11")
@pytest.mark.rfc("5545 3.8.4.6")
def test_links_to_join_by_are_in_the_text_and_can_be_followed_in_the_page() -> None:
    mail = parsed(request(lines=LINKS))

    assert (
        "Where: Room 2\n"
        "Link:\n"
        "Join <us>: https://meet.example.com/a?b=1&c=2\n"
        "Phone: tel:+49-30-1234\n"
        "https://example.com/agenda\n"
        "Organizer: "
    ) in words(mail)
    shown = "https://meet.example.com/a?b=1&amp;c=2"
    assert (
        f'<td>Join &lt;us&gt;: <a href="{shown}" rel="noreferrer noopener">{shown}</a>\n'
        "Phone: tel:+49-30-1234\n"
        '<a href="https://example.com/agenda" rel="noreferrer noopener">'
        "https://example.com/agenda</a></td>"
    ) in page_of(mail)


@pytest.mark.rfc("7986 5.11")
@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        'https://example.com/" onclick="alert(1)',
        "https://example.com/<script>",
        "https://example.com/a b",
        "HTTPS//example.com",
        "https://example.com/\N{RIGHT-TO-LEFT OVERRIDE}a",
        "https://example.com/" + "a" * 2_000,
        "",
    ],
)
def test_nothing_but_a_page_can_be_followed(url: str) -> None:
    page = page_of(parsed(request(lines=[f"CONFERENCE:{url}", f"URL:{url}"])))

    assert ("href" in page, "<script" in page, 'onclick="' in page) == (False, False, False)


def test_a_link_that_changed_is_told() -> None:
    before = request(lines=["CONFERENCE;LABEL=Join:https://meet.example.com/1"])
    after = request(lines=["CONFERENCE;LABEL=Join:https://meet.example.com/2"])

    told = words(parsed(after, replace(POST, update=True, before=before)))

    assert (
        "Changed: Link: now Join: https://meet.example.com/2, before Join: https://meet.example.com/1\n"
    ) in told


def test_a_link_of_one_date_is_told_with_it() -> None:
    other = part(day=6, lines=["URL:https://meet.example.com/6"])

    told = words(parsed(request(other, lines=["URL:https://meet.example.com/1"])))

    assert "Exceptions: Except Tuesday 6 January 2026: https://meet.example.com/6\n" in told


# --- Tasks ---


@pytest.mark.parametrize(
    ("fields", "when"),
    [
        (
            {"start": "20260301", "due": "20260305"},
            "begins Sunday 1 March 2026, due Thursday 5 March 2026",
        ),
        ({"due": "20260305"}, "due Thursday 5 March 2026"),
        (
            {"start": "20260301T080000Z", "due": "20260301T120000Z"},
            "begins Sunday 1 March 2026, 08:00 (UTC), due Sunday 1 March 2026, 12:00 (UTC)",
        ),
        (
            {"start": "20260301T080000Z", "duration": "PT1H"},
            "begins Sunday 1 March 2026, 08:00 (UTC), due Sunday 1 March 2026, 09:00 (UTC)",
        ),
        ({"start": "20260301T080000Z"}, "Sunday 1 March 2026, 08:00 (UTC)"),
    ],
)
def test_a_task_is_told_with_when_it_is_due(fields: dict[str, Any], when: str) -> None:
    text = calendar(vtodo(**fields), lines=["METHOD:REQUEST"])

    assert f"When: {when}\n" in words(parsed(text))


@pytest.mark.parametrize(
    ("method", "post", "subject", "lead"),
    [
        ("REQUEST", POST, "Task assigned", "assigns you a task."),
        ("REQUEST", replace(POST, update=True), "Task updated", "has changed this task."),
        (
            "REQUEST",
            replace(POST, update=True, reinstated=True),
            "Task assigned again",
            "assigns you this task again.",
        ),
        (
            "CANCEL",
            POST,
            "Task cancelled",
            "has cancelled this task. You need not do it any more.",
        ),
    ],
)
def test_a_task_is_no_invitation(method: str, post: Post, subject: str, lead: str) -> None:
    lines = ["ATTENDEE:mailto:bob@example.net"]
    mail = parsed(calendar(vtodo(lines=lines), lines=[f"METHOD:{method}"]), post)

    assert mail["Subject"] == f"{subject}: Task"
    assert words(mail).startswith(f"Ann Ärlich {lead}\n")
    assert ("Invited" in words(mail), "Assigned to: bob@example.net\n" in words(mail)) == (
        False,
        method == "REQUEST",
    )


# --- Another time, and an answer with it ---


@pytest.mark.parametrize(
    ("answer", "told"), [("TENTATIVE", "accepted tentatively"), ("NEEDS-ACTION", None)]
)
def test_another_time_is_told_with_the_answer_that_came_with_it(
    answer: str, told: str | None
) -> None:
    text = message("COUNTER", part(people=["ann=ACCEPTED", f"bob={answer}"]))
    post = replace(POST, sender="bob@example.com", sender_name="Bob")

    said = [words(mail) for mail in (parsed(text, post), write_notice(text, post, AT))]

    expected = [] if told is None else [f"Answer: bob@example.com: {told}"]
    lines = [[line for line in one.splitlines() if line.startswith("Answer")] for one in said]
    assert lines == [expected, expected]
