"""The settings of mail, out and in."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, Field, model_validator

from caldavd.setting_types import FROZEN, Port, Strings


def _mail_address(value: str) -> str:
    local, _, domain = value.rpartition("@")
    if value and not (local and domain and value.isascii() and value.isprintable()):
        raise ValueError("must be a mail address, like calendar@example.org")
    if any(sign in value for sign in ' <>,;"'):
        raise ValueError("must be a mail address alone, without a name")
    return value.lower()


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _lmtp(value: str) -> str:
    if not value or value.startswith("/"):
        return value
    host, _, port = value.rpartition(":")
    if not _is_this_machine(host.strip("[]")) or not port.isdecimal() or int(port) > 65_535:
        raise ValueError(
            "must be the path of a socket, or an address of this machine and a port: whoever can "
            "reach it can say that a mail is from anybody"
        )
    return value


class Mail(BaseModel):
    """Invitations and answers by mail, out and in."""

    model_config = FROZEN

    smtp_host: str = Field(
        default="",
        description="Mail server that takes what is sent; empty: nothing is sent by mail.",
    )
    smtp_port: Port = Field(default=587, description="Its TCP port.")
    tls: Literal["starttls", "tls", "none"] = Field(
        default="starttls",
        description="starttls (port 587), tls from the first octet (port 465), or none, which is "
        "for a mail server on this machine.",
    )
    username: str = Field(default="", description="Login there; empty: none.")
    password: str = Field(default="", repr=False, description="Its password.")
    password_file: str = Field(
        default="", description="Path of a file that holds the password, instead of it."
    )
    from_address: Annotated[str, AfterValidator(_mail_address)] = Field(
        default="", description="Mail address of the server: its mails are from there."
    )
    reply_to: Annotated[str, AfterValidator(_mail_address)] = Field(
        default="",
        description="Where people's programs answer to: an address whose mails reach this server; "
        "empty: the address of whoever invites.",
    )
    from_users: bool = Field(
        default=False,
        description="Whether mails for users in the domain of from_address are from their own "
        "addresses: only where the mail server lets this login send for all of them.",
    )
    timeout_s: float = Field(
        default=30, gt=0, le=120, description="Longest time to send one mail, in seconds."
    )
    connections: int = Field(
        default=2, ge=1, le=20, description="Connections to the mail server at the same time."
    )
    per_minute: int = Field(default=120, ge=1, description="Most mails in a minute.")
    give_up_h: int = Field(
        default=48,
        ge=1,
        description="How long a mail that the mail server cannot take now is tried, in hours.",
    )
    lmtp: Annotated[str, AfterValidator(_lmtp)] = Field(
        default="",
        description="Where a mail server hands over what arrives (LMTP): the path of a unix "
        "socket, or an address of this machine and a port, like 127.0.0.1:2400; empty: nowhere.",
    )
    imap_host: str = Field(
        default="",
        description="Server of a mailbox that is looked into for what arrives (IMAP); empty: none.",
    )
    imap_port: Port = Field(default=993, description="Its TCP port.")
    imap_tls: Literal["tls", "starttls", "none"] = Field(
        default="tls",
        description="tls from the first octet (port 993), starttls (port 143), or none, which is "
        "for a server on this machine.",
    )
    imap_username: str = Field(default="", description="Login there.")
    imap_password: str = Field(default="", repr=False, description="Its password.")
    imap_password_file: str = Field(
        default="", description="Path of a file that holds the password, instead of it."
    )
    imap_folder: str = Field(
        default="INBOX", min_length=1, description="Folder whose unseen mails are taken in."
    )
    imap_done_folder: str = Field(
        default="",
        description="Folder that mails are moved to once they are taken in; empty: they stay, "
        "and are marked as seen.",
    )
    imap_every_s: float = Field(
        default=60, ge=5, le=86_400, description="How often it is looked into, in seconds."
    )
    answer_link_days: int = Field(
        default=365,
        ge=0,
        le=3_650,
        description="How long the links in invitations are good by which people answer without "
        "an account; 0: there are none, nor without [server] public_url.",
    )
    trusted_senders: Strings = Field(
        default=(),
        description="Addresses of other calendar servers that may speak for everybody in their "
        "own domain.",
    )
    max_message_bytes: int = Field(
        default=4_194_304, ge=65_536, description="Longest mail that is taken in, in bytes."
    )

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.smtp_host and not self.from_address:
            raise ValueError("smtp_host needs from_address, the server's own mail address")
        if self.password and self.password_file:
            raise ValueError("set password or password_file, not both")
        if bool(self.username) != bool(self.password or self.password_file):
            raise ValueError("username and password (or password_file) must be set together")
        if self.username and self.tls == "none" and not _is_this_machine(self.smtp_host):
            raise ValueError("a password is sent over TLS only: set tls to starttls or tls")
        return self

    @model_validator(mode="after")
    def _mailbox_is_whole(self) -> Self:
        if not self.imap_host:
            return self
        if self.imap_password and self.imap_password_file:
            raise ValueError("set imap_password or imap_password_file, not both")
        if not self.imap_username or not (self.imap_password or self.imap_password_file):
            raise ValueError(
                "imap_host needs imap_username and imap_password (or imap_password_file)"
            )
        if self.imap_tls == "none" and not _is_this_machine(self.imap_host):
            raise ValueError("a password is sent over TLS only: set imap_tls to tls or starttls")
        if self.imap_done_folder == self.imap_folder:
            raise ValueError("imap_done_folder must be another folder than imap_folder")
        return self
