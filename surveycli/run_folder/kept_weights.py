"""Which of the weights that a training kept are the best: best.json beside them.

An epoch that is the best for items which training knows need not be the best for new ones. Where the two were told
apart (training/train.py), each kind of item has its own, and the file also says which items training knows.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from surveycli.domain import CellKey, Familiarity
from surveycli.errors import not_found
from surveycli.run_folder.folder import replacing
from surveycli.run_folder.reading import damaged, read_json
from surveycli.run_folder.reading import field as read_field
from surveycli.untrusted.text import shown

_POINTER = "best.json"
_NAME = re.compile(r"epoch-(\d{3,9})(-\d{1,3})?")


@dataclass(frozen=True, slots=True)
class KeptWeights:
    """The folders, by name, of the best weights: by the validation part, and of each kind of item that was told apart.

    `items` are those that training knows, as survey and item; without `of_kind` there are none.
    """

    best: str
    of_kind: Mapping[Familiarity, str] = field(default_factory=dict)
    items: frozenset[tuple[str, str]] = frozenset()

    @property
    def names(self) -> tuple[str, ...]:
        """The folders, each once."""
        return tuple(dict.fromkeys((self.best, *self.of_kind.values())))

    def name_for(self, key: CellKey) -> str:
        """Return the folder of the weights that are the best for a cell."""
        return self.of_kind.get(Familiarity.of(key, self.items), self.best) if self.of_kind else self.best


def epoch_of(name: str) -> int:
    """Return the epoch whose weights a folder's name says it has."""
    found = _NAME.fullmatch(name)
    if found is None:
        raise ValueError(f"{name!r} names no weights of an epoch")
    return int(found[1])


def point_to_best(weights: Path, kept: KeptWeights) -> None:
    """Make `kept` the best weights and drop all others; once more does no harm."""
    content: dict[str, object] = {"folder": kept.best}
    if kept.of_kind:
        content |= {
            "of_kind": {kind.value: name for kind, name in kept.of_kind.items()},
            "items": sorted(map(list, kept.items)),
        }
    with replacing(weights / _POINTER) as aside:
        aside.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    for other in (*weights.glob("epoch-*"), *weights.glob(".epoch-*")):
        if other.name not in kept.names:
            shutil.rmtree(other)


def read_kept(weights: Path) -> KeptWeights:
    """Return which weights under a run's weights are the best.

    Raises SurveyError: exit 4 where there are none, 3 where the note of which they are is damaged.
    """
    pointer = weights / _POINTER
    if not pointer.is_file():
        raise not_found(
            f"{weights.parent} has no trained weights yet.",
            "`surveycli finetune --resume RUN` goes on with its training.",
        )
    found = {"of_kind": {}, "items": [], **read_json(pointer)}
    of_kind, items = read_field(pointer, found, "of_kind", dict), read_field(pointer, found, "items", list)
    if not of_kind.keys() <= set(Familiarity):
        raise damaged(pointer, f"expected {' and '.join(Familiarity)} as of_kind, found {shown(of_kind)}")
    if not all(isinstance(one, list) and [type(part) for part in one] == [str, str] for one in items):
        raise damaged(pointer, f"expected pairs of survey and item as items, found {shown(items)}")
    kept = KeptWeights(
        read_field(pointer, found, "folder", str),
        {Familiarity(kind): read_field(pointer, of_kind, kind, str) for kind in of_kind},
        frozenset((survey, item) for survey, item in items),
    )
    for name in kept.names:
        if not _NAME.fullmatch(name) or not (weights / name).is_dir():
            raise damaged(pointer, f"it names {shown(name)}, which is not a folder of weights beside it")
    return kept


def best_weights(weights: Path) -> Path:
    """Return the folder of the weights that are the best by the validation part. Raises SurveyError as read_kept."""
    return weights / read_kept(weights).best
