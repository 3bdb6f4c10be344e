"""Reading URLs strictly: one spelling of every address, or InvalidInput.

Whatever two readers could understand differently is refused, so that what was checked is what is dialled.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, urljoin

from chalicelib.adapters.http_client import addresses
from chalicelib.core.config import DEV, settings
from chalicelib.core.errors import AddressRefused, InvalidInput

MAX_URL_CHARS = 2_048
DEFAULT_PORTS = {"http": 80, "https": 443}

_PARTS = re.compile(r"(https?)://([^/?#]*)([^?#]*)(\?[^#]*)?(#.*)?", re.IGNORECASE)
_AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]{2,45}\]|[^\[\]:@%]+)(?::([0-9]{1,5}))?")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMERIC = re.compile(r"[0-9]+|0x[0-9a-f]*")
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f-\xa0\\\s\ud800-\udfff]")
_SAFE = "!$%&'()*+,-./:;=?@[]_~"  # beside letters and digits: stays as it is in a path or a query
_SAFE_LOCATION = _SAFE + "#"


@dataclass(frozen=True)
class Target:
    """Where a request goes. `host` is ASCII and lower case, an IPv6 address without brackets; `is_literal` marks
    an address; `path` includes the query; `written` is host and port as the allow-list would spell them.
    """

    scheme: str
    host: str
    port: int
    path: str
    is_literal: bool
    written: str

    @property
    def authority(self) -> str:
        """Host and port as a Host header shows them: without the scheme's own port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        """Scheme, host and port: what messages may show."""
        return f"{self.scheme}://{self.authority}"

    @property
    def url(self) -> str:
        """The whole URL in its one spelling."""
        return self.origin + self.path

    @property
    def request_target(self) -> str:
        """What stands in the request line."""
        return self.path if self.path.startswith("/") else "/" + self.path


def parse(url: str) -> Target:
    """Read a URL. Raises InvalidInput saying what is wrong with its form."""
    if not isinstance(url, str) or not url:
        raise _fault("is missing")
    return _parse(url)


@lru_cache(maxsize=1024)
def _parse(url: str) -> Target:
    if len(url) > MAX_URL_CHARS:
        raise _fault(f"may have at most {MAX_URL_CHARS} characters", "too_long")
    if _FORBIDDEN.search(url):
        raise _fault("may not hold white space, control characters or backslashes")
    parts = _PARTS.fullmatch(url)
    if not parts:
        raise _fault("must begin with https:// or http://")
    scheme, authority = parts[1].lower(), parts[2]
    if "@" in authority:
        raise _fault("may not hold a user name or password")
    place = _AUTHORITY.fullmatch(authority)
    if not place:
        raise _fault("has no host that can be read")
    port = int(place[2]) if place[2] else DEFAULT_PORTS[scheme]
    if not 0 < port < 65_536:
        raise _fault("has a port outside 1 to 65535")
    host, is_literal = _host(place[1])
    path = quote(parts[3] + (parts[4] or ""), safe=_SAFE)
    target = Target(scheme, host, port, path, is_literal, f"{place[1].lower()}:" if place[1].isascii() else "")
    if len(target.url) > MAX_URL_CHARS:
        raise _fault(f"may have at most {MAX_URL_CHARS} characters", "too_long")
    return target


def is_allow_listed(target: Target) -> bool:
    """Say whether the development allow-list names exactly this host and port."""
    listed = settings().egress_allow
    return bool(target.written) and not listed.isdisjoint((f"{target.written}{target.port}", f"{target.written}*"))


def may_be_plain() -> bool:
    """Say whether TLS may be left out by choice: in development, which alone knows an allow-list."""
    return settings().stage == DEV


def vet(target: Target) -> None:
    """Refuse what can be refused before any lookup: ports, names, literal addresses. Raises AddressRefused."""
    if is_allow_listed(target):
        return
    if target.port in addresses.FORBIDDEN_PORTS:
        raise AddressRefused(f"Port {target.port} may not be called")
    vet_host(target)


def vet_host(target: Target) -> None:
    """Refuse names and literal addresses that may not be reached on any port. Raises AddressRefused."""
    if is_allow_listed(target):
        return
    is_public = addresses.is_public_address if target.is_literal else addresses.is_public_name
    if not is_public(target.host) or target.host == _own_host(settings().public_url):
        raise AddressRefused(f"{target.host} may not be called")


def follow(base: Target, location: str) -> Target:
    """Read a Location header against the URL that answered it. Raises AddressRefused for everything unreadable."""
    try:
        target = parse(
            urljoin(base.origin + base.request_target, quote(location.strip().encode("latin-1"), safe=_SAFE_LOCATION))
        )
    except ValueError as error:
        raise AddressRefused(f"{base.origin} redirected to something that is not a URL") from error
    except InvalidInput as error:
        raise AddressRefused(f"{base.origin} redirected to a URL that may not be called") from error
    if base.scheme == "https" and target.scheme == "http" and not may_be_plain():
        raise AddressRefused(f"{base.origin} redirected to a URL without TLS")
    return target


def _host(written: str) -> tuple[str, bool]:
    if written.startswith("["):
        try:
            return ipaddress.IPv6Address(written[1:-1]).compressed, True
        except ValueError as error:
            raise _fault("holds an IPv6 address that cannot be read") from error
    host = _ascii(written).removesuffix(".")
    labels = host.split(".")
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise _fault("has a host name that cannot exist")
    if not _NUMERIC.fullmatch(labels[-1]):
        return host, False
    try:
        return str(ipaddress.IPv4Address(host)), True  # refuses leading zeros, hex and fewer than four numbers
    except ValueError as error:
        raise _fault("must write an IPv4 address as four plain numbers") from error


def _ascii(written: str) -> str:
    if written.isascii():
        return written.lower()
    import idna  # heavy

    if re.search("[\u3002\uff0e\uff61]", written):
        raise _fault("may separate the parts of a host name by full stops only")
    if written.rpartition(".")[2].isnumeric():
        raise _fault("must write an IPv4 address as four plain numbers")
    try:
        return idna.encode(written.lower()).decode("ascii")
    except (UnicodeError, ValueError, IndexError) as error:
        raise _fault("has a host name that cannot exist") from error


@lru_cache(maxsize=4)
def _own_host(public_url: str) -> str:
    try:
        return parse(public_url).host
    except InvalidInput:
        return ""


def _fault(message: str, kind: str = "invalid") -> InvalidInput:
    return InvalidInput.at("url", message, kind)
