"""The operations of the platform about itself."""

from __future__ import annotations

from chalicelib.edge.auth import ADMIN, PUBLIC
from chalicelib.edge.route import Gives, Route, blueprint
from chalicelib.platform.health import read_health
from chalicelib.platform.metrics import read_metrics
from chalicelib.platform.reference.serving import read_docs, read_openapi

# fmt: off
ROUTES = [
    Route("readHealth",  "GET", "/healthz",         read_health,  None, Gives.AS_IS, PUBLIC),
    Route("readMetrics", "GET", "/v1/metrics",      read_metrics, None, Gives.AS_IS, ADMIN),
    Route("readOpenapi", "GET", "/v1/openapi.json", read_openapi, None, Gives.AS_IS, PUBLIC),
    Route("readDocs",    "GET", "/docs",            read_docs,    None, Gives.AS_IS, PUBLIC),
]
# fmt: on
routes = blueprint(__name__, ROUTES)
