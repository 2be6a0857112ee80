"""What the doctor found, in the order in which it was found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import NoReturn


class Grade(Enum):
    """How a check went."""

    GOOD = "ok"
    DOUBTFUL = "warning"
    BAD = "failed"


class Cure(Enum):
    """What mends a finding; `remedies` holds the words and the proxy's lines."""

    SERVER = "the server or its proxy does not answer"
    CERTIFICATE = "the certificate"
    FORWARDED = "the proxy's X-Forwarded headers"
    WELL_KNOWN = "the well-known URL"
    METHODS = "methods that the proxy blocks"
    ETAG = "entity tags that the proxy changes"
    BODY_SIZE = "the proxy's limit of the body"
    AUTHORIZATION = "the login"
    HEADERS = "headers that the proxy drops"
    PATHS = "paths that the proxy rewrites"


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: what was tested, how it went, in words, and what mends it."""

    check: str
    grade: Grade
    text: str
    cure: Cure | None = None


class Stopped(Exception):
    """Nothing further can be tested; the reason is in the report."""


class Report:
    """Findings so far; `heard` is told of each at once."""

    def __init__(self, heard: Callable[[Finding], object]) -> None:
        self._heard = heard
        self.findings: list[Finding] = []

    def good(self, check: str, text: str) -> None:
        """A check that went well."""
        self._add(Finding(check, Grade.GOOD, text))

    def doubtful(self, check: str, text: str, cure: Cure | None = None) -> None:
        """Works, and troubles some clients."""
        self._add(Finding(check, Grade.DOUBTFUL, text, cure))

    def bad(self, check: str, text: str, cure: Cure | None = None) -> None:
        """Does not work; the rest can be tested all the same."""
        self._add(Finding(check, Grade.BAD, text, cure))

    def stop(self, check: str, text: str, cure: Cure | None = None) -> NoReturn:
        """Does not work, and nothing after it can. Raises Stopped."""
        self.bad(check, text, cure)
        raise Stopped

    @property
    def healthy(self) -> bool:
        """Whether no check failed."""
        return all(finding.grade is not Grade.BAD for finding in self.findings)

    def cures(self) -> list[Cure]:
        """What mends it all, each once, in the order of need."""
        return list(dict.fromkeys(one.cure for one in self.findings if one.cure is not None))

    def _add(self, finding: Finding) -> None:
        self.findings.append(finding)
        self._heard(finding)
