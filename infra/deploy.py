"""`make deploy`: put what `make package` built into an AWS account, or bring an earlier release back.

Template and zip are kept in the bucket under the release's name, which is drawn from their content; CloudFormation
updates the stack and takes every change back by itself when one fails. Credentials and region are botocore's usual.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path
from typing import Any

import botocore.session
from botocore.exceptions import ClientError

from infra.functions import STAGES, Stage

ROOT = Path(__file__).parents[1]
_NO_CHANGE = "No updates are to be performed"


def main() -> None:
    """Deploy and print the stack's outputs."""
    parser = argparse.ArgumentParser(prog="infra.deploy", description=__doc__)
    parser.add_argument("--stage", choices=STAGES, required=True)
    parser.add_argument("--bucket", required=True, help="a private bucket of yours that keeps the releases")
    parser.add_argument("--release", help="an earlier release to bring back, instead of what was just built")
    parser.add_argument("--out", type=Path, default=ROOT / "out")
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="a parameter of the template")
    chosen = parser.parse_args()
    stage = STAGES[chosen.stage]
    deployment = Deployment(stage, chosen.bucket)
    release = chosen.release or deployment.upload(chosen.out / stage.name)
    print(f"deploying release {release}", flush=True)
    outputs = deployment.apply(release, dict(one.split("=", 1) for one in chosen.set))
    for name, value in sorted(outputs.items()):
        print(f"  {name}: {value}")


class Deployment:
    """The stack of one stage in one account and region."""

    def __init__(self, stage: Stage, bucket: str, session: Any = None, **client_options: Any) -> None:
        made = session or botocore.session.get_session()
        self._s3 = made.create_client("s3", **client_options)
        self._stacks = made.create_client("cloudformation", **client_options)
        self._stage, self._bucket, self.stack = stage, bucket, f"millrace-{stage.name}"

    def upload(self, folder: Path) -> str:
        """Put template and zip into the bucket and give the release's name."""
        code, text = (folder / "deployment.zip").read_bytes(), (folder / "template.json").read_text()
        release = hashlib.sha256(code + text.encode()).hexdigest()[:16]
        template = json.loads(text)
        for resource in template["Resources"].values():
            if resource["Type"] == "AWS::Serverless::Function":
                resource["Properties"]["CodeUri"] = {"Bucket": self._bucket, "Key": self._key(release, "code.zip")}
        body = json.dumps(template, separators=(",", ":")).encode()
        for name, content in (("code.zip", code), ("template.json", body)):
            self._s3.put_object(Bucket=self._bucket, Key=self._key(release, name), Body=content)
        return release

    def apply(self, release: str, parameters: dict[str, str]) -> dict[str, str]:
        """Create or update the stack and wait; parameters that are not given keep their values. Gives the outputs."""
        found = self._describe()
        body = self._s3.get_object(Bucket=self._bucket, Key=self._key(release, "template.json"))["Body"].read()
        known = json.loads(body).get("Parameters", {}).keys()  # an earlier release may not have them all
        kept = {one["ParameterKey"] for one in (found or {}).get("Parameters", ())} & known
        given = [{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()]
        given += [{"ParameterKey": name, "UsePreviousValue": True} for name in sorted(kept - parameters.keys())]
        request = {
            "StackName": self.stack,
            "TemplateURL": self._address(release),
            "Parameters": given,
            "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        }
        if found is None:
            self._stacks.create_stack(**request, EnableTerminationProtection=self._stage.is_kept)
            self._wait("stack_create_complete")
        else:
            try:
                self._stacks.update_stack(**request)
            except ClientError as error:
                if _NO_CHANGE not in str(error):
                    raise
            else:
                self._wait("stack_update_complete")
        return {one["OutputKey"]: one["OutputValue"] for one in (self._describe() or {}).get("Outputs", ())}

    def _wait(self, what: str) -> None:
        self._stacks.get_waiter(what).wait(StackName=self.stack, WaiterConfig={"Delay": 5, "MaxAttempts": 360})

    def _describe(self) -> dict[str, Any] | None:
        try:
            stacks = self._stacks.describe_stacks(StackName=self.stack)["Stacks"]
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise
        return next((stack for stack in stacks if stack["StackStatus"] != "DELETE_COMPLETE"), None)

    def _key(self, release: str, name: str) -> str:
        return f"millrace/{self._stage.name}/{release}/{name}"

    def _address(self, release: str) -> str:
        """Give the template's address; the region's own endpoint, because CloudFormation takes no other."""
        key = self._key(release, "template.json")
        request = {"Bucket": self._bucket, "Key": key}
        return str(self._s3.generate_presigned_url("get_object", Params=request)).partition("?")[0]


if __name__ == "__main__":
    main()
