"""What is told of each request, by whoever serves it to whoever logs it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RequestLine:
    """What is told of a request: nothing of its content, nothing secret."""

    at: float
    """When it ended, in epoch seconds."""
    request_id: str
    actor: str
    peer: str
    method: str
    path: str
    status: int
    bytes: int
    ms: float
