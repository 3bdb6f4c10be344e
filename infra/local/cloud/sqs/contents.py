"""Message bodies and attributes: what SQS lets through, their size and their digests."""

import re
from hashlib import md5
from typing import Any

from infra.local.cloud.errors import CloudError
from infra.local.cloud.items import binary
from infra.local.cloud.sqs.errors import bad_parameter, missing

FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
ATTRIBUTES_MAX = 10
NAME_MAX = 256
NAME = re.compile(r"(?!(?:AWS|Amazon)\.)[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*", re.IGNORECASE)
Attributes = dict[str, dict[str, Any]]


def check_text(text: Any, parameter: str) -> int:
    """Refuse an absent text or one with forbidden characters; return its size in bytes."""
    if type(text) is not str or not text:
        raise missing(parameter)
    if text.isascii():
        if not text.isprintable() and FORBIDDEN.search(text):
            raise _forbidden()
        return len(text)
    if FORBIDDEN.search(text):
        raise _forbidden()
    return len(text.encode())


def check_attributes(attributes: Attributes) -> int:
    """Validate message attributes; return their size in bytes, names and types counted."""
    if len(attributes) > ATTRIBUTES_MAX:
        raise bad_parameter(f"Number of message attributes [{len(attributes)}] exceeds the allowed maximum [10].")
    size = 0
    for name, attribute in attributes.items():
        if len(name) > NAME_MAX or not NAME.fullmatch(name):
            raise bad_parameter(f"The message attribute name '{name}' is invalid.")
        kind = attribute.get("DataType") or ""
        base = kind.partition(".")[0]
        if base not in ("String", "Number", "Binary"):
            raise bad_parameter(
                f"The message attribute '{name}' has an invalid message attribute type, the set of supported type "
                "prefixes is Binary, Number, and String."
            )
        if base == "Binary":
            content = binary(attribute["BinaryValue"]) if attribute.get("BinaryValue") else b""
        else:
            content = (attribute.get("StringValue") or "").encode()
        if not content:
            raise bad_parameter(f"Message attribute '{name}' must contain a non-empty value of type {kind}.")
        if base != "Binary":
            check_text(attribute["StringValue"], "StringValue")
        size += len(name) + len(kind) + len(content)
    return size


def text_digest(text: str) -> str:
    """Give MD5OfMessageBody."""
    return md5(text.encode(), usedforsecurity=False).hexdigest()


def attributes_digest(attributes: Attributes) -> str:
    """Give MD5OfMessageAttributes: names, types and values, each after its length, in order of names."""
    digest = md5(usedforsecurity=False)

    def feed(content: bytes) -> None:
        digest.update(len(content).to_bytes(4, "big") + content)

    for name in sorted(attributes):
        attribute = attributes[name]
        feed(name.encode())
        feed(attribute["DataType"].encode())
        if attribute["DataType"].startswith("Binary"):
            digest.update(b"\x02")
            feed(binary(attribute["BinaryValue"]))
        else:
            digest.update(b"\x01")
            feed(attribute["StringValue"].encode())
    return digest.hexdigest()


def chosen_attributes(attributes: Attributes, wished: list[str]) -> Attributes:
    """Select message attributes by name, by "prefix.*", or all."""
    if "All" in wished or ".*" in wished:
        return attributes
    heads = tuple(name[:-1] for name in wished if name.endswith(".*"))
    return {name: value for name, value in attributes.items() if name in wished or (heads and name.startswith(heads))}


def _forbidden() -> CloudError:
    return CloudError(
        "InvalidMessageContents",
        "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD "
        "| #x10000 to #x10FFFF",
    )
