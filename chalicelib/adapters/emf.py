"""CloudWatch's embedded metric format: a log line that CloudWatch also reads as metrics.

Without dimensions but `Surface`, so that a deployment has some fifty metrics whatever happens in it: each is paid for
by the month. Everything else by which one may want to look is a plain member of the line, for Logs Insights.
Source: docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from chalicelib.adapters import logs
from chalicelib.core import clock
from chalicelib.core.config import settings
from chalicelib.core.figures import FIGURES, Group

NAMESPACE = "Millrace"
EVENT = "figures"


def write(groups: Iterable[Group], operation: str = "") -> None:
    """Write one line for each group, whatever the log level: alarms read them."""
    for group in groups:
        logs.always(EVENT, line(group, clock.now_ms()) | ({"operation": operation} if operation else {}))


def line(group: Group, now_ms: int) -> dict[str, Any]:
    """Render a group as the members of its line."""
    shown = {name: _short(value) for name, value in group.values.items()}
    metrics = [{"Name": name, "Unit": FIGURES[name].unit} for name in shown]
    by = ["Surface"] if group.surface else []
    directive = {"Namespace": f"{NAMESPACE}/{settings().stage}", "Dimensions": [by], "Metrics": metrics}
    about = {"Surface": group.surface} if group.surface else {}
    return {"_aws": {"Timestamp": now_ms, "CloudWatchMetrics": [directive]}, **about, **shown}


def _short(value: float | list[float]) -> float | list[float]:
    if isinstance(value, list):
        return value[0] if len(value) == 1 else value
    return round(value, 3) if value != int(value) else int(value)
