"""Secrets are found by value in every spelling, and by name; ordinary fields stay readable."""

from __future__ import annotations

import base64
import json
import random
import time
from urllib.parse import quote, quote_plus, urlencode

import pytest

from chalicelib.core.redaction import MASK, Redactor, is_sensitive

SENSITIVE = """
authorization Authorization Proxy-Authorization cookie Set-Cookie password PASSWORD userPassword user_password
password2 passwd passphrase secret clientSecret client_secret CLIENT-SECRET webhookSecret token accessToken
access_token refresh_token idToken X-Auth-Token x-amz-security-token apiToken api_key apikey apiKey APIKey
X-API-Key x-api-key privateKey private_key secretKey signing_key encryption_key signature webhook-signature
X-Hub-Signature-256 credentials accesstoken refreshtoken clientsecret code_verifier jwt otp cvv secrets
passwordHash AWS_SECRET_ACCESS_KEY dbpassword
"""
ORDINARY = """
token_count tokenCount token_type tokenUrl max_token_count nextToken next_token pageToken secret_name secretId
password_policy passwordResetUrl key keys idempotency_key public_key primaryKey keyboard monkey author
authority authenticated cookieDomain signed design assign compass passenger name id hash session_id total
tokenizer apiKeyId privateKeyId signatureVersion webhook-id webhook-timestamp secretary
"""
SECRETS = ["s3cr", "p@ss/w?rd+1=&\"q\\'", "schlüssel-🔑-x", "sk_live_51Hx9Qd2eZvKYlo", "line\nbreak\tkey", "a" * 500]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize(
    "spell",
    [
        str,
        repr,
        json.dumps,
        lambda text: json.dumps(text, ensure_ascii=False),
        quote,
        lambda text: quote(text, safe=""),
        quote_plus,
        lambda text: urlencode({"q": text}),
        lambda text: text.encode().hex(),
        lambda text: text.encode().hex().upper(),
        lambda text: base64.b64encode(text.encode()).decode(),
        lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
        lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    ],
)
def test_a_registered_value_is_masked_in_every_spelling(secret: str, spell) -> None:  # type: ignore[no-untyped-def]
    spelt = spell(secret)
    shown = Redactor(SECRETS).text(f"before {spelt} after")
    assert MASK in shown
    assert spelt.strip("\"'") not in shown
    assert shown.startswith("before ")
    assert shown.endswith(" after")


def test_percent_codes_in_small_letters_are_masked() -> None:
    assert Redactor(["a/b?c=d"]).text("x=a%2fb%3fc%3dd") == f"x={MASK}"


@pytest.mark.parametrize("user", ["", "u", "us", "usr", "user", "übung"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_a_password_inside_base64_is_masked(user: str, encode) -> None:  # type: ignore[no-untyped-def]
    for secret in ("hunter22", "tr0ub4dor&3", "p>?~ÿ€word"):
        pair = encode(f"{user}:{secret}".encode()).decode()
        shown = Redactor([secret]).text(f"sent {pair}")
        left = shown.removeprefix("sent ").replace(MASK, "")
        assert MASK in shown
        assert len(left) <= len(user.encode()) * 2 + 6
    assert Redactor().text(f"Basic {encode(b'user:any thing').decode()}") == f"Basic {MASK}"


def test_longer_secrets_are_masked_before_the_shorter_ones_they_hold() -> None:
    assert Redactor(["abcd", "abcdefgh"]).text("abcdefgh abcd") == f"{MASK} {MASK}"


def test_what_is_too_short_to_be_a_secret_is_left() -> None:
    assert Redactor(["", "a", "abc"]).text("a cab abc") == "a cab abc"


@pytest.mark.parametrize("name", SENSITIVE.split())
def test_telling_names_are_sensitive(name: str) -> None:
    assert is_sensitive(name)
    assert Redactor().value({name: "value", "other": {name: ["value"]}}) == {name: MASK, "other": {name: MASK}}


@pytest.mark.parametrize("name", ORDINARY.split())
def test_ordinary_names_survive(name: str) -> None:
    assert not is_sensitive(name)
    assert Redactor().value({name: "value"}) == {name: "value"}


def test_counts_flags_and_absent_values_survive() -> None:
    value = {"tokens": 512, "max_tokens": 4096, "secret": True, "password": None, "token": "", "cookies": 2}
    assert Redactor().value(value) == value
    assert Redactor().value({"password": 123456, "tokens": ["a"]}) == {"password": MASK, "tokens": MASK}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("GET /a?api_key=abc&page=2&token=x%20y#f", "GET /a?api_key=***&page=2&token=***"),
        ("password=hunter2 user=me", "password=*** user=me"),
        ('{"access_token": "a b\\"c", "n": 1}', '{"access_token": "***", "n": 1}'),
        ("{'password': 'x y', 'n': 1}", "{'password': '***', 'n': 1}"),
        ('"{\\"password\\": \\"x y\\"}"', '"{\\"password\\": \\"***\\"}"'),
        ('{"tokens": 5, "otp": 123456}', '{"tokens": 5, "otp": "***"}'),
        ("Authorization: Bearer abc def\nAccept: x", "Authorization: ***\nAccept: x"),
        ('{"authorization": "Bearer x y", "n": 1}', '{"authorization": "***", "n": 1}'),
        ("authorization=Basic xyz", "authorization=***"),
        ("Set-Cookie: a=b; Path=/", "Set-Cookie: ***"),
        ("sent Bearer abcdefghijklmnopqrstuvwx now", "sent Bearer *** now"),
        ("basic authentication is not bearer based", "basic authentication is not bearer based"),
        ("token_count=5 key=7 next_token=abc", "token_count=5 key=7 next_token=abc"),
        ("the password: it is short", "the password: it is short"),
        ('{"otp": .5, "a": .5}', '{"otp": "***", "a": .5}'),
        ("Basic YTpi Basic bWU6cHcx", "Basic YTpi Basic ***"),  # eight characters at least, and a colon inside
    ],
)
def test_names_are_read_inside_texts(text: str, shown: str) -> None:
    assert Redactor().text(text).removesuffix("#f") == shown
    assert Redactor().text(Redactor().text(text)) == Redactor().text(text)


def test_json_data_is_copied_with_secrets_masked_in_keys_values_and_numbers() -> None:
    data = {"a": ["x s3cr3t", {"s3cr3t": 1}], "n": 987654, "f": 1.5, "b": b"s3cr3t", "t": ("s3cr3t",), "o": None}
    shown = Redactor(["s3cr3t", "987654"]).value(data)
    assert shown == {"a": [f"x {MASK}", {MASK: 1}], "n": MASK, "f": 1.5, "b": MASK, "t": [MASK], "o": None}
    assert data["n"] == 987654


def test_numbers_beyond_a_double_and_names_without_words_are_shown_as_they_are() -> None:
    data = {"n": 10**400, "": "x", "--": "y", "1": 1.5}
    assert Redactor(["s3cr3t"]).value(data) == data
    assert Redactor().value([float("nan"), float("inf")]) == ["nan", "inf"]


def test_deep_data_is_cut_off() -> None:
    deep: list[object] = []
    for _ in range(50_000):
        deep = [deep]
    assert MASK in json.dumps(Redactor().value(deep))


def test_what_json_does_not_know_is_shown_as_text() -> None:
    class Odd:
        def __str__(self) -> str:
            return "odd s3cr3t"

    assert Redactor(["s3cr3t"]).value({"x": Odd()}) == {"x": f"odd {MASK}"}


@pytest.mark.parametrize(
    "text",
    [
        "a" * 1_000_000,
        "a=" * 500_000,
        "password=" * 110_000,
        '"password":"' * 80_000,
        '"password":"' + "\\" * 1_000_000,
        "Bearer " * 140_000,
        "Basic " + "A" * 1_000_000,
        "authorization " * 70_000,
        "cookie:" * 140_000,
        "'" * 1_000_000,
        "token: " + " " * 1_000_000,
        "s3cr" * 250_000,
        "ab" * 500_000,
    ],
    ids=range(13),
)
def test_a_million_characters_take_linear_time(text: str) -> None:
    redactor = Redactor([*SECRETS, "ab" * 40 + "c", "a" * 80 + "b"])
    started = time.process_time()
    redactor.text(text)
    assert time.process_time() - started < 1.5


def test_no_planted_secret_survives_random_surroundings() -> None:
    source = random.Random(7)
    letters = "abcXYZ0129_-./+=&?\"'\\ \n:{}[]éß"
    for _ in range(300):
        secret = "".join(source.choices(letters, k=source.randint(6, 30))).strip()
        if len(secret) < 6 or not any(letter.isalnum() for letter in secret):
            continue
        noise = "".join(source.choices(letters, k=60))
        data = {"a": noise + secret + noise, secret: [secret, {"b": json.dumps({"x": secret})}]}
        assert secret not in json.dumps(Redactor([secret]).value(data), ensure_ascii=False).replace(MASK, "\0")
