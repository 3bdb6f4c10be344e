"""Integrations: versions made, changed, found and deleted; the hub shows the public ones of everybody."""

from __future__ import annotations

from typing import Any

from chalicelib.adapters import blobs
from chalicelib.chat import access, bots, definitions, endings, rules, sealing, workspaces
from chalicelib.chat.models import assets, installations, integrations
from chalicelib.chat.models.integrations import Integration
from chalicelib.chat.schemas import sent
from chalicelib.chat.wire import PAGE, after, iso, meta
from chalicelib.core.call import Call
from chalicelib.core.config import settings
from chalicelib.core.errors import AlreadyExists, Conflict, InvalidInput, NotFound, VersionConflict
from chalicelib.edge.route import Answer, raw_answer
from chalicelib.identity import public as identity

MAX_VERSIONS = 50
MAX_ICON_BYTES, MAX_README_BYTES = 200_000, 500_000
_ATTEMPTS = 6
_MOST_READS = 10  # a page may come back short; its token goes on
Json = dict[str, Any]


def create(call: Call) -> Json:
    """Make a version of an integration. Raises InvalidInput, AlreadyExists, TooLarge."""
    workspace_id, body = access.workspace_of(call), sent(call.body)
    name, version = body["name"], body["version"]
    rules.check_identifier(name, "body.name")
    rules.check_version(version, "body.version")
    if len(integrations.versions_of(workspace_id, name)) >= MAX_VERSIONS:
        raise InvalidInput.at("body.version", f"an integration may have {MAX_VERSIONS} versions", "too_many")
    item = Integration.new(
        workspace_id,
        id=call.new_id("integration"),
        by=call.caller.key_id,
        name=name,
        version=version,
        dev=body.get("dev") is True,
        title=name,
    )
    definitions.apply_to_integration(item, body)
    sealing.seal_integration(item, sealing.new_secret())
    pictures = _read_assets(body)
    try:
        item.create(workspaces.check_writes(call, workspace_id))
    except AlreadyExists:
        if call.idempotency_key is None or Integration.get(workspace_id, id=item.id) is None:
            raise
    _put_assets(item, pictures)
    return {"integration": view(item)}


def update(call: Call) -> Json:
    """Merge what was sent into a version; name, version and dev stay. Raises NotFound, InvalidInput, AlreadyExists."""
    body = sent(call.body)
    pictures = _read_assets(body)
    for _ in range(_ATTEMPTS):
        item = _find(call)
        was_public = item.public
        definitions.apply_to_integration(item, body)
        try:
            item.change(was_public)
        except VersionConflict:
            continue
        _put_assets(item, pictures)
        return {"integration": view(item)}
    raise VersionConflict("the integration keeps changing; try again")


def read(call: Call) -> Json:
    """Show one version. Raises NotFound."""
    return {"integration": view(_find(call))}


def read_named(call: Call) -> Json:
    """Show a version by name and number, or the highest as `latest`. Raises NotFound."""
    workspace_id = access.workspace_of(call)
    chosen = rules.chosen_version(integrations.versions_of(workspace_id, call.path["id"]), call.path["version"])
    return {"integration": view(_existing(integrations.get_many([chosen])))}


def list_page(call: Call) -> Json:
    """List the versions of a workspace, the newest first, of one name or number if the query says so."""
    workspace_id = access.workspace_of(call)
    return _listed(
        call,
        workspace_id,
        lambda position, limit: integrations.listed(workspace_id, position, limit),
        lambda name: integrations.versions_of(workspace_id, name),
    )


def delete(call: Call) -> Json:
    """Delete a version that is installed nowhere. Raises NotFound, Conflict."""
    item = _find(call)
    if installations.is_used(item.workspace_id, item.id):
        raise Conflict("this integration is installed in a bot; remove it there first")
    endings.remove_integration(item)
    return {}


def read_logs(call: Call) -> Json:
    """Show the newest log lines of a version. Raises NotFound."""
    item = _find(call)
    return {"logs": bots.log_view(item.workspace_id, item.id)}


def make_key(call: Call) -> Json:
    """Make a key that acts as this integration, shown this once. Raises NotFound."""
    item = _find(call)
    subject = f"integration:{item.id}"
    key_id, text = identity.make_subject_key(item.workspace_id, subject, item.name, call.caller)
    return {"clientKey": key_id, "token": text}


# --- the hub ----------------------------------------------------------------------------------------------------------


def list_public(call: Call) -> Json:
    """List the public versions of everybody, the newest first."""
    own = access.workspace_of(call)
    return _listed(call, own, integrations.listed_public, integrations.public_versions_of)


def read_public(call: Call) -> Json:
    """Show a public version by id. Raises NotFound."""
    access.workspace_of(call)
    item = integrations.find_public(call.path["id"])
    return {"integration": view(_existing([item] if item else []), is_own=False)}


def read_public_named(call: Call) -> Json:
    """Show a public version by name and number, or the highest as `latest`. Raises NotFound."""
    access.workspace_of(call)
    chosen = rules.chosen_version(integrations.public_versions_of(call.path["id"]), call.path["version"])
    return {"integration": view(_existing(integrations.get_many([chosen])), is_own=False)}


def show_asset(call: Call) -> Answer:
    """Give an icon or a readme to anybody. Raises NotFound."""
    found = assets.get_asset(call.path["id"])
    if found is None:
        raise NotFound("there is nothing at this address")
    headers = {
        "Content-Type": found["kind"],
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
        "Cache-Control": "public, max-age=300",
    }
    return raw_answer(blobs.blobs().get(found["w"], found["blob"]).decode("utf-8", "replace"), 200, headers)


# --- rendering --------------------------------------------------------------------------------------------------------


def view(item: Integration, *, is_own: bool = True) -> Json:
    """Render a version; channels and tags stand in both spellings, what is private in none."""
    shown = {
        **_summaries([item])[0],
        "channels": {name: _channel(one) for name, one in item.channels.items()},
        "states": item.states,
        "configuration": {"schema": item.configuration_schema or {}},
        "events": item.events,
        "actions": item.actions,
        "user": {"creation": item.creation, "tags": item.tags},
        "tags": {"users": list(item.tags)},
        "dev": item.dev,
        "public": item.public,
        "readmeUrl": _addresses([assets.readme_of(item.workspace_id, item.id)])[0],
    }
    if is_own:
        shown["signingSecret"] = sealing.open_integration(item)
        if item.code is not None and not item.runs_code:
            shown["codeNote"] = definitions.CODE_NOTE
    return shown


def _channel(one: Json) -> Json:
    kinds = one["tags"]
    return {
        **{name: one[name] for name in ("title", "description") if name in one},
        "messages": one["messages"],
        "tags": {kind: list(tags) for kind, tags in kinds.items()},
        "conversation": {"creation": one["creation"], "tags": kinds["conversations"]},
        "message": {"tags": kinds["messages"]},
    }


def _summaries(items: list[Integration]) -> list[Json]:
    icons = _addresses([assets.icon_of(one.workspace_id, one.name) for one in items])
    return [
        {
            "id": one.id,
            "name": one.name,
            "version": one.version,
            "createdAt": iso(one.inserted_at),
            "updatedAt": iso(one.updated_at),
            "title": one.title,
            "description": one.description,
            "iconUrl": icon,
        }
        for one, icon in zip(items, icons, strict=True)
    ]


def _addresses(asset_ids: list[str]) -> list[str]:
    there = assets.which_exist(asset_ids) if asset_ids else set()
    return [f"{settings().public_url}/v1/chat/assets/{one}" if one in there else "" for one in asset_ids]


def _listed(call: Call, workspace_id: str, page: Any, versions_of: Any) -> Json:
    name, version = call.query.get("name"), call.query.get("version")
    scope = (name or "", version or "")
    position = after(call, workspace_id, *scope)
    if name:
        found = sorted(versions_of(name), key=lambda one: one["id"], reverse=True)
        if version:
            found = [one for one in found if one == _chosen(found, version)]
        found = [one for one in found if position is None or one["id"] < position]
        summaries, more = found[:PAGE], found[PAGE - 1]["id"] if len(found) > PAGE else None
    else:
        summaries, more = _read_pages(page, position, version, versions_of)
    items = integrations.get_many(summaries)
    return {"integrations": _summaries(items), "meta": meta(call, workspace_id, more, *scope)}


def _read_pages(
    page: Any, position: str | None, version: str | None, versions_of: Any
) -> tuple[list[Json], str | None]:
    """Read until a page is full; a number without a name is looked for among all, `latest` in each name."""
    found: list[Json] = []
    highest: dict[str, Json | None] = {}

    def is_wanted(row: Json) -> bool:
        if version != rules.LATEST:
            return version in (None, "", row["v"])
        if row["n"] not in highest:
            highest[row["n"]] = _chosen(versions_of(row["n"]), rules.LATEST)
        return bool(row == highest[row["n"]])

    for _ in range(_MOST_READS):
        rows, position = page(position, PAGE - len(found))
        found += [row for row in rows if is_wanted(row)]
        if position is None or len(found) == PAGE:
            break
    return found, position


def _chosen(found: list[Json], version: str) -> Json | None:
    try:
        return rules.chosen_version(found, version)
    except NotFound:
        return None


def _existing(found: list[Integration]) -> Integration:
    if not found:
        raise NotFound("no such integration")
    return found[0]


def _find(call: Call) -> Integration:
    return Integration.find(access.workspace_of(call), id=call.path["id"])


def _read_assets(body: Json) -> Json:
    pictures: Json = {}
    for field, most in (("icon", MAX_ICON_BYTES), ("readme", MAX_README_BYTES)):
        if body.get(field):
            pictures[field] = definitions.decoded(body[field], f"body.{field}", most)
    if "icon" in pictures and b"<svg" not in pictures["icon"]:
        raise InvalidInput.at("body.icon", "must be an SVG in base64", "svg")
    return pictures


def _put_assets(item: Integration, pictures: Json) -> None:
    own = item.workspace_id
    if "icon" in pictures:
        icon = blobs.blobs().put(own, pictures["icon"])
        assets.put_asset(assets.icon_of(own, item.name), own, icon, assets.SVG)
    if "readme" in pictures:
        readme = blobs.blobs().put(own, pictures["readme"])
        assets.put_asset(assets.readme_of(own, item.id), own, readme, assets.MARKDOWN)
