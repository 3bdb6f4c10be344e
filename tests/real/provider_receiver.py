"""A server that plays every provider: over TLS under any name, it keeps what it is asked and answers as prepared."""

from __future__ import annotations

import datetime
import email.parser
import email.policy
import ipaddress
import json
import socket
import ssl
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Answer = tuple[int, dict[str, str], bytes]


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    method: str
    host: str
    path: str
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    def content(self) -> Any:
        """Read the body by its type; parts of a form are (name, file name or None, content)."""
        kind = self.headers.get("content-type", "")
        if "json" in kind:
            return json.loads(self.body)
        if "x-www-form-urlencoded" in kind:
            return dict(parse_qsl(self.body.decode(), keep_blank_values=True))
        if "multipart/form-data" in kind:
            head = f"Content-Type: {kind}\r\n\r\n".encode()
            message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + self.body)
            return sorted(_part(one) for one in message.iter_parts())
        return self.body


def _part(part: Any) -> tuple[str, str, bytes]:
    name = part.get_param("name", header="content-disposition")
    return name, part.get_filename() or "", bytes(part.get_payload(decode=True)).strip()


class Providers:
    """Keeps what is asked in `asked`; `answers` are by host, with a default. A context manager."""

    def __init__(self, folder: Path) -> None:
        self.asked: list[Asked] = []
        self.answers: dict[str, Answer] = {}
        self.pem = certificate(folder)
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def _answer(self) -> None:
                headers = {name.lower(): value for name, value in self.headers.items()}
                body = self._body(headers)
                host = headers["host"].partition(":")[0]
                receiver.asked.append(Asked(self.command, host, self.path, headers, body))
                status, more, content = receiver.answers.get(host, (200, {}, b"{}"))
                self.send_response(status)
                for name, value in {"Content-Type": "application/json", **more}.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_PUT = _answer  # noqa: N815

            def _body(self, headers: dict[str, str]) -> bytes:
                if headers.get("transfer-encoding") != "chunked":
                    return self.rfile.read(int(headers.get("content-length", 0)))
                made = b""
                while size := int(self.rfile.readline().strip() or b"0", 16):
                    made += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
                return made

            def log_message(self, format: str, *args: Any) -> None:
                pass

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.pem)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_port

    def __enter__(self) -> Providers:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self.close()

    def close(self) -> None:
        """Give the port back."""
        self._server.server_close()

    def dial(self, _address: str, _port: int, timeout_s: float) -> socket.socket:
        """Open a connection to this server, whoever was to be called."""
        return socket.create_connection(("127.0.0.1", self.port), timeout_s)

    def tls(self) -> ssl.SSLContext:
        """Trust this server under any name."""
        context = ssl.create_default_context(cafile=str(self.pem))
        context.check_hostname = False
        return context


def certificate(folder: Path) -> Path:
    """Make a key and a certificate in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "any.example.com")])
    now = datetime.datetime.now(datetime.UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=1))
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    here = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = made.add_extension(x509.SubjectAlternativeName([here]), critical=False)
    signed = made.sign(key, hashes.SHA256())
    pem = folder / "any.pem"
    kind = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    pem.write_bytes(key.private_bytes(*kind) + signed.public_bytes(serialization.Encoding.PEM))
    return pem
