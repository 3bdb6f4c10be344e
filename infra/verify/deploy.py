"""`make verify-deploy`: the very template and zip, deployed to an emulated account, upgraded, and put to work.

It cannot prove what the emulator does not do: that IAM grants enough (tests/deploy proves that by record), that CORS
and binary answers arrive (its template import drops them), that functions are isolated (they are local processes of
one interpreter), and throttling, encryption, alarms and real time.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import requests

from infra.deploy import Deployment
from infra.functions import STAGES
from infra.harness.receiver import Receiver
from infra.verify import job
from infra.verify.emulator import CREDENTIALS, Emulator

ROOT = Path(__file__).parents[2]
STAGE = STAGES["dev"]
BUCKET = "releases"
_NEW = ("ChannelsTable", "AutomationsScheduleQueue", "FireSchedule", "FireScheduleRole", "FireScheduleLogGroup")
_STARTED = time.monotonic()
Json = dict[str, Any]


def main() -> None:
    """Deploy, upgrade, do the main job. Exits 1 when a step does not happen."""
    parser = argparse.ArgumentParser(prog="infra.verify.deploy")
    parser.add_argument("--out", type=Path, default=ROOT / "out" / "verify")
    parser.add_argument("--previous", type=Path, help="a folder with an earlier template.json and deployment.zip")
    parser.add_argument("--keep-log", type=Path, help="where to leave the emulator's log")
    chosen = parser.parse_args()
    folder = chosen.out / STAGE.name
    with tempfile.TemporaryDirectory(prefix="millrace-deploy-", ignore_cleanup_errors=True) as scratch:
        emulator = Emulator(Path(scratch))
        try:
            with emulator:
                _verify(emulator, folder, chosen.previous or _previous_of(folder, Path(scratch)))
        finally:
            if chosen.keep_log:
                chosen.keep_log.write_bytes(emulator.log.read_bytes())


def _verify(emulator: Emulator, folder: Path, previous: Path) -> None:
    emulator.client("s3").create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": CREDENTIALS["AWS_DEFAULT_REGION"]}
    )
    deployment = Deployment(STAGE, BUCKET, emulator.session(), **emulator.options())
    receiver = Receiver(keep_bodies=True)
    parameters = {"EgressAllow": "127.0.0.1:*", "RetrySchedule": "0,1,2,5", "AlarmEmail": "ops@example.com"}
    earlier = deployment.upload(previous)
    outputs = deployment.apply(earlier, parameters)
    say(f"created the stack from the previous template, release {earlier}")
    key = _first_key(emulator)
    api = Api(f"{emulator.url}/_aws/execute-api/{outputs['RestAPIId']}/api", key)
    kept = job.before_upgrade(api)
    say("made the first key with the operator's command, and users and a service with it")
    release = deployment.upload(folder)
    deployment.apply(release, {})
    say(f"upgraded to this package, release {release}, parameters kept")
    job.after_upgrade(api, kept)
    say("what was stored before the upgrade is there, and its key opens")
    job.run(job.World(api, receiver, emulator, STAGE, say))
    deployment.apply(release, {"LogicRunner": "function"})
    job.with_runner(job.World(api, receiver, emulator, STAGE, say))
    deployment.apply(earlier, {})
    job.after_upgrade(api, kept)
    say("rolled back to the previous release; the data is there")
    print("deployed, upgraded, worked, rolled back")


class Api:
    """The deployed API."""

    def __init__(self, url: str, key: str) -> None:
        self.url = url
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["api_key"] = key

    def call(self, method: str, path: str, body: Any = None, expect: int = 200) -> Any:
        """Send a request and give the parsed answer. Exits when the status is not the expected one."""
        answer = self._session.request(method, self.url + path, json=body, timeout=60)
        if answer.status_code != expect:
            raise SystemExit(f"{method} {path}: {answer.status_code} {answer.text[:500]}")
        return answer.json() if answer.text[:1] in ("{", "[") else answer.text


def _first_key(emulator: Emulator) -> str:
    command = [sys.executable, "-m", "infra.first_key", "--stage", STAGE.name, "--workspace", "verify"]
    environment = {**os.environ, **CREDENTIALS, "AWS_ENDPOINT_URL": emulator.url}
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return done.stdout.strip()


def _previous_of(folder: Path, scratch: Path) -> Path:
    """Write the template of an earlier release: a table, a queue and its function fewer, no alarms, other settings."""
    made = scratch / "previous"
    made.mkdir()
    template: Json = json.loads((folder / "template.json").read_text())
    resources = template["Resources"]
    for name in [name for name, body in resources.items() if body["Type"].startswith("AWS::CloudWatch::")]:
        del resources[name]
    for name in _NEW:
        del resources[name]
    for body in resources.values():
        if body["Type"] == "AWS::Serverless::Function":
            body["Properties"]["MemorySize"] = 512
            body["Properties"].get("Environment", {}).get("Variables", {})["MILLRACE_LOG_LEVEL"] = "INFO"
        elif body["Type"] == "AWS::IAM::Role":
            for policy in body["Properties"]["Policies"]:
                document = policy["PolicyDocument"]
                document["Statement"] = [one for one in map(_without_new, document["Statement"]) if one is not None]
    (made / "template.json").write_text(json.dumps(template))
    (made / "deployment.zip").write_bytes((folder / "deployment.zip").read_bytes())
    return made


def _without_new(statement: Json) -> Json | None:
    """Take what only this release has out of a statement; None when nothing is left."""
    resources = statement.get("Resource")
    many = resources if isinstance(resources, list) else [resources]
    left = [one for one in many if not any(f'"{name}"' in json.dumps(one) for name in _NEW)]
    if not left:
        return None
    return {**statement, "Resource": left} if isinstance(resources, list) else statement


def say(text: str) -> None:
    """Print a line with the time since the start."""
    print(f"{time.monotonic() - _STARTED:5.1f} s  {text}", flush=True)


if __name__ == "__main__":
    main()
