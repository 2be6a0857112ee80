"""What mends what the doctor finds: in words, and as lines for three proxies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from caldavd.doctor.report import Cure

PROXIES: Final = ("nginx", "caddy", "apache")


@dataclass(frozen=True, slots=True)
class Remedy:
    """What to do, and the lines by proxy; `{prefix}` and `{origin}` are filled in."""

    words: str
    lines: Mapping[str, str] = field(default_factory=dict)


REMEDIES: Final[Mapping[Cure, Remedy]] = {
    Cure.SERVER: Remedy(
        "Start the server (`caldavd serve`), and compare the address in the proxy's lines with "
        "[server] host, port and socket.",
        {
            "nginx": "proxy_pass http://127.0.0.1:8008;",
            "caddy": "reverse_proxy 127.0.0.1:8008",
            "apache": 'ProxyPass "/" "http://127.0.0.1:8008/" nocanon',
        },
    ),
    Cure.CERTIFICATE: Remedy(
        "Clients need a certificate that they trust, for this very host name, with its whole "
        "chain: set [server] tls_certificate and tls_key, or let the proxy have one.",
        {
            "nginx": "listen 443 ssl;\n"
            "ssl_certificate     /etc/letsencrypt/live/HOST/fullchain.pem;\n"
            "ssl_certificate_key /etc/letsencrypt/live/HOST/privkey.pem;",
            "caddy": "# Caddy gets one by itself for a site named by its host, not by :443",
            "apache": "SSLEngine on\n"
            "SSLCertificateFile    /etc/letsencrypt/live/HOST/fullchain.pem\n"
            "SSLCertificateKeyFile /etc/letsencrypt/live/HOST/privkey.pem",
        },
    ),
    Cure.FORWARDED: Remedy(
        'Set [server] public_url = "{origin}", or let the proxy tell the host and the scheme and '
        'have it believed: [server] trusted_proxies = ["127.0.0.1", "::1"].',
        {
            "nginx": "proxy_set_header Host $http_host;\n"
            "proxy_set_header X-Forwarded-Host $http_host;\n"
            "proxy_set_header X-Forwarded-Proto $scheme;\n"
            "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;",
            "caddy": "# Caddy tells it by itself: remove header_up lines of Host and X-Forwarded-*",
            "apache": "ProxyPreserveHost On\nRequestHeader set X-Forwarded-Proto https",
        },
    ),
    Cure.WELL_KNOWN: Remedy(
        "Redirect the well-known URL, or let it through to caldavd, which redirects it.",
        {
            "nginx": "location = /.well-known/caldav {{ return 308 {prefix}/dav/; }}",
            "caddy": "redir /.well-known/caldav {prefix}/dav/ 308",
            "apache": 'Redirect 308 "/.well-known/caldav" "{prefix}/dav/"',
        },
    ),
    Cure.METHODS: Remedy(
        "Let every method through: PROPFIND, PROPPATCH, REPORT, MKCALENDAR, MKCOL, PUT, DELETE, "
        "COPY, MOVE, OPTIONS.",
        {
            "nginx": "# remove limit_except, dav_methods and any rule on $request_method,\n"
            "# and answer OPTIONS nowhere but here:\n"
            "proxy_pass http://127.0.0.1:8008;",
            "caddy": "# remove `method` matchers around\nreverse_proxy 127.0.0.1:8008",
            "apache": "# remove Limit, LimitExcept and `Dav On`; with ModSecurity:\n"
            "SecAction \"id:900200,phase:1,nolog,pass,setvar:'tx.allowed_methods=GET HEAD POST "
            "OPTIONS PUT DELETE PROPFIND PROPPATCH REPORT MKCOL MKCALENDAR COPY MOVE'\"",
        },
    ),
    Cure.ETAG: Remedy(
        "Compression changes entity tags, and clients then fail to save: switch it off here.",
        {
            "nginx": "gzip off;\nbrotli off;   # if that module is there",
            "caddy": "# remove `encode` from this site",
            "apache": "SetEnv no-gzip 1\nSetEnv no-brotli 1",
        },
    ),
    Cure.BODY_SIZE: Remedy(
        "Let bodies through up to [server] max_body_bytes; [limits] max_resource_bytes refuses "
        "larger events in words that clients understand.",
        {
            "nginx": "client_max_body_size 16m;",
            "caddy": "request_body {{\n\tmax_size 16MiB\n}}",
            "apache": "LimitRequestBody 16777216",
        },
    ),
    Cure.AUTHORIZATION: Remedy(
        "Let caldavd do the login: the proxy must have none of its own, and pass both headers. "
        "Where the server uses another database, give its --config or --data before `doctor`.",
        {
            "nginx": "# remove auth_basic and auth_request\n"
            "proxy_set_header Authorization $http_authorization;",
            "caddy": "# remove basic_auth and forward_auth",
            "apache": '# remove AuthType and Require valid-user\nSetEnvIf Authorization "(.+)" '
            "HTTP_AUTHORIZATION=$1",
        },
    ),
    Cure.HEADERS: Remedy(
        "Let the headers of requests and answers through as they are: DAV, Allow, ETag, Depth, "
        "If-Match, If-None-Match, Destination.",
        {
            "nginx": "# remove proxy_hide_header and proxy_cache\nproxy_pass_request_headers on;",
            "caddy": "# remove header and header_down lines that begin with a minus",
            "apache": "# remove Header unset and RequestHeader unset\nCacheDisable on",
        },
    ),
    Cure.PATHS: Remedy(
        'Pass URLs as they were sent; below a path set [server] path_prefix = "{prefix}".',
        {
            "nginx": "proxy_pass http://127.0.0.1:8008;   # and nothing after the port",
            "caddy": "# `handle`, not `handle_path`; no `uri` and `rewrite`\n"
            "reverse_proxy {prefix}/* 127.0.0.1:8008",
            "apache": "AllowEncodedSlashes NoDecode\n"
            'ProxyPass "{prefix}/" "http://127.0.0.1:8008{prefix}/" nocanon',
        },
    ),
}


def remedy(cure: Cure, origin: str, prefix: str) -> Remedy:
    """The remedy for a server at this place."""
    found = REMEDIES[cure]
    filled = {
        proxy: lines.format(origin=origin, prefix=prefix) for proxy, lines in found.lines.items()
    }
    return Remedy(found.words.format(origin=origin, prefix=prefix), filled)
