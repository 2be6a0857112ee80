"""What a command says when it cannot do what was asked: a line for each reason, and a status."""

from __future__ import annotations

from typing import Final

import click

FAILED: Final = 1
MISUSED: Final = 2
BUG: Final = 70
INTERRUPTED: Final = 130
BROKEN: Final = 141


def explain(error: Exception) -> tuple[str, int]:
    """What to say of an exception, nearly always one line, and the status to end with."""
    match error:
        case click.UsageError():
            return _misuse(error), MISUSED
        case click.ClickException():
            return f"caldavd: {_one_line(error.format_message())}", error.exit_code
        case click.exceptions.Exit():
            return "", error.exit_code
    reasons = _expected(error)
    if reasons:
        return "\n".join(f"caldavd: {_one_line(reason)}" for reason in reasons), FAILED
    return (
        f"caldavd: a bug, please report it: {type(error).__name__}: {_one_line(str(error))} "
        "(CALDAVD_DEBUG=1 shows where)"
    ), BUG


def _misuse(error: click.UsageError) -> str:
    command = error.ctx.command_path if error.ctx else "caldavd"
    if isinstance(error, click.exceptions.NoArgsIsHelpError) and error.ctx is not None:
        if error.ctx.parent is None:
            return error.format_message()
        group = error.ctx.command
        names = group.list_commands(error.ctx) if isinstance(group, click.Group) else []
        which = command.removeprefix("caldavd ")
        return f"caldavd: {which} needs a command: {', '.join(names)} (see {command} --help)"
    return f"caldavd: {_one_line(error.format_message())} (see {command} --help)"


def _expected(error: Exception) -> tuple[str, ...]:
    """The words of an error that is nobody's bug, each thing to mend apart; none of one that is."""
    # Imported here: none of them is needed to print a help text.
    from caldavd.config import ConfigError  # noqa: PLC0415
    from caldavd.errors import Failed, Refused  # noqa: PLC0415
    from caldavd.store.archive import BackupError  # noqa: PLC0415
    from caldavd.store.engine import Unavailable, WrongSchema  # noqa: PLC0415

    match error:
        case Refused() | Failed():
            return (error.reason,)
        case Unavailable():
            return (f"the database is not available: {error}",)
        case ConfigError():
            return error.reasons
        case WrongSchema() | BackupError():
            return (str(error),)
        case OSError():
            return (f"{error.filename}: {error.strerror}" if error.filename else str(error),)
    return ()


def _one_line(text: str) -> str:
    return " ".join(text.split())
