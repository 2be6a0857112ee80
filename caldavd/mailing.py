"""Mail, out and in, of the settings; apart from the other parts, which need no SMTP."""

from __future__ import annotations

from collections.abc import Coroutine
from dataclasses import replace
from functools import partial
from typing import Any, Final

from caldavd import clock, parts
from caldavd import config as configuration
from caldavd.dav.path import Urls
from caldavd.metrics import Metrics
from caldavd.service.mail_in import Rules
from caldavd.settings import Config
from caldavd.store.engine import Database
from caldavd.workers import imap, mail, mail_in, mailbox, runner
from caldavd.workers.lmtp import Lmtp
from caldavd.workers.mail import Mailer, Pace
from caldavd.workers.mailbox import Poller
from caldavd.workers.outgoing import Identity
from caldavd.workers.smtp import Relay

LOOK_EVERY_S: Final = 5


def relay(config: Config) -> Relay:
    """The mail server that takes what is sent. Raises ConfigError."""
    of = config.mail
    password = configuration.mail_password(config)
    return Relay(of.smtp_host, of.smtp_port, of.tls, of.username, password, of.timeout_s)


def means(config: Config, db: Database) -> mail.Means:
    """What mails are sent with. Raises ConfigError."""
    of = config.mail
    identity = Identity(
        of.from_address,
        of.reply_to,
        of.from_users,
        pages(config),
        of.answer_link_days * 86_400,
        config.server.language,
    )
    pace = Pace(of.connections, of.per_minute, of.give_up_h * 3_600)
    return mail.Means(db, clock.now, relay(config), identity, pace, parts.rules(config))


def pages(config: Config) -> str:
    """The URL that pages begin with on which invitations are answered; empty: there are none."""
    server = config.server
    if not server.public_url or not config.mail.answer_link_days:
        return ""
    return f"{server.public_url}{Urls(server.path_prefix).rsvp}"


def means_in(config: Config, db: Database) -> mail_in.Means:
    """What mails are taken in with."""
    of = config.mail
    trusted = frozenset(one.lower() for one in of.trusted_senders)
    rules = Rules(of.from_address, trusted, parts.limits(config))
    return mail_in.Means(db, clock.now, rules, of.max_message_bytes)


def account(config: Config) -> imap.Account:
    """The mailbox that is looked into. Raises ConfigError."""
    of = config.mail
    return imap.Account(
        of.imap_host,
        of.imap_port,
        of.imap_tls,
        of.imap_username,
        configuration.mailbox_password(config),
        of.imap_folder,
        of.imap_done_folder,
    )


def works(
    config: Config, db: Database, number: int, metrics: Metrics
) -> list[Coroutine[Any, Any, None]]:
    """What is done for mail for as long as the server runs: nothing, unless it is set up.

    By the first of its processes: several would hold to the mail server's bounds each for itself.
    """
    found: list[Coroutine[Any, Any, None]] = []
    if number > 0:
        return found
    if config.mail.smtp_host:
        mailer = Mailer(means(config, db))
        found.append(runner.run(runner.Periodic("mail", LOOK_EVERY_S, mailer.work)))
    into = replace(means_in(config, db), count=lambda fate: metrics.count_mail(fate.value))
    if config.mail.imap_host:
        every_s = config.mail.imap_every_s
        poller = Poller(mailbox.Means(account(config), into, every_s, metrics.count_look))
        found.append(runner.run(runner.Periodic("mailbox", every_s, poller.work)))
    if config.mail.lmtp:
        take = partial(mail_in.take, into)
        listener = Lmtp(take, config.mail.max_message_bytes)
        found.append(listener.serve(config.mail.lmtp))
    return found
