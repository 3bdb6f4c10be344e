"""Every HTTP operation of identity."""

# ruff: noqa: E501

from __future__ import annotations

from chalicelib.edge.auth import ADMIN, READ, WRITE
from chalicelib.edge.route import Gives, Route, blueprint
from chalicelib.edge.schema import IdOut
from chalicelib.identity import keys, users
from chalicelib.identity.schemas import KeyIn, KeyOut, RotateIn, UserIn, UserOut, UserPatch

# fmt: off
ROUTES = [
    # operationId     verb         path                             does                 takes      gives        scope
    Route("createUser", "POST",      "/v1/user",                      users.users.create,  UserIn,    IdOut,       WRITE),
    Route("getUser",    "GET",       "/v1/user/{user_id}",            users.users.read,    None,      UserOut,     READ),
    Route("updateUser", "PUT,PATCH", "/v1/user/{user_id}",            users.users.update,  UserPatch, UserOut,     WRITE),
    Route("deleteUser", "DELETE",    "/v1/user/{user_id}",            users.delete,        None,      None,        WRITE),
    Route("createKey",  "POST",      "/v1/admin/keys",                keys.create,         KeyIn,     Gives.AS_IS, ADMIN),
    Route("listKeys",   "GET",       "/v1/admin/keys",                keys.list_keys,      None,      KeyOut,      ADMIN),
    Route("rotateKey",  "POST",      "/v1/admin/keys/{key_id}/rotate", keys.rotate,        RotateIn,  Gives.AS_IS, ADMIN),
    Route("revokeKey",  "DELETE",    "/v1/admin/keys/{key_id}",       keys.revoke,         None,      None,        ADMIN),
]
# fmt: on
routes = blueprint(__name__, ROUTES)
