"""Refusals to responses: DAV:error with the very element that an RFC names (RFC 4918 §16).

A reason may quote what a client sent in a header, bytes that are no UTF-8 among it.
"""

from __future__ import annotations

from caldavd.dav.message import Response
from caldavd.errors import Failed, NeedPrivileges, Refused
from caldavd.names import DAV
from caldavd.xml import write


def refused(error: Refused) -> Response:
    """The element alone stands in DAV:error, as clients compare it; words follow as a comment."""
    content = write.element(error.condition.element, _inside(error))
    body = write.document(DAV + "error", content)
    words = write.comment(f"{error.reason} ({error.condition.source})")
    return Response(
        error.condition.status,
        (("Content-Type", write.CONTENT_TYPE),),
        body + f"\n{words}\n".encode(errors="replace"),
    )


def failed(error: Failed) -> Response:
    """A status, and words about it."""
    headers = (("Content-Type", "text/plain; charset=utf-8"), *error.headers)
    return Response(error.status, headers, f"{error.reason}\n".encode(errors="replace"))


def _inside(error: Refused) -> str:
    if isinstance(error, NeedPrivileges):
        privilege = f"<D:privilege>{write.element(error.privilege)}</D:privilege>"
        return f"<D:resource>{write.href(error.href or '')}{privilege}</D:resource>"
    return "" if error.href is None else write.href(error.href)
