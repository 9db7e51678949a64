"""The reference pages are what the program says today."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from docs import reference


@pytest.mark.parametrize(("name", "make"), [("commands.md", reference.commands), ("schema.md", reference.schema)])
def test_a_reference_page_is_the_programs_own(name: str, make: Callable[[], str]) -> None:
    """`python -m docs.reference` would change nothing."""
    kept = (reference.FOLDER / name).read_text(encoding="utf-8")
    assert kept == make(), "run `python -m docs.reference` and commit what it writes"
