"""`caldavd subscribe` on both databases."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from caldavd.cli.failure import FAILED, MISUSED
from caldavd.workers.fetch import ALLOW
from tests.store.cli import Done, Shell, environment
from tests.unit.builders import calendar, event, vevent


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers with the text of its server, and keeps quiet."""

    def do_GET(self) -> None:
        body: bytes = self.server.body  # type: ignore[attr-defined]
        self.send_response(200 if body else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Tests print nothing."""


@pytest.fixture
def site() -> Iterator[http.server.HTTPServer]:
    """A web server on this machine with a feed of two events."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.body = calendar(vevent(uid="a"), vevent(uid="b")).encode()  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def url(site: http.server.HTTPServer) -> str:
    return f"http://127.0.0.1:{site.server_port}/feed.ics"


@pytest.fixture
def caldavd(
    location: Path | str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Shell:
    """The command line on a database with the account ada, where feeds may be on this machine."""
    for name, value in environment(location, tmp_path).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("CALDAVD_CALENDARS__SUBSCRIPTIONS_ALLOW_PRIVATE", "true")
    shell = Shell(capsys, monkeypatch)
    shell("user", "add", "ada", "--password-stdin", stdin="secret\n")
    return shell


def test_a_new_subscription_is_fetched_at_once(caldavd: Shell, url: str) -> None:
    done = caldavd("subscribe", "add", "ada", url, "--name", "Holidays", "--refresh", "1d")

    assert done == Done(
        0,
        "made http://127.0.0.1:8008/dav/calendars/ada/Holidays/\n"
        "2 added, 0 updated, 0 unchanged, 0 removed, 0 left out\n",
        "",
    )
    [row] = caldavd("subscribe", "list", "ada", "--json").json
    assert (row["name"], row["source"], row["every"], row["failures"], row["error"]) == (
        *("Holidays", url, "1d", 0, None),
    )
    assert row["fetched"] < row["next"]
    assert "SUMMARY" in caldavd("export", "--user", "ada", "--calendar", "Holidays").out


def test_a_url_is_read_from_standard_input_and_its_secrets_are_not_shown(
    caldavd: Shell, url: str
) -> None:
    secret = url.replace("://", "://ann:secret@") + "?token=secret"

    done = caldavd("subscribe", "add", "ada", "-", stdin=secret + "\n")

    listed = caldavd("subscribe", "list").out
    assert done.status == 0
    assert "secret" not in done.out + done.err + listed
    assert url.replace("://", "://***@") + "?***" in listed


def test_a_feed_that_cannot_be_had_is_told_and_stays(
    caldavd: Shell, url: str, site: http.server.HTTPServer
) -> None:
    site.body = b""  # type: ignore[attr-defined]

    done = caldavd("subscribe", "add", "ada", url, "--name", "Holidays")

    assert (done.status, done.err) == (FAILED, "not fetched: the host answers with status 404\n")
    [row] = caldavd("subscribe", "list", "--json").json
    assert (row["failures"], row["error"]) == (1, "the host answers with status 404")


def test_a_feed_is_fetched_when_that_is_wanted(
    caldavd: Shell, url: str, site: http.server.HTTPServer
) -> None:
    caldavd("subscribe", "add", "ada", url, "--name", "Holidays")
    same = caldavd("subscribe", "refresh", "ada", "Holidays")
    site.body = event(uid="a", summary="New").encode()  # type: ignore[attr-defined]

    done = caldavd("subscribe", "refresh", "ada", "Holidays")

    assert same.out == "nothing has changed\n"
    assert done.out == "0 added, 1 updated, 0 unchanged, 1 removed, 0 left out\n"


def test_a_private_address_is_not_asked_unless_that_is_allowed(
    caldavd: Shell, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CALDAVD_CALENDARS__SUBSCRIPTIONS_ALLOW_PRIVATE")

    done = caldavd("subscribe", "add", "ada", url)

    assert (done.status, done.err) == (FAILED, f"not fetched: its address is not public: {ALLOW}\n")


def test_what_is_removed_comes_back_from_the_trash(caldavd: Shell, url: str) -> None:
    caldavd("subscribe", "add", "ada", url, "--name", "Holidays")

    removed = caldavd("subscribe", "remove", "ada", "Holidays", "--yes")
    left = caldavd("subscribe", "list", "--json").json
    caldavd("calendar", "restore", "ada", "Holidays")

    assert (removed.out, left) == ("removed Holidays\n", [])
    assert [row["name"] for row in caldavd("subscribe", "list", "--json").json] == ["Holidays"]


def test_nothing_is_imported_into_it(caldavd: Shell, url: str, tmp_path: Path) -> None:
    caldavd("subscribe", "add", "ada", url, "--name", "Holidays")
    file = tmp_path / "mine.ics"
    file.write_text(event(uid="mine"))

    done = caldavd("import", file, "--user", "ada", "--calendar", "Holidays")

    assert (done.status, done.err) == (
        FAILED,
        "caldavd: Holidays is filled from a feed: import into another calendar\n",
    )


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("add", "ada", "ftp://example.com/"), MISUSED, "begins with http://"),
        (("add", "ada", "feed.ics"), MISUSED, "begins with http://"),
        (("add", "ada", "https://example.com/", "--refresh", "often"), MISUSED, "like 30m"),
        (("add", "ada", "https://example.com/", "--refresh", "1m"), FAILED, "every 300 to"),
        (("add", "ada", "https://example.com/", "--color", "red"), MISUSED, "a colour is"),
        (("add", "bob", "https://example.com/"), FAILED, "no account bob"),
        (("refresh", "ada", "calendar"), FAILED, "is no subscription"),
        (("remove", "ada", "calendar", "--yes"), FAILED, "is no subscription"),
    ],
)
def test_what_cannot_be_done_is_told(
    caldavd: Shell, arguments: tuple[str, ...], status: int, words: str
) -> None:
    done = caldavd("subscribe", *arguments)

    assert (done.status, done.out) == (status, "")
    assert words in done.err
