"""YAML from strangers: bounded in depth and in what its aliases expand to, without tags and doubled keys."""

from __future__ import annotations

import math
from collections.abc import Hashable
from typing import Any

import yaml

from surveycli.untrusted.number import MOST_DIGITS
from surveycli.untrusted.text import UnreadableError, one_line, plain, shown

MOST_DEPTH = 24
MOST_NODES = 500_000
_PLAIN_TAGS = frozenset({None, "!", "tag:yaml.org,2002:str"})
_MERGE = "tag:yaml.org,2002:merge"
# The parser in C is eight times as fast, and a codebook is a thousand lines; wheels of PyYAML have it.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_LOADER):  # type: ignore[misc]
    """Reads texts without controls, finite numbers, and dates as the texts that they are."""


def parse_yaml(text: str) -> Any:
    """Return the content of a YAML text. Raises UnreadableError, with the line, for anything else.

    >>> parse_yaml("scale: &s {1: Yes, 2: 'No'}\\nother: *s")
    {'scale': {1: True, 2: 'No'}, 'other': {1: True, 2: 'No'}}
    """
    try:
        _check_size(text)
        return yaml.load(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        where = f" in line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise UnreadableError(f"{one_line(error.problem or error.context or 'wrong')[:200]}{where}") from error
    except yaml.YAMLError as error:
        raise UnreadableError(one_line(str(error))[:200]) from error


def key_lines(text: str, depth: int = 3) -> dict[tuple[str, ...], int]:
    """Return the line of each key in a text that `parse_yaml` has read, by the keys that lead to it, down to a depth.

    >>> key_lines("a:\\n  b: 1\\nc: 2")
    {('a',): 1, ('a', 'b'): 2, ('c',): 3}
    """
    found: dict[tuple[str, ...], int] = {}

    def walk(node: Any, path: tuple[str, ...]) -> None:
        if not isinstance(node, yaml.MappingNode) or len(path) == depth:
            return
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                found[*path, key.value] = key.start_mark.line + 1
                walk(value, (*path, key.value))

    walk(yaml.compose(text, Loader=_LOADER), ())
    return found


def _check_size(text: str) -> None:
    """Raise UnreadableError before anything is built that is nested too deep, or too large with aliases expanded."""
    sizes: dict[str, int] = {}
    open_nodes: list[tuple[str | None, int]] = [(None, 0)]
    event: Any
    for event in yaml.parse(text, Loader=_LOADER):
        line = f" in line {event.start_mark.line + 1}"
        tag = getattr(event, "tag", None)
        if tag not in _PLAIN_TAGS:
            raise UnreadableError(f"the tag {shown(tag)}{line} is not used here")
        if isinstance(event, yaml.CollectionStartEvent):
            open_nodes.append((event.anchor, 1))
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, size = open_nodes.pop()
            _add(open_nodes, sizes, anchor, size)
        elif isinstance(event, yaml.ScalarEvent):
            _add(open_nodes, sizes, event.anchor, 1)
        elif isinstance(event, yaml.AliasEvent):
            if event.anchor not in sizes:
                raise UnreadableError(f"the alias *{event.anchor}{line} stands for nothing, or for itself")
            _add(open_nodes, sizes, None, sizes[event.anchor])
        if len(open_nodes) > MOST_DEPTH:
            raise UnreadableError(f"it is nested deeper than {MOST_DEPTH} levels{line}")
        if open_nodes[-1][1] > MOST_NODES:
            raise UnreadableError(f"it has more than {MOST_NODES:,} values{line}, its aliases expanded")


def _add(open_nodes: list[tuple[str | None, int]], sizes: dict[str, int], anchor: str | None, size: int) -> None:
    """Count a finished node of some size in the node around it, and remember the size under its anchor."""
    outer, so_far = open_nodes[-1]
    open_nodes[-1] = (outer, so_far + size)
    if anchor is not None:
        sizes[anchor] = size


def _mapping(loader: Any, node: Any) -> dict[Any, Any]:
    """Return a mapping; its own keys are unique, and take the place of those that it merges."""
    n_own = sum(key.tag != _MERGE for key, _ in node.value)
    loader.flatten_mapping(node)  # puts what is merged before the own keys
    n_merged = len(node.value) - n_own
    merged: dict[Any, Any] = {}
    own: set[Any] = set()
    for place, (key_node, value_node) in enumerate(node.value):
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, Hashable):
            raise _at(key_node, "a key is not a single value")
        if key in own:
            raise _at(key_node, f"the key {shown(key)} stands there twice")
        if place >= n_merged:
            own.add(key)
        merged[key] = loader.construct_object(value_node, deep=True)
    return merged


def _at(node: Any, problem: str) -> yaml.YAMLError:
    return yaml.constructor.ConstructorError(None, None, problem, node.start_mark)


def _text(loader: Any, node: Any) -> str:
    return plain(loader.construct_scalar(node))


def _whole(loader: Any, node: Any) -> int:
    if len(node.value) > MOST_DIGITS:
        raise _at(node, f"a number has {len(node.value):,} digits")
    try:
        return int(loader.construct_yaml_int(node))
    except ValueError as error:
        raise _at(node, f"{shown(node.value)} is not a number") from error


def _fraction(loader: Any, node: Any) -> float:
    try:
        number = float(loader.construct_yaml_float(node))
    except (ValueError, OverflowError) as error:
        raise _at(node, f"{shown(node.value)} is not a number") from error
    if not math.isfinite(number):
        raise _at(node, f"{shown(node.value)} is not a finite number")
    return number


for _name, _constructor in {
    "map": _mapping,
    "str": _text,
    "int": _whole,
    "float": _fraction,
    "timestamp": _text,
}.items():
    _Loader.add_constructor(f"tag:yaml.org,2002:{_name}", _constructor)
