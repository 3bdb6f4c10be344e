"""Sending mail to a server that a tenant named: SMTP over a connection that the guarded client opened.

smtplib speaks the protocol; where it would open a socket by itself, it gets one whose address was checked. The
deadline runs from the lookup to the last answer.
"""

from __future__ import annotations

import smtplib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from chalicelib.adapters.http_client import network
from chalicelib.core.errors import PlatformError, UpstreamFailed, UpstreamTimeout

MAIL_TIMEOUT_S = 20.0


@dataclass(frozen=True)
class Server:
    """A mail server: `is_secure` means TLS from the first byte; else STARTTLS where offered, unless told otherwise."""

    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)
    is_secure: bool = False
    requires_tls: bool = False
    ignores_tls: bool = False
    checks_certificate: bool = True


class _Session(smtplib.SMTP):
    """An SMTP session on a checked connection."""

    def __init__(self, server: Server, timeout_s: float) -> None:
        self._server, self._ends = server, time.monotonic() + timeout_s
        super().__init__(server.host, server.port, local_hostname="localhost", timeout=timeout_s)

    def _get_socket(self, host: str, port: int, timeout: float) -> Any:
        plain = network.connect_mail(host, port, timeout)
        if not self._server.is_secure:
            return plain
        try:
            context = network.mail_tls(is_checked=self._server.checks_certificate)
            return context.wrap_socket(plain, server_hostname=host)
        except BaseException:
            plain.close()
            raise

    def getreply(self) -> tuple[int, bytes]:
        """Read an answer, within the deadline of the whole."""
        if self.sock is not None:
            self.sock.settimeout(network.seconds_left(self._ends))
        return super().getreply()


def send(
    server: Server, sender: str, recipients: Sequence[str], message: bytes, timeout_s: float = MAIL_TIMEOUT_S
) -> None:
    """Send one message. Raises UpstreamFailed with the server's own words, UpstreamTimeout, AddressRefused.

    Codes of 4xx say "not now" (RFC 5321, 4.2.1), so trying again may help; not when some recipients have it already.
    """
    place = f"{server.host}:{server.port}"
    try:
        with _Session(server, timeout_s) as session:
            _secure(session, server)
            if server.user:
                session.login(server.user, server.password)
            refused = session.sendmail(sender, list(recipients), message)
    except TimeoutError as error:
        raise UpstreamTimeout(f"{place} did not answer in time") from error
    except smtplib.SMTPRecipientsRefused as error:
        passes = all(400 <= code < 500 for code, _ in error.recipients.values())
        reason = f"{place} refused all recipients: {_first(error.recipients)}"
        raise UpstreamFailed(reason, status=_code(error.recipients), retryable=passes) from error
    except smtplib.SMTPResponseException as error:
        reason = f"{place} answered {error.smtp_code} {_words(error.smtp_error)}"
        passes = 400 <= error.smtp_code < 500
        raise UpstreamFailed(reason, status=error.smtp_code, retryable=passes) from error
    except smtplib.SMTPServerDisconnected as error:
        raise UpstreamFailed(f"{place} closed the connection", retryable=True) from error
    except smtplib.SMTPException as error:
        raise UpstreamFailed(f"{place}: {str(error)[:300]}") from error
    except PlatformError:
        raise
    except (OSError, ValueError) as error:
        raise UpstreamFailed(f"{place} cannot be reached, or broke the connection", retryable=True) from error
    if refused:
        raise UpstreamFailed(f"{place} refused some recipients: {_first(refused)}")


def _secure(session: _Session, server: Server) -> None:
    session.ehlo_or_helo_if_needed()
    if server.is_secure or server.ignores_tls:
        return
    if session.has_extn("starttls"):
        session.starttls(context=network.mail_tls(is_checked=server.checks_certificate))
        session.ehlo()
    elif server.requires_tls:
        raise UpstreamFailed(f"{server.host}:{server.port} does not offer STARTTLS, which is required")


def _words(text: Any) -> str:
    return text.decode("utf-8", "replace")[:300] if isinstance(text, bytes) else str(text)[:300]


def _code(refused: dict[str, tuple[int, bytes]]) -> int:
    return next(iter(refused.values()))[0]


def _first(refused: dict[str, tuple[int, bytes]]) -> str:
    code, text = next(iter(refused.values()))
    return f"{code} {_words(text)}"
