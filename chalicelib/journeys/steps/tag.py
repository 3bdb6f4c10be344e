"""TAG: write a value into a property of the customer's profile."""

from __future__ import annotations

from typing import Any

from chalicelib.journeys import profiles
from chalicelib.journeys.rules import conditions
from chalicelib.journeys.steps.outcomes import Broken, Done, Failed, Job, Later, Outcome


def run(job: Job) -> Outcome:
    """Add the value to a list property, or set the property."""
    given = job.parameters
    value = value_of(job)
    if value is None and given["source"] != "CONSTANT":
        return Failed(f"there is no value at {given.get('path')}")
    try:
        profiles.change(job.node, job.identity, str(given["property"]), value, adds=given["mode"] == "ADD")
    except profiles.Denied as error:
        return Broken(error.message)
    except profiles.Unreachable as error:
        return Later(error.message)
    except KeyError as error:
        return Failed(f"{given['property']} cannot be written: {error.args[0]}")
    return Done({"succeeded": 1})


def value_of(job: Job) -> Any:
    """Give what is to be written."""
    given = job.parameters
    match given["source"]:
        case "CONSTANT":
            return given.get("constant")
        case "ATTRIBUTE":
            return job.attributes.get(str(given.get("path")))
    event, path = job.event or {}, str(given.get("path"))
    found = conditions.look_up(event, path)
    return found if found is not None else conditions.look_up(event.get("properties") or {}, path)
