"""`caldavd mail`: receive, list, show, remove, test, check."""

from __future__ import annotations

import asyncio
import base64
import sys
from email import policy
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Final

import click

from caldavd import mailing
from caldavd.cli import run
from caldavd.cli.failure import FAILED
from caldavd.cli.mail_checks import told, unseen_mails
from caldavd.cli.main import Invocation
from caldavd.itip.imip import MARK, Unmailable, mailbox
from caldavd.itip.incoming_mail import addressed_to
from caldavd.service.mail_in import Fate, Received
from caldavd.settings import Config
from caldavd.store import keys, mails
from caldavd.store.engine import ReadTx, WriteTx
from caldavd.store.mails import Kept
from caldavd.workers import mail_in, smtp
from caldavd.workers.imap import NotRead
from caldavd.workers.smtp import NotSent

COLUMNS: Final = ("id", "received", "sender", "reason")


@click.command()
@click.option("--to", "recipients", metavar="ADDRESS", multiple=True, help="Whom it was for.")
@click.pass_obj
def receive(invocation: Invocation, recipients: tuple[str, ...]) -> None:
    """Take in one mail from standard input: an answer to an invitation, or an invitation.

    \b
    caldavd mail receive < message
    caldavd mail receive --to ada@example.org < message

    --to, which may be repeated, is whom the mail was delivered to; else its headers tell,
    Delivered-To before To. What cannot be read, or is not from whom it has to be from, is kept for
    `caldavd mail list`, and the status is 0: to send it again would change nothing.
    """
    config = run.settings(invocation)
    body = sys.stdin.buffer.read(config.mail.max_message_bytes + 1)

    to = recipients or addressed_to(body)

    async def work() -> Received:
        async with run.database(config) as db:
            return await mail_in.take(mailing.means_in(config, db), body, to)

    received = asyncio.run(work())
    if received.fate is Fate.DELIVERED:
        click.echo(f"taken in for {run.count(len(received.tasks), 'account')}")
    else:
        click.echo(f"{received.fate.value}: {received.reason}", err=True)


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="For scripts.")
@click.pass_obj
def list_(invocation: Invocation, as_json: bool) -> None:
    """List the mails that came and could not be used, and why: the last 500."""
    found = run.read(run.settings(invocation), mails.kept)
    rows = [
        {
            "id": one.id,
            "received": run.instant(one.received_at),
            "sender": one.sender or None,
            "reason": one.reason,
        }
        for one in found
    ]
    run.show(COLUMNS, rows, as_json)


@click.command()
@click.argument("id_", metavar="ID", type=int)
@click.pass_obj
def show(invocation: Invocation, id_: int) -> None:
    """Print one of these mails as it came, or its first 64 kB."""

    async def work(tx: ReadTx) -> Kept | None:
        return await mails.kept_one(tx, id_)

    found = run.read(run.settings(invocation), work)
    if found is None:
        raise click.ClickException(f"there is no mail {id_}: `caldavd mail list` shows them")
    click.echo(base64.b64decode(found.content), nl=False)


@click.command()
@click.argument("ids", metavar="ID...", type=int, nargs=-1, required=True)
@click.pass_obj
def remove(invocation: Invocation, ids: tuple[int, ...]) -> int:
    """Remove mails that came and could not be used."""

    async def work(tx: WriteTx) -> int:
        return await mails.remove(tx, ids)

    removed = run.write(run.settings(invocation), work)
    click.echo(f"{run.count(removed, 'mail')} removed")
    if removed == len(set(ids)):
        return 0
    click.echo("the others are not there: `caldavd mail list` shows those that are", err=True)
    return FAILED


@click.command()
@click.argument("recipient", metavar="ADDRESS")
@click.pass_obj
def test(invocation: Invocation, recipient: str) -> int:
    """Send a mail to see whether the settings of [mail] work; the status is 1 if they do not."""
    config = run.settings(invocation)
    if not config.mail.smtp_host:
        raise click.ClickException("no mail is sent: set smtp_host in [mail]")
    try:
        to = mailbox(recipient)
    except Unmailable as error:
        raise click.BadParameter(str(error), param_hint="ADDRESS") from None
    try:
        asyncio.run(_send(config, to))
    except NotSent as error:
        click.echo(f"not sent: {error.reason}", err=True)
        return FAILED
    click.echo(f"{config.mail.smtp_host} took a mail to {to}")
    return 0


@click.command()
@click.pass_obj
def check(invocation: Invocation) -> int:
    """See whether the mailbox of [mail] can be read; the status is 1 if it cannot.

    Nothing is taken in, and nothing changes there.
    """
    config = run.settings(invocation)
    if not config.mail.imap_host:
        raise click.ClickException("no mailbox is looked into: set imap_host in [mail]")
    try:
        unseen = asyncio.run(unseen_mails(config))
    except NotRead as error:
        click.echo(f"not read: {error}", err=True)
        return FAILED
    click.echo(told(config, unseen))
    return 0


@click.command("revoke-links")
@click.pass_obj
def revoke_links(invocation: Invocation) -> None:
    """Make the links in all mails that were sent useless: who has one can no longer answer by it.

    Mails that are sent from now on have new ones.
    """

    async def work(tx: WriteTx) -> bool:
        return await keys.remove(tx, keys.ANSWERS)

    revoked = run.write(run.settings(invocation), work)
    click.echo("the links in all mails are useless now" if revoked else "there are no links yet")


mail: Final = click.Group(
    "mail",
    commands=[receive, list_, show, remove, test, check, revoke_links],
    help="Take in mails, see those that could not be used, and test how mail goes out and in.",
)


async def _send(config: Config, to: str) -> None:
    letter = EmailMessage(policy=policy.SMTP)
    letter["From"] = letter[MARK] = config.mail.from_address
    letter["To"] = to
    letter["Subject"] = "A test of caldavd"
    letter["Date"] = formatdate()
    letter["Message-ID"] = make_msgid(domain=config.mail.from_address.rpartition("@")[2])
    letter["Auto-Submitted"] = "auto-generated"
    letter.set_content("Mail that this calendar server sends arrives.\n")
    async with smtp.connected(mailing.relay(config)) as connection:
        await connection.send(config.mail.from_address, to, letter)
