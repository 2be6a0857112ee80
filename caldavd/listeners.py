"""The sockets to serve on: handed over by systemd, a unix socket, or TCP; and TLS for them."""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import MutableMapping
from pathlib import Path
from typing import Final

from caldavd.config import ConfigError
from caldavd.settings import Server

BACKLOG: Final = 1024
_FIRST_HANDED_OVER: Final = 3

Sockets = tuple[socket.socket, ...]


def handed_over(environ: MutableMapping[str, str]) -> Sockets:
    """The sockets that systemd opened for this process (sd_listen_fds); often none.

    The variables are taken out, so that no process started from here believes them.
    """
    process = environ.pop("LISTEN_PID", "")
    count = environ.pop("LISTEN_FDS", "")
    environ.pop("LISTEN_FDNAMES", None)
    if process != str(os.getpid()) or not count.isdigit():
        return ()
    numbers = range(_FIRST_HANDED_OVER, _FIRST_HANDED_OVER + int(count))
    sockets = tuple(socket.socket(fileno=number) for number in numbers)
    for one in sockets:
        one.setblocking(False)
        os.set_inheritable(one.fileno(), False)
    return sockets


def unix(path: Path, mode: int) -> socket.socket:
    """A listening unix socket with these permissions. Raises ConfigError if one is served there."""
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        _remove_stale(path)
        before = os.umask(0o777 & ~mode)
        try:
            listening.bind(str(path))
        finally:
            os.umask(before)
        listening.listen(BACKLOG)
    except OSError as error:
        listening.close()
        raise ConfigError(f"cannot listen on {path}: {_words(error)}") from None
    listening.setblocking(False)
    return listening


def tcp(host: str, port: int, *, shared: bool) -> Sockets:
    """Listening sockets on every address of `host`. Raises ConfigError.

    Port 0 becomes one free port for all of them. `shared`: other sockets of this user may have the
    same port, and the system deals connections out (SO_REUSEPORT).
    """
    opened: list[socket.socket] = []
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, address in dict.fromkeys((one[0], one[4][0]) for one in found):
            listening = socket.socket(family, socket.SOCK_STREAM)
            opened.append(listening)
            _configure(listening, host, shared=shared)
            listening.bind((address, port))
            listening.listen(BACKLOG)
            port = listening.getsockname()[1]
    except (OSError, UnicodeError) as error:
        for one in opened:
            one.close()
        raise ConfigError(f"cannot listen on {host}, port {port}: {_words(error)}") from None
    return tuple(opened)


def port_of(sockets: Sockets) -> int:
    """The TCP port of the first socket that has one; 0 if none has."""
    for one in sockets:
        if one.family in (socket.AF_INET, socket.AF_INET6):
            return int(one.getsockname()[1])
    return 0


def tls(server: Server) -> ssl.SSLContext | None:
    """The TLS settings of the listeners; None where no certificate is set. Raises ConfigError."""
    if not server.tls_certificate:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    load_certificate(context, server)
    return context


def load_certificate(context: ssl.SSLContext, server: Server) -> None:
    """Reads the certificate and its key, for the handshakes to come. Raises ConfigError."""
    try:
        context.load_cert_chain(server.tls_certificate, server.tls_key)
    except OSError as error:  # ssl.SSLError is one
        raise ConfigError(
            f"cannot use {server.tls_certificate} with {server.tls_key}: {_words(error)}"
        ) from None


def _configure(listening: socket.socket, host: str, *, shared: bool) -> None:
    listening.setblocking(False)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if shared:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    if listening.family == socket.AF_INET6:
        # :: alone means all addresses, those of IPv4 too.
        listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(host != "::"))


def _remove_stale(path: Path) -> None:
    """Removes the socket of a process that has gone. Raises ConfigError if it has not."""
    if not path.is_socket():
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
    raise ConfigError(f"cannot listen on {path}: another process does")


def _words(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
