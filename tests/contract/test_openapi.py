"""The document this API shows of itself: valid, true to what is answered, and held to the published contract."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml
from openapi_spec_validator import OpenAPIV31SpecValidator

import app
from chalicelib.edge.failures import INTERACTOR
from chalicelib.edge.route import ROWS, VERBS, Gives, Route
from chalicelib.edge.schema import Out
from chalicelib.platform.reference import declared, document, examples, operations, page
from tests import builders
from tests.client import Answer, Client, resolve

ROOT = Path(__file__).parents[2]
MAX_RESOURCES = 300
REFUSED = {"getServiceOauthUrl": 409}  # reads that a service of every kind of component does not answer
STRICTER = {"createUserToken": {"serviceSecurityId"}}  # without it nothing says what the token is for
MISSING: set[str] = set()  # operations of the contract that are not served yet: only ever shrinks
Json = dict[str, Any]


@lru_cache(maxsize=1)
def contract() -> Json:
    return yaml.safe_load((ROOT / "contract/interactor.yaml").read_text())


@lru_cache(maxsize=1)
def made() -> Json:
    assert app.app.routes
    return document.document()


def shape_of_path(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)


def contract_operations() -> dict[tuple[str, str], Json]:
    """Every (verb, path without parameter names) the contract knows, aliases included."""
    found = {}
    for path, item in contract()["paths"].items():
        for verb, operation in item.items():
            for alias in [path, *operation.get("x-path-aliases", ())]:
                for method in [verb, *operation.get("x-method-aliases", ())]:
                    found[method, shape_of_path(alias)] = operation
    return found


def own_operations() -> dict[tuple[str, str], Json]:
    return {
        (verb, shape_of_path(path)): operation
        for path, item in made()["paths"].items()
        for verb, operation in item.items()
    }


def rows() -> list[Route]:
    return [row for _, row in ROWS]


def own_rows() -> list[Route]:
    """Rows of this document's own surface; the others are held to their contracts elsewhere."""
    return [row for surface, row in ROWS if surface == INTERACTOR]


def served() -> list[tuple[str, str]]:
    return sorted(contract_operations().keys() & own_operations().keys())


def resolved(schema: Json, whole: Json) -> Json:
    while "$ref" in schema:
        node: Any = whole
        for part in schema["$ref"].removeprefix("#/").split("/"):
            node = node[part]
        schema = node
    return schema


def merged(schema: Json, whole: Json) -> tuple[set[str], set[str]]:
    """The names of an object's properties, and of those that are always there."""
    schema = resolved(schema, whole)
    names, required = set(schema.get("properties", ())), set(schema.get("required", ()))
    for part in schema.get("allOf", ()):
        more_names, more_required = merged(part, whole)
        names, required = names | more_names, required | more_required
    return names, required


def theirs_name(place: tuple[str, str]) -> str:
    return str(contract_operations()[place]["operationId"])


def answer_schema(operation: Json) -> Json:
    return operation["responses"]["200"]["content"]["application/json"]["schema"]


# --- the document ----------------------------------------------------------------------------------------------------


def test_the_document_is_valid() -> None:
    OpenAPIV31SpecValidator(made()).validate()


def test_no_name_in_the_document_is_that_of_a_module() -> None:
    assert [name for name in made()["components"]["schemas"] if not re.fullmatch(r"[A-Za-z0-9]+", name)] == []
    assert "chalicelib" not in document.document_text()


def test_the_document_is_the_same_in_every_process() -> None:
    code = "import app, hashlib; from chalicelib.platform.reference import document as d; "
    code += "print(hashlib.sha256(d.document_text().encode()).hexdigest())"
    runs = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={"PYTHONHASHSEED": seed, "AWS_DEFAULT_REGION": "eu-central-1"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(runs) == 1


def test_every_verb_of_every_row_is_in_it_under_a_name_of_its_own() -> None:
    ids = [operation["operationId"] for operation in own_operations().values()]
    assert len(ids) == sum(len(row.verbs.split(",")) for row in rows())
    assert max(Counter(ids).values()) == 1
    assert {row.operation_id for row in rows()} <= set(ids)


def test_every_row_says_what_it_answers() -> None:
    unsaid = [row.operation_id for row in own_rows() if row.gives == Gives.AS_IS]
    assert [name for name in unsaid if name not in declared.ANSWERS] == [], "add them to declared.ANSWERS"


def test_every_row_says_what_it_takes() -> None:
    unsaid = [row.operation_id for row in rows() if row.takes == "any json"]
    assert [name for name in unsaid if name not in declared.BODIES] == [], "add them to declared.BODIES"


def test_every_shape_that_shows_more_than_its_fields_says_so() -> None:
    shapes = {row.gives for row in rows() if isinstance(row.gives, type) and "of" in vars(row.gives)}
    own = {shape.__name__ for shape in shapes if shape is not Out}
    assert own <= set(declared.ADDED), "add them to declared.ADDED"


def test_every_example_fits_its_schema() -> None:
    whole = made()
    for operation in own_operations().values():
        for content in operation.get("requestBody", {}).get("content", {}).values():
            if "example" in content:
                check(content["schema"], content["example"], whole, operation["operationId"])
        for status, answer in operation["responses"].items():
            for media, content in answer.get("content", {}).items():
                assert media != "application/json" or "example" in content, (operation["operationId"], status)
                if "example" in content:
                    check(content["schema"], content["example"], whole, operation["operationId"])
    for name, schema in whole["components"]["schemas"].items():
        check(schema, examples.example_of(schema, whole["components"]["schemas"]), whole, name)


def test_every_operation_of_this_surface_lists_what_may_go_wrong() -> None:
    listed = {(verb, operations.path_of(row)) for surface, row in ROWS if surface == INTERACTOR for verb in VERBS}
    for path, item in made()["paths"].items():
        for verb, operation in item.items():
            if (verb.upper(), path) in listed:
                open_ended = {"receiveNotification", "receiveNotificationByGet"}  # whose logic chooses the status
                assert ("default" in operation["responses"]) == (operation["operationId"] in open_ended)
                assert {"429", "500"} <= operation["responses"].keys()
                assert ("401" in operation["responses"]) == bool(operation["security"])


def test_a_shape_is_described_as_it_is_read() -> None:
    schemas = made()["components"]["schemas"]
    assert schemas["UserTokenIn"]["properties"]["serviceSecurityId"]["pattern"].startswith("^[A-Za-z0-9]")
    assert "uniqueItems" not in schemas["KeyIn"]["properties"]["scopes"]
    assert schemas["UserOut"]["required"] == ["id", "userId", "insertedAt", "updatedAt"]
    one_form = [{"key": "k"}, {"key": "k", "basic": None}]
    for form in one_form:
        check(schemas["UserTokenIn"], {"serviceSecurityId": "s", **form}, made(), "one form")
    validator = jsonschema_rs.validator_for({**schemas["UserTokenIn"], "components": made()["components"]})
    for form in ({}, {"key": "k", "basic": {"user": "u"}}, {"key": None}, {"oauth": {}}):
        assert not validator.is_valid({"serviceSecurityId": "s", **form}), form


def test_the_page_tells_of_every_operation_and_needs_nothing_from_elsewhere() -> None:
    text = page.page_text()
    assert all(f'id="{operation["operationId"]}"' in text for operation in own_operations().values())
    links = set(re.findall(r'href="#([^"]+)"', text))
    assert links <= set(re.findall(r'id="([^"]+)"', text))
    assert not re.search(r"<(script|link|img|iframe)|\bsrc=|url\(|@import", text)


def test_document_and_page_are_served_to_everybody(cloud: None) -> None:
    shown = Client().get("/v1/openapi.json", key=None)
    assert (shown.status, shown.body) == (200, made())
    read = Client().get("/docs", key=None)
    assert (read.status, read.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert read.body.startswith("<!doctype html>")


# --- the contract ----------------------------------------------------------------------------------------------------


def test_every_operation_of_the_contract_is_served_or_listed_as_missing() -> None:
    absent = {contract_operations()[place]["operationId"] for place in contract_operations().keys() - set(served())}
    assert absent == MISSING


def test_every_served_operation_has_the_name_and_tag_of_the_contract() -> None:
    for place in served():
        theirs, ours = contract_operations()[place], own_operations()[place]
        assert ours.get("x-alias-of", ours["operationId"]) == theirs["operationId"], place
        assert ours["tags"] == theirs["tags"], place


def test_no_other_path_has_the_name_of_an_operation_of_the_contract() -> None:
    names = {operation["operationId"] for operation in contract_operations().values()}
    others = own_operations().keys() - contract_operations().keys()
    assert [place for place in others if own_operations()[place]["operationId"] in names] == []


def test_parameters_are_those_of_the_contract() -> None:
    for place in served():
        theirs, ours = contract_operations()[place], own_operations()[place]
        wanted = {
            (one["name"], one["in"]) for part in theirs.get("parameters", ()) if (one := resolved(part, contract()))
        }
        has = {(one["name"], one["in"]) for one in ours.get("parameters", ())}
        in_path = set(
            re.findall(r"\{([^}]+)\}", next(p for p in made()["paths"] if place == (place[0], shape_of_path(p))))
        )
        assert {name for name, where in wanted if where == "path"} >= in_path, place
        ignored = {("userId", "query")}  # read or not, where the contract does not ask for it
        needed = required_queries(theirs, contract())
        assert {one for one in wanted if one[1] == "query"} - ignored <= has, place
        assert needed == required_queries(ours, made()) & {name for name, _ in wanted}, place


def required_queries(operation: Json, whole: Json) -> set[str]:
    """The names of the query parameters an operation cannot do without."""
    every = [resolved(part, whole) for part in operation.get("parameters", ())]
    return {one["name"] for one in every if one["in"] == "query" and one.get("required")}


def test_what_the_contract_asks_for_in_the_query_is_asked_for(checked: CheckedClient, things: dict[str, str]) -> None:
    values = {"userId": builders.USER, "version": "minor", "contributor_id": builders.USER}
    asked, missed, checked.actor = 0, [], None
    for row in own_rows():
        verb = row.verbs.split(",")[0]
        operation = contract_operations().get((verb.lower(), shape_of_path(row.path)), {})
        path = row.path.format_map(defaultdict(lambda: "absent", things))
        for name in required_queries(operation, contract()):
            others = {other: value for other, value in values.items() if other != name}
            body = examples.SENT.get(row.operation_id, {"type": "apiKey", "name": "one"}) if row.takes else None
            answer = checked.send(verb, path, body, query=others)
            asked += 1
            is_named = f"query.{name}" in str(answer.body) or name not in row.needs  # else the body may come first
            if (answer.status, is_named) != (400, True):
                missed.append((row.operation_id, name, answer.status, answer.body))
    assert (asked > 40, missed) == (True, [])


def test_answers_have_the_fields_of_the_contract() -> None:
    for place in served():
        theirs = resolved(answer_schema(contract_operations()[place]), contract())
        ours = resolved(answer_schema(own_operations()[place]), made())
        assert theirs.get("type") in (ours.get("type"), None) or "allOf" in ours, place
        if theirs.get("type") == "array":
            theirs, ours = theirs["items"], ours["items"]
        names, required = merged(theirs, contract())
        own_names, own_required = merged(ours, made())
        assert names <= own_names, (place, names - own_names)
        assert required <= own_required, (place, required - own_required)


def test_bodies_ask_for_nothing_the_contract_does_not() -> None:
    for place in served():
        theirs, ours = contract_operations()[place].get("requestBody"), own_operations()[place].get("requestBody")
        if ours is None:
            continue
        assert theirs is not None, place
        required = merged(theirs["content"]["application/json"]["schema"], contract())[1]
        own_required = merged(next(iter(ours["content"].values()))["schema"], made())[1]
        assert own_required <= required | STRICTER.get(theirs_name(place), set()), place


# --- what is really answered -----------------------------------------------------------------------------------------


class CheckedClient(Client):
    """Holds every answer against the document."""

    def send(self, method: str, path: str, body: Any = None, **more: Any) -> Answer:
        """Send a request and check its answer."""
        answer = super().send(method, path, body, **more)
        place = method.lower(), shape_of_path(resolve(path.partition("?")[0])[0])
        responses = own_operations()[place]["responses"]
        assert {str(answer.status), "default"} & responses.keys(), f"{method} {path} answers {answer.status}"
        said = resolved(responses.get(str(answer.status), responses.get("default", {})), made())
        check(said["content"]["application/json"]["schema"], answer.body, made(), f"{method} {path}")
        return answer


def check(schema: Json, value: Any, whole: Json, name: str) -> None:
    validator = jsonschema_rs.validator_for({**schema, "components": whole["components"]})
    assert [error.message for error in validator.iter_errors(value)] == [], name


@pytest.fixture
def checked(workspace: str) -> CheckedClient:
    return CheckedClient(workspace)


@pytest.fixture
def things(checked: CheckedClient) -> Iterator[dict[str, str]]:
    """One of everything, made under the eyes of the document."""
    service = builders.make_service(checked)
    security = builders.make_security(checked, service)
    made_things: dict[str, str] = defaultdict(str)
    made_things |= {
        "service_id": service,
        "user_id": builders.make_user(checked),
        "version_id": builders.make_version(checked, service),
        "security_id": security,
        "variable_id": builders.make_variable(checked, service, value="x")["id"],
        "action_id": builders.make_action(checked, service)["id"],
        "event_id": builders.make_event(checked, service)["id"],
        "trigger_id": builders.make_trigger(checked, service)["id"],
        "token_id": builders.make_token(checked, security)["id"],
        "datatype_id": builders.make_datatype(checked, service),
        "condition_id": builders.make_condition(checked, service),
        "group_id": builders.make_group(checked),
    }
    checked.post(f"/v1/group/{made_things['group_id']}/user", {"userId": builders.USER, "role": "member"}).ok()
    path = f"/v1/service/{service}/trigger/{made_things['trigger_id']}/subscription?userId={builders.USER}"
    made_things["subscription_id"] = checked.post(path, {"url": "https://example.com/hook"}).ok()["id"]
    yield made_things


def test_what_is_answered_fits_the_document(checked: CheckedClient, things: dict[str, str]) -> None:
    for row in own_rows():
        needed = re.findall(r"\{(\w+)\}", row.path)
        if row.verbs == "GET" and row.scope and all(name in things for name in needed):
            answer = checked.get(f"{row.path.format(**things)}?userId={builders.USER}")
            assert answer.status == REFUSED.get(row.operation_id, 200), row
    execute = builders.execute(checked, things["service_id"], things["action_id"], {"a": 1})
    assert execute.ok() == {"input": {"a": 1}, "output": {"a": 1}}


def test_refusals_fit_the_document(checked: CheckedClient, things: dict[str, str]) -> None:
    assert checked.get("/v1/service/none").status == 404
    assert checked.get("/v1/service", key="unknown").status == 401
    assert checked.post("/v1/user", {"userId": 1}).status == 400
    assert checked.post("/v1/user", {"userId": builders.USER}).status == 409
    assert checked.delete(f"/v1/service/{things['service_id']}").ok() == {}


# --- API Gateway -----------------------------------------------------------------------------------------------------


def resources() -> set[tuple[str, ...]]:
    paths = [tuple(path.strip("/").split("/")) for path in app.app.routes if path != "/"]
    return {path[:length] for path in paths for length in range(1, len(path) + 1)}


def test_variables_at_one_place_have_one_name() -> None:
    names = defaultdict(set)
    for resource in resources():
        if resource[-1].startswith("{") and "+" not in resource[-1]:
            names[resource[:-1]].add(resource[-1])
    assert {place: found for place, found in names.items() if len(found) > 1} == {}


def test_there_are_not_more_resources_than_the_gateway_takes() -> None:
    assert len(resources()) <= MAX_RESOURCES


def test_a_path_and_verb_is_claimed_once() -> None:
    claims = Counter((verb, row.path) for row in rows() for verb in row.verbs.split(","))
    assert [claim for claim, count in claims.items() if count > 1] == []
