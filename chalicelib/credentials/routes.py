"""Every HTTP operation of credentials."""

# ruff: noqa: E501

from __future__ import annotations

from chalicelib.credentials import tokens, values
from chalicelib.credentials.oauth import callback, redirects, starting
from chalicelib.credentials.schemas import RedirectsIn, TokenOut, TokenPatch, UserTokenIn, UserTokenOut
from chalicelib.edge.auth import ADMIN, PUBLIC, READ, WRITE
from chalicelib.edge.route import Body, Gives, Route, blueprint

# fmt: off
ROUTES = [
    # operationId            verb         path                                                  does                takes          gives         scope
    Route("createUserToken",  "POST",      "/v1/user/{user_id}/token",                           tokens.create,      UserTokenIn,   UserTokenOut, WRITE),
    Route("listTokens",       "GET",       "/v1/service/{service_id}/token",                     tokens.list_tokens, None,          TokenOut,     READ),
    Route("getToken",         "GET",       "/v1/service/{service_id}/token/{token_id}",          tokens.read,        None,          TokenOut,     READ),
    Route("updateToken",      "PUT,PATCH", "/v1/service/{service_id}/token/{token_id}",          tokens.update,      TokenPatch,    TokenOut,     WRITE),
    Route("deleteToken",      "DELETE",    "/v1/service/{service_id}/token/{token_id}",          tokens.delete,      None,          None,         WRITE),
    Route("setVariableValue", "PUT",       "/v1/service/{service_id}/variable/{variable_id}/value", values.set_value, Body.ANY_JSON, Gives.AS_IS, WRITE),

    Route("getServiceOauthUrl",   "GET",   "/v1/service/{service_id}/oauth",                     starting.url_for,   None,          Gives.AS_IS,  WRITE),
    Route("receiveOauthCallback", "GET",   "/v1/oauth/callback",                                 callback.receive,   None,          Gives.AS_IS,  PUBLIC),
    Route("getOauthRedirects",    "GET",   "/v1/oauth/redirects",                                redirects.read,     None,          Gives.AS_IS,  READ),
    Route("updateOauthRedirects", "PUT",   "/v1/oauth/redirects",                                redirects.update,   RedirectsIn,   Gives.AS_IS,  ADMIN),
]
# fmt: on
routes = blueprint(__name__, ROUTES)
