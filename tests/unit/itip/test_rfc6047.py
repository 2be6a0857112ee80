"""RFC 6047 section by section: what a mail that carries a message is, and what is read of one."""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from caldavd.ical.contentline import read as read_calendar
from caldavd.itip.imip import write
from caldavd.itip.incoming_mail import Unreadable, read
from tests.unit.itip.messages import answer, message, part, request
from tests.unit.itip.test_imip import AT, MAILS, POST, parsed
from tests.unit.itip.test_incoming_mail import BOB, PLAIN, TEXT, calendar_part, multipart, whole


def calendars(mail: EmailMessage) -> list[EmailMessage]:
    return [
        one
        for one in mail.walk()
        if isinstance(one, EmailMessage) and one.get_content_type() == "text/calendar"
    ]


def addresses(text: str) -> list[str]:
    """The values of ORGANIZER and ATTENDEE, in order."""
    return [
        line.value
        for one in read_calendar(text)[0].components
        for line in one.lines
        if line.name in ("ORGANIZER", "ATTENDEE")
    ]


@pytest.mark.rfc("6047 2", "6047 2.1", "6047 2.4", "6047 2.5")
@pytest.mark.parametrize("name", MAILS)
def test_the_calendar_says_in_its_type_what_it_is(name: str) -> None:
    mail = parsed(*MAILS[name])

    (found,) = calendars(mail)
    (top,) = read_calendar(str(found.get_content()).replace("\n", "\r\n").replace("\r\r", "\r"))
    method = top.first("METHOD")
    said = found["Content-Type"].params
    assert method is not None
    assert said["method"] == method.value
    assert said["charset"].upper() == "UTF-8"
    assert said["component"].upper() == top.components[-1].name
    assert found["Content-Transfer-Encoding"] == "base64"
    assert mail["Reply-To"] is not None


@pytest.mark.rfc("6047 2.4")
@pytest.mark.parametrize("name", MAILS)
def test_people_can_read_it_and_there_is_one_calendar_among_the_alternatives(name: str) -> None:
    mail = parsed(*MAILS[name])

    (alternatives,) = (
        one for one in mail.walk() if one.get_content_type() == "multipart/alternative"
    )
    types = [one.get_content_type() for one in alternatives.iter_parts()]  # type: ignore[attr-defined]
    assert types == ["text/plain", "text/html", "text/calendar"]


@pytest.mark.rfc("6047 2.3")
@pytest.mark.parametrize("address", ["urn:uuid:4288f0f3-5c5b-4df4-9ad8-b1e5fe3f5b97", "/p/ann/"])
def test_an_organizer_has_a_mail_address_in_a_mail(address: str) -> None:
    text = request().replace("mailto:ann@example.com", address)

    (found,) = calendars(parsed(text))

    assert addresses(str(found.get_content())) == [
        "mailto:ann@example.com",
        "mailto:ann@example.com",
        "mailto:bob@example.com",
        "mailto:cid@example.com",
    ]


@pytest.mark.rfc("6047 2.3")
def test_who_answers_has_a_mail_address_in_a_mail() -> None:
    _, post = MAILS["reply"]
    text = message("REPLY", answer("bob=ACCEPTED")).replace("mailto:bob@example.com", "/p/bob/")

    (found,) = calendars(parsed(text, post))

    assert addresses(str(found.get_content())) == [
        "mailto:ann@example.com",
        "mailto:bob@example.net",
    ]


@pytest.mark.rfc("6047 2.3")
def test_who_speaks_is_said_by_the_calendar_and_not_by_the_headers_around_it() -> None:
    found = read(whole(calendar_part(), "Sender: eve@example.net", "Reply-To: eve@example.net"))

    assert (found.sender, addresses(found.carried[0].text)[1]) == (BOB, BOB)


@pytest.mark.rfc("6047 2.4")
def test_a_type_that_says_another_method_is_refused() -> None:
    with pytest.raises(Unreadable):
        read(whole(calendar_part(method="REQUEST")))


@pytest.mark.rfc("6047 2.2", "6047 2.2.2", "6047 2.2.3", "6047 3")
def test_a_signed_calendar_is_found_and_an_encrypted_one_is_not_guessed_at() -> None:
    signature = "Content-Type: application/pkcs7-signature; name=smime.p7s\r\n\r\nMIAG\r\n"
    sealed = "Content-Type: application/pkcs7-mime; smime-type=enveloped-data\r\n\r\nMIAG\r\n"

    signed = read(whole(multipart("signed", calendar_part(), signature)))

    assert [one.method for one in signed.carried] == ["REPLY"]
    with pytest.raises(Unreadable):
        read(whole(sealed))


@pytest.mark.rfc("6047 2.6")
@pytest.mark.parametrize(
    ("type_", "name", "count"),
    [("text/calendar", "holiday.exe", 1), ("application/x-msdownload", "invite.ics", 0)],
)
def test_a_part_is_what_its_type_says_and_not_its_file_name(
    type_: str, name: str, count: int
) -> None:
    disposed = f'Content-Disposition: attachment; filename="{name}"\r\n'
    one = disposed + calendar_part().replace("text/calendar", type_)
    body = whole(multipart("mixed", PLAIN, one))

    if count:
        assert [found.method for found in read(body).carried] == ["REPLY"]
    else:
        with pytest.raises(Unreadable):
            read(body)


@pytest.mark.rfc("6047 2.5")
@pytest.mark.parametrize("name", MAILS)
def test_a_mail_has_no_octet_that_every_relay_does_not_take(name: str) -> None:
    octets = write(*MAILS[name], AT).as_bytes()

    assert octets.isascii()
    assert max(map(len, octets.split(b"\r\n"))) <= 998


@pytest.mark.rfc("6047 4", "6047 4.4")
def test_a_calendar_of_several_components_is_one_message() -> None:
    text = message("REPLY", answer("bob=ACCEPTED", day=6), answer("bob=DECLINED", day=7))

    (found,) = read(whole(calendar_part(text))).carried

    assert found.text.split() == text.split()


@pytest.mark.rfc("6047 4.6")
def test_what_is_attached_beside_the_calendar_is_left_alone() -> None:
    text = message("REPLY", part(people=["bob=ACCEPTED"], lines=["ATTACH:cid:p1@example.com"]))
    picture = "Content-Type: image/png\r\nContent-ID: <p1@example.com>\r\n\r\nx\r\n"
    inner = multipart("alternative", PLAIN, calendar_part(text), boundary="b2")

    (found,) = read(whole(multipart("related", inner, picture))).carried

    assert "ATTACH:cid:p1@example.com" in found.text


@pytest.mark.rfc("6047 2.2.1")
def test_the_mail_that_a_forwarded_mail_holds_is_not_of_who_forwarded_it() -> None:
    inner = whole(calendar_part(), sender="From: bob@example.com").decode()
    forwarded = f"Content-Type: message/rfc822\r\n\r\n{inner}"

    with pytest.raises(Unreadable):
        read(whole(multipart("mixed", PLAIN, forwarded), sender="From: eve@example.com"))


@pytest.mark.rfc("6047 2.4")
def test_text_beyond_ascii_arrives_as_it_was_sent() -> None:
    octets = write(TEXT.replace("REPLY", "REQUEST"), POST, AT).as_bytes()

    mail = message_from_bytes(octets, policy=policy.default)
    (found,) = calendars(mail)  # type: ignore[arg-type]

    assert re.search(r"SUMMARY:(.*)", str(found.get_content()))[1].strip() == "Bücher"  # type: ignore[index]
