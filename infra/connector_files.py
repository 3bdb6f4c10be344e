"""Connectors kept as plain files: read a folder, and install it through the public HTTP API.

A connector is a folder (those of chalicelib/connectors/builtin come with the platform):

    connector.json                 the service: name, type, icon, label, description
    version.json                   its version: name, label, setting
    fn/<name>.js                   scripts that all its logic can call
    security/<name>.json           ways to sign in
    variable/<name>.json           values the platform supplies
    event/<name>/event.json        receivers of notifications      route.js, response.js
    trigger/<name>/trigger.json    what can be subscribed to       trigger.js, create.js, delete.js, poll.js
    action/<name>/action.json      what can be executed            execute.js, refreshVariables.js
    condition/<name>/condition.json    checks within automations   execute.js
    datatype/<name>/datatype.json  sources of choices for inputs   values.js

    python -m infra.connector_files install chalicelib/connectors/builtin/github \\
        --url http://localhost:1290 --key default --user admin
    python -m infra.connector_files install-all --url http://localhost:1290 --key default --user admin
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

Json = dict[str, Any]

EVENT_TYPES = ("standard", "automation", "target", "user", "serviceUrl")
SECURITY_TYPES = ("oauth2", "apiKey")
HOOKS = {  # kind -> hook files it may have; HOOKS_NEEDED: of these, at least one
    "event": ("route", "response"),
    "trigger": ("trigger", "create", "delete", "poll"),
    "action": ("execute", "refreshVariables"),
    "condition": ("execute",),
    "datatype": ("values",),
}
HOOKS_NEEDED = {
    **{"event": ("route",), "trigger": ("trigger", "poll"), "action": ("execute",)},
    **{"condition": ("execute",), "datatype": ("values",)},
}
FIELDS: dict[str, dict[str, Any]] = {  # kind -> field -> its JSON type; a field marked ! must be there
    "connector": {"name!": str, "type!": str, "icon": (str, type(None)), "label!": dict, "description": (str, dict)},
    "version": {"name!": str, "label!": dict, "setting": dict},
    "security": {"type!": str, "scheme!": str, "label!": dict, "config": dict},
    "variable": {"name!": str, "required": bool, "label!": dict, "schema": dict, "config": dict},
    "event": {"name!": str, "type!": str, "setting": dict, "config": dict},
    "trigger": {"name!": str, "label!": dict, "schema!": dict},
    "action": {"name!": str, "label!": dict, "tag": list, "schema!": dict},
    "condition": {"name!": str, "label!": dict, "schema!": dict},
    "datatype": {"name!": str, "schema!": dict},
}
BUILTIN = Path(__file__).parents[1] / "chalicelib" / "connectors" / "builtin"
SERVICE_FIELDS = ("name", "type", "icon")  # of connector.json, what the API keeps of a service
TIMEOUT_S = 30

_SERVICE_NAME = re.compile(r"^[a-z][a-z0-9_-]*$")
_COMPONENT_NAME = re.compile(r"^[A-Za-z][A-Za-z0-9_.-]*$")
_SCRIPT_NAME = re.compile(r"^[A-Za-z_$][A-Za-z0-9_$]*$")
_VERSION_NAME = re.compile(r"^\d+\.\d+\.\d+(-[A-Za-z0-9.-]+)?$")


class ConnectorFault(ValueError):
    """A file of a connector is wrong; the message begins with its path inside the folder."""

    def __init__(self, where: Path | str, problem: str) -> None:
        super().__init__(f"{where}: {problem}")


class InstallFailed(RuntimeError):
    """The platform refused a part of the connector, or could not be reached."""


# --- reading ---------------------------------------------------------------------------------------------------------


def builtin_folders() -> list[Path]:
    """List the folders of the connectors that come with the platform, by name."""
    return sorted(file.parent for file in BUILTIN.glob("*/connector.json"))


def read(folder: Path | str) -> Json:
    """Read a connector's folder.

    Returns {service, version, scripts, securities, variables, datatypes, events, triggers, actions, conditions}:
    service and version as their files say, scripts name -> code, the others name -> what the API takes, with the hooks
    under `logic`.
    Raises ConnectorFault for the first file that is missing, wrong or unknown.
    """
    root = Path(folder)
    if not root.is_dir():
        raise ConnectorFault(root, "no such folder")
    known = {"connector.json", "version.json", "fn", "security", "variable", *HOOKS, "README.md"}
    _refuse_unknown(root, root, known)
    service, version = _document(root, root / "connector.json"), _document(root, root / "version.json")
    if not _SERVICE_NAME.match(service["name"]):
        raise ConnectorFault("connector.json", f"name {service['name']!r} must be lower case letters, digits, _ and -")
    if not _VERSION_NAME.match(version["name"]):
        raise ConnectorFault("version.json", f"name {version['name']!r} must be a version such as 1.0.0")
    return {
        "service": service,
        "version": version,
        "scripts": _scripts(root),
        "securities": _plain(root, "security"),
        "variables": _plain(root, "variable"),
        "datatypes": _components(root, "datatype"),
        "events": _components(root, "event"),
        "triggers": _components(root, "trigger"),
        "actions": _components(root, "action"),
        "conditions": _components(root, "condition"),
    }


def _scripts(root: Path) -> dict[str, str]:
    scripts = {}
    for file in _entries(root / "fn"):
        if file.suffix != ".js" or not _SCRIPT_NAME.match(file.stem):
            raise ConnectorFault(file.relative_to(root), "a script is <name>.js, its name a JavaScript identifier")
        scripts[file.stem] = _code(root, file)
    return scripts


def _plain(root: Path, kind: str) -> dict[str, Json]:
    """Read the components that are one file each."""
    found = {}
    for file in _entries(root / kind):
        where = file.relative_to(root)
        if file.suffix != ".json":
            raise ConnectorFault(where, f"a {kind} is <name>.json")
        document = _document(root, file, kind)
        if kind == "security" and document["type"] not in SECURITY_TYPES:
            raise ConnectorFault(where, f"type must be one of {', '.join(SECURITY_TYPES)}")
        if kind == "variable":
            _check_name(where, document, file.stem)
        found[file.stem] = document
    return found


def _components(root: Path, kind: str) -> dict[str, Json]:
    """Read the components that are a folder each: their document and their hooks."""
    found = {}
    for folder in _entries(root / kind):
        where = folder.relative_to(root)
        if not folder.is_dir():
            raise ConnectorFault(where, f"a {kind} is a folder")
        _refuse_unknown(root, folder, {f"{kind}.json", *(f"{hook}.js" for hook in HOOKS[kind])})
        document = _document(root, folder / f"{kind}.json", kind)
        _check_name(where / f"{kind}.json", document, folder.name)
        if kind == "event" and document["type"] not in EVENT_TYPES:
            raise ConnectorFault(where / "event.json", f"type must be one of {', '.join(EVENT_TYPES)}")
        if kind == "datatype":
            _check_datatype(where / "datatype.json", document["schema"])
        elif "schema" in document:
            _check_schema(where / f"{kind}.json", document["schema"])
        hooks = {hook: folder / f"{hook}.js" for hook in HOOKS[kind]}
        logic = {hook: _logic(_code(root, file)) for hook, file in hooks.items() if file.is_file()}
        if not any(hook in logic for hook in HOOKS_NEEDED[kind]):
            raise ConnectorFault(where, f"needs {' or '.join(f'{hook}.js' for hook in HOOKS_NEEDED[kind])}")
        found[folder.name] = {**document, "logic": logic}
    return found


def _entries(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def _refuse_unknown(root: Path, folder: Path, known: Iterable[str]) -> None:
    for path in _entries(folder):
        if path.name not in known:
            raise ConnectorFault(path.relative_to(root), f"not part of a connector; here belong {sorted(known)}")


def _document(root: Path, file: Path, kind: str = "") -> Json:
    where = file.relative_to(root)
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConnectorFault(where, "missing") from None
    except ValueError as error:
        raise ConnectorFault(where, f"not JSON: {error}") from error
    if not isinstance(document, dict):
        raise ConnectorFault(where, "must hold one JSON object")
    _check_fields(where, document, FIELDS[kind or file.stem])
    return document


def _check_fields(where: Path, document: Json, fields: Mapping[str, Any]) -> None:
    types = {field.rstrip("!"): expected for field, expected in fields.items()}
    for field in fields:
        if field.endswith("!") and field[:-1] not in document:
            raise ConnectorFault(where, f"{field[:-1]} is missing")
    for field, value in document.items():
        if field not in types:
            raise ConnectorFault(where, f"unknown field {field!r}; known are {', '.join(types)}")
        if not isinstance(value, types[field]):
            raise ConnectorFault(where, f"{field} has the wrong type: {type(value).__name__}")


def _check_name(where: Path, document: Json, expected: str) -> None:
    name = document["name"]
    if name != expected:
        raise ConnectorFault(where, f"name {name!r} must be that of its file or folder, {expected!r}")
    if not _COMPONENT_NAME.match(name):
        raise ConnectorFault(where, f"name {name!r} must be letters, digits, dots, _ and -")


def _check_schema(where: Path, schema: Json) -> None:
    if not isinstance(schema.get("variables"), list) or not isinstance(schema.get("output"), dict):
        raise ConnectorFault(where, "schema needs variables (an array) and output (a JSON Schema)")
    _check_titles(where, "schema.variables", schema["variables"])


def _check_datatype(where: Path, schema: Json) -> None:
    if not isinstance(schema.get("valuesLogicInput"), list) or not isinstance(schema.get("data"), dict):
        raise ConnectorFault(where, "schema needs data (a JSON Schema) and valuesLogicInput (an array)")
    _check_titles(where, "schema.valuesLogicInput", schema["valuesLogicInput"])


def _check_titles(where: Path, place: str, variables: list[Any]) -> None:
    titles = []
    for position, variable in enumerate(variables):
        if not isinstance(variable, dict) or not isinstance(variable.get("title"), str):
            raise ConnectorFault(where, f"{place}[{position}] needs a title, the name of the field")
        titles.append(variable["title"])
    if len(set(titles)) < len(titles):
        raise ConnectorFault(where, f"{place} has a title twice")


def _code(root: Path, file: Path) -> str:
    code = file.read_text(encoding="utf-8")
    if not code.strip():
        raise ConnectorFault(file.relative_to(root), "holds no code")
    return code


def _logic(code: str) -> Json:
    return {"language": "javascript", "code": code}


# --- installing ------------------------------------------------------------------------------------------------------


def install(base_url: str, api_key: str, user_id: str, folder: Path | str, **service_fields: str) -> Json:
    """Install a connector, or bring an installed one to what its files say; parts already equal are left alone.

    Returns the ids: {service, version, securities: {name: id}, variables: {...}, datatypes, events, triggers, actions,
    conditions}. Tokens and subscriptions stay as they are, because what they lean on keeps its id.
    Components that the files no longer name are kept, because subscriptions may lean on them. `service_fields` are
    further fields of the service: platformId, sharing. A service of this name that another workspace shares is no
    hindrance.
    Raises ConnectorFault for wrong files, InstallFailed when the platform refuses.
    """
    parts = read(folder)
    api = _Api(base_url, api_key, user_id)
    api.call("POST", "/v1/user", {"userId": user_id}, accept=(409,))
    name = parts["service"]["name"]
    fields = {field: parts["service"].get(field) for field in SERVICE_FIELDS} | service_fields
    found = api.call("GET", f"/v1/service/{name}", accept=(404,))
    if found and found.get("shared"):
        found = None
    service = api.put("/v1/service", name, fields, found)
    path = f"/v1/service/{service}"
    logic = {"fn": {script: _logic(code) for script, code in parts["scripts"].items()}}
    versions = {item["name"]: item for item in api.call("GET", f"{path}/version")}
    version = {**parts["version"], "logic": logic}
    return {
        "service": service,
        "version": api.put(f"{path}/version", version["name"], version, versions.get(version["name"])),
        "securities": _install_securities(api, path, parts["securities"]),
        "variables": api.put_all(f"{path}/variable", parts["variables"], {"version": "minor"}),
        "datatypes": api.put_all(f"{path}/datatype", parts["datatypes"], {"version": "minor"}),
        "events": api.put_all(f"{path}/event", parts["events"]),
        "triggers": api.put_all(f"{path}/trigger", parts["triggers"]),
        "actions": api.put_all(f"{path}/action", parts["actions"], {"version": "minor"}),
        "conditions": api.put_all(f"{path}/condition", parts["conditions"]),
    }


def install_all(base_url: str, api_key: str, user_id: str, **service_fields: str) -> dict[str, Json]:
    """Install or update every connector that comes with the platform; returns name -> ids, as install does."""
    return {folder.name: install(base_url, api_key, user_id, folder, **service_fields) for folder in builtin_folders()}


def _install_securities(api: _Api, path: str, securities: Mapping[str, Json]) -> dict[str, str]:
    """Securities have no name on the platform: one is known again by its label, or else by its kind if it is alone."""
    listed = api.call("GET", f"{path}/security") if securities else []
    ids = {}
    for name, security in securities.items():
        alike = [item for item in listed if item.get("scheme") == security["scheme"]]
        same = [item for item in alike if item.get("label") == security["label"]]
        found = (same or (alike if len(alike) == 1 else []) or [None])[0]
        ids[name] = api.put(f"{path}/security", found["id"] if found else name, security, found, {"version": "minor"})
    return ids


class _Api:
    """The few calls an installation needs, as one user."""

    def __init__(self, base_url: str, api_key: str, user_id: str) -> None:
        import requests

        self.base_url, self.user_id = base_url.rstrip("/"), user_id
        self.session = requests.Session()
        self.session.headers["api_key"] = api_key
        self.session.trust_env = False

    def put_all(self, path: str, wanted: Mapping[str, Json], query: Mapping[str, str] | None = None) -> dict[str, str]:
        """Create or update every named component below a path; returns name -> id."""
        if not wanted:
            return {}
        listed = {item.get("name"): item for item in self.call("GET", path)}
        return {name: self.put(path, name, body, listed.get(name), query) for name, body in wanted.items()}

    def put(self, path: str, name: str, body: Json, found: Json | None, query: Mapping[str, str] | None = None) -> str:
        """Create what was not found, update what differs; returns its id."""
        sent = {field: value for field, value in body.items() if value is not None}
        if found is None:
            return str(self.call("POST", path, sent)["id"])
        if any(found.get(field) != value for field, value in sent.items()):
            self.call("PUT", f"{path}/{quote(str(found.get('id', name)), safe='')}", sent, query)
        return str(found["id"])

    def call(
        self,
        method: str,
        path: str,
        body: Json | None = None,
        query: Mapping[str, str] | None = None,
        accept: tuple[int, ...] = (),
    ) -> Any:
        """Call the platform; statuses named in `accept` give None. Raises InstallFailed for every other refusal."""
        import requests

        params = {"userId": self.user_id, **(query or {})}
        try:
            answer = self.session.request(
                method, self.base_url + path, params=params, json=body, timeout=TIMEOUT_S, allow_redirects=False
            )
        except requests.RequestException as error:
            raise InstallFailed(f"{method} {path}: {error}") from error
        if answer.status_code in accept:
            return None
        if answer.status_code >= 300:
            part = f" ({body['name']})" if body and "name" in body else ""
            raise InstallFailed(f"{method} {path}{part}: {answer.status_code} {answer.text[:500]}")
        return answer.json()


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m infra.connector_files", description="Connectors kept as files.")
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser("check", help="read a connector and say what it has")
    installing = commands.add_parser("install", help="install a connector over HTTP, or update it")
    everything = commands.add_parser("install-all", help="install or update those that come with the platform")
    for command in (check, installing):
        command.add_argument("folder", type=Path)
    for command in (installing, everything):
        command.add_argument("--url", default="http://localhost:1290", help="where the platform answers")
        command.add_argument("--key", default="default", help="an API key of the workspace")
        command.add_argument("--user", default="admin", help="the acting developer")
    chosen = parser.parse_args(arguments)
    try:
        if chosen.command == "install":
            print(json.dumps(install(chosen.url, chosen.key, chosen.user, chosen.folder), indent=2))
        elif chosen.command == "install-all":
            print(json.dumps(install_all(chosen.url, chosen.key, chosen.user), indent=2))
        else:
            parts = read(chosen.folder)
            print(
                json.dumps({kind: list(names) for kind, names in parts.items() if kind not in ("service", "version")})
            )
    except (ConnectorFault, InstallFailed) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
