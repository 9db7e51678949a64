"""What several files are called: together, as one survey, and each, to tell it from the others."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from itertools import takewhile
from pathlib import Path

from surveycli.survey.files.source import SourceFile

_BETWEEN = re.compile(r"[\W_]+")


def told_apart(stems: Sequence[str]) -> tuple[str, ...]:
    """Return what tells the names of files apart, without the words at their start and end that all share.

    >>> told_apart(["tea_kenya_2019", "tea_south_africa_2019"])
    ('kenya', 'south africa')
    >>> told_apart(["tea", "tea_2"])
    ('tea', 'tea_2')
    """
    words = [_BETWEEN.split(stem.strip("_-. ")) for stem in stems]
    rest = [own[_n_shared(words) :] for own in words]
    end = _n_shared([own[::-1] for own in rest])
    short = tuple(" ".join(own[: len(own) - end]) for own in rest)
    return short if all(short) and len(set(short)) == len(short) else tuple(stems)


def listed_names(sources: Sequence[SourceFile]) -> tuple[str, ...]:
    """Return the names of files for an account, with their folder or archive where two have one name."""
    names = tuple(source.path.name for source in sources)
    return names if len(set(names)) == len(names) else tuple(str(source.path) for source in sources)


def called_together(sources: Sequence[SourceFile], paths: Sequence[Path]) -> SourceFile:
    """Return several files as one source: named after their folder or archive, else after what their names share.

    Its hash is that of their hashes in order.
    """
    digest = hashlib.sha256("\n".join(source.sha256 for source in sources).encode()).hexdigest()
    n_bytes = sum(source.n_bytes for source in sources)
    if len(paths) == 1:
        path = paths[0] if paths[0].name else paths[0].resolve()  # `.` has no name
        return SourceFile(path, digest, n_bytes, known_as=path.name if path.is_dir() else path.stem)
    stems = [source.stem for source in sources]
    words = [_BETWEEN.split(stem) for stem in stems]
    shared = "-".join(words[0][: _n_shared(words)])
    path = Path(f"{sources[0].path.name} and {len(sources) - 1} more")
    return SourceFile(path, digest, n_bytes, known_as=shared or f"{stems[0]}-and-{len(sources) - 1}-more")


def _n_shared(lists: Sequence[Sequence[str]]) -> int:
    """Return how many words all lists begin with."""
    return sum(1 for _ in takewhile(lambda words: len(set(words)) == 1, zip(*lists, strict=False)))
