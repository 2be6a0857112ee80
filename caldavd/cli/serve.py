"""`caldavd serve`: run the server."""

from __future__ import annotations

import os

import click

from caldavd import __version__, app, logs, parts
from caldavd import config as configuration
from caldavd.app import Prepared
from caldavd.cli import run
from caldavd.cli.main import Invocation
from caldavd.cli.user import urls
from caldavd.settings import Config


@click.command()
@click.option("--host", metavar="ADDRESS", help="Address to listen on, instead of the settings'.")
@click.option("--port", type=click.IntRange(0, 65535), help="TCP port to listen on; 0: a free one.")
@click.option(
    "--workers", type=click.IntRange(1, 256), help="Serving processes; more than 1: PostgreSQL."
)
@click.pass_obj
def serve(invocation: Invocation, host: str | None, port: int | None, workers: int | None) -> int:
    """Run the server until it is stopped (Ctrl-C, SIGTERM).

    \b
    caldavd serve
    caldavd --data /srv/caldavd serve --port 8080

    The first start makes the database and an account, and prints its password once.
    CALDAVD_BOOTSTRAP_USER and CALDAVD_BOOTSTRAP_PASSWORD[_FILE] choose them.
    """
    config = _with_options(run.settings(invocation), host=host, port=port, workers=workers)
    logs.set_up(config.log.format, config.log.level)
    prepared = app.prepare(config, configuration.bootstrap(os.environ), os.environ)
    click.echo(_greeting(prepared))
    return app.serve(prepared)


def _with_options(config: Config, **options: str | int | None) -> Config:
    """The settings with the options over them; an address goes before a socket in the settings."""
    given = {name: value for name, value in options.items() if value is not None}
    if "host" in given or "port" in given:
        given["socket"] = ""
    return config.model_copy(update={"server": config.server.model_copy(update=given)})


def _greeting(prepared: Prepared) -> str:
    config, created = prepared.config, prepared.created
    place = run.without_password(parts.location(config))
    lines = [f"caldavd {__version__}, {_address(config)}, database {place}"]
    if created is not None:
        lines += ["", f"The database had no account, so one was made: {created.principal.name}"]
        if created.password is not None:
            lines += [f"Its password, shown this once: {created.password}"]
        lines += [urls(config, created.principal.name)]
    return "\n".join(lines)


def _address(config: Config) -> str:
    if config.server.port == 0:
        return f"on {config.server.socket or 'a socket that was handed over'}"
    return f"on {run.base_url(config)}/"
