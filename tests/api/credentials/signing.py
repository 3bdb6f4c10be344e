"""The steps of a user who connects an account at a provider in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from chalicelib.storage.tables import VAULT
from tests.builders import USER
from tests.client import Answer, Client, with_query
from tests.conftest import Clock
from tests.fakes.oauth_provider import BASE, FakeProvider

CALL_ME = f"""
const headers = {{ authorization: `Bearer ${{service.token.access_token}}` }};
return (await $.axios.get("{BASE}/api", {{ headers }})).data.sub;
"""


@dataclass
class Signing:
    """A service with its client id and secret, and the steps of a user who connects an account."""

    client: Client
    provider: FakeProvider
    service: str
    security: str
    action: str
    clock: Clock
    users: dict[str, str] = field(default_factory=dict)

    def ask(self, user: str = USER, **query: str) -> Answer:
        """Ask for the address where the user grants access."""
        return self.client.get(with_query(f"/v1/service/{self.service}/oauth", userId=user, **query))

    def url(self, user: str = USER, **query: str) -> str:
        """Give that address."""
        return str(self.ask(user, **query).ok()["url"])

    def come_back(self, answer: dict[str, str], **more: Any) -> Answer:
        """Let the user's browser come back from the provider."""
        return self.client.get(with_query("/v1/oauth/callback", **answer), key=None, **more)

    def connect(self, user: str = USER, account: str = "ada", **query: str) -> dict[str, Any]:
        """Go the whole way; give the token as it is read."""
        self.clock.advance_s(0.001)  # lists are in order of time
        answer = self.come_back(self.provider.grant(self.url(user, **query), account))
        assert answer.status == 200, answer.body
        return self.tokens(user)[-1]

    def tokens(self, user: str = USER) -> list[dict[str, Any]]:
        """List the user's tokens."""
        found: list[dict[str, Any]] = self.client.get(with_query(f"/v1/service/{self.service}/token", userId=user)).ok()
        return found

    def run(self, user: str = USER, **query: str) -> Answer:
        """Run the action that asks the provider whose token it has."""
        path = f"/v1/service/{self.service}/action/{self.action}/execute"
        return self.client.post(with_query(path, userId=user, **query), {})

    def row(self, user: str = USER) -> dict[str, Any]:
        """Read the row of the user's only token."""
        user_id = self.client.get(f"/v1/user/{user}").ok()["id"]
        (row,) = VAULT.query_all(f"{self.client.key}#TOK#{user_id}")
        return row


def parameters(url: str) -> dict[str, str]:
    """Read the query of an address."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def reference(operation: str, **more: Any) -> dict[str, Any]:
    """Spell a reference."""
    return {"@type": "reference", "operation": operation, **more}


def set_auth(signing: Signing, auth: Any) -> None:
    """Give the service other auth settings."""
    path = f"/v1/service/{signing.service}/security/{signing.security}?version=1.0.0"
    signing.client.put(path, {"config": {"auth": auth}}).ok()
