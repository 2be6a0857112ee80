"""The certificate and key of the TLS listeners, looked at before anybody connects."""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from caldavd import listeners
from caldavd.config import ConfigError
from caldavd.settings import Server

SOON_DAYS: Final = 14
_PEM: Final = re.compile("-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)
_VERSION: Final = 0xA0
_UTC_TIME: Final = 0x17
_LONG: Final = 0x80


@dataclass(frozen=True, slots=True)
class Found:
    """What an operator should know of a certificate; the warning is often empty."""

    valid: bool = True
    warning: str = ""


def look(server: Server, now: int) -> Found:
    """What there is to say of the certificate of the settings.

    Raises ConfigError where it or its key is missing, cannot be read, or is not the other's.
    """
    if not server.tls_certificate:
        return Found()
    for setting, path in (("tls_certificate", server.tls_certificate), ("tls_key", server.tls_key)):
        _require_readable(setting, path)
    listeners.tls(server)
    begins, ends = _times(server.tls_certificate)
    if now < begins:
        return Found(False, f"{server.tls_certificate} is not valid before {_day(begins)}")
    if now >= ends:
        return Found(False, f"{server.tls_certificate} expired on {_day(ends)}")
    if now >= ends - SOON_DAYS * 86_400:
        return Found(True, f"{server.tls_certificate} expires on {_day(ends)}")
    return Found()


def _require_readable(setting: str, path: str) -> None:
    try:
        with Path(path).open("rb") as file:
            file.read(1)
    except OSError as error:
        raise ConfigError(f"[server] {setting}: cannot read {path}: {error.strerror}") from None


def _times(path: str) -> tuple[float, float]:
    """From when to when the first certificate of a file is valid, in epoch seconds."""
    found = _PEM.search(Path(path).read_text("latin-1"))
    if found is None:  # OpenSSL has read it a moment ago
        raise ConfigError(f"[server] tls_certificate: {path} holds no certificate")
    der = ssl.PEM_cert_to_DER_cert(found[0])
    _, certificate, _ = _element(der, 0)
    _, at, _ = _element(der, certificate)
    if _element(der, at)[0] == _VERSION:
        at = _element(der, at)[2]
    for _ in ("serial number", "signature", "issuer"):
        at = _element(der, at)[2]
    _, first, _ = _element(der, at)
    kind, start, end = _element(der, first)
    begins = _instant(kind, der[start:end])
    kind, start, end = _element(der, end)
    return begins, _instant(kind, der[start:end])


def _element(der: bytes, at: int) -> tuple[int, int, int]:
    """The tag of the DER element at a place, where its content begins, and where it ends."""
    tag, length, at = der[at], der[at + 1], at + 2
    if length >= _LONG:
        size = length - _LONG
        length, at = int.from_bytes(der[at : at + size]), at + size
    return tag, at, at + length


def _instant(kind: int, text: bytes) -> float:
    """RFC 5280 §4.1.2.5: years of two digits lie between 1950 and 2049."""
    written = text.decode("ascii")
    if kind == _UTC_TIME:
        written = ("19" if written >= "50" else "20") + written
    return datetime.strptime(written, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC).timestamp()


def _day(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d")
