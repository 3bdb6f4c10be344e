"""Marks: what a mail's links and picture lead through, and what is read out of an address again."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest

from chalicelib.core.errors import NotFound
from chalicelib.journeys import marks
from chalicelib.journeys.marks import Kind, Mark

NOW_S = 1_800_000_000
MARK = Mark(Kind.CLICK, "w", "node", "token", "step", "https://example.com/?a=1&b=2")
BODY = '<body><a class="x" href="https://example.com/?a=1&amp;b=2">go</a> <a href="mailto:a@b.c">write</a></body>'


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chalicelib.journeys.marks.identity.deployment_secret", lambda purpose: purpose.encode())


def test_a_mark_says_what_was_put_into_it() -> None:
    assert marks.open_mark(marks.seal(MARK), NOW_S) == MARK


def test_a_mark_holds_to_the_second_it_ends_at_and_no_longer() -> None:
    sealed = marks.seal(MARK._replace(until_s=NOW_S))
    assert marks.open_mark(sealed, NOW_S).until_s == NOW_S
    with pytest.raises(NotFound):
        marks.open_mark(sealed, NOW_S + 1)


def test_a_mark_that_was_changed_or_cut_leads_nowhere() -> None:
    sealed = marks.seal(MARK)
    mac_alone = base64.urlsafe_b64encode(base64.urlsafe_b64decode(sealed[:20] + "=")[:16]).decode().rstrip("=")
    changed = [sealed[:at] + ("A" if sealed[at] != "A" else "B") + sealed[at + 1 :] for at in range(0, len(sealed), 7)]
    for text in ("", "x", "é", mac_alone, sealed[:-4], *changed):
        with pytest.raises(NotFound):
            marks.open_mark(text, NOW_S)


def test_no_mark_is_longer_than_is_read() -> None:
    with pytest.raises(NotFound):
        marks.open_mark(marks.seal(MARK._replace(url="https://example.com/" + "a" * 6_000)), NOW_S)


def through(to: str) -> Callable[[str], str]:
    return lambda url: f"{to}{len(url)}"


def test_links_lead_through_an_address_of_ours_and_other_addresses_stay() -> None:
    led = marks.tracked(BODY, through("https://here/"), None)
    assert led == BODY.replace("https://example.com/?a=1&amp;b=2", f"https://here/{len(MARK.url)}")


def test_the_picture_stands_at_the_end_of_the_body_or_of_a_text_without_one() -> None:
    picture = '<img src="https://here/p" width="1" height="1" alt="">'
    assert marks.tracked(BODY, None, "https://here/p") == BODY.replace("</body>", f"{picture}</body>")
    twice = "<p></body></p></BODY ></html>"
    assert marks.tracked(twice, None, "https://here/p") == f"<p></body></p>{picture}</BODY ></html>"
    assert marks.tracked("<p>", None, "https://here/p") == f"<p>{picture}"


def test_a_mail_that_nothing_is_told_of_stays_as_it_is() -> None:
    assert marks.tracked(BODY, None, None) == BODY
