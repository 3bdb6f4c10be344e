"""`make routes`: every operation with its verb, path, scope, and the function that does the work."""

from __future__ import annotations

from chalicelib.edge.route import ROWS


def main() -> None:
    """Print the table, ordered by path."""
    import app  # noqa: F401 registers every row

    lines = [
        (row.path, row.verbs, row.operation_id, row.scope or "public", f"{_module(row.does)}", surface)
        for surface, row in ROWS
    ]
    widths = [max(len(line[column]) for line in lines) for column in range(6)]
    for line in sorted(lines):
        print("  ".join(part.ljust(width) for part, width in zip(line, widths, strict=True)).rstrip())
    print(f"{len(lines)} operations on {len({line[0] for line in lines})} paths")


def _module(function: object) -> str:
    owner = getattr(function, "__self__", None)
    name = getattr(function, "__name__", repr(function))
    if owner is not None and hasattr(owner, "item"):
        return f"{owner.item.__name__}.{name}"
    return f"{getattr(function, '__module__', '?').removeprefix('chalicelib.')}.{name}"


if __name__ == "__main__":
    main()
