"""A real mail server on the loopback, which refuses what it is told to."""

from __future__ import annotations

import asyncio
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from caldavd.workers.smtp import Relay


@dataclass(slots=True)
class MailServer:
    """What it took, and how it answers."""

    port: int = 0
    taken: list[tuple[str, str, EmailMessage]] = field(default_factory=list)
    """Sender and recipient of the envelope, and the mail."""
    answers: dict[str, str] = field(default_factory=dict)
    """What RCPT is answered with, by recipient."""
    data_answer: str = "250 2.0.0 taken"
    silent: bool = False
    """Whether it answers DATA at all."""
    connections: int = 0

    @property
    def relay(self) -> Relay:
        return Relay("127.0.0.1", self.port, "none", timeout_s=5)

    async def handle_RCPT(
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        answer = self.answers.get(address, "250 2.1.5 well")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.silent:
            await asyncio.sleep(3_600)
        if self.data_answer.startswith("250"):
            assert isinstance(envelope.content, bytes)
            mail = message_from_bytes(envelope.content, policy=policy.default)
            assert isinstance(mail, EmailMessage) and envelope.mail_from is not None
            self.taken += [(envelope.mail_from, to, mail) for to in envelope.rcpt_tos]
        return self.data_answer


@asynccontextmanager
async def mail_server(password: str = "") -> AsyncIterator[MailServer]:
    """A mail server; with a password it takes mail from `calendar` alone."""
    handler = MailServer()

    def check(_: SMTP, __: Session, ___: Envelope, mechanism: str, given: object) -> AuthResult:
        expected = LoginPassword(b"calendar", password.encode())
        return AuthResult(success=given == expected, handled=False)

    def protocol() -> SMTP:
        handler.connections += 1
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that passwords are asked for without TLS
            made = SMTP(
                handler,
                hostname="mx.example.com",
                authenticator=check if password else None,
                auth_required=bool(password),
                auth_require_tls=False,
            )
        protocols.append(made)
        return made

    protocols: list[SMTP] = []
    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0)
    handler.port = server.sockets[0].getsockname()[1]
    try:
        yield handler
    finally:
        server.close()
        for one in protocols:
            if one.transport is not None:
                one.transport.abort()
        await asyncio.sleep(0.01)  # the transports close their sockets
