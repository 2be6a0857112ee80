"""Mails as they come from other programs: the message in them, and what is refused."""

from __future__ import annotations

import base64
import quopri

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caldavd.itip.incoming_mail import MAX_PARTS, Carried, Incoming, Unreadable, read, sender_of
from tests.unit.itip.messages import message, part
from tests.unit.itip.test_imip import AT, MAILS, write

TEXT = message("REPLY", part(people=["bob=ACCEPTED"], summary="Bücher"))
BOB = "mailto:bob@example.com"


def mail(*lines: str, body: str | bytes = TEXT, headers: str = "From: bob@example.com") -> bytes:
    """A mail with these headers besides, and a body."""
    head = "".join(f"{line}\r\n" for line in (headers, *lines) if line)
    return f"{head}\r\n".encode() + (body if isinstance(body, bytes) else body.encode())


def calendar_part(text: str = TEXT, *, charset: str = "UTF-8", method: str = "REPLY") -> str:
    """A MIME part in base64, as most programs write it."""
    encoded = base64.encodebytes(text.encode("utf-8")).decode().replace("\n", "\r\n")
    said = f"; method={method}" if method else ""
    return (
        f"Content-Type: text/calendar; charset={charset}{said}\r\n"
        f"Content-Transfer-Encoding: base64\r\n\r\n{encoded}"
    )


def multipart(kind: str, *parts: str, boundary: str = "b1") -> str:
    """A multipart as it stands in another, or after the headers of a mail."""
    inside = "".join(f"--{boundary}\r\n{one}\r\n" for one in parts)
    return (
        f'Content-Type: multipart/{kind}; boundary="{boundary}"\r\n\r\n{inside}--{boundary}--\r\n'
    )


def whole(content: str, *lines: str, sender: str = "From: bob@example.com") -> bytes:
    """A mail whose Content-Type and body are these."""
    return "".join(f"{line}\r\n" for line in (sender, *lines)).encode() + content.encode()


PLAIN = "Content-Type: text/plain\r\n\r\nBob has accepted.\r\n"
QP = quopri.encodestring(TEXT.encode()).decode()
SHAPES = {
    # RFC 6047 4.1: nothing but the calendar
    "alone": mail("Content-Type: text/calendar; method=REPLY; charset=UTF-8"),
    "quoted-printable": mail(
        "Content-Type: text/calendar; charset=utf-8; method=REPLY",
        "Content-Transfer-Encoding: quoted-printable",
        body=QP,
    ),
    # RFC 6047 4.2, and Exchange: the last alternative
    "alternative": whole(multipart("alternative", PLAIN, calendar_part())),
    # Gmail: an alternative in a mixed, and the same text as an attachment
    "alternative and attachment": whole(
        multipart(
            "mixed",
            multipart("alternative", PLAIN, calendar_part(), boundary="b2"),
            calendar_part(method="").replace("text/calendar", "application/ics"),
        )
    ),
    # Apple Mail: an attachment without the method parameter
    "attachment alone": whole(multipart("mixed", PLAIN, calendar_part(method=""))),
    "application/ics alone": whole(
        multipart("mixed", PLAIN, calendar_part().replace("text/calendar", "application/ics"))
    ),
    # RFC 6047 4.3, 4.6: in a multipart/related
    "related": whole(multipart("related", calendar_part(), PLAIN)),
    "says ASCII and is UTF-8": whole(multipart("mixed", calendar_part(charset="us-ascii"))),
    "lower case": whole(multipart("mixed", calendar_part(method="reply"))),
}


@pytest.mark.rfc("6047 2.4")
@pytest.mark.rfc("6047 2.6")
@pytest.mark.rfc("6047 4.1")
@pytest.mark.rfc("6047 4.2")
@pytest.mark.rfc("6047 4.3")
@pytest.mark.parametrize("name", SHAPES)
def test_the_calendar_is_found_in_every_shape_of_mail(name: str) -> None:
    found = read(SHAPES[name])

    assert [(one.method, one.text.split()) for one in found.carried] == [("REPLY", TEXT.split())]
    assert (found.sender, found.auto, found.mark) == (BOB, False, "")


@pytest.mark.parametrize("name", MAILS)
def test_what_this_server_writes_it_reads(name: str) -> None:
    text, post = MAILS[name]

    found = read(write(text, post, AT).as_bytes())

    method = "REQUEST" if name == "update" else name.upper()
    assert found == Incoming(
        f"mailto:{post.server}", found.message_id, (Carried(method, text),), mark=post.server
    )


@pytest.mark.rfc("6047 2.4")
@pytest.mark.rfc("6047 4.5")
def test_all_calendars_of_a_mixed_mail_are_found() -> None:
    other = message("REPLY", part(uid="other", people=["bob=DECLINED"]))

    found = read(whole(multipart("mixed", calendar_part(), PLAIN, calendar_part(other))))

    assert [one.text for one in found.carried] == [TEXT, other]


@pytest.mark.rfc("6047 2.4")
def test_of_calendars_that_are_alternatives_only_the_last_one_counts() -> None:
    other = message("REPLY", part(uid="other", people=["bob=DECLINED"]))

    found = read(whole(multipart("alternative", calendar_part(other), calendar_part())))

    assert [one.text for one in found.carried] == [TEXT]


FROM = {
    "From: Bob <bob@example.com>": BOB,
    'From: "Bob, of the board" <BOB@Example.com>': BOB,
    "From: =?utf-8?q?B=C3=B6b_=3Cann=40example=2Ecom=3E?= <bob@example.com>": BOB,
    "From: bob@example.com (Bob)": BOB,
}


@pytest.mark.parametrize("line", FROM)
def test_the_sender_is_the_one_address_in_from(line: str) -> None:
    assert read(whole(multipart("mixed", calendar_part()), sender=line)).sender == FROM[line]


@pytest.mark.rfc("6047 3")
@pytest.mark.parametrize(
    "lines",
    [
        "X-Nothing: 1",
        "From: bob@example.com\r\nFrom: ann@example.com",
        "From: ann@example.com, bob@example.com",
        "From: ann@example.com <bob@example.com>",
        "From: nobody",
        "From: <>",
        "From: Group: bob@example.com, ann@example.com;",
    ],
)
def test_a_mail_that_does_not_say_of_whom_it_is_is_unreadable(lines: str) -> None:
    octets = whole(multipart("mixed", calendar_part()), sender=lines)

    with pytest.raises(Unreadable):
        read(octets)
    assert sender_of(octets) == ""


UNREADABLE = {
    "no calendar": whole(multipart("mixed", PLAIN)),
    "empty": b"",
    "no iCalendar": whole(multipart("mixed", calendar_part("hello"))),
    "no METHOD": whole(multipart("mixed", calendar_part(TEXT.replace("METHOD:REPLY\r\n", "")))),
    "another method": whole(multipart("mixed", calendar_part(method="REQUEST"))),
    "an unknown charset": mail(
        "Content-Type: text/calendar; charset=x-klingon; method=REPLY",
        body=TEXT.encode("latin-1"),
    ),
    "not in its charset": mail(
        "Content-Type: text/calendar; charset=utf-8; method=REPLY", body=TEXT.encode("latin-1")
    ),
    "a NUL": mail("Content-Type: text/calendar; method=REPLY", body=TEXT.replace("B", "\x00")),
    "in a forwarded mail": whole(
        multipart(
            "mixed",
            PLAIN,
            "Content-Type: message/rfc822\r\n\r\n" + SHAPES["alone"].decode(),
        )
    ),
    "a bounce": whole(
        multipart("report", PLAIN, "Content-Type: text/rfc822-headers\r\n\r\nFrom: a@b.c\r\n")
    ),
    "too many parts": whole(multipart("mixed", *[PLAIN] * (MAX_PARTS + 1), calendar_part())),
    "parts without end": whole(multipart("mixed", calendar_part()) + "--b1\r\n" * 100_000),
    "headers without end": b"From: bob@example.com\r\n" + b"A: b\r\n" * 100_000,
    "a header without end": whole(
        multipart("mixed", calendar_part(), boundary='b";' + ' x=";' * 10_000)
    ),
    "a From without end": whole(
        multipart("mixed", calendar_part()), sender="From: " + "(" * 100_000
    ),
    "too long": whole(multipart("mixed", calendar_part())) + b"x" * 5_000_000,
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_carries_no_message_is_unreadable(name: str) -> None:
    with pytest.raises(Unreadable):
        read(UNREADABLE[name])


def test_parts_in_parts_are_not_followed_without_end() -> None:
    nested = calendar_part()
    for number in range(20):
        nested = multipart("mixed", nested, boundary=f"n{number}")
    deep = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" * 5_000

    for octets in (whole(nested), whole(deep)):
        with pytest.raises(Unreadable):
            read(octets)


@pytest.mark.parametrize(
    "line",
    [
        "Auto-Submitted: auto-replied (vacation)",
        "Precedence: auto_reply",
        "X-Autoreply: yes",
    ],
)
def test_what_a_program_answers_is_told_apart(line: str) -> None:
    assert read(whole(multipart("mixed", calendar_part()), line)).auto


def test_what_a_program_sends_of_itself_is_no_answer() -> None:
    assert not read(
        whole(multipart("mixed", calendar_part()), "Auto-Submitted: auto-generated")
    ).auto


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(sorted(SHAPES)),
    st.lists(st.tuples(st.floats(0, 1), st.integers(0, 40), st.binary(max_size=30)), max_size=6),
)
def test_whatever_arrives_is_read_or_unreadable(
    name: str, edits: list[tuple[float, int, bytes]]
) -> None:
    octets = SHAPES[name]
    for where, removed, added in edits:
        place = int(where * len(octets))
        octets = octets[:place] + added + octets[place + removed :]

    try:
        found = read(octets)
    except Unreadable:
        return
    assert found.sender.startswith("mailto:")
    assert all(one.method for one in found.carried)
