"""Which addresses, names and ports the platform may reach. Pure: no lookups.

Python's own ipaddress.is_global is not enough: up to 3.11.7 it passes NAT64, 6to4, multicast and 192.0.0.192.
So a list of what is forbidden stands beside it, and IPv6 is allowed only inside 2000::/3.
"""

from __future__ import annotations

import ipaddress
from functools import cache

FORBIDDEN_NETWORKS = (
    "0.0.0.0/8",  # this network
    "10.0.0.0/8",  # private
    "100.64.0.0/10",  # shared by carriers; metadata of some clouds
    "127.0.0.0/8",  # loopback
    "168.63.129.16/32",  # Azure's host agent
    "169.254.0.0/16",  # link-local, metadata
    "172.16.0.0/12",  # private
    "192.0.0.0/24",  # protocol assignments; 192.0.0.192 is Oracle's metadata
    "192.0.2.0/24",  # documentation
    "192.88.99.0/24",  # 6to4 relays
    "192.168.0.0/16",  # private
    "198.18.0.0/15",  # benchmarks
    "198.51.100.0/24",  # documentation
    "203.0.113.0/24",  # documentation
    "224.0.0.0/4",  # multicast
    "240.0.0.0/4",  # reserved, broadcast
    "2001::/23",  # protocol assignments, Teredo, ORCHID
    "2001:db8::/32",  # documentation
    "2002::/16",  # 6to4
    "3fff::/20",  # documentation
)
IPV6_UNICAST = "2000::/3"  # everything else is mapped, translated, local, multicast or not assigned

FORBIDDEN_NAMES = frozenset({"metadata.goog", "metadata.tencentyun.com", "metadata.packet.net"})
FORBIDDEN_ENDINGS = (".localhost", ".localdomain", ".local", ".internal", ".lan", ".home.arpa")

# The ports browsers refuse (https://fetch.spec.whatwg.org/#bad-port), and two databases that read lines as commands.
FORBIDDEN_PORTS = frozenset(
    {0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109}
    | {110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530}
    | {531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190}
    | {5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080}
    | {6379, 11211}
)

_Networks = tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]


@cache
def _networks() -> tuple[ipaddress.IPv6Network, _Networks]:
    return ipaddress.IPv6Network(IPV6_UNICAST), tuple(ipaddress.ip_network(text) for text in FORBIDDEN_NETWORKS)


def is_public_address(text: str) -> bool:
    """Say whether an IPv4 or IPv6 address, in any spelling ipaddress reads, belongs to the public internet."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    unicast, forbidden = _networks()
    if address.version == 6 and (address not in unicast or "%" in text):
        return False
    return address.is_global and not any(address in network for network in forbidden)


def is_link_local(text: str) -> bool:
    """Say whether an address is one where clouds keep their metadata; a name never leads there, even in development."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return True
    inner = getattr(address, "ipv4_mapped", None) or address
    return inner.is_link_local or str(inner) in {"fd00:ec2::254", "192.0.0.192", "100.100.100.200", "168.63.129.16"}


def is_public_name(host: str) -> bool:
    """Say whether a host name, in lower case without a final dot, can be one of the public internet."""
    return "." in host and host not in FORBIDDEN_NAMES and not host.endswith(FORBIDDEN_ENDINGS)
