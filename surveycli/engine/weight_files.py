"""Weights on the disk: safetensors alone, whole, and as large as the configuration says, before any is read.

Pickled weights (`pytorch_model.bin`) can run code when they are read, and are refused.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from math import prod
from pathlib import Path

from safetensors import SafetensorError, safe_open

from surveycli.errors import SurveyError, bad_input

SINGLE = "model.safetensors"
INDEX = "model.safetensors.index.json"
_PICKLES = (".bin", ".pt", ".pth", ".ckpt")
_LFS = b"version https://git-lfs"


def names_of_shards(folder: Path) -> tuple[str, ...]:
    """Return the names of a model's safetensors files, which may be missing: one, or those that its index names."""
    if (folder / SINGLE).is_file() or not (folder / INDEX).is_file():
        return (SINGLE,)
    return shards_named_in(folder / INDEX)


def shards_named_in(index: Path) -> tuple[str, ...]:
    """Return the files that an index spreads a model's tensors over. Raises SurveyError (exit 3) where it is broken."""
    try:
        names = json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()
        shards = sorted(set(names))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise bad_input(f"{index}: expected a JSON object with a weight_map from tensors to files.") from error
    outside = [name for name in shards if not isinstance(name, str) or Path(name).name != name]
    if outside or not shards:
        raise bad_input(f"{index} names {outside[0] if outside else 'no file'!r}; expected files in the same folder.")
    return tuple(shards)


def read_shapes(folder: Path, names: Iterable[str] | None = None) -> Mapping[str, tuple[int, ...]]:
    """Return the shape of every tensor in a folder's safetensors, from the files' headers.

    Raises SurveyError (exit 3) that says which file is missing, empty, cut short or damaged, or only points to one.
    """
    shapes: dict[str, tuple[int, ...]] = {}
    for name in names or names_of_shards(folder):
        path = folder / name
        if not path.is_file():
            raise _missing(path)
        try:
            with safe_open(path, framework="pt") as file:
                shapes.update({key: tuple(file.get_slice(key).get_shape()) for key in file.keys()})  # noqa: SIM118
        except (SafetensorError, OSError) as error:
            raise _damaged(path, error) from error
    return shapes


def count_numbers(shapes: Mapping[str, tuple[int, ...]]) -> int:
    """Return how many numbers tensors of these shapes have.

    >>> count_numbers({"a": (2, 3), "b": (4,)})
    10
    """
    return sum(prod(shape) for shape in shapes.values())


def _missing(path: Path) -> SurveyError:
    pickled = sorted(entry.name for entry in path.parent.iterdir() if entry.suffix in _PICKLES)
    if pickled:
        return bad_input(
            f"{path.parent} holds its weights only as {pickled[0]}, a pickle, which can run code when it is read.",
            "Only safetensors are read: load it where you trust it, and save it anew with save_pretrained.",
        )
    return bad_input(f"{path} is missing.", "Copy or download the model's weights anew.")


def _damaged(path: Path, error: Exception) -> SurveyError:
    with path.open("rb") as file:
        start = file.read(len(_LFS))
    if start == _LFS:
        return bad_input(
            f"{path} is only a Git LFS pointer to the weights.", "`git lfs pull` in that folder gets them."
        )
    size = path.stat().st_size
    what = "is empty" if not size else f"is cut short or damaged ({size:,} bytes): {error}"
    return bad_input(f"{path} {what}.", "Copy or download it anew.")
