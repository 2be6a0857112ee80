"""Mails that come back, as mail servers write them."""

from __future__ import annotations

from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caldavd.itip.bounce import RETURNED, Bounce, bounce, written

TOKEN = "A" * 130 + "_-"


def report(*blocks: str, headers: str = f"{RETURNED}: {TOKEN}\nMessage-ID: <d.0@x.org>") -> str:
    """A report on a mail with these headers; a block tells of a recipient."""
    inner = "\n\n".join(("Reporting-MTA: dns; mx.test", *blocks))
    return (
        'From: <>\nContent-Type: Multipart/Report; boundary="r"\n\n'
        "--r\nContent-Type: text/plain\n\nSorry.\n"
        f"--r\nContent-Type: message/delivery-status\n\n{inner}\n\n"
        f"--r\nContent-Type: text/rfc822-headers\n\n{headers}\n--r--\n"
    )


def read(text: str) -> Bounce | None:
    return bounce(message_from_bytes(text.encode()))


@pytest.mark.parametrize(
    ("blocks", "status", "is_final"),
    [
        (("Action: failed\nStatus: 5.1.1 (no such user)",), "5.1.1", True),
        (("Action: Failed\nStatus: 4.4.7",), "4.4.7", True),
        (("Action: failed",), "5.0.0", True),
        (("Status: 5.2.1",), "5.2.1", True),
        (("Action: delayed\nStatus: 4.4.1",), "4.4.1", False),
        (("Action: relayed\nStatus: 2.0.0", "Action: failed\nStatus: 5.1.1"), "5.1.1", True),
    ],
)
def test_the_worst_of_the_recipients_counts(
    blocks: tuple[str, ...], status: str, is_final: bool
) -> None:
    assert read(report(*blocks)) == Bounce(TOKEN, "d.0@x.org", status, is_final)


@pytest.mark.parametrize(
    "text",
    [
        report(),
        report("Action: delayed"),
        report("Action: failed\nStatus: 5.1.1", headers="Message-ID: <d.0@x.org>"),
        report("Action: failed").replace("Multipart/Report", "multipart/mixed"),
        report("Action: failed").replace("message/delivery-status", "text/plain"),
        "Content-Type: multipart/report\n\nnothing",
    ],
)
def test_other_mails_are_no_reports(text: str) -> None:
    assert read(text) is None


@given(st.text(alphabet="abcXYZ019_-", max_size=1_500))
def test_a_token_survives_the_folding_of_headers(token: str) -> None:
    mail = EmailMessage(SMTP)
    mail[RETURNED] = written(token)

    found = message_from_bytes(mail.as_bytes()).get(RETURNED, "")

    assert "".join(found.split()) == token
