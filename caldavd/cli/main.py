"""The `caldavd` command: its options that stand before a command, and the table of commands."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from typing import Final, cast

import click

from caldavd import __version__
from caldavd.cli.failure import BROKEN, INTERRUPTED, explain

EPILOG: Final = """\b
Start here:
  caldavd serve                     run the server; the first start makes an account
  caldavd user add ada              make another account
  caldavd import old.ics --user ada --calendar work --create
  caldavd doctor --user ada         test the running server as a client would

Every command has its own --help. For completion in bash (zsh and fish likewise):

\b
  eval "$(_CALDAVD_COMPLETE=bash_source caldavd)"
"""


@dataclass(frozen=True, slots=True)
class Invocation:
    """What was said before the command."""

    file: Path | None
    data: Path | None


@dataclass(frozen=True, slots=True)
class Entry:
    """A command: where it is, and its line in the list of commands."""

    name: str
    module: str
    attribute: str
    help: str


COMMANDS: Final = (
    Entry("serve", "caldavd.cli.serve", "serve", "Run the server."),
    Entry("user", "caldavd.cli.user", "user", "Accounts: add, list, passwd, disable, remove."),
    Entry(
        "app-password",
        "caldavd.cli.app_password",
        "app_password",
        "Passwords for single devices: add, list, revoke.",
    ),
    Entry("group", "caldavd.cli.group", "group", "Groups: add, list, remove, and their members."),
    Entry(
        "delegate",
        "caldavd.cli.delegate",
        "delegate",
        "Who may act for a user: add, list, remove.",
    ),
    Entry("room", "caldavd.cli.room", "room", "Rooms and resources: add, set, list, remove."),
    Entry("acl", "caldavd.cli.acl", "acl", "Who may do what with calendars: show, set, remove."),
    Entry(
        "share",
        "caldavd.cli.share",
        "share",
        "Calendars in the homes of others: add, list, remove, accept, decline.",
    ),
    Entry(
        "availability",
        "caldavd.cli.availability",
        "availability",
        "Working hours, for whoever invites: set, show, remove.",
    ),
    Entry("calendar", "caldavd.cli.calendar", "calendar", "Calendars: add, list, remove, restore."),
    Entry(
        "publish",
        "caldavd.cli.publish",
        "publish_",
        "Links to calendars for everybody: add, list, remove.",
    ),
    Entry(
        "subscribe",
        "caldavd.cli.subscribe",
        "subscribe_",
        "Calendars that are filled from feeds: add, list, refresh, remove.",
    ),
    Entry("mail", "caldavd.cli.mail", "mail", "Mail: receive, list, show, remove, test."),
    Entry("tasks", "caldavd.cli.tasks", "tasks_", "What waits to be sent: list, retry, remove."),
    Entry("import", "caldavd.cli.import_", "import_", "Bring .ics files into a calendar."),
    Entry("export", "caldavd.cli.export", "export", "Write calendars as .ics files."),
    Entry("backup", "caldavd.cli.backup", "backup", "Copy the database while the server runs."),
    Entry("restore", "caldavd.cli.backup", "restore", "Put a backup in place of the database."),
    Entry("db", "caldavd.cli.db", "db", "The database's schema: upgrade, current, check."),
    Entry("config", "caldavd.cli.config", "config", "The settings: show, check."),
    Entry("doctor", "caldavd.cli.doctor", "doctor", "Test the running server as a client would."),
)


class Commands(click.Group):
    """Imports a command only when it is named, so that the rest stays quick."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of the table."""
        return [entry.name for entry in COMMANDS]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name."""
        for entry in COMMANDS:
            if entry.name == cmd_name:
                return cast("click.Command", getattr(import_module(entry.module), entry.attribute))
        return None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the first word names. Raises UsageError with one that is spelled alike.

        Older versions of Click name none, and newer ones none that is not imported.
        """
        names, name = self.list_commands(ctx), args[0]
        if name in names or name.startswith("-") or ctx.resilient_parsing:
            return super().resolve_command(ctx, args)
        near = get_close_matches(name, names, n=1)
        hint = f", did you mean {near[0]}?" if near else ""
        raise click.UsageError(f"No such command '{name}'{hint}", ctx)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, from the table alone."""
        with formatter.section("Commands"):
            formatter.write_dl([(entry.name, entry.help) for entry in COMMANDS])


@click.command(
    cls=Commands,
    name="caldavd",
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--config",
    "file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Settings file, instead of $CALDAVD_CONFIG or /etc/caldavd/caldavd.toml.",
)
@click.option(
    "--data",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="Directory of the database, instead of the one in the settings.",
)
@click.version_option(__version__, "--version", prog_name="caldavd", message="%(prog)s %(version)s")
@click.pass_context
def caldavd(context: click.Context, file: Path | None, data: Path | None) -> None:
    """A CalDAV server: calendars and tasks for every client.

    --config and --data stand before the command and mean the same for all of them. Commands work
    whether or not the server is running.
    """
    context.obj = Invocation(file, data)


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs a command and ends the process: 0, or one line on standard error and another status."""
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Runs a command; returns the status to end with."""
    debug = os.environ.get("CALDAVD_DEBUG", "") not in {"", "0"}
    try:
        status = caldavd.main(arguments, prog_name="caldavd", standalone_mode=False)
        sys.stdout.flush()
        return status if isinstance(status, int) else 0
    except (KeyboardInterrupt, click.Abort):
        click.echo("caldavd: interrupted", err=True)
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output has gone, as in `caldavd ... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN
    except Exception as error:
        if debug:
            raise
        line, status = explain(error)
        click.echo(line, err=True)
        return status
