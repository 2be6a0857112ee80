"""Whether mail goes out and comes in, without a mail."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from caldavd import mailing
from caldavd.cli import run
from caldavd.config import ConfigError
from caldavd.doctor.report import Report
from caldavd.settings import Config
from caldavd.workers import imap, smtp
from caldavd.workers.imap import NotRead
from caldavd.workers.smtp import NotSent

OUT: Final = "mail out"
IN: Final = "mail in"


async def check_mail(config: Config, report: Report) -> None:
    """Logs in where mail is sent by and where it is read, if either is set."""
    if config.mail.smtp_host:
        await _check_out(config, report)
    if config.mail.imap_host:
        await _check_in(config, report)


async def unseen_mails(config: Config) -> int:
    """How many mails of the mailbox nobody has seen; nothing changes there.

    Raises NotRead, ConfigError.
    """
    account = replace(mailing.account(config), done="")
    async with imap.opened(account, imap.MAX_LINE) as mailbox:
        return len(await mailbox.unseen())


def told(config: Config, unseen: int) -> str:
    """What is in the mailbox, in words."""
    of = config.mail
    return f"{of.imap_folder} at {of.imap_host} has {run.count(unseen, 'unseen mail')}"


async def _check_out(config: Config, report: Report) -> None:
    of = config.mail
    where = f"{of.smtp_host}:{of.smtp_port}"
    try:
        async with smtp.connected(mailing.relay(config)) as connection:
            await connection.greet()
    except (NotSent, ConfigError) as error:
        report.doubtful(OUT, f"{where} would take no mail: {error}")
        return
    report.good(OUT, f"{where} lets the server in{f' as {of.username}' if of.username else ''}")


async def _check_in(config: Config, report: Report) -> None:
    try:
        report.good(IN, told(config, await unseen_mails(config)))
    except (NotRead, ConfigError) as error:
        report.doubtful(IN, f"the mailbox at {config.mail.imap_host} cannot be read: {error}")
