"""The guards: every module that keeps somebody out, the test files that must notice when it does so no longer."""

from __future__ import annotations

_KEYS = (
    "tests/unit/identity/test_rules.py", "tests/unit/edge/test_auth.py", "tests/api/identity/test_keys.py",
    "tests/api/chat/test_access.py",
)  # fmt: skip
_EGRESS = tuple(
    f"tests/adapters/http_client/test_{name}.py"
    for name in ("forbidden", "urls", "redirects", "send", "figures", "tls", "pool", "http2")
)
_CHAT = tuple(
    f"tests/api/chat/test_{name}.py" for name in ("access", "files", "bots", "integrations", "actions", "repeats")
)
_OAUTH = (
    "tests/unit/credentials/test_callback.py", "tests/unit/credentials/test_oauth_settings.py",
    "tests/api/credentials/test_oauth_flow.py",
)  # fmt: skip
_JOURNEYS = tuple(f"tests/api/journeys/test_{name}.py" for name in ("nodes", "settings", "feedback", "tokens"))
_SANDBOX = tuple(
    f"tests/adapters/javascript/test_{name}.py"
    for name in (
        "exchange",
        "pool",
        "job",
        "calls",
        "answers",
        "lending",
        "child",
        "language",
        "axios",
        "libraries",
        "processes",
        "remote",
        "hostile",
    )
)
_EDGE = ("tests/unit/edge/test_schema.py", "tests/api/identity/test_idempotency.py", "tests/contract/test_every_row.py")

GUARDS: dict[str, tuple[str, ...]] = {
    # who asks
    "chalicelib/edge/auth.py": _KEYS,
    "chalicelib/identity/rules.py": _KEYS,
    "chalicelib/identity/keys.py": _KEYS,
    "chalicelib/identity/authentication.py": _KEYS,
    "chalicelib/identity/access_tokens.py": ("tests/api/chat/test_access.py",),
    # where they may act
    "chalicelib/edge/route.py": (
        "tests/api/test_edge.py",
        *_EDGE,
        "tests/api/identity/test_users.py",
        "tests/api/identity/test_keys.py",
        "tests/api/test_limits.py",
        "tests/api/chat/test_actions.py",
    ),
    "chalicelib/core/paging.py": ("tests/unit/core/test_paging.py", "tests/unit/edge/test_paging.py"),
    "chalicelib/chat/access.py": _CHAT,
    "chalicelib/chat/webhooks.py": ("tests/unit/chat/test_webhooks.py", *_CHAT),
    "chalicelib/chat/workspaces.py": (*_CHAT, "tests/workers/chat/test_installing.py"),
    "chalicelib/chat/files.py": _CHAT,
    "chalicelib/journeys/wire.py": ("tests/unit/journeys/test_wire.py", *_JOURNEYS),
    "chalicelib/journeys/marks.py": ("tests/unit/journeys/test_marks.py", *_JOURNEYS),
    "chalicelib/channels/chat_oauth.py": ("tests/api/channels/test_chat_oauth.py",),
    # what goes out
    "chalicelib/adapters/http_client/addresses.py": _EGRESS,
    "chalicelib/adapters/http_client/urls.py": _EGRESS,
    "chalicelib/adapters/http_client/client.py": _EGRESS,
    "chalicelib/adapters/http_client/messages.py": _EGRESS,
    "chalicelib/adapters/http_client/network.py": (*_EGRESS, "tests/workers/channels/test_mail_tls.py"),
    # what is signed
    "chalicelib/subscriptions/signatures.py": ("tests/unit/subscriptions/test_signatures.py",),
    "chalicelib/journeys/signing.py": (
        "tests/unit/journeys/test_signing.py",
        "tests/workers/journeys/test_actions.py",
        *_JOURNEYS,
    ),
    "chalicelib/connectors/notifications.py": (
        "tests/api/connectors/test_hooks.py",
        "tests/api/connectors/test_sharing.py",
    ),
    "chalicelib/credentials/oauth/states.py": _OAUTH,
    "chalicelib/credentials/oauth/callback.py": _OAUTH,
    "chalicelib/credentials/oauth/redirects.py": ("tests/unit/credentials/test_redirects.py", *_OAUTH),
    # what is shown
    "chalicelib/core/redaction.py": ("tests/unit/core/test_redaction.py",),
    "chalicelib/adapters/vault.py": ("tests/adapters/test_vault.py",),
    "chalicelib/journeys/rules/cells.py": ("tests/unit/journeys/test_token_rules.py", *_JOURNEYS),
    # what comes in
    "chalicelib/core/jsontext.py": ("tests/unit/core/test_jsontext.py",),
    "chalicelib/core/call.py": ("tests/unit/core/test_call.py", *_EDGE),
    "chalicelib/edge/schema.py": _EDGE,
    "infra/local/gateway.py": ("tests/unit/infra/test_gateway.py",),
    # what scripts may do
    "chalicelib/adapters/javascript/job.py": _SANDBOX,
    "chalicelib/adapters/javascript/calls.py": _SANDBOX,
    "chalicelib/adapters/javascript/exchange.py": _SANDBOX,
    "chalicelib/adapters/javascript/pool.py": _SANDBOX,
    "chalicelib/adapters/javascript/sandbox.py": _SANDBOX,
    "chalicelib/adapters/javascript/answers.py": _SANDBOX,
    "chalicelib/adapters/javascript/child.py": _SANDBOX,
    "chalicelib/adapters/javascript/syscalls.py": _SANDBOX,
}
# Of modules that do more than guard: the functions that do.
PARTS: dict[str, tuple[str, ...]] = {
    "chalicelib/edge/route.py": ("_serve", "_path_value", "_raw", "_read_body", "_fingerprint"),
    "chalicelib/journeys/wire.py": ("node_of", "uuid_in_path", "uuid", "text", "number"),
    "chalicelib/chat/workspaces.py": ("create", "delete", "is_seen", "check_writes", "_find"),
    "chalicelib/channels/chat_oauth.py": ("begin", "finish", "_integration", "_check_hmac"),
    "infra/local/gateway.py": ("__call__", "_refuse_verb", "_refuse", "_target", "_headers", "parse_header", "execute"),
}
# Run in processes of their own, where nobody sees which lines: their mutants meet every test of theirs.
OUT_OF_SIGHT = {f"chalicelib/adapters/javascript/{name}.py" for name in ("answers", "child", "syscalls")}

# Mutants that change nothing anybody could notice: module, line, what -> why.
_ALWAYS, _NEVER = "condition always holds", "condition never holds"
_STATES = "chalicelib/credentials/oauth/states.py"
_STATE = "if state is None or len(state) != STATE_CHARS or not state.isascii():"
_ACCESS, _REDACTION = "chalicelib/chat/access.py", "chalicelib/core/redaction.py"
_OWN = "if installed.owner == own and keys[2] in rows:"
_HOME = "if bot.home == own and keys[1] in rows:"
_JSON = "chalicelib/core/jsontext.py"
EQUIVALENT: dict[tuple[str, str, str], str] = {
    (
        _ACCESS,
        "if found is None and WORKSPACE not in call.headers:",
        "without found is None",
    ): "saves reads: the bot that was found is found again",
    (
        _ACCESS,
        "if place is not None and installed is not None and installed.owner == call.workspace_id:",
        "without place is not None",
    ): "where there is no place nothing is installed",
    (_ACCESS, "if integration_id is not None:", _ALWAYS): "reads rows that are not there",
    (_ACCESS, _OWN, _NEVER): "saves a read: the row is found all the same",
    (_ACCESS, _OWN, "turned: installed.owner == own"): "saves a read: the row is found all the same",
    (_ACCESS, _OWN, "without installed.owner == own"): "an integration lies with its owner alone: it was found there",
    (_ACCESS, _HOME, _NEVER): "saves a read: the row is found all the same",
    (_ACCESS, _HOME, "turned: bot.home == own"): "saves a read: the row is found all the same",
    (_ACCESS, _HOME, "without bot.home == own"): "an installation lies in its bot's home alone: it was found there",
    (
        _STATES,
        _STATE,
        "without len(state) != STATE_CHARS",
    ): "only its hash is looked up; none is known of another length",
    (
        "chalicelib/adapters/http_client/addresses.py",
        "return address.is_global and not any(address in network for network in forbidden)",
        "without address.is_global",
    ): "the list holds all that today's Pythons know, and more; a later one may know of a new network first",
    (
        "chalicelib/adapters/javascript/child.py",
        'if text[0] == "V" and len(body) > MAX_RESULT_BYTES:',
        "without text[0] == 'V'",
    ): "the prelude cuts the words of a failure, so that it is never that long",
    (
        "chalicelib/chat/files.py",
        "kind = mimetypes.guess_type(item.name)[0] or PLAIN",
        "without PLAIN",
    ): "what nobody knows the type of is not among what is shown either",
    ("chalicelib/edge/schema.py", "if plan is None:", _ALWAYS): "saves time: the plan is made anew, and is the same",
    (_JSON, 'if raw.count(b"[") + raw.count(b"{") <= MAX_DEPTH:', _NEVER): "saves time",
    (
        _JSON,
        "if _SURROGATE.search(raw) and not _is_encodable(value):",
        "without _SURROGATE.search(raw)",
    ): "saves time: in UTF-8 only an escape spells half a pair",
    (_REDACTION, "if form in text:", _ALWAYS): "replacing what is not there changes nothing",
    (_REDACTION, 'if ":" in text or "=" in text:', _ALWAYS): "saves time: each pattern asks for one of them",
    (_REDACTION, "if isinstance(value, str):", _NEVER): "the last line masks the text as well",
    (_REDACTION, "if value is None or isinstance(value, bool):", "without isinstance(value, bool)"): "a bool is an int",
    (_REDACTION, "if self._secrets and str(value) in self._secrets:", "without self._secrets"): "saves time",
}
