"""The settings of mail: what is refused at the start, and that no password is shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from caldavd.config import MASK, ConfigError, load, mail_password, show
from caldavd.mailing import account, pages, relay
from caldavd.settings import Config
from caldavd.workers.imap import Account

HOME = {"HOME": "/home/ada"}
WHOLE = {
    "CALDAVD_MAIL__SMTP_HOST": "smtp.example.net",
    "CALDAVD_MAIL__FROM_ADDRESS": "Calendar@Example.org",
    "CALDAVD_MAIL__USERNAME": "calendar",
    "CALDAVD_MAIL__PASSWORD": "very secret",
}


def test_no_password_is_shown() -> None:
    config = load(None, None, HOME | WHOLE)

    assert f'password = "{MASK}"' in show(config, as_json=False)
    for text in (show(config, as_json=True), repr(config), repr(relay(config))):
        assert "very secret" not in text
    assert relay(config).password == "very secret"


def test_a_password_may_be_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("from the file\nmore\n")
    environ = HOME | WHOLE | {"CALDAVD_MAIL__PASSWORD_FILE": str(file)}
    del environ["CALDAVD_MAIL__PASSWORD"]

    assert mail_password(load(None, None, environ)) == "from the file"

    file.unlink()
    with pytest.raises(ConfigError, match="password_file: cannot read"):
        mail_password(load(None, None, environ))


def test_addresses_are_compared_in_lower_case() -> None:
    assert load(None, None, HOME | WHOLE).mail.from_address == "calendar@example.org"


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"FROM_ADDRESS": ""}, "smtp_host needs from_address"),
        ({"FROM_ADDRESS": "Ann <a@example.org>"}, "a mail address alone"),
        ({"FROM_ADDRESS": "calendar"}, "must be a mail address"),
        ({"FROM_ADDRESS": "a@b\r\nBcc: x@y"}, "must be a mail address"),
        ({"USERNAME": ""}, "must be set together"),
        ({"PASSWORD": ""}, "must be set together"),
        ({"PASSWORD_FILE": "/x"}, "not both"),
        ({"TLS": "none"}, "over TLS only"),
        ({"TLS": "ssl"}, "starttls"),
        ({"LMTP": "0.0.0.0:2400"}, "address of this machine"),
        ({"LMTP": "mx.example.org:24"}, "address of this machine"),
        ({"LMTP": "127.0.0.1"}, "address of this machine"),
        ({"LMTP": "127.0.0.1:99999"}, "address of this machine"),
    ],
)
def test_what_cannot_work_is_refused_by_its_name(changed: dict[str, str], reason: str) -> None:
    environ = HOME | WHOLE | {f"CALDAVD_MAIL__{name}": value for name, value in changed.items()}

    with pytest.raises(ConfigError, match=reason):
        load(None, None, environ)


@pytest.mark.parametrize(
    "place", ["", "/run/caldavd/lmtp.sock", "127.0.0.1:2400", "[::1]:2400", "localhost:24"]
)
def test_mail_arrives_from_this_machine_alone(place: str) -> None:
    assert load(None, None, HOME | {"CALDAVD_MAIL__LMTP": place}).mail.lmtp == place


def test_a_mail_server_on_this_machine_needs_no_tls() -> None:
    environ = WHOLE | {"CALDAVD_MAIL__SMTP_HOST": "127.0.0.1", "CALDAVD_MAIL__TLS": "none"}

    assert load(None, None, HOME | environ).mail.tls == "none"


@pytest.mark.parametrize(
    ("server", "mail", "url"),
    [
        ({}, {}, ""),
        ({"public_url": "https://cal.example.org"}, {}, "https://cal.example.org/rsvp/"),
        (
            {"public_url": "https://cal.example.org", "path_prefix": "/caldav"},
            {},
            "https://cal.example.org/caldav/rsvp/",
        ),
        ({"public_url": "https://cal.example.org"}, {"answer_link_days": 0}, ""),
    ],
)
def test_links_in_mails_lead_to_where_the_server_is_reached(
    server: dict[str, str], mail: dict[str, int], url: str
) -> None:
    assert pages(Config.model_validate({"server": server, "mail": mail})) == url


MAILBOX = {
    "CALDAVD_MAIL__IMAP_HOST": "imap.example.net",
    "CALDAVD_MAIL__IMAP_USERNAME": "calendar",
    "CALDAVD_MAIL__IMAP_PASSWORD": "very secret",
}


def test_the_password_of_the_mailbox_is_not_shown() -> None:
    config = load(None, None, HOME | MAILBOX)

    assert f'imap_password = "{MASK}"' in show(config, as_json=False)
    for text in (show(config, as_json=True), repr(config), repr(account(config))):
        assert "very secret" not in text
    assert account(config) == Account("imap.example.net", 993, "tls", "calendar", "very secret")


def test_the_password_of_the_mailbox_may_be_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("from the file\n")
    environ = HOME | MAILBOX | {"CALDAVD_MAIL__IMAP_PASSWORD_FILE": str(file)}
    del environ["CALDAVD_MAIL__IMAP_PASSWORD"]

    assert account(load(None, None, environ)).password == "from the file"


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"USERNAME": ""}, "imap_host needs imap_username"),
        ({"PASSWORD": ""}, "imap_host needs imap_username"),
        ({"PASSWORD_FILE": "/x"}, "not both"),
        ({"TLS": "none"}, "over TLS only"),
        ({"DONE_FOLDER": "INBOX"}, "another folder"),
        ({"EVERY_S": "1"}, "greater than or equal to 5"),
    ],
)
def test_a_mailbox_that_cannot_be_read_so_is_refused(changed: dict[str, str], reason: str) -> None:
    environ = HOME | MAILBOX
    environ |= {f"CALDAVD_MAIL__IMAP_{name}": value for name, value in changed.items()}

    with pytest.raises(ConfigError, match=reason):
        load(None, None, environ)
