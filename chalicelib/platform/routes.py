"""The operations of the platform about itself."""

from __future__ import annotations

from chalicelib.edge.auth import PUBLIC
from chalicelib.edge.route import Gives, Route, blueprint
from chalicelib.platform.health import read_health

ROUTES = [
    Route("readHealth", "GET", "/healthz", read_health, None, Gives.AS_IS, PUBLIC),
]
routes = blueprint(__name__, ROUTES)
