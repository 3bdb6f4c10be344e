"""`python -m infra.first_key --stage prod --workspace acme`: make the first API key of a workspace.

Every other key is made through the API by this one. The caller's AWS credentials must reach the stage's tables and
its master key; nothing of it is kept but the key's hash.
"""

from __future__ import annotations

import argparse
import os

import botocore.session

from infra.functions import STAGES, Stage


def main() -> None:
    """Print the key, once."""
    parser = argparse.ArgumentParser(prog="infra.first_key", description=__doc__)
    parser.add_argument("--stage", choices=STAGES, required=True)
    parser.add_argument("--workspace", required=True)
    parser.add_argument("--name", default="first")
    chosen = parser.parse_args()
    print(make(STAGES[chosen.stage], chosen.workspace, chosen.name))


def make(stage: Stage, workspace_id: str, name: str) -> str:
    """Make a key with every scope and give its text."""
    stack = botocore.session.get_session().create_client("cloudformation")
    described = stack.describe_stacks(StackName=f"millrace-{stage.name}")["Stacks"][0]
    outputs = {one["OutputKey"]: one["OutputValue"] for one in described["Outputs"]}
    os.environ |= {
        "MILLRACE_STAGE": stage.name,
        "MILLRACE_TABLE_PREFIX": stage.prefix,
        "MILLRACE_QUEUE_PREFIX": stage.prefix,
        "MILLRACE_KMS_KEY_ID": outputs["MasterKeyArn"],
        "MILLRACE_DEV_KEYS": "",
    }
    from chalicelib.core.call import Call, Caller
    from chalicelib.edge import auth
    from chalicelib.identity import keys
    from chalicelib.identity.schemas import KeyIn

    call = Call("createKey", Caller(workspace_id, "operator", frozenset(auth.SCOPES)), "first-key")
    call.body = KeyIn.read({"name": name, "scopes": sorted(auth.SCOPES)})
    return str(keys.create(call)["key"])


if __name__ == "__main__":
    main()
