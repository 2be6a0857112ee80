"""What each part is told of the settings."""

from __future__ import annotations

from pathlib import Path

from caldavd import config as configuration
from caldavd.acl.privileges import Privilege
from caldavd.auth.basic import AuthSettings
from caldavd.auth.failures import Slowing
from caldavd.auth.passwords import Cost
from caldavd.dav.path import Urls
from caldavd.ical.validate import Limits
from caldavd.model import Collection
from caldavd.service.accounts import Defaults
from caldavd.service.routes import Rules
from caldavd.service.schedule import Sender
from caldavd.settings import Config
from caldavd.store.engine import WriteTx


def location(config: Config) -> Path | str:
    """Where the database is: a file, or PostgreSQL's URL. Raises ConfigError."""
    url = configuration.database_url(config)
    return Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite:///") else url


def cost(config: Config) -> Cost:
    """What hashing a password costs."""
    auth = config.auth
    return Cost(auth.argon2_memory_kib, auth.argon2_time_cost, auth.argon2_parallelism)


def slowing(config: Config) -> Slowing:
    """When those who guess are slowed."""
    auth = config.auth
    return Slowing(
        auth.free_failures, auth.failure_delay_s, auth.max_failure_delay_s, auth.failure_memory_s
    )


def authentication(config: Config) -> AuthSettings:
    """How logins are verified, remembered and slowed."""
    auth = config.auth
    return AuthSettings(cost(config), slowing(config), auth.cache_s, auth.hash_threads)


def defaults(config: Config) -> Defaults:
    """What a new account finds."""
    calendars = config.calendars
    return Defaults(
        config.server.domain,
        calendars.default_calendar_name,
        calendars.default_calendar_color,
        calendars.default_tasks_name,
        calendars.default_tasks_color,
    )


def limits(config: Config) -> Limits:
    """What one calendar object may hold."""
    return Limits(
        max_bytes=config.limits.max_resource_bytes,
        max_attendees=config.limits.max_attendees_per_instance,
        max_instances=config.limits.max_instances,
    )


def rules(config: Config) -> Rules:
    """What is known of calendar user addresses."""
    return Rules(
        principals=Urls(config.server.path_prefix).principals,
        domain=config.server.domain,
        mails=bool(config.mail.smtp_host),
        quota_bytes=config.limits.quota_bytes,
        language=config.server.language,
    )


def sender(config: Config) -> Sender | None:
    """Who sends for users what an operator does; None where there is no scheduling."""
    return Sender(rules(config), _may) if config.scheduling.enabled else None


async def _may(tx: WriteTx, calendar: Collection, privilege: Privilege) -> None:
    """An operator may do all."""
