"""The outside world in memory: put `FakeHttp().send` in place of chalicelib.adapters.http_client.send."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Mapping

from chalicelib.adapters.http_client import Headers, Request, Response, urls
from chalicelib.adapters.http_client.messages import checked_headers, checked_method
from chalicelib.core.errors import PlatformError, UpstreamFailed

Answer = Response | PlatformError | Callable[[Request], Response]


class FakeHttp:
    """Answers by URL, in the order given; the last answer of a URL stays. Refuses what the real client refuses."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Request]] = []
        self._answers: defaultdict[str, deque[Answer]] = defaultdict(deque)

    def answer(self, url: str, status: int = 200, body: bytes = b"", headers: Mapping[str, str] | None = None) -> None:
        """Answer the next request to a URL."""
        self._answers[url].append(Response(status, Headers((headers or {}).items()), body, False, 1.0, url))

    def act(self, url: str, act: Answer) -> None:
        """Raise an error, or let a function answer, at the next request to a URL."""
        self._answers[url].append(act)

    def send(self, workspace_id: str, request: Request) -> Response:
        """Note the request and give the answer prepared for its URL."""
        checked_method(request.method)
        checked_headers(request.headers)
        target = urls.parse(request.url)
        urls.vet(target)
        self.sent.append((workspace_id, request))
        answers = self._answers.get(request.url)
        if not answers:
            raise UpstreamFailed(f"{target.origin} refused the connection", retryable=True)
        answer = answers.popleft() if len(answers) > 1 else answers[0]
        if isinstance(answer, PlatformError):
            raise answer
        return answer if isinstance(answer, Response) else answer(request)
