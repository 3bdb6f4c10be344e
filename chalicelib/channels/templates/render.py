"""From a tree and data to text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chalicelib.channels.templates import helpers
from chalicelib.channels.templates.parse import Block, Call, Literal, Output, Path, TemplateFault, Text, parse
from chalicelib.channels.templates.texts import escape, is_empty, is_true, text_of

MAX_OUTPUT_CHARS = 2_000_000
MAX_STEPS = 200_000


def render(template: str, data: Mapping[str, Any], *, escapes: bool = True) -> str:
    """Render a template; without `escapes` two braces print as three do. Raises TemplateFault."""
    if "{{" not in template:
        return template
    run = _Run(escapes)
    run.nodes(parse(template), _Scope(data, None, {"root": data}))
    return "".join(run.out)


@dataclass
class _Scope:
    """The context at one place: `this`, what lies around it, the `@` data and the block parameters."""

    this: Any
    parent: _Scope | None
    data: dict[str, Any]
    names: dict[str, Any] = field(default_factory=dict)


class _Options:
    """What a block helper gets: its two bodies, and its named arguments."""

    def __init__(self, run: _Run, block: Block, scope: _Scope, named: dict[str, Any]) -> None:
        self._run, self._block, self._scope, self.named = run, block, scope, named

    def body(self) -> None:
        self._run.nodes(self._block.body, self._scope)

    def inverse(self) -> None:
        self._run.nodes(self._block.inverse, self._scope)

    def inner(self, this: Any, data: dict[str, Any], *values: Any) -> None:
        """Render the body with another context."""
        names = {**self._scope.names, **dict(zip(self._block.names, values, strict=False))}
        self._run.nodes(self._block.body, _Scope(this, self._scope, {**self._scope.data, **data}, names))


class _Run:
    def __init__(self, escapes: bool) -> None:
        self.out: list[str] = []
        self._escapes, self._size, self._steps = escapes, 0, 0

    def nodes(self, nodes: Any, scope: _Scope) -> None:
        for node in nodes:
            self._count(1)
            if isinstance(node, Text):
                self._print(node.text)
            elif isinstance(node, Output):
                text = text_of(self.value(node.call, scope))
                self._print(escape(text) if node.is_escaped and self._escapes else text)
            else:
                self._block(node, scope)

    def _count(self, steps: int) -> None:
        self._steps += steps
        if self._steps > MAX_STEPS:
            raise TemplateFault(f"rendering takes more than {MAX_STEPS} steps")

    def _print(self, text: str) -> None:
        self._size += len(text)
        if self._size > MAX_OUTPUT_CHARS:
            raise TemplateFault(f"the text becomes longer than {MAX_OUTPUT_CHARS} characters")
        self.out.append(text)

    # --- values -----------------------------------------------------------------------------------------------

    def value(self, node: Any, scope: _Scope) -> Any:
        if isinstance(node, Literal):
            return node.value
        if isinstance(node, Path):
            return _look_up(node, scope)
        if isinstance(node.head, Literal):
            return _look_up(Path(0, False, (text_of(node.head.value),), "", False), scope)
        name = _plain_name(node.head)
        helper = helpers.INLINE.get(name or "")
        if helper is not None and name not in scope.names:
            return self._called(helper, node, scope)
        if node.params or node.named:
            raise TemplateFault(f"there is no helper {node.head.text!r}")
        return _look_up(node.head, scope)

    def _called(self, helper: helpers.Helper, node: Call, scope: _Scope) -> Any:
        params = [self.value(one, scope) for one in node.params]
        named = {name: self.value(one, scope) for name, one in node.named}
        try:
            result = helper(params, named)
            self._count(1 + helpers.cost(params, result))
            return result
        except (TypeError, ValueError, IndexError, OverflowError) as error:
            raise TemplateFault(f"{getattr(node.head, 'text', '')}: {error}") from error

    # --- blocks -----------------------------------------------------------------------------------------------

    def _block(self, block: Block, scope: _Scope) -> None:
        name = _plain_name(block.call.head) if isinstance(block.call.head, Path) else None
        params = [self.value(one, scope) for one in block.call.params]
        named = {key: self.value(one, scope) for key, one in block.call.named}
        options = _Options(self, block, scope, named)
        if name in ("if", "unless"):
            holds = is_true(_first(params), includes_zero=bool(named.get("includeZero")))
            return options.body() if holds == (name == "if") else options.inverse()
        if name == "each":
            return self._each(_first(params), options)
        if name == "with":
            return options.inverse() if is_empty(_first(params)) else options.inner(params[0], {}, params[0])
        if name in helpers.INLINE and name not in scope.names:
            return self._conditional(self.value(block.call, scope), options)
        if params or named:
            raise TemplateFault(f"there is no helper {getattr(block.call.head, 'text', '')!r}")
        return self._section(self.value(block.call, scope), options)

    def _conditional(self, value: Any, options: _Options) -> None:
        """A helper as a block decides between the two bodies, or is a list to go through."""
        if isinstance(value, list):
            return self._each(value, options)
        return options.body() if value is True or is_true(value) else options.inverse()

    def _section(self, value: Any, options: _Options) -> None:
        if isinstance(value, list):
            return self._each(value, options)
        if value is None or value is False:
            return options.inverse()
        return options.body() if value is True else options.inner(value, {})

    def _each(self, value: Any, options: _Options) -> None:
        if isinstance(value, dict):
            pairs: list[tuple[Any, Any]] = list(value.items())
        else:
            pairs = list(enumerate(value)) if isinstance(value, list | tuple) else []
        if not pairs:
            return options.inverse()
        for number, (key, item) in enumerate(pairs):
            data = {"index": number, "key": key, "first": number == 0, "last": number == len(pairs) - 1}
            options.inner(item, data, item, key)
        return None


def _first(params: list[Any]) -> Any:
    if len(params) != 1:
        raise TemplateFault("this block takes exactly one argument")
    return params[0]


def _plain_name(path: Path | Literal) -> str | None:
    """Give the name where a helper may be meant: one word, not `this.word`."""
    if isinstance(path, Path) and len(path.names) == 1 and not (path.is_data or path.is_scoped):
        return path.names[0]
    return None


def _look_up(path: Path, scope: _Scope) -> Any:
    names = list(path.names)
    if path.is_data:
        value: Any = scope.data
    elif names and not path.is_scoped and names[0] in scope.names:
        value = scope.names
    else:
        place: _Scope | None = scope
        for _ in range(path.up):
            place = place.parent if place is not None else None
        value = place.this if place is not None else None
    for name in names:
        value = helpers.member(value, name)
    return value
