"""`caldavd doctor`."""

from __future__ import annotations

import asyncio
import secrets
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final
from urllib.parse import urlsplit

import click

from caldavd import clock
from caldavd.auth import passwords
from caldavd.cli import run
from caldavd.cli.failure import FAILED
from caldavd.cli.mail_checks import check_mail
from caldavd.cli.main import Invocation
from caldavd.doctor.client import Credentials
from caldavd.doctor.examine import examine
from caldavd.doctor.remedies import PROXIES, Remedy, remedy
from caldavd.doctor.report import Finding, Grade, Report
from caldavd.errors import Failed
from caldavd.model import Principal
from caldavd.service import named
from caldavd.settings import Config
from caldavd.store import collections, ids, principals
from caldavd.store.engine import Database, Unavailable, WriteTx, WrongSchema
from caldavd.store.principals import AppPassword

COLOURS: Final = {Grade.GOOD: "green", Grade.DOUBTFUL: "yellow", Grade.BAD: "red"}


@click.command()
@click.option("--user", "user", metavar="USER", required=True, help="The account to test with.")
@click.option("--url", metavar="URL", help="As clients are given it; from the settings if not.")
@click.option(
    "--password-stdin",
    is_flag=True,
    help="Log in with a password from standard input or, at a terminal, asked for.",
)
@click.option("--insecure", is_flag=True, help="Take any certificate.")
@click.option("--proxy", type=click.Choice(PROXIES), help="Show only the lines for this proxy.")
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
@click.pass_obj
def doctor(
    invocation: Invocation,
    user: str,
    url: str | None,
    password_stdin: bool,
    insecure: bool,
    proxy: str | None,
    as_json: bool,
) -> int:
    """Test the running server as a client would, through its proxy, and say what is wrong.

    It makes a calendar, writes to it, synchronises and deletes it. Unless a password is given it
    makes an app password for itself and revokes it at the end. Away from the server's database a
    test with a password leaves its calendar in the trash. Where mail is set up, it logs in to the
    mail server and to the mailbox, and sends nothing.

    \b
    caldavd doctor --user ada --url https://cal.example.org
    caldavd doctor --user ada --url https://example.org/caldav --proxy nginx

    The status is 0 if nothing failed.
    """
    config = run.settings(invocation)
    base = _base(url or run.base_url(config))
    heard: Callable[[Finding], None] = _ignore if as_json else _print
    name = f"caldavd-doctor-{secrets.token_hex(4)}"

    async def examined() -> Report:
        if password_stdin:
            login = Credentials(user, password)
            report = await examine(base, login, name, heard, insecure=insecure)
            await _clean_here(config, user, name)
            return report
        async with run.database(config) as db, _app_password(db, user, name) as login:
            return await examine(base, login, name, heard, insecure=insecure)

    async def work() -> Report:
        report = await examined()
        await check_mail(config, report)
        return report

    password = _password(user) if password_stdin else ""
    report = asyncio.run(work())
    remedies = [remedy(cure, *_origin_and_prefix(base)) for cure in report.cures()]
    if as_json:
        run.show_json(_json(base, report, remedies))
    else:
        _conclude(report, remedies, (proxy,) if proxy else PROXIES)
    return 0 if report.healthy else FAILED


@asynccontextmanager
async def _app_password(db: Database, user: str, label: str) -> AsyncIterator[Credentials]:
    """A login for the time of the test; what the test left in the trash goes with it."""
    drawn = passwords.draw()
    new = AppPassword(ids.new(), label, passwords.hash_drawn(drawn), clock.now(), None)

    async def add(tx: WriteTx) -> Principal:
        account = await named.account(tx, user)
        await principals.add_app_password(tx, account.id, new)
        return account

    account = await db.write(add)
    try:
        yield Credentials(account.name, drawn)
    finally:
        await db.write(lambda tx: _clean(tx, account, label))


async def _clean_here(config: Config, user: str, label: str) -> None:
    """Empties the trash of what the test left, where the database is within reach.

    It is not where the server runs elsewhere, or belongs to somebody else; there it goes in time.
    """
    out_of_reach = (click.ClickException, Unavailable, WrongSchema, Failed, OSError)
    with suppress(*out_of_reach):
        async with run.database(config) as db:
            account = await db.read(lambda tx: named.account(tx, user))
            await db.write(lambda tx: _purge(tx, account, label))


async def _clean(tx: WriteTx, account: Principal, label: str) -> None:
    await principals.revoke_app_password(tx, account.id, label)
    await _purge(tx, account, label)


async def _purge(tx: WriteTx, account: Principal, label: str) -> None:
    for one in await collections.trashed(tx, account.id):
        if one.name == label:
            await collections.purge(tx, one.id)


def _password(user: str) -> str:
    terminal = sys.stdin.isatty()
    return run.ask_password(f"Password of {user}", from_stdin=not terminal, twice=False)


def _base(url: str) -> str:
    """The URL without what stands below the server's own prefix."""
    text = url if "://" in url else f"https://{url}"
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise click.BadParameter(f"{url} is not like https://cal.example.org", param_hint="--url")
    path = parts.path.rstrip("/")
    path = path.removesuffix("/.well-known/caldav").partition("/dav/")[0].removesuffix("/dav")
    return f"{parts.scheme}://{parts.netloc}{path}"


def _origin_and_prefix(base: str) -> tuple[str, str]:
    parts = urlsplit(base)
    return f"{parts.scheme}://{parts.netloc}", parts.path


def _ignore(_: Finding) -> None:
    """JSON is printed at the end."""


def _print(finding: Finding) -> None:
    grade = click.style(f"{finding.grade.value:8}", fg=COLOURS[finding.grade])
    click.echo(f"{grade}{finding.check:11} {finding.text}")


def _conclude(report: Report, remedies: list[Remedy], proxies: tuple[str, ...]) -> None:
    for one in remedies:
        click.echo(f"\n{one.words}")
        for proxy in proxies:
            if proxy in one.lines:
                indented = "\n".join(f"    {line}" for line in one.lines[proxy].split("\n"))
                click.echo(f"  {proxy}:\n{indented}")
    if report.healthy:
        click.echo("\nthe server is well")


def _json(base: str, report: Report, remedies: list[Remedy]) -> dict[str, object]:
    return {
        "url": base,
        "healthy": report.healthy,
        "findings": [
            {"check": one.check, "grade": one.grade.value, "text": one.text}
            for one in report.findings
        ],
        "remedies": [{"words": one.words, "lines": dict(one.lines)} for one in remedies],
    }
