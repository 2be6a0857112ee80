"""Mails to the one mail server that takes them (RFC 5321, RFC 6409)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Final, Literal

from aiosmtplib import (
    SMTP,
    SMTPDataError,
    SMTPException,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPSenderRefused,
)

MAX_REASON: Final = 300
_FOR_GOOD: Final = 500


@dataclass(frozen=True, slots=True)
class Relay:
    """The mail server, and how it is spoken to."""

    host: str
    port: int
    tls: Literal["starttls", "tls", "none"]
    username: str = ""
    password: str = field(default="", repr=False)
    timeout_s: float = 30


class NotSent(Exception):
    """A mail was not taken; `for_good`: nor will it be if it is sent again."""

    def __init__(self, reason: str, *, for_good: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.for_good = for_good


@dataclass(frozen=True, slots=True)
class Connection:
    """An open connection to the mail server."""

    client: SMTP
    relay: Relay

    async def greet(self) -> None:
        """Says EHLO, which a server answers that is ready for mails. Raises NotSent."""
        try:
            async with asyncio.timeout(self.relay.timeout_s):
                await self.client.ehlo()
        except (OSError, SMTPException) as error:
            raise _not_sent(error, of_this_mail=False) from None

    async def send(self, sender: str, recipient: str, mail: EmailMessage) -> None:
        """Hands over one mail. Raises NotSent."""
        try:
            async with asyncio.timeout(self.relay.timeout_s):
                await self.client.sendmail(sender, [recipient], mail.as_bytes())
        except (OSError, SMTPException) as error:
            if not isinstance(error, SMTPResponseException | SMTPRecipientsRefused):
                self.client.close()  # nobody knows what the server waits for
            raise _not_sent(error, of_this_mail=True) from None


@contextlib.asynccontextmanager
async def connected(relay: Relay) -> AsyncIterator[Connection]:
    """A connection to the mail server, logged in. Raises NotSent."""
    client = SMTP(
        hostname=relay.host,
        port=relay.port,
        use_tls=relay.tls == "tls",
        start_tls=relay.tls == "starttls",
        username=relay.username or None,
        password=relay.password or None,
        timeout=relay.timeout_s,
    )
    try:
        async with asyncio.timeout(relay.timeout_s):
            await client.connect()
    except (OSError, ValueError, SMTPException) as error:
        client.close()
        raise _not_sent(error, of_this_mail=False) from None
    try:
        yield Connection(client, relay)
    finally:
        await _leave(client)


async def _leave(client: SMTP) -> None:
    try:
        async with asyncio.timeout(2):
            await client.quit()
    except (OSError, SMTPException):
        pass
    finally:
        client.close()


def _not_sent(error: Exception, *, of_this_mail: bool) -> NotSent:
    """Why, and whether for good: what is wrong with the connection is not wrong with the mail."""
    match error:
        case SMTPRecipientsRefused() if error.recipients:
            code, text = error.recipients[0].code, error.recipients[0].message
        case SMTPResponseException():
            code, text = error.code, error.message
        case _:
            return NotSent(_shown(f"{type(error).__name__}: {error}".removesuffix(": ")))
    judged = isinstance(error, SMTPRecipientsRefused | SMTPSenderRefused | SMTPDataError)
    return NotSent(_shown(f"{code} {text}"), for_good=of_this_mail and judged and code >= _FOR_GOOD)


def _shown(text: str) -> str:
    return " ".join(text.split())[:MAX_REASON]
