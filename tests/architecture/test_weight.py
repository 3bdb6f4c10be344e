"""What each function may not import when it starts: these cost tens of milliseconds each, at every cold start."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from infra.functions import FUNCTIONS

ROOT = Path(__file__).parents[2]
HEAVY_FOR_ALL = {
    "boto3", "botocore", "pynamodb", "cryptography", "quickjs", "jsonschema_rs", "joserfc", "croniter",
    "aws_lambda_powertools", "requests", "urllib3", "aws_xray_sdk", "asyncio",
}  # fmt: skip
HEAVY_FOR_WORKERS = {*HEAVY_FOR_ALL, "pydantic"}
_LIST = "import importlib, json, sys; importlib.import_module({!r}); print(json.dumps(sorted(sys.modules)))"


@pytest.mark.parametrize("module", sorted({function.handler.rpartition(".")[0] for function in FUNCTIONS}))
def test_starting_imports_nothing_heavy(module: str) -> None:
    done = subprocess.run([sys.executable, "-c", _LIST.format(module)], cwd=ROOT, capture_output=True, check=True)
    loaded = {name.partition(".")[0] for name in json.loads(done.stdout)}
    heavy = HEAVY_FOR_ALL if module == "app" else HEAVY_FOR_WORKERS
    assert loaded & heavy == set()
