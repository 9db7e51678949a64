"""Settings: fields of frozen dataclasses that say of themselves what an option of the command line, or a file, may set.

A dataclass gives each field that a user may choose a `setting`; help, options and the check of names are made from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints


@dataclass(frozen=True, slots=True)
class Setting:
    """A field as an option: its name (`optimiser.epochs` within another dataclass), type, default and help.

    `flag` may be shared by several dataclasses; it is `--on/--no-on` where both can be typed, and `--long -l` where
    there is a short form. Numbers lie between `least` and `most`. `shown` is shown instead of the default. `group`
    is the heading that its help stands under, and `commas` says that one value may hold several. `parse` makes the
    value of several typed texts.
    """

    name: str
    kind: Any
    default: Any
    help: str
    flag: str
    least: float | None = None
    most: float | None = None
    shown: str = ""
    group: str = ""
    commas: bool = False
    parse: Callable[[Sequence[str]], Any] | None = None

    @property
    def first_flag(self) -> str:
        """The flag as it is typed, in its long form."""
        return self.flag.split()[0].partition("/")[0]


def setting(  # noqa: PLR0913 - what an option can say of itself
    default: Any,
    help: str,
    *,
    flag: str = "",
    least: float | None = None,
    most: float | None = None,
    shown: str = "",
    group: str = "",
    commas: bool = False,
    parse: Callable[[Sequence[str]], Any] | None = None,
) -> Any:
    """Return a dataclass field that is an option, as Setting says; without a `flag` it is called as the field is."""
    said: dict[str, Any] = {"help": help, "flag": flag, "least": least, "most": most, "shown": shown, "group": group}
    said |= {"commas": commas, "parse": parse}
    return field(default=default, metadata=said)


def settings_of(kind: type | None) -> tuple[Setting, ...]:
    """Return a dataclass's settings in the order of its fields, with those of dataclasses within it.

    >>> from surveycli.configuration import FinetuneConfig
    >>> [s.name for s in settings_of(FinetuneConfig) if s.flag == "--epochs"]
    ['optimiser.epochs']
    """
    return () if kind is None else tuple(_settings(kind, ""))


def _settings(kind: type, prefix: str) -> Iterator[Setting]:
    hints = get_type_hints(kind)
    for f in fields(kind):
        inner = _dataclass_in(hints[f.name])
        if inner is not None:
            yield from _settings(inner, f"{prefix}{f.name}.")
        elif "help" in f.metadata:
            flag = f.metadata["flag"] or "--" + f.name.replace("_", "-")
            yield Setting(prefix + f.name, hints[f.name], f.default, **{**f.metadata, "flag": flag})


def _dataclass_in(hint: Any) -> type | None:
    """Return the dataclass that a field holds, be it optional, or None."""
    kinds = get_args(hint) if get_origin(hint) is UnionType else (hint,)
    return next((kind for kind in kinds if isinstance(kind, type) and is_dataclass(kind)), None)
