"""The ways in which a command is called, and the options that each takes: what else is typed is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from surveycli.errors import SurveyError, usage

# What was typed, by flag (`--folder`) or by an argument's name in capitals (`FILE`).
Typed = Mapping[str, object]
_MAX_LISTED, _MAX_OFFERED = 3, 8


def always(typed: Typed) -> bool:  # noqa: ARG001 - the way at hand where no other is
    """Return True, whatever was typed."""
    return True


@dataclass(frozen=True, slots=True)
class Way:
    """One way to call a command.

    `call` is how it is typed after the command's name, with what the user fills in in capitals; `about` is one line.
    `takes` are the flags that it heeds, those in `call` included, `needs` those that it cannot do without, and
    `together` those that mean something only beside another. The first way whose `when` holds is the one at hand.
    """

    call: str
    about: str
    takes: frozenset[str]
    when: Callable[[Typed], bool] = field(default=always)
    needs: tuple[str, ...] = ()
    together: Mapping[str, str] = field(default_factory=dict)


def flags(*lists: str | Iterable[str]) -> frozenset[str]:
    """Return the flags of lists, each with spaces between them.

    >>> sorted(flags("--store --format", "FILE"))
    ['--format', '--store', 'FILE']
    """
    return frozenset(name for names in lists for name in (names.split() if isinstance(names, str) else names))


def given(*names: str, value: object = None) -> Callable[[Typed], bool]:
    """Return whether all of these were typed, and as this value if there is one.

    >>> given("--plan")({"--plan": True}), given("RECIPE", value="paper")({"RECIPE": "k-fold"})
    (True, False)
    """

    def holds(typed: Typed) -> bool:
        return all(name in typed and (value is None or typed[name] == value) for name in names)

    return holds


def choose_way(command: str, ways: Sequence[Way], typed: Typed) -> Way:
    """Return the way at hand. Raises SurveyError (exit 2) for an option that it does not take, or lacks."""
    way = next((way for way in ways if way.when(typed)), None)
    if way is None:
        few = len(ways) <= _MAX_OFFERED
        offered = f"It is one of {', '.join(f'`{_full(command, way)}`' for way in ways)}."
        hint = offered if few else f"`surveycli {command} --help` lists the ways to call it."
        raise usage(f"`surveycli {command}` needs to be told what to do.", hint)
    for flag in typed:
        if flag not in way.takes:
            raise _not_taken(command, ways, way, flag)
    for flag, other in way.together.items():
        if flag in typed and other not in typed:
            raise usage(
                f"{flag} goes with {other}, which is missing.", f"It belongs to `{_full(command, way)} {other}`."
            )
    missing = [flag for flag in way.needs if flag not in typed]
    if missing:
        raise usage(
            f"`{_full(command, way)}` needs {' and '.join(missing)}.", f"`surveycli {command} --help` explains."
        )
    return way


def _full(command: str, way: Way) -> str:
    return f"surveycli {command} {way.call}".rstrip()


def _not_taken(command: str, ways: Sequence[Way], way: Way, flag: str) -> SurveyError:
    takers = [f"`{_full(command, other)}`" for other in ways if flag in other.takes]
    more = f" and {len(takers) - _MAX_LISTED} more" if len(takers) > _MAX_LISTED else ""
    return usage(
        f"{flag} is not an option of `{_full(command, way)}`.",
        f"It belongs to {', '.join(takers[:_MAX_LISTED])}{more}.",
    )
