"""From text to a tree."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

MAX_CHARS = 300_000
MAX_DEPTH = 50

_TAG = re.compile(r"\\{0,2}\{\{(?:\{|!--|[^{])", re.DOTALL)
_TOKEN = re.compile(
    r"\s*(?:(?P<string>\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')|(?P<paren>[()])|(?P<as>as\s+\|[^|]*\|)"
    r"|(?P<hash>(?:\[[^\]]*\]|[^\s=()\"'{}|]+)=)|(?P<word>(?:\[[^\]]*\]|[^\s=()\"'{}|\[\]])+))",
    re.DOTALL,
)
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_SEGMENT = re.compile(r"\[([^\]]*)\]|(\.\.)|([^./\[\]]+)|([./])")
_WORDS = {"true": True, "false": False, "null": None, "undefined": None}


class TemplateFault(Exception):
    """The template cannot be read or rendered; the text says why."""


@dataclass(frozen=True)
class Path:
    """A way into the data: how many contexts up, `@` data or not, and the names."""

    up: int
    is_data: bool
    names: tuple[str, ...]
    text: str
    is_scoped: bool


@dataclass(frozen=True)
class Literal:
    """A value that stands in the template itself."""

    value: Any


@dataclass(frozen=True)
class Call:
    """A helper with its arguments, or a plain path."""

    head: Path | Literal
    params: tuple[Any, ...] = ()
    named: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True)
class Text:
    """What stands between the tags."""

    text: str


@dataclass(frozen=True)
class Output:
    """A value that is printed."""

    call: Call
    is_escaped: bool


@dataclass
class Block:
    """A block with its two bodies."""

    call: Call
    names: tuple[str, ...] = ()
    body: list[Any] = field(default_factory=list)
    inverse: list[Any] = field(default_factory=list)


@dataclass
class _Tag:
    kind: str
    content: str
    strips_before: bool
    strips_after: bool


@lru_cache(maxsize=512)
def parse(text: str) -> tuple[Any, ...]:
    """Read a template. Raises TemplateFault."""
    if len(text) > MAX_CHARS:
        raise TemplateFault(f"a template may have at most {MAX_CHARS} characters")
    return tuple(_Builder(_parts(text)).build())


def _parts(text: str) -> list[str | _Tag]:
    parts: list[str | _Tag] = []
    at = 0
    while found := _TAG.search(text, at):
        start = found.start()
        if found[0].startswith("\\\\"):  # a backslash of its own, and a tag
            start += 2
            parts.append(text[at : start - 1])
        elif found[0].startswith("\\"):
            end = text.find("}}", start)
            stop = len(text) if end < 0 else end + 2
            parts.append(text[at:start] + text[start + 1 : stop])
            at = stop
            continue
        else:
            parts.append(text[at:start])
        tag, at = _tag(text, start)
        parts.append(tag)
    parts.append(text[at:])
    return _trimmed(parts)


def _tag(text: str, start: int) -> tuple[_Tag, int]:
    inner = start + 2
    before = text[inner : inner + 1] == "~"
    inner += before
    if text.startswith("!--", inner):
        closing, offset = re.compile(r"--~?\}\}").search(text, inner), 3
    elif text.startswith("{", inner):
        closing, offset = re.compile(r"\}~?\}\}").search(text, inner), 1
    else:
        closing, offset = re.compile(r"~?\}\}").search(text, inner), 0
    if closing is None:
        raise TemplateFault(f"a tag is not closed: {text[start : start + 40]!r}")
    content = text[inner + offset : closing.start()]
    kind = {3: "!", 1: "{"}.get(offset, "")
    if not kind and content[:1] in "#^/!&>*" and content[:1]:
        kind, content = content[0], content[1:]
    content = content.strip()
    if not kind and re.fullmatch(r"else(\s.*)?", content, re.DOTALL):
        kind, content = "else", content[4:].strip()
    if kind == "^" and not content:
        kind = "else"
    if kind in (">", "*"):
        raise TemplateFault("partials and decorators are not spoken here")
    return _Tag(kind, content, before, "~" in closing[0]), closing.end()


def _trimmed(parts: list[str | _Tag]) -> list[str | _Tag]:
    """Apply ~, and take away the lines on which nothing but a block tag or comment stands."""
    made = list(parts)
    for number, tag in enumerate(parts):
        if not isinstance(tag, _Tag):
            continue
        before, after = str(made[number - 1]), str(made[number + 1])
        if tag.kind in ("#", "^", "/", "else", "!"):
            is_first, is_last = number == 1, number == len(parts) - 2
            source_before, source_after = str(parts[number - 1]), str(parts[number + 1])
            starts = re.search(r"(\n|^)[ \t]*$" if is_first else r"\n[ \t]*$", source_before)
            ends = re.match(r"[ \t]*(\r?\n|$)" if is_last else r"[ \t]*\r?\n", source_after)
            if starts and ends:
                before, after = before.rstrip(" \t"), re.sub(r"^[ \t]*\r?\n?", "", after)
        made[number - 1] = before.rstrip() if tag.strips_before else before
        made[number + 1] = after.lstrip() if tag.strips_after else after
    return made


class _Builder:
    def __init__(self, parts: list[str | _Tag]) -> None:
        self._parts, self._at = parts, 0

    def build(self) -> list[Any]:
        nodes, closing = self._nodes(0)
        if closing is not None:
            raise TemplateFault(f"{{{{{closing.kind}{closing.content}}}}} closes nothing")
        return nodes

    def _nodes(self, depth: int) -> tuple[list[Any], _Tag | None]:
        if depth > MAX_DEPTH:
            raise TemplateFault(f"blocks are nested deeper than {MAX_DEPTH}")
        nodes: list[Any] = []
        while self._at < len(self._parts):
            part = self._parts[self._at]
            self._at += 1
            if isinstance(part, str):
                if part:
                    nodes.append(Text(part))
            elif part.kind in ("#", "^"):
                nodes.append(self._block(part, depth))
            elif part.kind in ("/", "else"):
                return nodes, part
            elif part.kind != "!":
                nodes.append(Output(_call(part.content)[0], part.kind == ""))
        return nodes, None

    def _block(self, tag: _Tag, depth: int) -> Block:
        call, names = _call(tag.content)
        block = Block(call, names)
        name = getattr(call.head, "text", "")
        body, closing = self._nodes(depth + 1)
        inverse: list[Any] = []
        if closing is not None and closing.kind == "else":
            if closing.content:  # else if: a block of its own that ends with this one
                inverse = [self._chained(closing, depth + 1, name)]
            else:
                inverse, closing = self._nodes(depth + 1)
                self._check_closing(closing, name)
        else:
            self._check_closing(closing, name)
        block.body, block.inverse = (inverse, body) if tag.kind == "^" else (body, inverse)
        return block

    def _chained(self, tag: _Tag, depth: int, outer: str) -> Block:
        call, names = _call(tag.content)
        block = Block(call, names)
        block.body, closing = self._nodes(depth)
        if closing is not None and closing.kind == "else":
            if closing.content:
                block.inverse = [self._chained(closing, depth + 1, outer)]
                return block
            block.inverse, closing = self._nodes(depth + 1)
        self._check_closing(closing, outer)
        return block

    def _check_closing(self, closing: _Tag | None, name: str) -> None:
        if closing is None or closing.kind != "/" or closing.content != name:
            raise TemplateFault(f"the block {name!r} is not closed")


def _call(content: str) -> tuple[Call, tuple[str, ...]]:
    tokens: list[tuple[str, str]] = []
    at = 0
    text = content.strip()
    while at < len(text):
        found = _TOKEN.match(text, at)
        if not found or found.lastgroup is None or found.end() == at:
            raise TemplateFault(f"cannot read {{{{{content[:60]}}}}}")
        tokens.append((found.lastgroup, found[found.lastgroup]))
        at = found.end()
    names: tuple[str, ...] = ()
    if tokens and tokens[-1][0] == "as":
        names = tuple(tokens.pop()[1].partition("|")[2].rstrip("|").split())
    if not tokens:
        raise TemplateFault("an empty tag")
    call, rest = _arguments(tokens, 0)
    if rest != len(tokens):
        raise TemplateFault(f"cannot read {{{{{content[:60]}}}}}")
    return call, names


def _arguments(tokens: list[tuple[str, str]], at: int, depth: int = 0) -> tuple[Call, int]:
    if depth > MAX_DEPTH:
        raise TemplateFault("expressions are nested too deeply")
    head, at = _value(tokens, at, depth)
    if isinstance(head, Call):
        raise TemplateFault("an expression in parentheses cannot be called")
    params: list[Any] = []
    named: list[tuple[str, Any]] = []
    while at < len(tokens) and tokens[at] != ("paren", ")"):
        if tokens[at][0] == "hash":
            name = tokens[at][1][:-1].strip("[]")
            value, at = _value(tokens, at + 1, depth)
            named.append((name, value))
        else:
            value, at = _value(tokens, at, depth)
            params.append(value)
    return Call(head, tuple(params), tuple(named)), at


def _value(tokens: list[tuple[str, str]], at: int, depth: int) -> tuple[Any, int]:
    if at >= len(tokens):
        raise TemplateFault("an argument is missing")
    kind, text = tokens[at]
    if kind == "paren" and text == "(":
        call, at = _arguments(tokens, at + 1, depth + 1)
        if at >= len(tokens) or tokens[at] != ("paren", ")"):
            raise TemplateFault("a parenthesis is not closed")
        return call, at + 1
    if kind == "string":
        return Literal(re.sub(r"\\([\"'])", r"\1", text[1:-1])), at + 1
    if kind != "word":
        raise TemplateFault(f"unexpected {text!r}")
    if _NUMBER.fullmatch(text):
        return Literal(float(text) if "." in text else int(text)), at + 1
    if text in _WORDS:
        return Literal(_WORDS[text]), at + 1
    return _path(text), at + 1


def _path(text: str) -> Path:
    is_data, rest = text.startswith("@"), text.removeprefix("@")
    up, names, is_scoped, at = 0, [], False, 0
    if rest == ".":
        return Path(0, is_data, (), text, True)
    while at < len(rest):
        found = _SEGMENT.match(rest, at)
        if not found:
            raise TemplateFault(f"cannot read the path {text[:60]!r}")
        literal, parent, name, _ = found.groups()
        at = found.end()
        if parent:
            up, is_scoped = up + 1, True
        elif literal is not None:
            names.append(literal)
        elif name == "this" and not names:
            is_scoped = True
        elif name is not None:
            names.append(name)
        elif not names and found[0] == "." and up == 0:
            is_scoped = True
    return Path(up, is_data, tuple(names), text, is_scoped)
