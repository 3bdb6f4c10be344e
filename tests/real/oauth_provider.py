"""A certified OpenID provider on this machine (npm oidc-provider), and a user with a browser."""

from __future__ import annotations

import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urljoin

import requests

from infra.harness.stack import free_port
from tests.real import packages

CLIENT_ID, CLIENT_SECRET = "millrace", "a-client-secret-nobody-may-see"
MODULE = packages.MODULES / "oidc-provider/lib/index.js"
MAX_STEPS = 20


class Provider:
    """The provider's process; a context manager. Its client must use PKCE, and refresh tokens rotate."""

    def __init__(self, redirect_uri: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._command = [
            shutil.which("node") or "node",
            str(Path(__file__).with_name("oauth_provider.mjs")),
            str(MODULE),
            str(self.port),
            redirect_uri,
            CLIENT_ID,
            CLIENT_SECRET,
        ]
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Provider:
        self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self._process.stdout is not None
        if self._process.stdout.readline().strip() != "listening":
            raise RuntimeError("the provider did not start")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            assert self._process.stdout is not None
            self._process.stdout.close()

    def settings(self) -> dict[str, Any]:
        """Give the short form of the auth settings that lead here."""
        return {
            "authorizationUrl": f"{self.url}/auth",
            "tokenUrl": f"{self.url}/token",
            "userInfo": {"url": f"{self.url}/me", "path": ["email"]},
            "issuer": self.url,
            "scopes": ["openid", "email"],
        }

    def control(self, what: str, **query: int) -> dict[str, Any]:
        """Bring something about inside it; answer its counts."""
        answer = requests.get(f"{self.url}/control/{what}", params=query, timeout=10)
        answer.raise_for_status()
        return dict(answer.json())

    @property
    def refreshes(self) -> int:
        """Count the refresh tokens it has exchanged."""
        return int(self.control("counts")["refreshes"])


class Browser:
    """A user's browser: follows redirects, keeps cookies, fills in the provider's forms."""

    def __init__(self, user: str) -> None:
        self.user = user
        self.session = requests.Session()
        self.session.trust_env = False

    def close(self) -> None:
        self.session.close()

    def sign_in(self, url: str, until: str, *, cancels: bool = False) -> str:
        """Go where the address leads, sign in and consent (or cancel); give the address the provider sends back to."""
        answer = self.session.get(url, allow_redirects=False, timeout=10)
        for _ in range(MAX_STEPS):
            if answer.is_redirect:
                target = urljoin(answer.url, answer.headers["location"])
                if target.startswith(until):
                    return target
                answer = self.session.get(target, allow_redirects=False, timeout=10)
                continue
            page = _Page(answer.text)
            if cancels:
                answer = self.session.get(urljoin(answer.url, page.cancel), allow_redirects=False, timeout=10)
                continue
            form = {**page.fields, **({"login": self.user, "password": "any"} if "login" in page.fields else {})}
            target = urljoin(answer.url, page.action)
            answer = self.session.post(target, form, allow_redirects=False, timeout=10)
        raise AssertionError(f"the provider did not send the user back: {answer.status_code} {answer.text[:300]}")

    def open(self, url: str) -> requests.Response:
        """Open an address."""
        return self.session.get(url, timeout=40)


class _Page(HTMLParser):
    """The form of a page, and its link to cancel."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.action = self.cancel = ""
        self.fields: dict[str, str] = {}
        self.feed(text)
        assert self.action, text[:500]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.action = said.get("action", "")
        elif tag == "input" and "name" in said:
            self.fields[said["name"]] = said.get("value", "")
        elif tag == "a" and said.get("href", "").endswith("/abort"):
            self.cancel = said["href"]
