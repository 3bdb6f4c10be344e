"""Keeping tokens fresh: one refresh at a time for each token, whoever asks (rule 4.9).

Who takes the flight calls the provider; the others use the token while it is valid, else wait for the new one. A new
secret is stored hard, because a rotated refresh token that is not stored is lost.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from chalicelib.adapters import logs
from chalicelib.connectors import public as connectors
from chalicelib.core import clock
from chalicelib.core.errors import PlatformError, QuotaExceeded, UpstreamFailed
from chalicelib.credentials import rules
from chalicelib.credentials.models import Token
from chalicelib.credentials.oauth import exchange
from chalicelib.credentials.oauth.provider import Refused
from chalicelib.credentials.oauth.redirects import callback_url
from chalicelib.credentials.oauth.waiting import hard, pause
from chalicelib.credentials.token_secrets import open_secret, seal
from chalicelib.durable import flight
from chalicelib.durable.flight import Flight
from chalicelib.durable.leases import LeaseLost
from chalicelib.storage.expressions import Change, Compare, Missing, Row, eq
from chalicelib.storage.table import ConditionFailed
from chalicelib.storage.tables import VAULT

if TYPE_CHECKING:
    from chalicelib.connectors.public import Service

LEASE_MS = 20_000  # longer than the provider may take
WAIT_MS, LOOK_S = 16_000, 0.2
_NOT_OVER = Missing("st") | Compare("st", "<>", rules.NEEDS_REAUTH)  # who waited must not ask again in vain
PAUSE_MS = 30_000  # after a failure, and between refreshes of a token that the third party rejects


def usable(token: Token, service: Service, *, is_required: bool) -> Token:
    """Give the token to run with: this one, or a fresh one when its time is nearly over.

    Raises TokenRejected when only its user can help, UpstreamFailed or Conflict when it ended and cannot be renewed
    now. With is_required False it never raises: the token is given as it is.
    """
    now_ms = clock.now_ms()
    if rules.status_of(token.status, token.is_renewable, token.expires_at, now_ms) == rules.NEEDS_REAUTH:
        if is_required:
            raise connectors.TokenRejected
        return token
    jitter = 0.9 + secrets.randbelow(21) / 100
    if not token.is_renewable or not rules.is_due(now_ms, token.obtained_at, token.expires_at, jitter):
        return token
    try:
        return renewed(token, service, is_wanted_now=rules.has_ended(now_ms, token.expires_at))
    except connectors.TokenRejected:
        if is_required:
            raise
    except PlatformError:
        if is_required and rules.has_ended(clock.now_ms(), token.expires_at):
            raise
    return token


def replaced(token: Token, service: Service, seen_no: int, *, may_wait: bool) -> Token | None:
    """Replace a token that the third party rejected, at most twice a minute; None when that cannot be done.

    With `may_wait` raises QuotaExceeded while the script that renews it may not run.
    """
    if token.secret_no > seen_no:
        return token
    now_ms = clock.now_ms()
    if not token.is_renewable or token.status == rules.NEEDS_REAUTH or now_ms - token.forced_at < PAUSE_MS:
        return None
    try:
        return renewed(token, service, is_wanted_now=True, forced_at=now_ms)
    except QuotaExceeded:
        if may_wait:
            raise
        return None
    except PlatformError:
        return None


def renewed(token: Token, service: Service, *, is_wanted_now: bool, forced_at: int | None = None) -> Token:
    """Give the token with its next secret, of whoever got it; unless it is wanted now, the old one while others work.

    Raises TokenRejected, UpstreamFailed, Conflict.
    """
    started_ms, waited_s = clock.now_ms(), 0.0
    while True:
        now_ms = clock.now_ms()
        taken = flight.take(VAULT, token.own_key(), token.secret_no, now_ms, LEASE_MS, _NOT_OVER)
        if isinstance(taken, Flight):
            return _fly(taken, token, service, forced_at)
        if taken is None:
            raise connectors.TokenRejected
        found = Token.from_row(taken)
        if found.secret_no > token.secret_no:
            return found
        if found.status == rules.NEEDS_REAUTH:
            raise connectors.TokenRejected
        if not is_wanted_now:
            return token
        if taken.get("next", 0) >= now_ms:
            raise UpstreamFailed("the provider could not renew this token a moment ago", retryable=True)
        if max(now_ms - started_ms, waited_s * 1000) > WAIT_MS:
            raise UpstreamFailed("this token is being renewed, and that takes long", retryable=True)
        waited_s += _wait(token, float(taken.get("ru", 0)))


def _wait(token: Token, until_ms: float) -> float:
    """Look every now and then until the flight is over or its time is; answer how long that took."""
    waited_s = 0.0
    while waited_s * 1000 < WAIT_MS:
        pause(LOOK_S)
        waited_s += LOOK_S
        row = VAULT.get(token.own_key())
        is_flying = row is not None and row.get("ver") == token.secret_no and "ro" in row
        if not is_flying or clock.now_ms() > until_ms:
            break
    return waited_s


def _fly(taken: Flight, token: Token, service: Service, forced_at: int | None) -> Token:
    """Call the provider and store what it answers."""
    token = Token.from_row(taken.row)
    try:
        fresh = _asked(token, service)
    except Refused as refused:
        if refused.is_final:
            return _after_refusal(taken, token)
        _give_up(taken, token, refused)
        raise
    except QuotaExceeded:  # nobody was asked, so nobody needs to wait
        flight.give_up(VAULT, taken, 0)
        raise
    except PlatformError as error:
        _give_up(taken, token, error)
        raise
    put = {**fresh.attributes(), **({} if forced_at is None else {"fat": forced_at})}
    del put["ver"]
    row = _stored(taken, put)
    if row is None:
        raise connectors.TokenRejected
    logs.log("oauth.renewed", workspace=token.workspace_id, tokenId=token.id)
    return Token.from_row(row)


def _asked(token: Token, service: Service) -> Token:
    """Ask the provider for the next secret and give the token with it, not stored yet."""
    version = connectors.find_version(service)
    security = connectors.find_component(service, "security", token.security_id)
    way = exchange.way_of(token.workspace_id, service, version, security)
    secret, asked_ms = open_secret(token), clock.now_ms()
    answer = exchange.by_refresh_token(way, secret, callback_url(), token.service_url)
    seal(token, "oauth", rules.merged(secret, answer), asked_ms, is_kept_fresh=True)
    return token


def _after_refusal(taken: Flight, token: Token) -> Token:
    """The refresh token is over: unless somebody has stored another meanwhile, only the user can help."""
    flight.give_up(VAULT, taken, clock.now_ms(), {"st": rules.NEEDS_REAUTH})
    row = VAULT.get(taken.key)
    if row is not None and row["ver"] > taken.version:
        return Token.from_row(row)
    logs.log("oauth.ended", level="WARNING", workspace=token.workspace_id, tokenId=token.id)
    raise connectors.TokenRejected


def _give_up(taken: Flight, token: Token, error: PlatformError) -> None:
    flight.give_up(VAULT, taken, clock.now_ms() + PAUSE_MS)
    reason = f"{type(error).__name__}: {error.message}"[:300]
    logs.log("oauth.not_renewed", level="WARNING", workspace=token.workspace_id, tokenId=token.id, reason=reason)


def _stored(taken: Flight, put: Row) -> Row | None:
    """Store a new secret, also when the lease ran out while the provider answered; None when the token is deleted.

    Whoever took over meanwhile holds nothing newer until its own secret is stored: `ver` decides.
    """
    try:
        return hard(lambda: flight.store(VAULT, taken, put))
    except LeaseLost as lost:
        if lost.row is None or lost.row["ver"] != taken.version:
            return lost.row
    change = Change(put={**put, "ver": taken.version + 1, "by": taken.owner}, remove=("ro", "ru", "next"))
    try:
        return hard(lambda: VAULT.update(taken.key, change, eq("ver", taken.version)))
    except ConditionFailed as failed:
        return failed.row
