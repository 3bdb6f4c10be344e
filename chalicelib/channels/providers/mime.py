"""A mail as the bytes that travel: MIME parts, and a DKIM signature where a key is set."""

from __future__ import annotations

import base64
import hashlib
import re
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from chalicelib.channels.providers.base import Mail, Refused

_SIGNED = ("from", "to", "cc", "subject", "date", "message-id", "reply-to", "mime-version", "content-type")
MAX_PLAIN_CHARS = 200_000
_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]{0,20})")
_UNSEEN = frozenset({"script", "style", "head"})
_LINES = frozenset({"p", "div", "tr", "li", "h1", "h2", "h3", "h4", "h5", "h6"})
_OWN = frozenset(
    {"from", "to", "cc", "bcc", "subject", "date", "message-id", "reply-to", "content-type", "mime-version"}
)


def build(mail: Mail, message_id: str, at_ms: int) -> bytes:
    """Build the message; the same mail under the same id gives the same identification, so a repeat can be known."""
    from datetime import UTC, datetime

    made = EmailMessage(policy=SMTP)
    try:
        made["From"] = Address(mail.sender_name, addr_spec=mail.sender)
        made["To"] = ", ".join(mail.to)
        if mail.cc:
            made["Cc"] = ", ".join(mail.cc)
        if mail.reply_to:
            made["Reply-To"] = mail.reply_to
        made["Subject"] = " ".join(mail.subject.split("\n")).replace("\r", "")
        made["Date"] = format_datetime(datetime.fromtimestamp(at_ms / 1000, UTC))
        made["Message-ID"] = f"<{message_id}@{mail.sender.rpartition('@')[2] or 'localhost'}>"
        for name, value in mail.headers.items():
            if name.lower() not in _OWN and re.fullmatch(r"[A-Za-z0-9-]{1,76}", name):
                made[name] = value
    except (MessageError, ValueError, IndexError, TypeError) as error:
        raise Refused(f"the mail cannot be built: {error}") from error
    _fill(made, mail)
    return made.as_bytes()


def _fill(made: EmailMessage, mail: Mail) -> None:
    made.set_content(mail.text or _plain(mail.html))
    if mail.html:
        made.add_alternative(mail.html, subtype="html")
    inline = [one for one in mail.attachments if one.content_id]
    for one in inline:
        main, _, sub = one.mime.partition("/")
        body = made.get_body(("html",))
        if isinstance(body, EmailMessage):
            body.add_related(
                one.content,
                main,
                sub or "octet-stream",
                cid=f"<{one.content_id}>",
                filename=one.name,
                disposition="inline",
            )
    for one in mail.attachments:
        if not one.content_id:
            main, _, sub = one.mime.partition("/")
            made.add_attachment(one.content, main, sub or "octet-stream", filename=one.name)


def _plain(html: str) -> str:
    """Give the words of a page, for readers that show no HTML; one pass, whatever the page holds."""
    import html as entities

    text, words, at = html[:MAX_PLAIN_CHARS], [], 0
    while (start := text.find("<", at)) >= 0:
        words.append(text[at:start])
        end = text.find(">", start)
        if end < 0:
            at = len(text)
            break
        found = _TAG.match(text, start)
        name = found[2].lower() if found else ""
        at = end + 1
        if name in _UNSEEN and found is not None and not found[1]:
            closing = re.compile(f"</{name}", re.IGNORECASE).search(text, at)
            at = closing.start() if closing else len(text)
        elif name == "br" or (name in _LINES and found is not None and found[1]):
            words.append("\n")
    words.append(text[at:])
    return entities.unescape("".join(words)).strip()


# --- DKIM (RFC 6376), relaxed for headers and body ------------------------------------------------------------------


def signed(message: bytes, domain: str, selector: str, key_text: str, at_s: int) -> bytes:
    """Put a DKIM signature in front of a message. Raises Refused when the key cannot be used."""
    head, _, body = message.partition(b"\r\n\r\n")
    headers = _headers(head)
    names = [name for name in _SIGNED if name in headers]
    body_hash = base64.b64encode(hashlib.sha256(_relaxed_body(body)).digest()).decode()
    value = (
        f"v=1; a=rsa-sha256; c=relaxed/relaxed; d={_word(domain)}; s={_word(selector)}; t={at_s};"
        f" h={':'.join(names)}; bh={body_hash}; b="
    )
    text = "".join(f"{name}:{_relaxed(headers[name])}\r\n" for name in names)
    text += f"dkim-signature:{_relaxed(value)}"
    return f"DKIM-Signature: {value}{_sign(key_text, text.encode())}\r\n".encode() + message


def _sign(key_text: str, text: bytes) -> str:
    from cryptography.hazmat.primitives import hashes, serialization  # heavy
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    try:
        key = serialization.load_pem_private_key(key_text.replace("\\n", "\n").encode(), None)
    except (ValueError, TypeError) as error:
        raise Refused("the DKIM key cannot be read") from error
    if not isinstance(key, rsa.RSAPrivateKey):
        raise Refused("the DKIM key must be an RSA key")
    return base64.b64encode(key.sign(text, padding.PKCS1v15(), hashes.SHA256())).decode()


def _headers(head: bytes) -> dict[str, str]:
    unfolded = re.sub(rb"\r\n(?=[ \t])", b"", head)
    pairs = [line.partition(b":") for line in unfolded.split(b"\r\n")]
    return {name.decode().lower(): value.decode("utf-8", "replace") for name, _, value in pairs}


def _relaxed(value: str) -> str:
    return re.sub(r"[ \t]+", " ", value).strip()


def _relaxed_body(body: bytes) -> bytes:
    lines = [re.sub(rb"[ \t]+", b" ", line).rstrip(b" ") for line in body.split(b"\r\n")]
    while lines and not lines[-1]:
        lines.pop()
    return b"".join(line + b"\r\n" for line in lines)


def _word(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,253}", text):
        raise Refused("the DKIM domain or selector cannot be read")
    return text
