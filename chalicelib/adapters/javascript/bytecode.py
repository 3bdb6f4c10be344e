"""Compile the sandbox's own JavaScript once, so that a fresh realm costs a fifth of compiling it again.

The engine's Python binding offers no bytecode, but its library exports QuickJS's functions for it, and they are called
here through ctypes. That leans on where the binding keeps its context, so `Compiler.probe` first tries everything in
a process of its own: if that does not end well, the caller works with source texts, only slower. Bytecode never
leaves the process that made it, and a tenant's code is never read as bytecode. Loaded by zygote.py.
"""

from __future__ import annotations

import ctypes
import os
import sys
from typing import Any

_COMPILE_ONLY = 1 << 5
_BYTECODE, _STRIP_SOURCE = 1 << 0, 1 << 4
_EXCEPTION = 6


class _Value(ctypes.Structure):
    """JSValue as 64-bit builds pass it."""

    _fields_ = (("payload", ctypes.c_uint64), ("tag", ctypes.c_int64))


class Compiler:
    """Turns texts into bytecode and evaluates bytecode in a context."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine
        pointer, size, text = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p
        library = ctypes.CDLL(engine.__file__)
        for name, result, arguments in (
            ("JS_GetRuntime", pointer, (pointer,)),
            ("JS_Eval", _Value, (pointer, text, size, text, ctypes.c_int)),
            ("JS_WriteObject", pointer, (pointer, ctypes.POINTER(size), _Value, ctypes.c_int)),
            ("JS_ReadObject", _Value, (pointer, text, size, ctypes.c_int)),
            ("JS_EvalFunction", _Value, (pointer, _Value)),
            ("JS_FreeValue", None, (pointer, _Value)),
            ("js_free", None, (pointer, pointer)),
        ):
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
        self._library = library

    @classmethod
    def probe(cls, engine: Any) -> Compiler | None:
        """Give a compiler that has been seen to work with this engine, or None."""
        if sys.maxsize < 1 << 32:
            return None
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                compiler = cls(engine)
                context = engine.Context()
                compiler.run(id(context), compiler.compile("void (globalThis.probe = 6 * 7)", "probe"))
                code = 0 if context.get("probe") == 42 else 1
                del context
            finally:
                os._exit(code)
        return cls(engine) if os.waitpid(pid, 0)[1] == 0 else None

    def compile(self, text: str, name: str) -> bytes:
        """Compile a script; `name` is its file in stack traces. Raises ValueError when it does not compile."""
        keeper = self._engine.Context()
        context = self._context(id(keeper))
        source = text.encode()
        made = self._library.JS_Eval(context, source, len(source), name.encode(), _COMPILE_ONLY)
        if made.tag == _EXCEPTION:
            raise ValueError(f"{name} does not compile")
        size = ctypes.c_size_t()
        written = self._library.JS_WriteObject(context, ctypes.byref(size), made, _BYTECODE | _STRIP_SOURCE)
        if not written:
            raise ValueError(f"{name} cannot be written")
        code = ctypes.string_at(written, size.value)
        self._library.js_free(context, written)
        self._library.JS_FreeValue(context, made)
        return code

    def run(self, keeper_id: int, code: bytes) -> bool:
        """Evaluate bytecode of a script that ends in undefined; tell whether it ended well.

        keeper_id is the id() of a living context of the engine, not the context, so that nobody keeps it alive.
        """
        context = self._context(keeper_id)
        made = self._library.JS_ReadObject(context, code, len(code), _BYTECODE)
        if made.tag == _EXCEPTION:
            return False
        return bool(self._library.JS_EvalFunction(context, made).tag != _EXCEPTION)

    def _context(self, keeper_id: int) -> Any:
        """Read the JSContext pointer: the binding's object is a Python head, then its runtime, then its context."""
        runtime, context = (ctypes.c_void_p * 2).from_address(keeper_id + object.__basicsize__)
        if self._library.JS_GetRuntime(context) != runtime:
            raise ValueError("the engine keeps its context elsewhere")
        return context
