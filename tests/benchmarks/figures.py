"""What was measured, and the arithmetic on it; pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Figures:
    """The sums of one operation at one server."""

    requests: int = 0
    elapsed_s: float = 0.0
    cpu_s: float = 0.0
    database_cpu_s: float = 0.0
    generator_cpu_s: float = 0.0
    body_bytes: int = 0
    latencies_s: list[float] = field(default_factory=list)

    @property
    def per_s(self) -> float:
        return self.requests / self.elapsed_s if self.requests else math.nan

    @property
    def cpu_us(self) -> float:
        return self.cpu_s / self.requests * 1e6 if self.requests else math.nan

    @property
    def database_cpu_us(self) -> float:
        return self.database_cpu_s / self.requests * 1e6 if self.requests else math.nan

    @property
    def generator_busy(self) -> float:
        """The share of the time in which the generator itself computed."""
        return self.generator_cpu_s / self.elapsed_s if self.requests else 0.0

    def latency_ms(self, percent: float) -> float:
        """A percentile of the time from sending a request to its whole answer."""
        return percentile(self.latencies_s, percent) * 1e3


@dataclass(slots=True)
class Row:
    """One operation at one scale: the server, and the bare application in the same minutes.

    Of what has nothing to be compared with, the bare application's figures are empty.
    """

    database: str
    key: str
    title: str
    objects: int
    ours: Figures = field(default_factory=Figures)
    bare: Figures = field(default_factory=Figures)
    resident_mb: float = 0.0

    @property
    def cpu_ratio(self) -> float:
        """The bare application's processor time a request as a share of ours."""
        return self.bare.cpu_us / self.ours.cpu_us if self.ours.cpu_s else math.nan

    @property
    def rate_ratio(self) -> float:
        """Our requests per second as a share of the bare application's."""
        return self.ours.per_s / self.bare.per_s

    def as_json(self) -> dict[str, Any]:
        """All that is known of the row, for other programs."""
        return {
            "database": self.database,
            "operation": self.key,
            "title": self.title,
            "objects": self.objects,
            "ours": _as_json(self.ours),
            "bare": _as_json(self.bare),
            "cpu_ratio": _rounded(self.cpu_ratio),
            "rate_ratio": _rounded(self.rate_ratio),
            "resident_mb": round(self.resident_mb, 1),
        }


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that at least `percent` of the values do not exceed; NaN of none."""
    if not values:
        return math.nan
    rank = max(1, math.ceil(len(values) * percent / 100))
    return sorted(values)[rank - 1]


def _as_json(figures: Figures) -> dict[str, Any]:
    return {
        "requests": figures.requests,
        "per_s": _rounded(figures.per_s),
        "p50_ms": _rounded(figures.latency_ms(50)),
        "p95_ms": _rounded(figures.latency_ms(95)),
        "p99_ms": _rounded(figures.latency_ms(99)),
        "cpu_us": _rounded(figures.cpu_us),
        "database_cpu_us": _rounded(figures.database_cpu_us),
        "generator_busy": _rounded(figures.generator_busy),
        "body_bytes": round(figures.body_bytes / max(figures.requests, 1)),
    }


def _rounded(value: float) -> float | None:
    return None if math.isnan(value) else float(f"{value:.4g}")
