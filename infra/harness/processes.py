"""What a tree of processes uses, read from /proc."""

from __future__ import annotations

import os
from pathlib import Path

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def tree(root: int) -> list[int]:
    """List a process and everything it started, by process id."""
    found, queue = [], [root]
    while queue:
        process_id = queue.pop()
        found.append(process_id)
        for task in Path(f"/proc/{process_id}/task").glob("*/children"):
            try:
                queue += [int(child) for child in task.read_text().split()]
            except OSError:
                continue
    return found


def cpu_s(process_ids: list[int]) -> float:
    """Sum the CPU seconds of processes, their ended children included."""
    total = 0
    for process_id in process_ids:
        try:
            fields = Path(f"/proc/{process_id}/stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        total += sum(int(field) for field in fields[11:15])
    return total / _TICKS_PER_S


def memory_bytes(process_ids: list[int]) -> int:
    """Sum the proportional memory of processes."""
    return _memory(process_ids, "Pss:")


def own_bytes(process_ids: list[int]) -> int:
    """Sum the memory that processes allocated: unlike their share of libraries, nobody else's end changes it."""
    return _memory(process_ids, "Anonymous:")


def _memory(process_ids: list[int], name: str) -> int:
    total = 0
    for process_id in process_ids:
        try:
            lines = Path(f"/proc/{process_id}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        total += sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))
    return total
