"""The time, as the store keeps it."""

from __future__ import annotations

from datetime import UTC, datetime


def utc_now() -> datetime:
    """Return the time now in UTC, to the second and without a zone."""
    return datetime.now(UTC).replace(tzinfo=None, microsecond=0)
