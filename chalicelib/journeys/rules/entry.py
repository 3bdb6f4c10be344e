"""Who a customer is, whether they may enter, and what an event does to them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import orjson

ACCEPTS_ENTRIES = frozenset({"COMMITTED", "RUNNING", "PAUSED", "ERROR"})
HOLDS_TOKENS = ACCEPTS_ENTRIES | {"TO_ARCHIVE"}
EMAIL, PHONE = "email", "mobilePhone"
MAX_ATTRIBUTES, MAX_NAME, MAX_VALUE = 100, 100, 4096
MAX_BYTES = 240_000  # of all attributes as JSON: a token, its attributes and two events lie in one row of 400 KB
_MAX_ADDRESS = 320
_MAX_DIGITS = 15
_SEPARATORS = re.compile(r"[\s().,/-]+")
_KEEP_ZERO = frozenset({"39", "378"})  # national numbers whose first zero belongs to them


class Act(StrEnum):
    """What an event does to a customer of an automation."""

    INSERT = "INSERT"
    REMOVE = "REMOVE"
    NOTHING = "NOTHING"


@dataclass(frozen=True)
class Identity:
    """The names a customer goes by; at least one is there."""

    clab_uuid: str | None = None
    user_pk: str | None = None
    email: str | None = None
    phone: str | None = None

    @property
    def key(self) -> str:
        """The customer key: clabUuid, else userPk, else the address."""
        return self.names()[0]

    def names(self) -> list[str]:
        """Every name with its kind, the strongest first."""
        found = (("clab", self.clab_uuid), ("pk", self.user_pk), ("mail", self.email), ("tel", self.phone))
        return [f"{kind}:{value}" for kind, value in found if value]

    def is_other_than(self, other: Identity) -> bool:
        """Whether a stronger name tells the two apart although a weaker one (a shared address) is equal."""
        pairs = ((self.clab_uuid, other.clab_uuid), (self.user_pk, other.user_pk))
        return any(mine and theirs and mine != theirs for mine, theirs in pairs)


def identity_of(
    clab_uuid: str | None, user_pk: str | None, attributes: Mapping[str, str], email: str | None = None
) -> Identity | None:
    """Read who a customer is; None when nothing names them."""
    made = Identity(
        clab_uuid.lower() if clab_uuid else None,
        user_pk or None,
        normal_email(email or attributes.get(EMAIL, "")),
        normal_phone(attributes.get(PHONE, "")) or national_phone(attributes.get(PHONE, "")),
    )
    return made if made.names() else None


def normal_email(text: str) -> str | None:
    """Spell an address as it is compared: trimmed, lower case; None when it is none."""
    plain = text.strip().lower()
    local, at, host = plain.rpartition("@")
    is_one = bool(local and at and "." in host and len(plain) <= _MAX_ADDRESS)
    return plain if is_one and not any(c.isspace() or c in ',;<>"' or ord(c) < 32 for c in plain) else None


def normal_phone(text: str, country_code: str = "") -> str | None:
    """Spell a number as E.164 (`+` and 7 to 15 digits); `country_code` (`39`) is put before national ones."""
    plain = "".join(c for c in text if c.isdigit() or c == "+")
    if plain.startswith("00"):
        plain = "+" + plain[2:]
    if not plain.startswith("+") and country_code:
        plain = f"+{country_code}{plain if country_code in _KEEP_ZERO else plain.lstrip('0')}"
    digits = plain[1:]
    is_one = plain.startswith("+") and digits.isdigit() and 7 <= len(digits) <= 15 and not digits.startswith("0")
    return plain if is_one else None


def national_phone(text: str) -> str | None:
    """Spell a number written without its country as 5 to 15 digits; None when it is none.

    It names somebody, but nothing can be sent to it: which country it is in is for the step that sends to say.
    """
    plain = _SEPARATORS.sub("", text)
    return plain if plain.isascii() and plain.isdecimal() and 5 <= len(plain) <= _MAX_DIGITS else None


def decide(inserts: bool, removes: bool, *, remove_is_primary: bool) -> Act:
    """Say what an event does that satisfies an INSERT source, a REMOVE source or both: exactly one of them."""
    if inserts and removes:
        return Act.REMOVE if remove_is_primary else Act.INSERT
    if removes:
        return Act.REMOVE
    return Act.INSERT if inserts else Act.NOTHING


def accepts_entries(status: str) -> bool:
    """Say whether an automation in this state lets customers in by API or batch."""
    return status in ACCEPTS_ENTRIES


def attributes_of(given: Any) -> tuple[dict[str, str], str | None]:
    """Read the attributes of a customer: numbers and booleans become text. Gives them, and what is wrong or None."""
    if given is None:
        return {}, None
    if not isinstance(given, dict):
        return {}, "must be an object"
    if len(given) > MAX_ATTRIBUTES:
        return {}, f"has more than {MAX_ATTRIBUTES} members"
    made: dict[str, str] = {}
    for name, value in given.items():
        if not 0 < len(name) <= MAX_NAME:
            return {}, f"has a name that is not of 1 to {MAX_NAME} characters"
        text = text_of(value)
        if text is None:
            return {}, f"has a member that is neither text, number nor boolean: {name[:100]}"
        if len(text) > MAX_VALUE:
            return {}, f"has a value of more than {MAX_VALUE} characters: {name[:100]}"
        made[name] = text
    if size_of(made) > MAX_BYTES:
        return {}, f"has more than {MAX_BYTES} bytes"
    return made, None


def size_of(attributes: Mapping[str, str]) -> int:
    """Say how many bytes attributes take where they are kept."""
    return len(orjson.dumps(attributes))


def fitting(attributes: Mapping[str, str]) -> dict[str, str]:
    """Keep what a token can hold of attributes that were copied together, in their order."""
    made: dict[str, str] = {}
    left = MAX_BYTES - len("{}")
    for name, value in list(attributes.items())[:MAX_ATTRIBUTES]:
        size = size_of({name: value})
        if size <= left:
            made[name], left = value, left - size
    return made


def text_of(value: Any) -> str | None:
    """Spell a plain value as text; None for anything else."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    return None
