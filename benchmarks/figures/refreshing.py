"""Figure 14: many executions on one expired credential, at a provider that is slow, or asked twice."""

from __future__ import annotations

import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from benchmarks.figures.crew import Crew
from benchmarks.figures.finding import Finding, exactly
from benchmarks.figures.outside import USER, Api, Party, javascript, wait_until

LEASE_S, LIFE_S, SLOW_S, REST_S = 21, 3_600, 12, 31
ME = "const asked = {headers: {authorization: `Bearer ${service.token.accessToken}`}};"


class Provider:
    """Exchanges refresh tokens, each once where it rotates them, and knows whose access token is whose."""

    def __init__(self) -> None:
        self.rotates, self.asked = True, 0
        self.during: Callable[[int], None] = lambda _number: None  # runs before the answer, with its number
        self.answered: Callable[[int], None] = lambda _number: None  # runs when the answer is about to go out
        self.accepted: set[str] = {"refresh-0"}
        self.access: set[str] = set()
        self._lock = threading.Lock()
        self._numbers = 0

    def __call__(self, _method: str, path: str, _query: Any, headers: dict[str, str], body: bytes) -> tuple[int, Any]:
        if path != "/token":
            token = headers.get("authorization", "").removeprefix("Bearer ")
            return (200, {"sub": "ada"}) if token in self.access else (401, {"error": "invalid_token"})
        form = dict(parse_qsl(body.decode()))
        with self._lock:
            self.asked += 1
            number = self.asked
        self.during(number)
        answer = self._exchange(form.get("refresh_token", ""))
        self.answered(number)
        return answer

    def _exchange(self, given: str) -> tuple[int, Any]:
        with self._lock:
            if given not in self.accepted:
                return 400, {"error": "invalid_grant"}
            self._numbers += 1
            access, fresh = f"access-{self._numbers}-{'x' * 20}", f"refresh-{self._numbers}"
            self.access = {access}
            said = {"access_token": access, "token_type": "Bearer", "expires_in": LIFE_S}
            if self.rotates:
                self.accepted = {fresh}
                said["refresh_token"] = fresh
            return 200, said


class Scene:
    """One service with one credential of one user, ended; an action and an automation that use it."""

    def __init__(self, crew: Crew) -> None:
        self.crew, self.provider = crew, Provider()
        self.party = Party(self.provider)
        self.api = api = Api(crew.url)
        service = api.service("mail")
        auth = {"authorizationUrl": f"{self.party.url}/authorize", "tokenUrl": f"{self.party.url}/token"}
        security = api.part(service, "security", "oauth", type="oauth2", scheme="code", config={"auth": auth})
        for name in ("clientId", "clientSecret"):
            made = api.part(service, "variable", name, required=True)
            api.call("PUT", f"{service}/variable/{made['id']}/value", {"value": name})
        code = f"{ME} return (await $.axios.get('{self.party.url}/api', asked)).data.sub"
        api.part(service, "action", "who", logic={"execute": javascript(code)})
        token = {"accessToken": "old-" + "x" * 20, "refreshToken": "refresh-0", "expiresIn": 60}
        body = {"name": "token", "serviceSecurityId": security["id"], "oauth": token}
        api.call("POST", f"/v1/user/{USER}/token", body)
        self.token_path = f"{service}/token?userId={USER}"
        self.action = f"{service}/action/who/execute?userId={USER}"
        step = {"id": "who", "type": "action", "service": "mail", "action": "who"}
        retry = {"maxAttempts": 4, "backoff": {"seconds": 5, "factor": 2}}
        self.automation = api.automation("asks", [{**step, "retry": retry}])
        crew.advance(LIFE_S)

    def now(self) -> int:
        """Run the action in a request; give its status."""
        return self.api.ask("POST", self.action, {}).status_code

    def begin(self, count: int) -> list[str]:
        """Start executions for the workers."""
        with ThreadPoolExecutor(16) as pool:
            one = f"{self.automation}/execute"
            asked = pool.map(lambda _: self.api.call("POST", one, {"input": {}}, Prefer="respond-async"), range(count))
            return [made["executionId"] for made in asked]

    def ended(self, started: list[str], timeout_s: float = 60) -> Counter[str]:
        """Wait until executions have ended, the clock running ahead between looks; count how they ended."""
        ends = time.monotonic() + timeout_s
        while True:
            found = [self.api.call("GET", f"/v1/execution/{one}?userId={USER}")["state"] for one in started]
            if set(found) <= {"done", "failed", "cancelled"} or time.monotonic() > ends:
                return Counter(found)
            time.sleep(0.5)
            self.crew.advance(1)

    @property
    def state(self) -> str:
        """Say how the credential stands."""
        return str(self.api.call("GET", self.token_path)[0]["status"])

    def close(self) -> None:
        """End the provider."""
        self.party.close()


def measure(parallel: int = 100, *, is_full: bool = True) -> list[Finding]:
    """Play the scenes, each on a fresh platform."""
    scenes = [lambda scene: _at_once(scene, parallel)]
    if is_full:
        scenes += [lambda scene: _slow(scene, parallel), _crash_kept, _crash_rotated, _overtaken]
    findings = []
    for play in scenes:
        with tempfile.TemporaryDirectory() as folder, Crew(Path(folder), **_settings()) as crew:
            scene = Scene(crew)
            try:
                findings += play(scene)
            finally:
                scene.close()
    return findings


def _settings() -> dict[str, str]:
    return {f"MILLRACE_EXECUTIONS_{name}": "100000" for name in ("PER_S", "SHARE_PER_S", "AT_ONCE")}


def _at_once(scene: Scene, parallel: int) -> list[Finding]:
    """Half of them in requests, half in workers: two processes want the new token."""
    with ThreadPoolExecutor(max(1, parallel // 2)) as pool:
        asked = [pool.submit(scene.now) for _ in range(parallel // 2)]
        started = scene.begin(parallel - parallel // 2)
        statuses = Counter(one.result() for one in asked)
    return [
        exactly(f"{parallel} at once: calls to the provider", scene.provider.asked, 1),
        exactly("  in requests", dict(statuses), {200: parallel // 2}),
        exactly("  in workers", dict(scene.ended(started)), {"done": parallel - parallel // 2}),
        exactly("  the credential", scene.state, "ACTIVE"),
    ]


def _slow(scene: Scene, parallel: int) -> list[Finding]:
    """The provider takes 12 s to answer."""
    scene.provider.during = lambda _number: time.sleep(SLOW_S)
    found = _at_once(scene, parallel)
    return [Finding(f"provider slow {SLOW_S} s, {one.target.strip()}", one.measured, one.is_kept) for one in found]


def _crash_kept(scene: Scene) -> list[Finding]:
    """The worker falls when the answer is there and not stored; the provider still takes the old refresh token."""
    return _crash(scene, rotates=False, wanted=("done", "ACTIVE"))


def _crash_rotated(scene: Scene) -> list[Finding]:
    """The same, but the lost answer held the only refresh token that is good: its user must be asked."""
    return _crash(scene, rotates=True, wanted=("failed", "NEEDS_REAUTH"))


def _crash(scene: Scene, *, rotates: bool, wanted: tuple[str, str]) -> list[Finding]:
    crew, scene.provider.rotates = scene.crew, rotates

    def fall(number: int) -> None:
        if number == 1:
            crew.kill()

    scene.provider.answered = fall
    started = scene.begin(5)
    wait_until(lambda: crew.kills == 1, 30)
    crew.advance(LEASE_S)
    ended, rule = scene.ended(started), "taken once only" if rotates else "taken again"
    return [
        exactly(
            f"worker killed after the answer, old refresh tokens {rule}", (dict(ended), scene.state), _five(wanted)
        ),
        exactly("  calls to the provider: the lost one and the next", scene.provider.asked, 2),
    ]


def _five(wanted: tuple[str, str]) -> tuple[dict[str, int], str]:
    return {wanted[0]: 5}, wanted[1]


def _overtaken(scene: Scene) -> list[Finding]:
    """The worker stands still beyond its lease while it asks; a request overtakes it, and it is refused."""
    crew = scene.crew
    may_answer = threading.Event()

    def during(number: int) -> None:
        if number == 1:
            crew.stop(crew.workers)
            may_answer.wait(60)

    scene.provider.during = during
    started = scene.begin(5)
    wait_until(lambda: scene.provider.asked == 1, 30)
    crew.advance(LEASE_S)
    status = scene.now()
    may_answer.set()
    time.sleep(0.5)
    crew.go_on(crew.workers)
    ended = scene.ended(started)
    return [
        exactly("invalid_grant race: who overtook got", (status, scene.provider.asked), (200, 2)),
        exactly("  who was overtaken was refused, and went on with the new token", dict(ended), {"done": 5}),
        exactly("  the credential", scene.state, "ACTIVE"),
    ]
