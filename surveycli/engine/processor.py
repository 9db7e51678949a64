"""What the processor can do, by what the system shows of it; without torch, so that it is known at once."""

from __future__ import annotations

from functools import cache
from pathlib import Path

_INSTRUCTIONS = frozenset({"avx512_bf16", "amx_bf16"})


@cache
def multiplies_bfloat16() -> bool:
    """Return whether the processor has instructions for products of bfloat16; False where the system does not tell."""
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8").split()
    except OSError:
        return False
    return not _INSTRUCTIONS.isdisjoint(flags)
