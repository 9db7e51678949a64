"""What an examination finds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How something stands: as it should, to be known, or broken."""

    OK = "ok"
    NOTE = "note"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One thing that was looked at. `repair` is what to do about it, empty where nothing needs to be done."""

    state: State
    subject: str
    says: str
    repair: str = ""
