"""Every HTTP operation of chat."""

from __future__ import annotations

from chalicelib.chat import routes_admin, routes_chat
from chalicelib.edge.failures import BOTPRESS
from chalicelib.edge.route import blueprint

ROUTES = [*routes_admin.ROWS, *routes_chat.ROWS]
routes = blueprint(__name__, ROUTES, BOTPRESS)
