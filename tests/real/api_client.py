"""The public API of a platform on one machine, spoken to over HTTP."""

from __future__ import annotations

from typing import Any

import requests


class Client:
    """Calls the public API of a platform as one user."""

    def __init__(self, url: str, user_id: str, key: str = "default") -> None:
        self.url, self.user_id = url, user_id
        self.session = requests.Session()
        self.session.headers["api_key"] = key
        self.session.trust_env = False

    def call(self, method: str, path: str, body: Any = None, **query: str) -> requests.Response:
        """Call an operation and return the answer as it is."""
        params = {"userId": self.user_id, **query}
        return self.session.request(method, self.url + path, params=params, json=body, timeout=40)

    def ok(self, method: str, path: str, body: Any = None, **query: str) -> Any:
        """Call an operation that must succeed and return its JSON."""
        answer = self.call(method, path, body, **query)
        assert answer.status_code == 200, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
        return answer.json()

    def close(self) -> None:
        self.session.close()
