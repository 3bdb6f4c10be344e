"""`make demo`: the main job on one command, a SIGKILL in the middle included. Nothing but Python is needed."""

from __future__ import annotations

import hashlib
import hmac
import json
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests

from infra import connector_files, demo_automation
from infra.harness.receiver import Receiver
from infra.harness.stack import Stack
from infra.harness.standin import Standin

_KEY = "demo-key"
_WEBHOOK_SECRET = "it's a secret to everybody"  # noqa: S105
_COUNT = 480
_SENDERS = 4
_KINDS = ("issues", "push", "star")


def main() -> None:
    """Play the whole story and say how it ended; exits 1 when anything accepted was lost."""
    with tempfile.TemporaryDirectory(prefix="millrace-demo-") as folder:
        stack = Stack(Path(folder), MILLRACE_DEV_KEYS=f"{_KEY}=demo", MILLRACE_RETRY_SCHEDULE_S="0,1,2,5,10")
        _say(f"started in {stack.start():.1f} s: {stack.url} with its data in {folder}")
        try:
            is_good = _play(stack)
        finally:
            stack.stop()
    raise SystemExit(0 if is_good else 1)


def _play(stack: Stack) -> bool:
    receiver, standin = Receiver(), Standin()
    hook_url = _set_up(stack, receiver, standin)
    accepted: list[tuple[str, str]] = []
    senders = [
        threading.Thread(target=_send, args=(hook_url, range(number, _COUNT, _SENDERS), accepted))
        for number in range(_SENDERS)
    ]
    for sender in senders:
        sender.start()
    _wait_for(lambda: len(accepted) > _COUNT // 3)
    call = _caller(stack)
    _wait_for(lambda: demo_automation.waiting(call) is not None)
    stack.kill_workers()
    _say(f"SIGKILL to the workers after {len(accepted)} accepted notifications; the stack starts new ones by itself")
    _wait_for(lambda: len(accepted) > _COUNT * 2 // 3)
    stack.kill()
    _say(f"SIGKILL to the whole stack after {len(accepted)}; senders keep trying")
    _say(f"started again in {stack.start():.1f} s")
    for sender in senders:
        sender.join()
    _say(f"all {len(accepted)} notifications were accepted")
    is_good = _judge(receiver, accepted)
    return _triage(stack, standin, kinds=[kind for kind, _ in accepted]) and is_good


def _caller(stack: Stack) -> Callable[..., Any]:
    api = requests.Session()
    api.headers["api_key"] = _KEY

    def call(method: str, path: str, body: Any = None) -> Any:
        answer = api.request(method, stack.url + path, json=body, timeout=30)
        answer.raise_for_status()
        return answer.json()

    return call


def _set_up(stack: Stack, receiver: Receiver, standin: Standin) -> str:
    call = _caller(stack)
    for connector in ("github", "http"):
        connector_files.install(stack.url, _KEY, "admin", connector_files.BUILTIN / connector)
    variables = {variable["name"]: variable["id"] for variable in call("GET", "/v1/service/github/variable")}
    call("PUT", f"/v1/service/github/variable/{variables['webhookSecret']}/value", {"value": _WEBHOOK_SECRET})
    _say("installed the connectors github and http")
    call("POST", "/v1/user", {"userId": "ada"})
    demo_automation.set_up(call, standin)
    _say("made user ada with her tokens, and her automation: urgent issues are paged, taken by somebody, commented on")
    for path, trigger, variables in (
        ("/issues", "issue", {"repository": "octo/demo"}),
        ("/pushes", "push", {}),
        ("/everything", "any", {}),
    ):
        made = call(
            "POST",
            f"/v1/service/github/trigger/{trigger}/subscription?userId=ada",
            {"url": receiver.url(path), "variables": variables},
        )
        receiver.inbox(path, made["secret"])
        _say(f"subscribed {receiver.url(path)} to {trigger} {variables or ''}")
    return str(call("GET", "/v1/service/github/webhookSetting?userId=ada")["url"])


def _send(hook_url: str, numbers: range, accepted: list[tuple[str, str]]) -> None:
    session = requests.Session()
    for number in numbers:
        kind = _KINDS[number % len(_KINDS)]
        body = json.dumps(_payload(kind, number)).encode()
        signature = hmac.new(_WEBHOOK_SECRET.encode(), body, hashlib.sha256).hexdigest()
        headers = {
            "Content-Type": "application/json",
            "X-GitHub-Event": kind,
            "X-GitHub-Delivery": f"demo-{number}",
            "X-Hub-Signature-256": f"sha256={signature}",
        }
        while True:
            try:
                if session.post(hook_url, data=body, headers=headers, timeout=5).status_code < 300:
                    break
            except requests.RequestException:
                time.sleep(0.1)
        accepted.append((kind, f"demo-{number}"))


def _payload(kind: str, number: int) -> dict[str, Any]:
    repository = {
        "id": 1296269,
        "name": "demo",
        "full_name": "octo/demo",
        "private": False,
        "html_url": "https://github.com/octo/demo",
        "owner": {"login": "octo", "id": 1},
    }
    sender = {"login": "ada", "id": 7, "type": "User", "html_url": "https://github.com/ada"}
    common = {"repository": repository, "sender": sender}
    if kind == "issues":
        issue = {
            "id": number,
            "number": number,
            "title": "Urgent: the shop is down" if number == demo_automation.NUMBER else f"Something is odd ({number})",
            "state": "open",
            "body": "It does not work.",
            "html_url": f"https://github.com/octo/demo/issues/{number}",
            "user": sender,
            "labels": [],
            "assignees": [],
            "created_at": "2026-11-22T10:00:00Z",
            "updated_at": "2026-11-22T10:00:00Z",
        }
        return {"action": "opened", "issue": issue, **common}
    if kind == "push":
        sha = hashlib.sha256(str(number).encode()).hexdigest()[:40]
        return {
            "ref": "refs/heads/main",
            "before": "0" * 40,
            "after": sha,
            "forced": False,
            "compare": "https://github.com/octo/demo/compare/main",
            "commits": [],
            "head_commit": {"id": sha, "message": f"Change {number}", "timestamp": "2026-11-22T10:00:00Z"},
            "pusher": {"name": "ada", "email": "ada@example.com"},
            **common,
        }
    return {"action": "created", "starred_at": "2026-11-22T10:00:00Z", **common}


def _judge(receiver: Receiver, accepted: list[tuple[str, str]]) -> bool:
    kinds = [kind for kind, _ in accepted]
    owed = {"/issues": kinds.count("issues"), "/pushes": kinds.count("push"), "/everything": len(kinds)}
    _wait_for(lambda: all(len(receiver.inbox(path).ids) >= count for path, count in owed.items()))
    is_good = True
    for path, count in owed.items():
        inbox = receiver.inbox(path)
        twice = sorted(message_id for message_id, times in inbox.ids.items() if times > 1)
        _say(
            f"{path}: {len(inbox.ids)} of {count} messages, every signature verified, {inbox.forged} forged, "
            f"{len(twice)} came twice{': ' + ', '.join(twice[:5]) if twice else ''}"
        )
        is_good &= len(inbox.ids) == count and inbox.forged == 0
    _say("nothing accepted was lost" if is_good else "SOMETHING IS MISSING")
    return is_good


def _triage(stack: Stack, standin: Standin, kinds: list[str]) -> bool:
    call = _caller(stack)
    _wait_for(lambda: demo_automation.waiting(call) is not None)
    execution = demo_automation.waiting(call)
    if execution is None:
        return False
    _say(f"execution {execution} began before the kills, and waits; somebody takes the issue now")
    found = demo_automation.take(call, execution)
    print(demo_automation.timeline(found))
    _wait_for(lambda: call("GET", "/v1/usage")["total"]["executions"] >= kinds.count("issues"))
    comments = [body["body"] for path, body in standin.asked if path.endswith("/comments")]
    used = call("GET", "/v1/usage")["total"]
    _say(f"{used['executions']} executions by {kinds.count('issues')} issues, {used['done']} done; comment: {comments}")
    return found["state"] == "done" and len(comments) == 1


def _wait_for(condition: Any, timeout_s: float = 90) -> None:
    ends = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > ends:
            _say("gave up waiting")
            return
        time.sleep(0.05)


_STARTED = time.monotonic()


def _say(text: str) -> None:
    print(f"{time.monotonic() - _STARTED:5.1f} s  {text}", flush=True)


if __name__ == "__main__":
    main()
