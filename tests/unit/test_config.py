"""Settings: the file, the variables, what is refused, what is shown."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest

from caldavd.config import (
    NOT_SETTINGS,
    Bootstrap,
    ConfigError,
    bootstrap,
    database_url,
    keys,
    load,
    show,
    variable,
)
from caldavd.settings import Config

TEMPLATE = Path(__file__).parents[2] / "conf" / "caldavd.toml"
HOME = {"HOME": "/home/ada"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "caldavd.toml"


def template_with_every_key_on() -> dict[str, object]:
    return tomllib.loads(re.sub(r"(?m)^#(?=[a-z0-9_]+ = )", "", TEMPLATE.read_text("utf-8")))


def refusal(text: str, file: Path, environ: dict[str, str] | None = None) -> str:
    file.write_text(text, "utf-8")
    with pytest.raises(ConfigError) as error:
        load(file, None, HOME | (environ or {}))
    return str(error.value)


def test_the_template_changes_nothing_as_it_is() -> None:
    assert load(TEMPLATE, None, HOME) == load(None, None, HOME)


def test_the_template_gives_every_default() -> None:
    assert Config.model_validate(template_with_every_key_on()) == Config()


def test_the_template_has_every_key_and_no_other() -> None:
    found = [
        (name, key)
        for name, value in template_with_every_key_on().items()
        for key in (value if isinstance(value, dict) else [""])
    ]

    assert found == [(place[0], place[1] if len(place) > 1 else "") for place in keys()]


def test_the_template_explains_every_key() -> None:
    prose = " ".join(re.sub(r"(?m)^# ?", " ", TEMPLATE.read_text("utf-8")).split())
    fields = [
        field
        for model in (Config, *(type(value) for _, value in Config()))
        if hasattr(model, "model_fields")
        for field in model.model_fields.values()
    ]

    missing = [f.description for f in fields if f.description and f.description not in prose]

    assert missing == []


def test_every_key_has_a_description() -> None:
    sections = {name: type(value) for name, value in Config() if name != "data"}

    bare = [
        f"{name}.{key}"
        for name, model in sections.items()
        for key, field in model.model_fields.items()
        if not field.description
    ]

    assert bare == []


def test_a_variable_wins_over_the_file(file: Path) -> None:
    file.write_text("[server]\nport = 1\nhost = '::1'\n", "utf-8")

    config = load(file, None, HOME | {"CALDAVD_SERVER__PORT": "2"})

    assert (config.server.host, config.server.port) == ("::1", 2)


def test_a_list_in_a_variable_has_commas() -> None:
    environ = {"CALDAVD_SERVER__TRUSTED_PROXIES": "10.0.0.0/8, ::1,unix"}

    config = load(None, None, HOME | environ)

    assert config.server.trusted_proxies == ("10.0.0.0/8", "::1", "unix")


def test_the_file_may_be_named_by_a_variable(file: Path) -> None:
    file.write_text("[log]\nformat = 'json'\n", "utf-8")

    assert load(None, None, HOME | {"CALDAVD_CONFIG": str(file)}).log.format == "json"


def test_variables_of_other_programs_are_left_alone() -> None:
    environ = {"CALDAV_URL": "x", "CALDAVD_TEST_POSTGRES": "x", "PATH": "/bin"}

    assert load(None, None, HOME | environ) == load(None, None, HOME)


UNUSABLE = {
    "an unknown key": (
        "[server]\nprot = 1",
        "{file}: unknown key prot in [server]; did you mean port?",
    ),
    "an unknown section": (
        "[servr]\nport = 1",
        "{file}: unknown section servr; did you mean server?",
    ),
    "a key above the sections": ("port = 1", "{file}: unknown key port"),
    "a port out of range": (
        "[server]\nport = 70000",
        "{file}: [server] port: input should be less than or equal to 65535, not 70000",
    ),
    "a section that is a value": ("server = 1", "{file}: server: must be a section with keys"),
    "no proxy's address": (
        "[server]\ntrusted_proxies = ['proxy']",
        "{file}: [server] trusted_proxies: 'proxy' does not appear to be an IPv4 or IPv6 network",
    ),
    "a key without its certificate": (
        "[server]\ntls_key = 'k.pem'",
        "{file}: server: tls_certificate and tls_key must be set together",
    ),
    "workers on SQLite": (
        "[server]\nworkers = 2",
        "{file}: [server] workers above 1 needs PostgreSQL in [database] url",
    ),
    "a body limit below the object limit": (
        "[server]\nmax_body_bytes = 70000",
        "{file}: [server] max_body_bytes is below [limits] max_resource_bytes",
    ),
    "another database": (
        "[database]\nurl = 'mysql://u:secret@h/n'",
        "{file}: [database] url: must be empty, sqlite:///PATH or postgresql://USER@HOST/NAME",
    ),
    "a prefix without its slash": (
        "[server]\npath_prefix = 'dav'",
        "{file}: [server] path_prefix: must start with a slash and not end with one, like /caldav",
    ),
    "a service that is no URL": (
        "[calendars]\ntimezone_services = ['tz.example.org']",
        "{file}: [calendars] timezone_services: must be http:// or https://, a host and perhaps a "
        "path",
    ),
    "a public URL with a path": (
        "[server]\npublic_url = 'https://h/dav'",
        "{file}: [server] public_url: must be http:// or https:// and a host, with no path",
    ),
    "no colour": (
        "[calendars]\ndefault_calendar_color = 'red'",
        "{file}: [calendars] default_calendar_color: string should match pattern "
        "'^#[0-9A-Fa-f]{{6}}([0-9A-Fa-f]{{2}})?$', not 'red'",
    ),
}

UNUSABLE_VARIABLES = {
    "CALDAVD_SERVER__PROT": (
        "unknown variable CALDAVD_SERVER__PROT; did you mean CALDAVD_SERVER__PORT?"
    ),
    "CALDAVD_PORT": "unknown variable CALDAVD_PORT; did you mean CALDAVD_SERVER__PORT?",
    "CALDAVD_ZZZZ": "unknown variable CALDAVD_ZZZZ",
    "CALDAVD_SERVER": "CALDAVD_SERVER: must be a section with keys",
    "CALDAVD_LOG__LEVEL": (
        "CALDAVD_LOG__LEVEL: input should be 'debug', 'info', 'warning' or 'error', not 'x'"
    ),
    "CALDAVD_SERVER__TRUSTED_PROXIES": (
        "CALDAVD_SERVER__TRUSTED_PROXIES: 'x' does not appear to be an IPv4 or IPv6 network"
    ),
    "CALDAVD_DATA__PATH": "CALDAVD_DATA__PATH: data is set to a value, so it has no keys",
}


@pytest.mark.parametrize(("text", "message"), UNUSABLE.values(), ids=UNUSABLE)
def test_a_file_that_cannot_be_used_is_refused_in_one_line(
    text: str, message: str, file: Path
) -> None:
    assert refusal(text, file) == message.format(file=file)


@pytest.mark.parametrize(("name", "message"), UNUSABLE_VARIABLES.items())
def test_a_variable_that_cannot_be_used_is_refused_by_its_name(
    name: str, message: str, file: Path
) -> None:
    assert refusal("data = '/srv'", file, {name: "x"}) == message


def test_what_is_no_toml_is_refused_with_its_line(file: Path) -> None:
    message = refusal("[server]\nport = \n", file)

    assert message.startswith(f"{file} is not TOML: ") and "line 2" in message


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot read .*none\.toml: No such file"):
        load(tmp_path / "none.toml", None, HOME)


DATA = {
    "home": (HOME, None, "/home/ada/.local/share/caldavd"),
    "XDG": (HOME | {"XDG_DATA_HOME": "/xdg"}, None, "/xdg/caldavd"),
    "systemd": (
        {"STATE_DIRECTORY": "/var/lib/caldavd:/b", "XDG_DATA_HOME": "/x"},
        None,
        "/var/lib/caldavd",
    ),
    "variable": ({"STATE_DIRECTORY": "/var", "CALDAVD_DATA": "/srv/c"}, None, "/srv/c"),
    "option": ({"CALDAVD_DATA": "/srv/c"}, Path("/opt/c"), "/opt/c"),
}


@pytest.mark.parametrize(("environ", "option", "expected"), DATA.values(), ids=DATA)
def test_the_data_directory_is_found(
    environ: dict[str, str], option: Path | None, expected: str
) -> None:
    assert load(None, option, environ).data == Path(expected)


def test_the_database_is_a_file_in_the_data_directory() -> None:
    assert database_url(load(None, Path("/srv/c"), {})) == "sqlite:////srv/c/caldavd.sqlite3"


def test_the_database_password_may_come_from_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("p@ss/w\n", "utf-8")
    environ = {
        "CALDAVD_DATABASE__URL": "postgresql://ada@db:5432/calendars",
        "CALDAVD_DATABASE__PASSWORD_FILE": str(secret),
    }

    assert database_url(load(None, None, HOME | environ)) == (
        "postgresql://ada:p%40ss%2Fw@db:5432/calendars"
    )


def test_no_password_is_shown_in_any_form() -> None:
    environ = HOME | {
        "CALDAVD_DATABASE__URL": "postgresql://ada:hunter2@db/calendars",
        "CALDAVD_BOOTSTRAP_PASSWORD": "hunter2",
    }
    config = load(None, None, environ)

    shown = [show(config, as_json=False), show(config, as_json=True)]
    shown += [repr(config), repr(bootstrap(environ))]

    assert not any("hunter2" in text for text in shown)


def test_what_is_shown_can_be_used_as_the_file(file: Path) -> None:
    config = load(TEMPLATE, Path("/srv/c"), {"CALDAVD_SERVER__TRUSTED_PROXIES": "::1"})

    file.write_text(show(config, as_json=False), "utf-8")

    assert load(file, None, {}) == config


def test_json_has_the_same_keys() -> None:
    shown = json.loads(show(load(None, None, HOME), as_json=True))

    assert (shown["server"]["port"], shown["data"]) == (8008, "/home/ada/.local/share/caldavd")


def test_the_first_account_comes_from_the_environment(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hunter2\r\nmore\n", "utf-8")
    environ = {
        "CALDAVD_BOOTSTRAP_USER": "ada",
        "CALDAVD_BOOTSTRAP_PASSWORD_FILE": str(secret),
    }

    assert bootstrap(environ) == Bootstrap("ada", "hunter2")


def test_without_variables_the_server_chooses_the_first_account() -> None:
    assert bootstrap({"CALDAVD_BOOTSTRAP_PASSWORD": ""}) == Bootstrap(None, None)


def test_two_passwords_for_the_first_account_are_refused() -> None:
    environ = {"CALDAVD_BOOTSTRAP_PASSWORD": "x", "CALDAVD_BOOTSTRAP_PASSWORD_FILE": "/y"}

    with pytest.raises(ConfigError, match="not both"):
        bootstrap(environ)


@pytest.mark.parametrize("content", [None, b"", b"\n", b"\xff\n"])
def test_a_password_file_without_a_password_is_refused(
    content: bytes | None, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    if content is not None:
        secret.write_bytes(content)

    with pytest.raises(ConfigError, match=str(secret)):
        bootstrap({"CALDAVD_BOOTSTRAP_PASSWORD_FILE": str(secret)})


@pytest.mark.parametrize("name", ["Dockerfile", "compose.yaml", "caldavd.service"])
def test_the_examples_name_only_variables_that_there_are(name: str) -> None:
    text = (TEMPLATE.parent / name).read_text("utf-8")

    named = set(re.findall(r"CALDAVD_[A-Z_]+", text))

    assert named <= {variable(place) for place in keys()} | NOT_SETTINGS


@pytest.mark.parametrize("name", ["nginx.conf", "Caddyfile"])
def test_the_proxy_examples_can_be_followed(name: str, file: Path) -> None:
    text = (TEMPLATE.parent / name).read_text("utf-8")
    settings = "\n".join(re.findall(r"(?m)^# +(\[server\]|trusted_proxies = .*)$", text))
    file.write_text(settings, "utf-8")

    assert load(file, None, HOME).server.trusted_proxies == ("127.0.0.1", "::1")
