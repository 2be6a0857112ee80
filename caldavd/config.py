"""Reading the settings: one TOML file and CALDAVD_* variables, once, into a frozen Config.

A variable wins over the file and is named after its key: CALDAVD_SERVER__PORT is `port` in
`[server]`, CALDAVD_DATA is `data` above the first section. Lists are comma-separated there.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit, urlunsplit

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from caldavd.settings import Config

PREFIX: Final = "CALDAVD_"
SYSTEM_FILE: Final = Path("/etc/caldavd/caldavd.toml")
NOT_SETTINGS: Final = frozenset(
    {
        "CALDAVD_CONFIG",
        "CALDAVD_DEBUG",
        "CALDAVD_BOOTSTRAP_USER",
        "CALDAVD_BOOTSTRAP_PASSWORD",
        "CALDAVD_BOOTSTRAP_PASSWORD_FILE",
        "CALDAVD_TEST_POSTGRES",
        "CALDAVD_TEST_RUN",
    }
)
"""CALDAVD_* variables that name no key of the file."""

MASK: Final = "********"

Place = tuple[str, ...]
"""A key and the section before it."""


class ConfigError(Exception):
    """The configuration cannot be used; each reason is one line that says where and why."""

    def __init__(self, *reasons: str) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = reasons


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """The first account, as the environment wants it; what is None the server chooses."""

    user: str | None = None
    password: str | None = field(default=None, repr=False)


def load(file: Path | None, data: Path | None, environ: Mapping[str, str]) -> Config:
    """The settings from `file`, else $CALDAVD_CONFIG, else the system's file if there is one.

    `data` goes before every other choice of the data directory. Raises ConfigError.
    """
    source = _source(file, environ)
    values = _read(source) if source else {}
    origins = _add_variables(values, environ)
    if data is not None:
        values["data"] = str(data)
    try:
        config = Config.model_validate(values)
    except ValidationError as error:
        raise ConfigError(*(_explain(one, source, origins) for one in error.errors())) from None
    directory = _data_directory(config.data, environ)
    return config.model_copy(update={"data": directory})


def bootstrap(environ: Mapping[str, str]) -> Bootstrap:
    """The first account's name and password, if the environment gives them."""
    password = environ.get("CALDAVD_BOOTSTRAP_PASSWORD") or None
    file = environ.get("CALDAVD_BOOTSTRAP_PASSWORD_FILE") or None
    if password and file:
        raise ConfigError(
            "set CALDAVD_BOOTSTRAP_PASSWORD or CALDAVD_BOOTSTRAP_PASSWORD_FILE, not both"
        )
    if file:
        password = _secret(Path(file), "CALDAVD_BOOTSTRAP_PASSWORD_FILE")
    return Bootstrap(environ.get("CALDAVD_BOOTSTRAP_USER") or None, password)


def database_url(config: Config) -> str:
    """The database's URL, whole: the default file named, the password of password_file in it."""
    if not config.database.url:
        return f"sqlite:///{config.data / 'caldavd.sqlite3'}"
    if not config.database.password_file:
        return config.database.url
    password = _secret(Path(config.database.password_file), "[database] password_file")
    return _with_password(config.database.url, quote(password, safe=""))


def mail_password(config: Config) -> str:
    """The password at the mail server, as it is or from its file; empty if there is none.

    Raises ConfigError.
    """
    if not config.mail.password_file:
        return config.mail.password
    return _secret(Path(config.mail.password_file), "[mail] password_file")


def mailbox_password(config: Config) -> str:
    """The password of the mailbox, as it is or from its file; empty if there is none.

    Raises ConfigError.
    """
    if not config.mail.imap_password_file:
        return config.mail.imap_password
    return _secret(Path(config.mail.imap_password_file), "[mail] imap_password_file")


def show(config: Config, as_json: bool) -> str:
    """The settings in force as TOML or JSON, without passwords."""
    values = config.model_dump(mode="json")
    if urlsplit(config.database.url).password:
        values["database"]["url"] = _with_password(config.database.url, MASK)
    for key in ("password", "imap_password"):
        if values["mail"][key]:
            values["mail"][key] = MASK
    return json.dumps(values, indent=2) if as_json else "\n".join(_toml(values))


def variable(place: Place) -> str:
    """The name of the environment variable for a key."""
    return PREFIX + "__".join(place).upper()


def keys() -> Iterator[Place]:
    """Every key there is, those above the first section first."""
    for name, value in Config():
        if hasattr(value, "model_fields_set"):
            yield from ((name, key) for key, _ in value)
        else:
            yield (name,)


def _source(file: Path | None, environ: Mapping[str, str]) -> Path | None:
    if file is not None:
        return file
    if named := environ.get("CALDAVD_CONFIG"):
        return Path(named)
    return SYSTEM_FILE if SYSTEM_FILE.exists() else None


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot read {file}: {error.strerror}") from None
    except ValueError as error:  # not UTF-8, or not TOML
        raise ConfigError(f"{file} is not TOML: {error}") from None


def _add_variables(values: dict[str, Any], environ: Mapping[str, str]) -> dict[Place, str]:
    """Puts the variables over the file's values; returns which variable set which place."""
    origins: dict[Place, str] = {}
    for name in sorted(environ):
        if not name.startswith(PREFIX) or name in NOT_SETTINGS:
            continue
        place = tuple(name.removeprefix(PREFIX).lower().split("__"))
        section = values
        for part in place[:-1]:
            section = section.setdefault(part, {})
            if not isinstance(section, dict):
                raise ConfigError(f"{name}: {part} is set to a value, so it has no keys")
        section[place[-1]] = environ[name]
        origins[place] = name
    return origins


def _explain(error: ErrorDetails, file: Path | None, origins: Mapping[Place, str]) -> str:
    """One line: the file or variable, the key, what is wrong with it."""
    place = tuple(str(part) for part in error["loc"])
    unknown = error["type"] == "extra_forbidden"
    name = _origin(place, unknown, origins)
    if name:
        known = [variable(key) for key in keys()]
        return _unknown(name, known, "variable", "") if unknown else f"{name}: {_reason(error)}"
    where = f"{file}: " if file else ""
    if unknown:
        siblings = {key[len(place) - 1] for key in keys() if key[: len(place) - 1] == place[:-1]}
        kind = "key" if len(place) > 1 or not isinstance(error["input"], dict) else "section"
        return _unknown(place[-1], sorted(siblings), kind, where, place[:-1])
    return f"{where}{_written(place)}{_reason(error)}"


def _origin(place: Place, unknown: bool, origins: Mapping[Place, str]) -> str | None:
    """The variable that set what is at a place, or set anything in an unknown section."""
    for at, name in origins.items():
        if place[: len(at)] == at or (unknown and at[: len(place)] == place):
            return name
    return None


def _unknown(name: str, choices: list[str], kind: str, where: str, section: Place = ()) -> str:
    near = get_close_matches(name, choices, n=1, cutoff=0.7)
    inside = f" in [{section[0]}]" if section else ""
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"{where}unknown {kind} {name}{inside}{hint}"


def _written(place: Place) -> str:
    match place:
        case ():
            return ""
        case (key,):
            return f"{key}: "
        case (section, key, *_):
            return f"[{section}] {key}: "
    return ""


def _reason(error: ErrorDetails) -> str:
    if error["type"] == "model_type":
        return "must be a section with keys"
    text = error["msg"].removeprefix("Value error, ")
    given = error["input"]
    if isinstance(given, str | int | float) and not error["type"].startswith("value_error"):
        text += f", not {given!r}"
    return text[:1].lower() + text[1:]


def _data_directory(configured: Path, environ: Mapping[str, str]) -> Path:
    """An absolute path: as configured, else systemd's, else the user's own."""
    if configured != Path():
        return configured.expanduser().absolute()
    if state := environ.get("STATE_DIRECTORY"):
        return Path(state.split(":")[0])
    if share := environ.get("XDG_DATA_HOME"):
        return Path(share).absolute() / "caldavd"
    home = environ.get("HOME")
    return (Path(home) if home else Path.home()) / ".local" / "share" / "caldavd"


def _secret(file: Path, setting: str) -> str:
    """The first line of a file."""
    try:
        secret = file.read_text("utf-8").partition("\n")[0].rstrip("\r")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ConfigError(f"{setting}: cannot read {file}: {reason}") from None
    if not secret:
        raise ConfigError(f"{setting}: the first line of {file} is empty")
    return secret


def _with_password(url: str, password: str) -> str:
    parts = urlsplit(url)
    account, _, host = parts.netloc.rpartition("@")
    user = account.partition(":")[0]
    return urlunsplit(parts._replace(netloc=f"{user}:{password}@{host}"))


def _toml(values: Mapping[str, Any]) -> Iterator[str]:
    sections = {name: value for name, value in values.items() if isinstance(value, dict)}
    for name, value in values.items():
        if name not in sections:
            yield f"{name} = {json.dumps(value, ensure_ascii=False)}"
    for name, section in sections.items():
        yield f"\n[{name}]"
        for key, value in section.items():
            yield f"{key} = {json.dumps(value, ensure_ascii=False)}"
