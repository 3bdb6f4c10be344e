"""How this surface answers: the data envelope, and its statuses."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from chalicelib.channels import environments
from chalicelib.core.call import Call
from chalicelib.edge.route import Answer, raw_answer

Does = Callable[[Call], Any]


def data(does: Does, status: int = 200) -> Does:
    """Answer what a function gives as the only member of an object."""

    @functools.wraps(does)
    def answer(call: Call) -> Answer:
        environments.ensure(call.workspace_id)
        return Answer({"data": does(call)}, status, call.answer_headers)

    return answer


def created(does: Does) -> Does:
    """Answer as `data`, with status 201."""
    return data(does, 201)


def paged(does: Does) -> Does:
    """Answer a page as it is, not wrapped again."""

    @functools.wraps(does)
    def answer(call: Call) -> Answer:
        environments.ensure(call.workspace_id)
        return Answer(does(call), 200, call.answer_headers)

    return answer


def nothing(does: Does) -> Does:
    """Answer 204 without a body."""

    @functools.wraps(does)
    def answer(call: Call) -> Answer:
        environments.ensure(call.workspace_id)
        does(call)
        return raw_answer("", 204, call.answer_headers)

    return answer
