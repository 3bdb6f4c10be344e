"""Tokens, document paths and literals: what all expression languages have in common."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from infra.local.cloud.errors import CloudError, invalid
from infra.local.cloud.expressions.reserved import RESERVED

TEXT_BYTES_MAX = 4096
PATH_DEPTH_MAX = 32
PARSED_MAX = 2048
TOKEN = re.compile(r"\s*(?:([A-Za-z_]\w*|[#:]\w+)|(\d+)|(<>|<=|>=|[=<>(),.+\[\]-]))", re.ASCII)
END = "<EOF>"

Names = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Path:
    """A document path: names and list positions; the first part is the attribute."""

    parts: tuple[str | int, ...]

    @property
    def attribute(self) -> str:
        """The top-level attribute this path lies in."""
        return str(self.parts[0])

    def __str__(self) -> str:
        return "[" + ", ".join(f"[{part}]" if isinstance(part, int) else part for part in self.parts) + "]"


@dataclass(frozen=True, slots=True)
class Literal:
    """A placeholder like ":x"; its value comes with each request."""

    name: str


class Reader:
    """A cursor over the tokens of one expression; collects the placeholders it meets."""

    def __init__(self, kind: str, text: str, names: Mapping[str, str]) -> None:
        self.kind = kind
        self._names = names
        self.names_used: set[str] = set()
        self.literals_used: set[str] = set()
        self._position = 0
        if not text.strip():
            raise self.failure("The expression can not be empty;")
        if len(text.encode()) > TEXT_BYTES_MAX:
            raise self.failure(
                f"Expression size has exceeded the maximum allowed size; expression size: {len(text.encode())}"
            )
        self._tokens = self._split(text)

    @property
    def next(self) -> str:
        """The token under the cursor."""
        return self._tokens[self._position]

    @property
    def after_next(self) -> str:
        """The token behind that one."""
        return self._tokens[min(self._position + 1, len(self._tokens) - 1)]

    def take(self) -> str:
        """Return the token under the cursor and move on."""
        token = self._tokens[self._position]
        if token != END:
            self._position += 1
        return token

    def accept(self, word: str) -> bool:
        """Move over word (a keyword in any case, or a sign) if it comes next."""
        if self.next.upper() == word:
            self._position += 1
            return True
        return False

    def expect(self, word: str) -> None:
        """Move over word or refuse the expression."""
        if not self.accept(word):
            raise self.unexpected()

    def path(self) -> Path:
        """Read a document path."""
        parts: list[str | int] = [self._name()]
        while True:
            if self.accept("."):
                parts.append(self._name())
            elif self.accept("["):
                if not self.next.isdigit():
                    raise self.unexpected()
                parts.append(int(self.take()))
                self.expect("]")
            else:
                break
        if len(parts) > PATH_DEPTH_MAX:
            raise self.failure("The document path has too many nesting elements;")
        return Path(tuple(parts))

    def literal(self) -> Literal:
        """Read a value placeholder."""
        name = self.take()
        self.literals_used.add(name)
        return Literal(name)

    def end(self) -> None:
        """Refuse anything that is left."""
        if self.next != END:
            raise self.unexpected()

    def unexpected(self) -> CloudError:
        """Make the syntax error at the cursor."""
        near = " ".join(self._tokens[max(0, self._position - 1) : self._position + 2]).replace(" " + END, "")
        return self.failure(f'Syntax error; token: "{self.next}", near: "{near}"')

    def failure(self, message: str) -> CloudError:
        """Make an error that names this expression."""
        return invalid(f"Invalid {self.kind}: {message}")

    def _name(self) -> str:
        token = self.next
        if token[0] == "#":
            self.take()
            if token not in self._names:
                raise self.failure(
                    f"An expression attribute name used in the document path is not defined; attribute name: {token}"
                )
            self.names_used.add(token)
            return self._names[token]
        if token == END or not (token[0].isalpha() or token[0] == "_"):
            raise self.unexpected()
        if token.upper() in RESERVED:
            raise self.failure(f"Attribute name is a reserved keyword; reserved keyword: {token}")
        return self.take()

    def _split(self, text: str) -> list[str]:
        tokens = []
        text = text.rstrip()
        position = 0
        while position < len(text):
            match = TOKEN.match(text, position)
            if match is None:
                rest = text[position:].lstrip()
                raise self.failure(f'Syntax error; token: "{rest[0]}", near: "{rest[:10]}"')
            tokens.append(match[match.lastindex or 0])
            position = match.end()
        tokens.append(END)
        return tokens
