"""Password hashes: argon2id for those that people choose, BLAKE2b for those that we draw."""

from __future__ import annotations

import base64
import hmac
import secrets
import unicodedata
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_LETTERS: Final = "abcdefghjkmnpqrstuvwxyz"  # without i, l and o, which are misread
_GROUPS: Final = 4
_GROUP: Final = 5
_DRAWN: Final = "$blake2b$"
_SALT_BYTES: Final = 16
_SEPARATORS: Final = str.maketrans("", "", "- ")


@dataclass(frozen=True, slots=True)
class Cost:
    """What one argon2id hash costs."""

    memory_kib: int = 65_536
    time_cost: int = 3
    parallelism: int = 4


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a password was right; `rehashed` if its hash is to be replaced by a dearer one."""

    right: bool
    rehashed: str | None = field(default=None, repr=False)


class Hasher:
    """Hashes passwords that people choose, at one cost. Each call takes about 0.1 s of CPU."""

    def __init__(self, cost: Cost) -> None:
        self._argon2 = PasswordHasher(
            time_cost=cost.time_cost,
            memory_cost=cost.memory_kib,
            parallelism=cost.parallelism,
        )
        self._nobody = self._argon2.hash(secrets.token_urlsafe())

    def hash(self, password: str) -> str:
        """The text to keep: algorithm, cost, salt and hash."""
        return self._argon2.hash(_opaque(password))

    def verify(self, password_hash: str | None, password: str) -> Verdict:
        """Checks a password against what was kept.

        Where nothing was kept (no such account, no password of its own) it takes as long to say no.
        """
        kept = self._nobody if password_hash is None else password_hash
        try:
            self._argon2.verify(kept, _opaque(password))
        except (VerificationError, InvalidHashError):
            return Verdict(False)
        if password_hash is None:
            return Verdict(False)
        if self._argon2.check_needs_rehash(kept):
            return Verdict(True, self.hash(password))
        return Verdict(True)


def draw() -> str:
    """A new random password of 90 bits, in groups that can be read out and typed."""
    groups = ("".join(secrets.choice(_LETTERS) for _ in range(_GROUP)) for _ in range(_GROUPS))
    return "-".join(groups)


def hash_drawn(password: str) -> str:
    """The text to keep of a password that `draw` made.

    What has 90 random bits cannot be guessed, however fast its hash is, so that the passwords of
    many devices cost one login nothing.
    """
    salt = secrets.token_bytes(_SALT_BYTES)
    return _DRAWN + _base64(salt) + "$" + _base64(_digest(password, salt))


def verify_drawn(password_hash: str, password: str) -> bool:
    """Checks a drawn password; letter case, blanks and hyphens do not matter."""
    if not password_hash.startswith(_DRAWN):
        return False
    salt, _, digest = password_hash.removeprefix(_DRAWN).partition("$")
    given = _digest(password, base64.b64decode(salt))
    return hmac.compare_digest(given, base64.b64decode(digest))


def _digest(password: str, salt: bytes) -> bytes:
    plain = password.translate(_SEPARATORS).lower().encode()
    return blake2b(plain, digest_size=32, salt=salt).digest()


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


def _opaque(password: str) -> str:
    """The same bytes from every keyboard (RFC 7617 §2, RFC 8265 §4.2)."""
    return unicodedata.normalize("NFC", password)
