"""Dependent forms: an action's inputs described anew after some of them were filled in."""

from __future__ import annotations

from typing import Any

from chalicelib.connectors import datatypes, definitions, executions, inputs, logic, references, schema_check
from chalicelib.connectors.models import Action, Component, Datatype
from chalicelib.core.call import Call
from chalicelib.core.errors import Conflict, InvalidInput, NotFound

HOOK = "refreshVariables"
Entry = dict[str, Any]


def refresh(call: Call) -> dict[str, Any]:
    """Describe an action's inputs anew, from what was filled in so far; answer that input and the description.

    The action's `refreshVariables` hook decides, where it has one. Else each input is answered as it is declared,
    references in it resolved, with the choices of its datatype under `x-choices` where they can be listed.
    """
    service = definitions.find_service(call.workspace_id, call.path["service_id"])
    version = definitions.find_version(service, None)
    action = definitions.find_component(service, Action.KIND, call.path["action_id"], within=version)
    names = [field.name for field in schema_check.fields_of(action)]
    if call.body.target_field not in names:
        raise InvalidInput.at("body.targetField", "is not an input of this action", "choice")
    data = filled_in(call.body.step)
    execution = executions.execution_of(
        call,
        service,
        version,
        action,
        data,
        hook=HOOK,
        is_checked=False,
        bindings={"targetField": call.body.target_field, "variables": schema_check.inputs_of(action)},
    )
    if logic.code_of(action, HOOK) is not None:
        shown_input, output = executions.perform(execution)
        return {"input": shown_input, "output": output}
    entries = inputs.entries(schema_check.inputs_of(action))
    described = references.resolve(entries, {"input": {"data": data}})
    return {"input": data, "output": [_with_choices(call, execution, entry, data) for entry in described]}


def filled_in(steps: list[Entry]) -> Entry:
    """Merge what was filled in: `{title or name, value}` for one input, or `{input: {...}}` for several."""
    data: Entry = {}
    for position, step in enumerate(steps):
        where = f"body.step.{position}"
        if isinstance(step.get("input"), dict):
            data |= step["input"]
            continue
        name = step.get("title") or step.get("name")
        if not isinstance(name, str):
            raise InvalidInput.at(where, "needs title (or name) and value, or input", "missing")
        if "value" in step:
            data[name] = step["value"]
    return data


def _with_choices(call: Call, execution: executions.Execution, entry: Entry, data: Entry) -> Entry:
    named = inputs.datatype_of(entry)
    if named is None:
        return entry
    datatype = _datatype(execution, inputs.name_of(entry), *named)
    if not datatypes.has_values(datatype):
        return entry
    wanted = {field.name for field in schema_check.fields_of(datatype)}
    given = inputs.completed(datatype, {name: value for name, value in data.items() if name in wanted})
    try:
        schema_check.validate_variables(datatype, given, "body.step")
    except InvalidInput:
        return entry  # what its choices depend on is not filled in yet
    listing = executions.execution_of(
        call, execution.service, execution.version, datatype, given, hook=datatypes.HOOK, where="body.step"
    )
    return {**entry, inputs.CHOICES: datatypes.list_values(listing)[1].get("values", [])}


def _datatype(execution: executions.Execution, field: str, name: str, version: str | None) -> Component:
    try:
        return definitions.find_component(
            execution.service, Datatype.KIND, name, within=execution.version, version=version
        )
    except NotFound as error:
        raise Conflict(f"the input {field} takes its values from the datatype {name}, which is absent") from error
