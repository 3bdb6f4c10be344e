"""Keeping a token fresh: one refresh for all who need it, whatever goes wrong on the way."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from chalicelib.connectors import public as connectors
from chalicelib.connectors.failures import TokenRejected
from chalicelib.core.errors import QuotaExceeded, Unavailable, UpstreamFailed, UpstreamTimeout, VersionConflict
from chalicelib.credentials import models
from chalicelib.credentials import public as credentials
from chalicelib.credentials.models import Token
from chalicelib.credentials.oauth import exchange, refresh, waiting
from chalicelib.credentials.token_secrets import seal
from chalicelib.storage import table
from chalicelib.storage.table import Table
from chalicelib.storage.tables import VAULT
from tests.api.credentials.signing import Signing
from tests.builders import USER, make_action, make_security, make_token
from tests.client import with_query
from tests.fakes.oauth_provider import BASE

UNAUTHORIZED = "Connector token is unauthorized"
PARALLEL = 100


def token_of(signing: Signing) -> Token:
    return Token.from_row(signing.row())


def credential(signing: Signing, *, required: bool = True) -> credentials.Credential:
    service = connectors.find_service(signing.client.key, signing.service)
    found = credentials.credential_for(signing.client.key, service, None, USER, None, required=required)
    assert found is not None
    return found


def secret_of(signing: Signing) -> str:
    return str(credential(signing).record["access_token"])


# --- when -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("life_s", "age_s", "refreshes"), [(3600, 3100, 0), (3600, 3300, 1), (120, 50, 0), (10, 4, 0)])
def test_a_token_is_renewed_before_its_end(signing: Signing, life_s: int, age_s: int, refreshes: int) -> None:
    signing.provider.life_s = life_s
    signing.connect()
    signing.clock.advance_s(age_s)
    assert signing.run().ok()["output"] == "ada"
    assert signing.provider.refreshes == refreshes


def test_a_token_without_an_end_is_never_renewed(signing: Signing) -> None:
    signing.provider.life_s = None
    signing.connect()
    signing.clock.advance_s(1e8)
    assert (signing.run().ok()["output"], signing.provider.refreshes) == ("ada", 0)


def test_rotated_refresh_tokens_are_used_in_turn(signing: Signing) -> None:
    signing.connect()
    for _ in range(3):
        signing.clock.advance_s(3600)
        assert signing.run().ok()["output"] == "ada"
    used = [form["refresh_token"] for form in signing.provider.forms[1:]]
    assert len(set(used)) == 3 == signing.provider.refreshes
    assert signing.row()["ver"] == 4


def test_a_refresh_token_that_is_not_rotated_is_kept(signing: Signing) -> None:
    signing.provider.rotates = False
    signing.connect()
    for _ in range(2):
        signing.clock.advance_s(3600)
        assert signing.run().ok()["output"] == "ada"


def test_a_token_given_by_hand_is_renewed_too(signing: Signing) -> None:
    signing.connect("donor")
    refresh_token = next(iter(signing.provider.refreshable))
    oauth = {"accessToken": "a" * 20, "refreshToken": refresh_token, "expiresIn": "60"}
    make_token(signing.client, signing.security, oauth=oauth)
    signing.clock.advance_s(61)
    assert (signing.run().ok()["output"], signing.provider.refreshes) == ("ada", 1)


def test_a_token_for_another_kind_of_security_is_left_alone(signing: Signing) -> None:
    key = make_security(signing.client, signing.service)
    make_token(signing.client, key, oauth={"access_token": "a" * 20, "refresh_token": "r", "expires_in": 1})
    signing.clock.advance_s(10)
    assert (secret_of(signing), signing.provider.refreshes) == ("a" * 20, 0)


def test_logic_does_not_see_the_refresh_token(signing: Signing) -> None:
    signing.connect()
    seen = make_action(signing.client, signing.service, "return service.token")["id"]
    path = f"/v1/service/{signing.service}/action/{seen}/execute"
    output = signing.client.post(with_query(path, userId=USER), {}).ok()["output"]
    assert "refresh" not in str(output) and output["oauth"]["access_token"] == output["accessToken"]


# --- one for all ------------------------------------------------------------------------------------------------


@pytest.fixture
def one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The emulator checks a condition and writes in two steps; a table does both at once."""
    lock, call = threading.Lock(), table._call

    def guarded(operation: str, **request: Any) -> dict[str, Any]:
        with lock:
            return call(operation, **request)

    monkeypatch.setattr(table, "_call", guarded)


def at_once(act: Callable[[], str]) -> list[str]:
    start = threading.Barrier(PARALLEL)

    def wait_and_act(_number: int) -> str:
        start.wait()
        return act()

    with ThreadPoolExecutor(PARALLEL) as pool:
        return list(pool.map(wait_and_act, range(PARALLEL)))


def test_a_hundred_uses_of_an_expired_token_make_one_refresh(signing: Signing, one_at_a_time: None) -> None:
    signing.connect()
    old = secret_of(signing)
    signing.clock.advance_s(3600)
    waiting.use(lambda _seconds: threading.Event().wait(0.002) and None)
    found = at_once(lambda: secret_of(signing))
    assert (len(set(found)), signing.provider.refreshes) == (1, 1)
    assert found[0] != old and signing.provider.accounts[found[0]] == "ada"


def test_a_hundred_rejections_make_one_refresh(signing: Signing, one_at_a_time: None) -> None:
    signing.connect()
    rejected = credential(signing)
    service = connectors.find_service(signing.client.key, signing.service)
    waiting.use(lambda _seconds: threading.Event().wait(0.002) and None)

    def again() -> str:
        fresh = credentials.credential_after_rejection(signing.client.key, service, rejected, may_wait=False)
        return "none" if fresh is None else str(fresh.record["access_token"])

    assert (len(set(at_once(again))), signing.provider.refreshes) == (1, 1)


def test_who_is_late_uses_the_valid_token(signing: Signing) -> None:
    signing.connect()
    signing.clock.advance_s(3400)
    old, seen = token_of(signing), []
    signing.provider.during = lambda: seen.append(secret_of(signing))
    began = signing.clock.at_ms
    fresh = secret_of(signing)
    assert signing.clock.at_ms == began  # nobody waited
    assert seen == [next(access for access in signing.provider.accounts)] and fresh != seen[0]
    assert (signing.provider.refreshes, token_of(signing).secret_no) == (1, old.secret_no + 1)


def test_a_slow_provider_is_waited_for(signing: Signing, monkeypatch: pytest.MonkeyPatch) -> None:
    """12 s pass between question and answer: the loser meets the new token, and nobody asks twice."""
    signing.connect()
    signing.clock.advance_s(3600)
    found: list[str] = []
    began = signing.clock.at_ms
    loser = threading.Thread(target=lambda: found.append(secret_of(signing)))
    is_looking, may_look = threading.Event(), threading.Event()

    def look(seconds: float) -> None:
        is_looking.set()
        may_look.wait(10)
        signing.clock.advance_s(seconds)

    def answer_slowly() -> None:
        waiting.use(look)
        loser.start()
        assert is_looking.wait(10)
        signing.clock.advance_s(12)

    signing.provider.during = answer_slowly
    winner = secret_of(signing)
    may_look.set()
    loser.join(10)
    assert (found, signing.provider.refreshes) == ([winner], 1)
    assert signing.clock.at_ms - began < 16_000


def test_who_waited_for_a_refresh_that_was_refused_for_good_does_not_ask_again(signing: Signing) -> None:
    signing.connect()
    signing.provider.refreshable.clear()
    signing.clock.advance_s(3600)
    found: list[type[BaseException]] = []
    is_looking, may_look = threading.Event(), threading.Event()

    def look(seconds: float) -> None:
        is_looking.set()
        may_look.wait(10)
        signing.clock.advance_s(seconds)

    def wait_too() -> None:
        with pytest.raises(TokenRejected) as refused:
            secret_of(signing)
        found.append(refused.type)

    loser = threading.Thread(target=wait_too)

    def let_another_wait() -> None:
        signing.provider.during = lambda: None
        waiting.use(look)
        loser.start()
        assert is_looking.wait(10)

    signing.provider.during = let_another_wait
    with pytest.raises(TokenRejected):
        secret_of(signing)
    may_look.set()
    loser.join(10)
    assert (found, signing.provider.refreshes) == ([TokenRejected], 1)


def test_waiting_ends_in_time(signing: Signing) -> None:
    """The other holds the flight for ever anew: after 16 s the caller is told to come again."""
    signing.connect()
    signing.clock.advance_s(3600)
    key, waited = token_of(signing).own_key(), []

    def look(seconds: float) -> None:
        waited.append(seconds)
        signing.clock.advance_s(seconds)
        VAULT.update(key, table_change(ro="other", ru=signing.clock.at_ms + 1000))

    VAULT.update(key, table_change(ro="other", ru=signing.clock.at_ms + 1000))
    waiting.use(look)
    with pytest.raises(UpstreamFailed, match="takes long"):
        credential(signing)
    assert 15 < sum(waited) < 18


def table_change(**put: Any) -> Any:
    from chalicelib.storage.expressions import Change

    return Change(put=put)


# --- failures ---------------------------------------------------------------------------------------------------


def test_a_revoked_grant_needs_its_user(signing: Signing) -> None:
    token = signing.connect()
    signing.provider.refreshable.clear()
    signing.clock.advance_s(3600)
    for _ in range(3):
        answer = signing.run()
        assert (answer.status, answer.body["error"]) == (500, UNAUTHORIZED)
    assert signing.provider.refreshes == 1
    assert signing.tokens() == [{**token, "status": "NEEDS_REAUTH"}]
    assert credential(signing, required=False).id == token["id"]
    assert signing.connect() == token
    assert signing.run().ok()["output"] == "ada"


def test_an_ended_token_without_a_refresh_token_needs_its_user(signing: Signing) -> None:
    make_token(signing.client, signing.security, oauth={"access_token": "a" * 20, "expires_in": 60})
    assert secret_of(signing) == "a" * 20
    signing.clock.advance_s(60)
    assert signing.run().body["error"] == UNAUTHORIZED
    assert signing.tokens()[0]["status"] == "NEEDS_REAUTH"


@pytest.mark.parametrize(
    "refusal",
    [
        (500, {"error": "server_error"}),
        (401, {"error": "invalid_client", "error_description": "the-client-secret"}),
        (200, {"nothing": "here"}),
        UpstreamTimeout("silent"),
        UpstreamFailed("refused", retryable=True),
    ],
)
def test_a_provider_in_trouble_is_left_alone_for_a_while(signing: Signing, refusal: Any) -> None:
    signing.connect()
    signing.provider.refusal = refusal
    signing.clock.advance_s(3400)
    assert signing.run().ok()["output"] == "ada"  # still valid
    signing.clock.advance_s(200)
    answers = [signing.run()]
    for _ in range(2):
        signing.clock.advance_s(14)
        answers.append(signing.run())
    assert {answer.status for answer in answers} <= {502, 504}
    assert "secret" not in str([answer.body for answer in answers])
    assert (signing.provider.refreshes, signing.tokens()[0]["status"]) == (2, "ACTIVE")
    signing.provider.refusal = None
    signing.clock.advance_s(31)
    assert signing.run().ok()["output"] == "ada"


def test_a_new_secret_is_stored_however_often_the_table_fails(
    signing: Signing, monkeypatch: pytest.MonkeyPatch
) -> None:
    signing.connect()
    signing.clock.advance_s(3600)
    update, failures = Table.update, [True] * 8

    def throttled(self: Table, key: Any, change: Any, condition: Any = None) -> Any:
        if "ct" in change.put and failures and failures.pop():
            raise Unavailable("throttled")
        return update(self, key, change, condition)

    monkeypatch.setattr(Table, "update", throttled)
    assert signing.run().ok()["output"] == "ada"
    assert (failures, signing.provider.refreshes, signing.row()["ver"]) == ([], 1, 2)


def test_a_crash_after_the_answer_costs_the_grant_unless_old_tokens_are_taken(
    signing: Signing, monkeypatch: pytest.MonkeyPatch
) -> None:
    for rotates, error in ((False, None), (True, UNAUTHORIZED)):
        signing.provider.rotates = rotates
        signing.connect()
        signing.clock.advance_s(3600)
        with monkeypatch.context() as patch:
            patch.setattr(refresh, "_stored", crash)
            with pytest.raises(KeyboardInterrupt):
                credential(signing)
        assert signing.row()["ro"]
        signing.clock.advance_s(21)
        answer = signing.run()
        assert answer.body.get("error") == error
        assert signing.tokens()[0]["status"] == ("ACTIVE" if error is None else "NEEDS_REAUTH")


def crash(*_: Any) -> None:
    raise KeyboardInterrupt


def test_a_late_answer_counts_when_the_next_one_was_refused(signing: Signing) -> None:
    """A pause outlives the lease; another takes over and meets invalid_grant, because the first was served."""
    signing.connect()
    signing.clock.advance_s(3600)

    def pause() -> None:
        signing.provider.during = lambda: None
        signing.provider.refreshable, kept = {}, signing.provider.refreshable
        signing.clock.advance_s(21)
        with pytest.raises(TokenRejected):
            credential(signing)
        assert signing.tokens()[0]["status"] == "NEEDS_REAUTH"
        signing.provider.refreshable = kept

    signing.provider.during = pause
    assert signing.run().ok()["output"] == "ada"
    assert (signing.tokens()[0]["status"], signing.row()["ver"], signing.provider.refreshes) == ("ACTIVE", 2, 2)


def test_a_refusal_counts_for_nothing_when_another_has_stored_meanwhile(signing: Signing) -> None:
    signing.connect()
    signing.clock.advance_s(3600)

    def be_overtaken() -> None:
        signing.provider.during = lambda: None
        signing.clock.advance_s(21)
        assert signing.run().ok()["output"] == "ada"

    signing.provider.during = be_overtaken
    assert signing.run().ok()["output"] == "ada"
    assert (signing.tokens()[0]["status"], signing.row()["ver"], signing.provider.refreshes) == ("ACTIVE", 2, 2)


def test_a_secret_set_by_hand_wins_over_a_refresh_under_way(signing: Signing) -> None:
    token = signing.connect()
    signing.clock.advance_s(3600)
    path = with_query(f"/v1/service/{signing.service}/token/{token['id']}", userId=USER)
    signing.provider.during = lambda: signing.client.put(path, {"token": "by-hand-" + "x" * 20}).ok()
    assert secret_of(signing) == "by-hand-" + "x" * 20
    assert signing.row().keys() & {"ro", "ru", "next"} == set()


def test_a_change_that_read_an_older_secret_is_refused(signing: Signing) -> None:
    signing.connect()
    old = token_of(signing)
    signing.clock.advance_s(3600)
    fresh = secret_of(signing)
    late = copy.deepcopy(old)
    seal(late, "oauth", {"access_token": "late"}, 0, is_kept_fresh=True)
    with pytest.raises(VersionConflict):
        late.save(before=old)
    assert secret_of(signing) == fresh


def test_a_change_of_name_does_not_disturb_a_refresh(signing: Signing) -> None:
    token = signing.connect()
    signing.clock.advance_s(3600)
    path = with_query(f"/v1/service/{signing.service}/token/{token['id']}", userId=USER)
    signing.provider.during = lambda: signing.client.put(path, {"name": "renamed"}).ok()
    assert signing.run().ok()["output"] == "ada"
    assert (signing.tokens()[0]["name"], signing.row()["ver"]) == ("renamed", 2)


def test_a_token_deleted_during_its_refresh_stays_deleted(signing: Signing) -> None:
    token = signing.connect()
    signing.clock.advance_s(3600)
    path = with_query(f"/v1/service/{signing.service}/token/{token['id']}", userId=USER)
    signing.provider.during = lambda: signing.client.delete(path).ok()
    assert signing.run().body["error"] == UNAUTHORIZED
    assert signing.tokens() == []
    assert (
        models.account_token(
            signing.client.key, "x", user_id="u", service_id=signing.service, security_id=signing.security
        )
        is None
    )


# --- a third party's 401 ----------------------------------------------------------------------------------------


def test_a_rejected_token_is_renewed_and_the_action_run_again(signing: Signing) -> None:
    signing.connect()
    signing.provider.revoke_access()
    assert signing.run().ok()["output"] == "ada"
    assert signing.provider.refreshes == 1
    signing.provider.revoke_access()
    assert signing.run().body["error"] == UNAUTHORIZED  # twice a minute at most
    signing.clock.advance_s(31)
    assert signing.run().ok()["output"] == "ada"
    assert signing.provider.refreshes == 2


def test_an_action_that_has_acted_is_not_run_again(signing: Signing) -> None:
    code = f"""
    await $.axios.post("{BASE}/token", "grant_type=refresh_token&refresh_token=none", {{validateStatus: () => true,
      auth: {{username: service.vars.clientId, password: service.vars.clientSecret}}}});
    const headers = {{authorization: `Bearer ${{service.token.accessToken}}`}};
    return (await $.axios.get("{BASE}/api", {{headers}})).data;
    """
    signing.action = make_action(signing.client, signing.service, code)["id"]
    signing.connect()
    signing.provider.revoke_access()
    assert signing.run().body["error"] == UNAUTHORIZED
    sent = [form["refresh_token"] for form in signing.provider.forms[1:]]
    assert (sent.count("none"), len(sent)) == (1, 2)
    assert signing.run().ok()["output"]["sub"] == "ada"  # the next call has the renewed token


# --- when the script that renews may not run ----------------------------------------------------------------------


def test_a_renewal_that_has_to_wait_for_the_quota_ends_nothing_and_makes_nobody_wait_longer(
    signing: Signing, monkeypatch: pytest.MonkeyPatch
) -> None:
    signing.connect()
    signing.clock.advance_s(3600)

    def refused(*_: Any) -> Any:
        raise QuotaExceeded("used up", 600)

    with monkeypatch.context() as patch:
        patch.setattr(exchange, "by_refresh_token", refused)
        answer = signing.run()
        assert (answer.status, answer.headers["retry-after"]) == (429, "600")
        service = connectors.find_service(signing.client.key, signing.service)
        held = credential(signing, required=False)
        with pytest.raises(QuotaExceeded):
            credentials.credential_after_rejection(signing.client.key, service, held, may_wait=True)
        assert credentials.credential_after_rejection(signing.client.key, service, held, may_wait=False) is None
    assert (signing.run().ok()["output"], signing.provider.refreshes) == ("ada", 1)  # without the pause after a failure
