"""Python runs this in every process of a stack under test: its cloud gets the weather, its clock is wrong."""

from __future__ import annotations

import os
import sys
from typing import Any


def _set_out(text: str) -> None:
    from chalicelib.adapters import aws
    from chalicelib.chat import calling
    from chalicelib.core import clock
    from infra import queues
    from infra.local import stack, workers
    from infra.local.cloud import LocalCloud
    from tests.chaos.weather.forecast import read
    from tests.chaos.weather.storm import Storm

    forecast = read(text)
    queues.VISIBILITY_S, workers._BUDGET_S = forecast.visibility_s, forecast.budget_s
    # A lane begins no request that could outlast its invocation: a short invocation needs short requests.
    calling.WORKER_TIMEOUT_S = min(calling.WORKER_TIMEOUT_S, forecast.budget_s / 3)
    storm = Storm(forecast, "workers" if sys.orig_argv[-1] == "workers" else "api")
    clock.use(storm.now_ms)
    attach = stack.attach

    def in_the_weather() -> LocalCloud:
        cloud = attach()
        storm.over(cloud)
        aws.reset(is_local=True)  # the long way through botocore, which repeats calls as it does on AWS
        aws.on_client(lambda _service, client: cloud.attach(client))
        return cloud

    stack.attach = in_the_weather


def _is_of_the_stack(arguments: list[str]) -> bool:
    return arguments[1:3] == ["-m", "infra.local"]


_text: Any = os.environ.get("CHAOS_FORECAST")
if _text and _is_of_the_stack(sys.orig_argv):
    _set_out(_text)
