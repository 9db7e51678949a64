"""The parts of a split: their names, and which of them a prediction is of."""

from __future__ import annotations

from collections.abc import Sequence

from surveycli.domain import TRAIN
from surveycli.errors import not_found
from surveycli.store.connection import Store


def parts_asked(store: Store, split: str, asked: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the parts that are asked for, all but the training part where none is named.

    Raises SurveyError (exit 4) for a split that the store does not have, and for any part that the split does not.
    """
    there = [str(row["part"]) for row in store.rows("split/list_parts", split=split)]
    if not there:
        raise not_found(
            f"There is no split named {split!r} in the store.",
            "`surveycli split` lists the splits, `surveycli split RECIPE` makes one.",
        )
    unknown = sorted(set(asked) - set(there))
    if unknown:
        raise not_found(f"The split {split} has no part {', '.join(unknown)}; it has {', '.join(there)}.")
    return tuple(dict.fromkeys(asked)) or tuple(part for part in there if part != TRAIN)
