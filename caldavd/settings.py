"""Every setting: its key, default, bounds, and what it means, with its unit in its name."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    model_validator,
)

from caldavd.languages.codes import DEFAULT_CODE, Code
from caldavd.mail_settings import Mail
from caldavd.setting_types import FROZEN, Port, split


def _proxy(value: str) -> str:
    if value != "unix":
        ip_network(value, strict=False)
    return value


def _service_url(value: str) -> str:
    url = urlsplit(value)
    if url.scheme not in {"http", "https"} or not url.netloc:
        raise ValueError("must be http:// or https://, a host and perhaps a path")
    return value


def _path_prefix(value: str) -> str:
    if value and (not value.startswith("/") or value.endswith("/") or "//" in value):
        raise ValueError("must start with a slash and not end with one, like /caldav")
    return value


def _public_url(value: str) -> str:
    url = urlsplit(value)
    if value and (url.scheme not in {"http", "https"} or not url.netloc or url.path.strip("/")):
        raise ValueError("must be http:// or https:// and a host, with no path")
    return value.rstrip("/")


def _database_url(value: str) -> str:
    if value and urlsplit(value).scheme not in {"sqlite", "postgresql", "postgres"}:
        raise ValueError("must be empty, sqlite:///PATH or postgresql://USER@HOST/NAME")
    return value


Colour = Annotated[str, Field(pattern=r"^#[0-9A-Fa-f]{6}([0-9A-Fa-f]{2})?$")]
Proxies = Annotated[tuple[Annotated[str, AfterValidator(_proxy)], ...], BeforeValidator(split)]
Urls = Annotated[tuple[Annotated[str, AfterValidator(_service_url)], ...], BeforeValidator(split)]


class Server(BaseModel):
    """Where the server listens, and how it is reached from outside."""

    model_config = FROZEN

    host: str = Field(
        default="127.0.0.1", description="Address to listen on; 0.0.0.0 and :: mean all."
    )
    port: Port = Field(default=8008, description="TCP port to listen on.")
    socket: str = Field(
        default="",
        description="Path of a unix socket to listen on, instead of host and port. A socket "
        "handed over by systemd goes before both.",
    )
    socket_mode: str = Field(
        default="660", pattern="^[0-7]{3}$", description="Permissions of the unix socket, octal."
    )
    workers: int = Field(
        default=1, ge=1, le=256, description="Processes that serve; more than 1 needs PostgreSQL."
    )
    public_url: Annotated[str, AfterValidator(_public_url)] = Field(
        default="",
        description="Scheme and host as clients see them, like https://cal.example.org; empty: "
        "from each request.",
    )
    path_prefix: Annotated[str, AfterValidator(_path_prefix)] = Field(
        default="",
        description="Path below which a proxy shows the server, like /caldav, and which it passes "
        "on; empty: none.",
    )
    domain: str = Field(
        default="localhost",
        min_length=1,
        description="An account without an address gets NAME@ this domain.",
    )
    language: Code = Field(
        default=DEFAULT_CODE,
        description="Language of mails about meetings, and of the pages on which they are "
        "answered, for accounts that have none of their own: de, en, es, fr, it, nl or pt.",
    )
    tls_certificate: str = Field(
        default="", description="Path of the certificate chain, PEM; empty: no TLS."
    )
    tls_key: str = Field(default="", description="Path of the certificate's private key, PEM.")
    trusted_proxies: Proxies = Field(
        default=(),
        description="Addresses or networks whose X-Forwarded-* headers are believed; "
        '"unix" means whoever connects by the unix socket.',
    )
    max_body_bytes: int = Field(
        default=16_777_216, ge=65_536, description="Longest request body, in bytes."
    )
    request_timeout_s: float = Field(
        default=60, gt=0, description="Longest time one request may take, in seconds."
    )
    shutdown_timeout_s: float = Field(
        default=20,
        ge=0,
        description="Time that running requests get to finish at a stop, in seconds.",
    )

    @model_validator(mode="after")
    def _tls_is_whole(self) -> Self:
        if bool(self.tls_certificate) != bool(self.tls_key):
            raise ValueError("tls_certificate and tls_key must be set together")
        return self


class Database(BaseModel):
    """Where the data are kept."""

    model_config = FROZEN

    url: Annotated[str, AfterValidator(_database_url)] = Field(
        default="",
        repr=False,
        description="postgresql://USER:PASSWORD@HOST:PORT/NAME, or sqlite:///PATH; empty: the "
        "SQLite file caldavd.sqlite3 in the data directory.",
    )
    password_file: str = Field(
        default="", description="Path of a file that holds the password, so that the URL need not."
    )
    pool_size: int = Field(
        default=8, ge=1, le=1000, description="Connections per process, PostgreSQL only."
    )
    sqlite_synchronous: Literal["full", "normal"] = Field(
        default="full",
        description="full: what was answered with success survives a power cut; normal: faster, "
        "and the last moments may be lost.",
    )


class Limits(BaseModel):
    """What one request, one object or one user may ask for."""

    model_config = FROZEN

    max_resource_bytes: int = Field(
        default=10_485_760, ge=10_240, description="Largest calendar object, in bytes."
    )
    max_attendees_per_instance: int = Field(
        default=5_000, ge=1, description="Attendees of one event or task."
    )
    max_instances: int = Field(
        default=10_000,
        ge=100,
        description="Instances that one object may name or generate; an endless rule is not "
        "counted.",
    )
    max_xml_bytes: int = Field(
        default=4_194_304, ge=16_384, description="Longest XML body, in bytes."
    )
    max_multiget_hrefs: int = Field(
        default=10_000, ge=100, description="Objects that one multiget may name."
    )
    max_feed_bytes: int = Field(
        default=10_485_760,
        ge=10_240,
        description="Longest feed that a calendar is filled from, in bytes.",
    )
    quota_bytes: int = Field(
        default=0,
        ge=0,
        description="What a user's calendars may hold together, in bytes; 0: any amount. "
        "`caldavd user quota` sets another for one user.",
    )


class Auth(BaseModel):
    """How users prove who they are."""

    model_config = FROZEN

    realm: str = Field(
        default="caldavd",
        pattern=r'^[^"\\\x00-\x1f\x7f]+$',
        description="Realm of the login challenge.",
    )
    principals_visible: Literal["all", "own"] = Field(
        default="all",
        description="Whom a user can see and find, to share and to invite: all, or own: oneself "
        "and one's groups.",
    )
    cache_s: float = Field(
        default=86_400,
        ge=0,
        description="How long a verified login is remembered, in seconds; 0: never.",
    )
    argon2_memory_kib: int = Field(
        default=65_536, ge=8_192, description="Memory for one password hash, in KiB."
    )
    argon2_time_cost: int = Field(
        default=3, ge=1, le=100, description="Passes of one password hash."
    )
    argon2_parallelism: int = Field(
        default=4, ge=1, le=64, description="Lanes of one password hash."
    )
    hash_threads: int = Field(
        default=2, ge=1, le=64, description="Password hashes computed at the same time."
    )
    free_failures: int = Field(
        default=5,
        ge=0,
        description="Failed logins of one account or address before they are slowed.",
    )
    failure_delay_s: float = Field(
        default=1, ge=0, description="First delay after that, in seconds; it doubles each time."
    )
    max_failure_delay_s: float = Field(
        default=30, ge=0, description="Longest such delay, in seconds."
    )
    failure_memory_s: float = Field(
        default=900, ge=0, description="How long failed logins are remembered, in seconds."
    )


class Calendars(BaseModel):
    """What users find, what becomes of what is deleted, where time zones and feeds come from."""

    model_config = FROZEN

    default_calendar_name: str = Field(
        default="Calendar", description="Name of a new user's calendar; empty: none is made."
    )
    default_calendar_color: Colour = Field(
        default="#3B82F6FF", description="Its colour, #RRGGBB or #RRGGBBAA."
    )
    default_tasks_name: str = Field(
        default="Tasks", description="Name of a new user's task list; empty: none is made."
    )
    default_tasks_color: Colour = Field(
        default="#F59E0BFF", description="Its colour, #RRGGBB or #RRGGBBAA."
    )
    trash_days: int = Field(
        default=30,
        ge=0,
        description="How long a deleted calendar can be restored, in days; 0: not at all.",
    )
    timezone_services: Urls = Field(
        default=(),
        description="URLs of time zone data services (RFC 7808) that clients are sent to; empty: "
        "this server's own.",
    )
    subscriptions_allow_private: bool = Field(
        default=False,
        description="Whether feeds may come from private addresses and from any port: from the "
        "machine itself and the network that it stands in.",
    )


class Metrics(BaseModel):
    """The listener for Prometheus, apart from the clients'."""

    model_config = FROZEN

    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: Port = Field(
        default=0,
        description="TCP port to listen on; 0: off. Several workers take the ports from here on.",
    )


class Log(BaseModel):
    """What is written to standard error."""

    model_config = FROZEN

    format: Literal["text", "json"] = Field(default="text", description="text (key=value) or json.")
    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info",
        description="Least severe line that is written: debug, info, warning or error.",
    )


class Sharing(BaseModel):
    """Calendars that users share with each other."""

    model_config = FROZEN

    auto_accept_groups: bool = Field(
        default=False,
        description="Whether what is shared with a group, or with everyone, is in the homes of "
        "its members at once. Otherwise each of them is invited.",
    )


class Scheduling(BaseModel):
    """Invitations between users, and answers to them."""

    model_config = FROZEN

    enabled: bool = Field(
        default=True,
        description="Whether the server sends invitations and answers, so that clients need not.",
    )
    inbox_days: int = Field(
        default=30,
        ge=0,
        le=36_500,
        description="How long messages stay in inboxes whose clients do not remove them, in days; "
        "0: for ever.",
    )


class Config(BaseModel):
    """All settings. After load() `data` is an absolute path."""

    model_config = FROZEN

    data: Path = Field(
        default=Path(),
        description="Directory of the database; empty: $STATE_DIRECTORY, else "
        "$XDG_DATA_HOME/caldavd, else ~/.local/share/caldavd.",
    )
    server: Server = Server()
    database: Database = Database()
    limits: Limits = Limits()
    auth: Auth = Auth()
    calendars: Calendars = Calendars()
    sharing: Sharing = Sharing()
    scheduling: Scheduling = Scheduling()
    mail: Mail = Mail()
    metrics: Metrics = Metrics()
    log: Log = Log()

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if self.server.max_body_bytes < self.limits.max_resource_bytes:
            raise ValueError("[server] max_body_bytes is below [limits] max_resource_bytes")
        if self.server.workers > 1 and not self.database.url.startswith("postgres"):
            raise ValueError("[server] workers above 1 needs PostgreSQL in [database] url")
        return self
