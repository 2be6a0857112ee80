"""caldavd: a standards-first CalDAV server."""

__version__ = "0.1.0"
