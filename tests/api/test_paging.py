"""Lists through the API, page by page, while others insert and delete."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.builders import make_action, make_group, make_security, make_service, make_token, make_user
from tests.client import Client, quoted

ROUNDS = settings(
    max_examples=8,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
_names = itertools.count()


def groups(client: Client) -> tuple[str, Callable[[], str], str]:
    return "/v1/group", lambda: make_group(client), "/v1/group"


def services(client: Client) -> tuple[str, Callable[[], str], str]:
    orders = itertools.cycle([3, 1, 2])
    return "/v1/service", lambda: make_service(client, version=False, displayOrder=next(orders)), "/v1/service"


def actions(client: Client) -> tuple[str, Callable[[], str], str]:
    path = f"/v1/service/{make_service(client, version=False)}/action"
    return path, lambda: str(make_action(client, path.split("/")[3])["id"]), path


def members(client: Client) -> tuple[str, Callable[[], str], str]:
    path = f"/v1/group/{make_group(client)}/user"

    def add() -> str:
        minted = make_user(client, f"user{next(_names)}")
        client.post(path, {"userId": minted, "role": "x"}).ok()
        return minted

    return path, add, path


@pytest.mark.parametrize("kind", [groups, services, actions, members])
@ROUNDS
@given(
    start=st.integers(0, 6), limit=st.integers(1, 3), changes=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 9)))
)
def test_what_is_there_throughout_is_shown_once(
    kind: Callable[[Client], tuple[str, Callable[[], str], str]],
    client: Client,
    start: int,
    limit: int,
    changes: list[tuple[int, int]],
) -> None:
    path, make, where = kind(client)
    for left in client.get(path).ok():
        client.delete(f"{where}/{left.get('userId', left.get('id'))}").ok()
    there = [make() for _ in range(start)]
    lasting, shown, query = set(there), [], {"limit": str(limit)}
    for step in itertools.count():
        page = client.get(path, query=query)
        shown += [one.get("userId") or one["id"] for one in page.ok()]
        if "x-next-cursor" not in page.headers:
            break
        query["cursor"] = page.headers["x-next-cursor"]
        inserted, deleted = changes[step] if step < len(changes) else (0, 9)
        there += [make() for _ in range(inserted)]
        if deleted < len(there):
            lasting.discard(there[deleted])
            client.delete(f"{where}/{there.pop(deleted)}").ok()
    assert sorted(one for one in shown if one in lasting) == sorted(lasting)


def test_a_cursor_of_one_list_is_refused_by_another(client: Client) -> None:
    for _ in range(2):
        make_group(client)
    cursor = client.get("/v1/group?limit=1").headers["x-next-cursor"]
    answer = client.get(f"/v1/service?cursor={cursor}")
    assert (answer.status, answer.body["details"]["faults"][0]["location"]) == (400, "query.cursor")


def test_without_a_limit_a_list_is_whole(client: Client) -> None:
    make_user(client, "ada")
    security = make_security(client, make_service(client))
    made = [make_token(client, security, "ada")["id"] for _ in range(3)]
    service = client.get("/v1/service").ok()[0]["id"]
    answer = client.get(quoted("v1", "service", service, "token") + "?userId=ada")
    assert [one["id"] for one in answer.ok()] == made
    assert "x-next-cursor" not in answer.headers
