"""No place that takes an address leads to a forbidden one: in any spelling, by any name, by any redirect."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.attack.figures import Figures
from tests.attack.places import ALL, AT_ONCE
from tests.attack.platform import PUBLIC, VICTIM, Platform

SPELLINGS = Path(__file__).parents[1] / "adapters/http_client/forbidden_urls.json"
URLS = [url for urls in json.loads(SPELLINGS.read_text()).values() for url in urls]
LOOPBACK = ("127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "[::1]", "[::ffff:127.0.0.1]")
LOOPBACK += ("0.0.0.0", "127.0.0.1.", "localhost.", "user@127.0.0.1", "[::ffff:7f00:1]", "127.0.0.2")
PUBLIC_NAME = "public.attack.example"
NAMES = {
    "inner.attack.example": [["127.0.0.1"]],
    "mixed.attack.example": [[PUBLIC, "127.0.0.1"]],
    "metadata.attack.example": [["169.254.169.254"]],
    "six.attack.example": [["::1"], ["::ffff:127.0.0.1"]],
    "rebinding.attack.example": [[PUBLIC], ["127.0.0.1"]],
}
MAIL = ("mail server", "message setting SMTP")  # they speak SMTP, which knows no redirects
QUIET_S = 1.0
LEAST = 150  # spellings, each tried at every place


def settle(platform: Platform) -> None:
    """Wait until nothing was dialled for a while."""
    ends = time.monotonic() + 60
    seen, since = len(platform.dials()), time.monotonic()
    while time.monotonic() < ends and time.monotonic() - since < QUIET_S:
        time.sleep(0.2)
        if (now := len(platform.dials())) != seen:
            seen, since = now, time.monotonic()


def forbidden(platform: Platform, redirecting: str) -> list[str]:
    """Spell every way to the sentinel that needs its port. `redirecting` is a server that may be called."""
    platform.names({**NAMES, PUBLIC_NAME: [[PUBLIC]]})
    port = platform.sentinel.port
    direct = [f"http://{host}:{port}/" for host in LOOPBACK]
    names = [f"http://{name}:{port}/" for name in NAMES if name != "rebinding.attack.example"]
    ways = [platform.sentinel.url, "http://169.254.169.254/", f"http://localhost:{port}/", f"http://[::1]:{port}/"]
    redirects = [
        f"{redirecting}/redirect?status={status}&to={quote(to)}" for status in (301, 302, 303, 307, 308) for to in ways
    ]
    return direct + names + redirects


@pytest.fixture(scope="module", autouse=True)
def _open_again(platform: Platform) -> object:
    yield
    platform.names({})
    platform.restart(is_open=True)


@pytest.mark.parametrize("place", ALL)
def test_every_place_calls_what_it_may(platform: Platform, place: str) -> None:
    """Without this the others would prove nothing: each place calls."""
    if place in MAIL:
        before = platform.mail.visits
        ALL[place](platform.world(VICTIM), platform.mail.url.rstrip("/"))
        assert platform.mail.visits > before
        return
    path = "/reach/" + place.replace(" ", "-").replace("'", "")
    reply = ALL[place](platform.world(VICTIM), platform.outside.url + path)
    ends = time.monotonic() + 20
    while time.monotonic() < ends and not any(one.path.startswith(path) for one in platform.outside.asked):
        time.sleep(0.1)
    assert any(one.path.startswith(path) for one in platform.outside.asked), reply


def attack(platform: Platform, place: str, urls: list[str]) -> int:
    """Put forbidden addresses in a place; give how many there were."""
    wrong, tried = [], [one for one in urls if place not in MAIL or "/redirect?" not in one]
    for url in tried:
        reply = ALL[place](platform.world(VICTIM), url)
        if reply.status in (500, 503) or (reply.status >= 400 and not isinstance(reply.json, dict | None)):
            wrong.append(f"{url}: {reply.status} {reply.body[:160]!r}")
    if place not in AT_ONCE:
        settle(platform)
    assert platform.sentinel.visits == 0
    assert platform.strange_dials() == []
    assert not wrong, "\n".join(wrong)
    return len(tried)


@pytest.mark.parametrize("place", ALL)
def test_no_place_calls_what_it_may_not(platform: Platform, place: str, every: int, figures: Figures) -> None:
    spelled = URLS[::every] if place in AT_ONCE else URLS[every % 2 :: every * 2]
    tried = attack(platform, place, [*forbidden(platform, platform.outside.url)[:: min(every, 3)], *spelled])
    assert tried >= LEAST // every
    figures.note("forbidden addresses, allow-list set", tried, f"at {len(ALL)} places, 0 forbidden connects")


def test_a_name_that_moves_is_not_followed(platform: Platform, figures: Figures) -> None:
    """Each place has a name of its own, public at first; a mail server's is both at once, because SMTP waits."""
    figures.note("names that move from public to private", len(ALL) * 3, "0 forbidden connects")
    hosts = {place: re.sub(r"[^a-z]+", "-", place.lower()).strip("-") + ".attack.example" for place in ALL}
    private = "127.0.0.1"
    platform.names(
        {host: [[PUBLIC, private]] if place in MAIL else [[PUBLIC], [private]] for place, host in hosts.items()}
    )
    for _ in range(3):
        for place, host in hosts.items():
            ALL[place](platform.world(VICTIM), f"http://{host}:{platform.sentinel.port}/")
    settle(platform)
    assert platform.sentinel.visits == 0
    assert platform.strange_dials() == []
    assert (PUBLIC, platform.sentinel.port) in platform.dials()


@pytest.fixture(scope="module")
def closed(platform: Platform) -> int:
    """Start the platform without an allow-list; give how many addresses were dialled before."""
    settle(platform)
    platform.restart(is_open=False)
    return len(platform.dials())


def test_without_an_allow_list_no_private_address_is_called(platform: Platform, closed: int) -> None:
    world = platform.world(VICTIM)
    for place, call in ALL.items():
        for url in (f"{platform.outside.url}/closed", platform.sentinel.url):
            reply = call(world, url)
            assert reply.status != 500, (place, reply)
    settle(platform)
    private = [one for one in platform.dials()[closed:] if one[0] != PUBLIC and one[1] != platform.port]
    assert private == []
    assert [one for one in platform.outside.asked if one.path.startswith("/closed")] == []
    assert platform.sentinel.visits == 0


@pytest.mark.parametrize("place", ALL)
def test_no_place_calls_it_without_an_allow_list_either(
    platform: Platform, place: str, every: int, closed: int, figures: Figures
) -> None:
    if every > 1 and place not in AT_ONCE:
        pytest.skip("tried in a whole run only")
    redirecting = f"http://{PUBLIC_NAME}:{platform.outside.server_port}"
    tried = attack(platform, place, [*forbidden(platform, redirecting), *URLS[:: every * 2]])
    assert tried >= LEAST // every
    private = [one for one in platform.dials()[closed:] if one[0] != PUBLIC and one[1] != platform.port]
    assert private == []
    figures.note("forbidden addresses, no allow-list", tried, f"at {len(ALL)} places, 0 forbidden connects")
