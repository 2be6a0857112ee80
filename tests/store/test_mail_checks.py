"""Whether mail goes out and comes in, as the doctor asks, over real sockets."""

from __future__ import annotations

import pytest

from caldavd.cli.mail_checks import check_mail
from caldavd.doctor.report import Finding, Grade, Report
from caldavd.mail_settings import Mail
from caldavd.settings import Config
from tests.store.imap_server import PASSWORD, USER, mailbox_server
from tests.store.smtp_server import mail_server

ADDRESS = "calendar@example.com"
NOWHERE = 1


def ignore(_: Finding) -> None:
    """Findings are looked at in the end."""


async def checked(**mail: object) -> list[tuple[str, Grade, str]]:
    """What is found with these settings."""
    settings = Mail.model_validate({"from_address": ADDRESS, "timeout_s": 5, **mail})
    report = Report(ignore)
    await check_mail(Config(mail=settings), report)
    assert report.healthy
    return [(one.check, one.grade, one.text) for one in report.findings]


def out(port: int, **more: object) -> dict[str, object]:
    return {"smtp_host": "127.0.0.1", "smtp_port": port, "tls": "none", **more}


def in_(port: int, password: str) -> dict[str, object]:
    login = {"imap_username": USER, "imap_password": password}
    return {"imap_host": "127.0.0.1", "imap_port": port, "imap_tls": "none", **login}


async def test_what_is_not_set_up_is_not_tested() -> None:
    assert await checked() == []


async def test_a_mail_server_that_lets_in_is_good_and_gets_no_mail() -> None:
    async with mail_server() as server:
        found = await checked(**out(server.port))

    where = f"127.0.0.1:{server.port}"
    assert found == [("mail out", Grade.GOOD, f"{where} lets the server in")]
    assert server.taken == []


async def test_a_mail_server_that_is_not_there_is_a_warning() -> None:
    ((check, grade, text),) = await checked(**out(NOWHERE))

    assert (check, grade) == ("mail out", Grade.DOUBTFUL)
    assert text.startswith("127.0.0.1:1 would take no mail: SMTPConnectError: ")


@pytest.mark.parametrize(
    ("password", "grade", "text"),
    [
        (PASSWORD, Grade.GOOD, "INBOX at 127.0.0.1 has 1 unseen mail"),
        ("wrong", Grade.DOUBTFUL, "the mailbox at 127.0.0.1 cannot be read: "),
    ],
)
async def test_a_mailbox_is_looked_into_and_left_as_it_is(
    password: str, grade: Grade, text: str
) -> None:
    async with mailbox_server() as server:
        server.arrive(b"Subject: x\r\n\r\n")
        ((check, found, words),) = await checked(**in_(server.port, password))

    assert (check, found, words[: len(text)]) == ("mail in", grade, text)
    assert server.flags() == [(1, [])]
