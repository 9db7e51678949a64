"""Tables filled from frames that are made on the way."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import polars as pl
import pytest

from surveycli.errors import SurveyError, bad_input
from surveycli.store import Store, create_table_from_stream


def frames(n: int, *, fail_at: int | None = None) -> Iterator[pl.DataFrame]:
    for place in range(n):
        if place == fail_at:
            raise bad_input("The third block is broken.", "Mend it.")
        yield pl.DataFrame({"block": [place] * 1000, "row": range(1000)})


def test_the_table_has_all_frames_in_order_and_says_what_a_row_is(store: Store) -> None:
    """Every row of every frame arrives once, in order, and the comment stands in the catalog."""
    create_table_from_stream(store, "respondent", "s", frames(5), "One row per row, it's said.")
    stored = store.query("SELECT * FROM respondent.s")
    assert stored.equals(pl.concat(frames(5)))
    comment = store.query("SELECT comment FROM duckdb_tables() WHERE table_name = 's'").item()
    assert comment == "One row per row, it's said."


def test_no_frame_is_made_ahead(store: Store) -> None:
    """Frames are made where they are written, in the calling thread: none is fetched ahead and kept."""
    makers = set()

    def watched() -> Iterator[pl.DataFrame]:
        for frame in frames(40):
            makers.add(threading.get_ident())
            yield frame

    create_table_from_stream(store, "respondent", "s", watched(), "")
    assert makers == {threading.get_ident()}


def test_an_error_on_the_way_is_raised_as_it_is_and_nothing_stays(store: Store) -> None:
    """A SurveyError from the iterator is not wrapped, the transaction is undone, the settings are as before."""
    names = ("threads", "memory_limit", "allocator_background_threads")
    settings = f"SELECT {', '.join(f'current_setting({name!r})' for name in names)}"
    before = store.query(settings)
    with pytest.raises(SurveyError, match="third block is broken"), store.transaction():
        create_table_from_stream(store, "respondent", "s", frames(5, fail_at=3), "")
    assert not store.query("SELECT * FROM duckdb_tables() WHERE table_name = 's'").height
    assert store.query(settings).equals(before)


def test_what_comes_after_has_all_memory_again(store: Store) -> None:
    """The bound on memory is for the table alone: a query after it may take more."""
    create_table_from_stream(store, "respondent", "s", frames(2), "")
    assert store.query("SELECT len(list(range)) FROM range(20_000_000)").item() == 20_000_000
