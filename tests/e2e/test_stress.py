"""The stress script in its short form."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="tries are forked")
def test_kills_signals_races_full_disks_and_damage_lose_nothing() -> None:
    """A few tries of each kind end without a failure, and it says how many there were."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.stress", "--short"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    kinds = [line.split()[0] for line in done.stdout.splitlines() if " tries " in line and " failures  (" in line]
    assert kinds == ["kills", "signals", "races", "disks", "damages"]
    assert ", 0 failures, " in done.stdout.splitlines()[-1]
