"""Frozen settings as plain values for JSON and YAML, and back, where nothing misspelt or mistyped gets lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, fields, is_dataclass
from difflib import get_close_matches
from enum import Enum
from math import isfinite
from operator import ge, gt, le, lt
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from surveycli.errors import SurveyError, bad_input, usage
from surveycli.untrusted.text import shown

SomeSettings = TypeVar("SomeSettings")
Plain = Mapping[str, Any]

_BOUNDS: Mapping[str, tuple[Callable[[float, float], bool], str]] = {
    "least": (ge, "at least"),
    "above": (gt, "above"),
    "most": (le, "at most"),
    "below": (lt, "below"),
}
_KINDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}


def to_plain(settings: Any) -> dict[str, Any]:
    """Return settings as plain values."""
    return {key: _plain(value) for key, value in asdict(settings).items()}


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(inner) for inner in value]
    return value


def from_plain(kind: type[SomeSettings], plain: Plain) -> SomeSettings:
    """Return settings of a dataclass `kind` from what `to_plain` wrote, of this version or of an earlier one.

    Raises SurveyError (exit 3) for a name that `kind` does not have and for a value that does not fit.

    >>> from surveycli.configuration import FinetuneConfig
    >>> from_plain(FinetuneConfig, to_plain(FinetuneConfig("paper"))) == FinetuneConfig("paper")
    True
    """
    modernise = RETIRED.get(kind.__name__)
    return _build(kind, modernise(plain) if modernise else plain, "")


def with_choices(settings: SomeSettings, choices: Plain) -> SomeSettings:
    """Return settings with some fields chosen anew: nested by field, or by dotted name.

    Raises SurveyError: exit 3 as `from_plain` does, 2 for a choice within what the settings leave out.

    >>> from surveycli.configuration import FinetuneConfig
    >>> with_choices(FinetuneConfig("paper"), {"optimiser.epochs": 2}).optimiser.epochs
    2
    """
    return _build(type(settings), _merge(to_plain(settings), nested(choices), ""), "")


def nested(choices: Plain) -> dict[str, Any]:
    """Return choices with dotted names as mappings within mappings.

    >>> nested({"optimiser.epochs": 2, "optimiser": {"loss": "js"}, "seed": 1})
    {'optimiser': {'epochs': 2, 'loss': 'js'}, 'seed': 1}
    """
    found: dict[str, Any] = {}
    for name, value in choices.items():
        first, _, rest = name.partition(".")
        inner = nested({rest: value}) if rest else nested(value) if isinstance(value, Mapping) else _plain(value)
        known = found.get(first)
        found[first] = (
            _merge(known, inner, first) if isinstance(known, Mapping) and isinstance(inner, Mapping) else inner
        )
    return found


def _merge(plain: Plain, choices: Plain, path: str) -> dict[str, Any]:
    merged = dict(plain)
    for name, value in choices.items():
        known, place = merged.get(name), f"{path}.{name}".strip(".")
        if isinstance(value, Mapping) and isinstance(known, Mapping):
            merged[name] = _merge(known, value, place)
        elif isinstance(value, Mapping) and name in merged and known is None:
            raise usage(f"{place}.{next(iter(value), '')} cannot be chosen: there is no {place} here.")
        else:
            merged[name] = value
    return merged


def _build(kind: type[SomeSettings], plain: Plain, path: str) -> SomeSettings:
    hints = get_type_hints(kind)
    known = {f.name: f for f in fields(kind)}  # type: ignore[arg-type]
    values = {}
    for name, value in plain.items():
        place = f"{path}.{name}".strip(".")
        if name not in known:
            raise _unknown(place, [f"{path}.{other}".strip(".") for other in known])
        values[name] = _typed(hints[name], value, place)
        _refuse_out_of_range(known[name].metadata, values[name], place)
    return kind(**values)


def _refuse_out_of_range(bounds: Plain, value: Any, place: str) -> None:
    for number in value if isinstance(value, tuple) else (value,):
        if isinstance(number, (int, float)):
            for name, (fits, words) in _BOUNDS.items():
                bound = bounds.get(name)
                if bound is not None and not fits(number, bound):
                    raise bad_input(f"{place} is {words} {bound:g}, not {shown(number)}.")


def _unknown(name: str, known: list[str]) -> SurveyError:
    close = get_close_matches(name[:100], known, n=1)
    hint = f"Did you mean {close[0]}?" if close else f"There are: {', '.join(known)}."
    is_plain = name.replace(".", "_").isidentifier() and len(name) < 60
    return bad_input(f"There is no setting {name if is_plain else shown(name)}.", hint)


def _typed(hint: Any, value: Any, path: str) -> Any:
    if get_origin(hint) is UnionType:
        if value is None:
            return None
        return _typed(next(kind for kind in get_args(hint) if kind is not NoneType), value, path)
    if get_origin(hint) is tuple:
        return _typed_tuple(get_args(hint), value, path)
    if is_dataclass(hint):
        if not isinstance(value, Mapping):
            raise _misfit(path, "settings by name", value)
        return _build(hint, value, path)  # type: ignore[arg-type]
    if isinstance(hint, type) and issubclass(hint, Enum):
        if value not in [member.value for member in hint]:
            raise _misfit(path, f"one of {', '.join(str(member.value) for member in hint)}", value)
        return hint(value)
    return _scalar(hint, value, path)


def _typed_tuple(kinds: tuple[Any, ...], value: Any, path: str) -> tuple[Any, ...]:
    """Return a tuple of a list, each element as its kind says: one kind for all, or one for each."""
    same = len(kinds) == 2 and kinds[1] is Ellipsis
    if not isinstance(value, (list, tuple)) or (not same and len(value) != len(kinds)):
        raise _misfit(path, "a list" if same else f"a list of {len(kinds)}", value)
    return tuple(
        _typed(kind, element, f"{path}[{place}]")
        for place, (kind, element) in enumerate(zip([kinds[0]] * len(value) if same else kinds, value, strict=True))
    )


def _scalar(hint: Any, value: Any, path: str) -> Any:
    if hint not in _KINDS:
        return value
    if hint is float and isinstance(value, (int, float, str)) and not isinstance(value, bool):
        try:
            number = float(value)  # YAML reads 1e-4 as a text
        except (ValueError, OverflowError):
            raise _misfit(path, _KINDS[float], value) from None
        if not isfinite(number):
            raise _misfit(path, _KINDS[float], value)
        return number
    if not isinstance(value, hint) or (hint is int and isinstance(value, bool)):
        raise _misfit(path, _KINDS[hint], value)
    return value


def _misfit(path: str, expected: str, value: Any) -> SurveyError:
    return bad_input(f"{path} is {expected}, not {shown(value)}.")


def _without_n_permutations(plain: Plain) -> Plain:
    """Move the number of orders to the settings of the elicitation that averages over them (until 0.1.0)."""
    if "n_permutations" not in plain:
        return plain
    kept = {name: value for name, value in plain.items() if name != "n_permutations"}
    if plain.get("elicitation") == "permuted":
        kept["settings"] = {"n_permutations": plain["n_permutations"]}
    return kept


# What earlier versions wrote under names that are gone, by dataclass: how it reads today.
RETIRED: Mapping[str, Callable[[Plain], Plain]] = {"PredictConfig": _without_n_permutations}
