"""Every HTTP operation of identity."""

# ruff: noqa: E501

from __future__ import annotations

from chalicelib.edge.auth import ADMIN, READ, WRITE
from chalicelib.edge.route import Gives, Route, blueprint
from chalicelib.edge.schema import IdOut
from chalicelib.identity import groups, keys, memberships, users
from chalicelib.identity.schemas import (
    GroupIn,
    GroupOut,
    GroupPatch,
    KeyIn,
    KeyOut,
    MemberIn,
    MemberOut,
    MemberPatch,
    RotateIn,
    UserIn,
    UserOut,
    UserPatch,
)

# fmt: off
ROUTES = [
    # operationId     verb         path                             does                 takes      gives        scope
    Route("createUser", "POST",      "/v1/user",                      users.users.create,  UserIn,    IdOut,       WRITE),
    Route("getUser",    "GET",       "/v1/user/{user_id}",            users.users.read,    None,      UserOut,     READ),
    Route("updateUser", "PUT,PATCH", "/v1/user/{user_id}",            users.users.update,  UserPatch, UserOut,     WRITE),
    Route("deleteUser", "DELETE",    "/v1/user/{user_id}",            users.delete,        None,      None,        WRITE),

    Route("listGroups",  "GET",       "/v1/group",                    groups.groups.list,    None,      GroupOut,    READ),
    Route("createGroup", "POST",      "/v1/group",                    groups.groups.create,  GroupIn,   IdOut,       WRITE),
    Route("getGroup",    "GET",       "/v1/group/{group_id}",         groups.groups.read,    None,      GroupOut,    READ),
    Route("updateGroup", "PUT,PATCH", "/v1/group/{group_id}",         groups.groups.update,  GroupPatch, GroupOut,   WRITE),
    Route("deleteGroup", "DELETE",    "/v1/group/{group_id}",         groups.delete,         None,      None,        WRITE),

    Route("listGroupUsers",  "GET",       "/v1/group/{group_id}/user",           memberships.list_members, None,        MemberOut,          READ),
    Route("addGroupUser",    "POST",      "/v1/group/{group_id}/user",           memberships.add,          MemberIn,    Gives.EMPTY_STRING, WRITE),
    Route("getGroupUser",    "GET",       "/v1/group/{group_id}/user/{user_id}", memberships.read,         None,        MemberOut,          READ),
    Route("updateGroupUser", "PUT,PATCH", "/v1/group/{group_id}/user/{user_id}", memberships.update,       MemberPatch, MemberOut,          WRITE),
    Route("deleteGroupUser", "DELETE",    "/v1/group/{group_id}/user/{user_id}", memberships.delete,       None,        None,               WRITE),

    Route("createKey",  "POST",      "/v1/admin/keys",                keys.create,         KeyIn,     Gives.AS_IS, ADMIN),
    Route("listKeys",   "GET",       "/v1/admin/keys",                keys.list_keys,      None,      KeyOut,      ADMIN),
    Route("rotateKey",  "POST",      "/v1/admin/keys/{key_id}/rotate", keys.rotate,        RotateIn,  Gives.AS_IS, ADMIN),
    Route("revokeKey",  "DELETE",    "/v1/admin/keys/{key_id}",       keys.revoke,         None,      None,        ADMIN),
]
# fmt: on
routes = blueprint(__name__, ROUTES)
