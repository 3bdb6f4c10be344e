"""Reading a connector's folder, and what every connector must keep."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from infra import connector_files
from infra.connector_files import ConnectorFault
from tests.unit.connectors.connector_logic import github


def write(folder: Path, files: dict[str, Any]) -> Path:
    for name, content in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content if isinstance(content, str) else json.dumps(content))
    return folder


def small(**changed: Any) -> dict[str, Any]:
    label = {"en": "Small"}
    schema = {"variables": [{"title": "text", "type": "string", "x-required": True}], "output": {}}
    files: dict[str, Any] = {
        "connector.json": {"name": "small", "type": "0", "icon": None, "label": label},
        "version.json": {"name": "1.0.0", "label": label, "setting": {}},
        "fn/greet.js": "return `hello ${args[0]}`;",
        "security/token.json": {"type": "apiKey", "scheme": "bearer", "label": label},
        "variable/secret.json": {"name": "secret", "required": False, "label": label, "schema": {"type": "string"}},
        "event/hook/event.json": {"name": "hook", "type": "standard", "setting": {}},
        "event/hook/route.js": "return 'said';",
        "trigger/said/trigger.json": {"name": "said", "label": label, "schema": schema},
        "trigger/said/trigger.js": "return notification.body;",
        "action/say/action.json": {"name": "say", "label": label, "tag": ["talk"], "schema": schema},
        "action/say/execute.js": "return input.data.text;",
        "condition/loud/condition.json": {"name": "loud", "label": label, "schema": schema},
        "condition/loud/execute.js": "return input.data.text === input.data.text.toUpperCase();",
        "datatype/tone/datatype.json": {"name": "tone", "schema": {"data": {"type": "string"}, "valuesLogicInput": []}},
        "datatype/tone/values.js": "return { values: [{ label: 'Loud', value: 'loud' }] };",
    }
    files.update({name.replace("__", "."): content for name, content in changed.items()})
    return files


def test_every_part_of_a_folder_is_read(tmp_path: Path) -> None:
    parts = connector_files.read(write(tmp_path, small()))

    assert parts["service"]["name"] == "small"
    assert parts["scripts"] == {"greet": "return `hello ${args[0]}`;"}
    assert parts["events"]["hook"]["logic"] == {"route": {"language": "javascript", "code": "return 'said';"}}
    assert parts["triggers"]["said"]["schema"]["variables"][0]["title"] == "text"
    assert parts["actions"]["say"]["tag"] == ["talk"]
    assert (list(parts["securities"]), list(parts["variables"])) == (["token"], ["secret"])
    assert list(parts["conditions"]["loud"]["logic"]) == ["execute"]
    assert parts["datatypes"]["tone"]["logic"]["values"]["code"].startswith("return { values:")


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("connector.json", "{", "connector.json: not JSON"),
        ("connector.json", {"name": "small", "type": "0"}, "connector.json: label is missing"),
        ("connector.json", {"name": "Sm all", "type": "0", "label": {}}, "connector.json: name 'Sm all'"),
        ("connector.json", {"name": "small", "type": 0, "label": {}}, "connector.json: type has the wrong type"),
        ("version.json", {"name": "one", "label": {}}, "version.json: name 'one' must be a version"),
        ("version.json", [], "version.json: must hold one JSON object"),
        ("fn/not-a-name.js", "return 1;", "fn/not-a-name.js: a script is <name>.js"),
        ("fn/empty.js", " \n", "fn/empty.js: holds no code"),
        ("security/x.json", {"type": "magic", "scheme": "x", "label": {}}, "security/x.json: type must be one of"),
        ("variable/x.json", {"name": "y", "label": {}}, "variable/x.json: name 'y' must be that of its file"),
        ("event/hook/event.json", {"name": "hook", "type": "x"}, "event/hook/event.json: type must be one of"),
        ("event/hook/extra.js", "return 1;", "event/hook/extra.js: not part of a connector"),
        ("event/bare/event.json", {"name": "bare", "type": "user"}, "event/bare: needs route.js"),
        ("trigger/said/trigger.json", {"name": "sad", "label": {}, "schema": {}}, "said/trigger.json: name 'sad'"),
        ("trigger/said/trigger.json", {"name": "said", "label": {}, "schema": {}}, "schema needs variables"),
        ("action/stray.json", {}, "action/stray.json: a action is a folder"),
        ("condition/bare/condition.json", {"name": "bare", "label": {}, "schema": {}}, "schema needs variables"),
        (
            "datatype/bare/datatype.json",
            {"name": "bare", "schema": {"data": {}}},
            "schema needs data (a JSON Schema) and",
        ),
        ("datatype/tone/execute.js", "return 1;", "datatype/tone/execute.js: not part of a connector"),
        ("surprise.txt", "x", "surprise.txt: not part of a connector"),
    ],
)
def test_a_fault_names_its_file(tmp_path: Path, file: str, content: Any, said: str) -> None:
    write(tmp_path, {**small(), file: content})
    with pytest.raises(ConnectorFault, match=re.escape(said)):
        connector_files.read(tmp_path)


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ([{"type": "string"}], "schema.variables[0] needs a title"),
        ([{"title": "a"}, {"title": "a"}], "schema.variables has a title twice"),
        ({"title": "a"}, "schema needs variables (an array)"),
    ],
)
def test_variables_are_an_ordered_list_of_titled_fragments(tmp_path: Path, variables: Any, said: str) -> None:
    action = {"name": "say", "label": {}, "schema": {"variables": variables, "output": {}}}
    write(tmp_path, {**small(), "action/say/action.json": action})
    with pytest.raises(ConnectorFault, match=re.escape(f"action/say/action.json: {said}")):
        connector_files.read(tmp_path)


def test_a_missing_document_is_named(tmp_path: Path) -> None:
    write(tmp_path, small())
    shutil.rmtree(tmp_path / "action")
    write(tmp_path, {"action/say/execute.js": "return 1;"})
    with pytest.raises(ConnectorFault, match=r"action/say/action\.json: missing"):
        connector_files.read(tmp_path)


def test_the_command_tells_a_fault_without_a_trace(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert connector_files.main(["check", str(tmp_path / "nowhere")]) == 1
    assert "no such folder" in capsys.readouterr().err


# --- installing ------------------------------------------------------------------------------------------------------


class Platform:
    """The calls an installation makes, answered from memory; `writes` are those that changed something."""

    def __init__(self) -> None:
        self.items: dict[str, dict[str, Any]] = {}
        self.writes: list[tuple[str, str, Any]] = []

    def call(self, method: str, path: str, body: Any = None, query: Any = None, accept: Any = ()) -> Any:
        if path == "/v1/user":
            return None
        if method == "GET":
            found = self.items.get(path)
            if path == "/v1/service/small":
                return next((item for at, item in self.items.items() if at.count("/") == 3), None)
            return found or [item for at, item in self.items.items() if at.rsplit("/", 1)[0] == path]
        self.writes.append((method, path, query))
        at = path if method == "PUT" else f"{path}/id-{len(self.items)}"
        self.items[at] = {"id": at.rsplit("/", 1)[1], **body}
        return self.items[at]


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch) -> Platform:
    platform = Platform()
    monkeypatch.setattr(connector_files._Api, "call", lambda self, *args, **more: platform.call(*args, **more))
    return platform


def test_install_posts_every_part_and_returns_its_ids(tmp_path: Path, platform: Platform) -> None:
    ids = connector_files.install("http://x", "key", "admin", write(tmp_path, small()))

    assert [path.split("/")[-1] for _, path, _ in platform.writes] == [
        *("service", "version", "security", "variable", "datatype", "event", "trigger", "action", "condition"),
    ]
    assert platform.items[f"/v1/service/{ids['service']}/action/{ids['actions']['say']}"]["logic"]["execute"]
    version = platform.items[f"/v1/service/{ids['service']}/version/{ids['version']}"]
    assert version["logic"]["fn"]["greet"]["language"] == "javascript"


def test_install_again_writes_nothing(tmp_path: Path, platform: Platform) -> None:
    first = connector_files.install("http://x", "key", "admin", write(tmp_path, small()))
    platform.writes.clear()

    assert connector_files.install("http://x", "key", "admin", tmp_path) == first
    assert platform.writes == []


def test_install_updates_what_changed_under_its_id(tmp_path: Path, platform: Platform) -> None:
    ids = connector_files.install("http://x", "key", "admin", write(tmp_path, small()))
    platform.writes.clear()
    write(tmp_path, {"action/say/execute.js": "return 2;", "trigger/said/trigger.js": "return 3;"})
    write(tmp_path, {"condition/loud/execute.js": "return true;", "datatype/tone/values.js": "return { values: [] };"})
    connector_files.install("http://x", "key", "admin", tmp_path)

    service = f"/v1/service/{ids['service']}"
    assert platform.writes == [
        ("PUT", f"{service}/datatype/{ids['datatypes']['tone']}", {"version": "minor"}),
        ("PUT", f"{service}/trigger/{ids['triggers']['said']}", None),
        ("PUT", f"{service}/action/{ids['actions']['say']}", {"version": "minor"}),
        ("PUT", f"{service}/condition/{ids['conditions']['loud']}", None),
    ]


def test_install_all_installs_every_builtin_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[Any, ...]] = []
    monkeypatch.setattr(connector_files, "install", lambda *args: asked.append(args) or {})

    assert list(connector_files.install_all("http://x", "key", "admin")) == [folder.name for _, _, _, folder in asked]
    assert {"github", "gmail", "http"} <= {folder.name for folder in connector_files.builtin_folders()}


# --- the github connector --------------------------------------------------------------------------------------------


def test_github_offers_every_trigger_its_route_names() -> None:
    route = github()["events"]["webhook"]["logic"]["route"]["code"]
    routed = {*re.findall(r'^ {2}\w+: "([\w.]+)",$', route, re.MULTILINE), "any"}

    assert set(github()["triggers"]) == routed | {"issue.updated"}


def test_github_offers_what_people_come_for() -> None:
    triggers = {"issue", "issue.comment", "pull_request", "pull_request.review", "push", "release", "star", "fork"}
    triggers |= {"ref.create", "ref.delete", "workflow_run", "check_run", "discussion", "deployment", "member", "any"}
    actions = {"issue.create", "issue.update", "issue.comment", "issue.list", "pull_request.list", "release.create"}

    assert triggers <= set(github()["triggers"])
    assert actions | {"repo.get"} <= set(github()["actions"])


@pytest.mark.parametrize("kind", ["triggers", "actions"])
def test_github_labels_and_describes_every_field(kind: str) -> None:
    for name, component in github()[kind].items():
        assert component["label"]["en"], name
        assert component["schema"]["output"]["required"], name
        for variable in component["schema"]["variables"]:
            assert variable["x-label"]["en"], (name, variable)
            assert "type" in variable, (name, variable)


def test_github_registers_webhooks_only_where_it_can_take_them_back() -> None:
    for name, trigger in github()["triggers"].items():
        asks = any(variable["title"] == "register" for variable in trigger["schema"]["variables"])
        assert ("create" in trigger["logic"], "delete" in trigger["logic"]) == (asks, asks), name


def test_github_shows_one_thing_in_one_shape() -> None:
    """The declared issue of every trigger and action is the same, and so are the others that occur twice."""
    seen: dict[str, Any] = {}
    for kind in ("triggers", "actions"):
        for name, component in github()[kind].items():
            for field, schema in component["schema"]["output"]["properties"].items():
                if field in ("issue", "pull_request", "repository", "sender") and "properties" in schema:
                    assert seen.setdefault(field, schema["properties"]) == schema["properties"], (name, field)
