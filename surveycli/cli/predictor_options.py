"""The options that single predictors have of their own, made from the registry's rows when `predict` needs them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import typer

from surveycli.cli.command import typed_settings

if TYPE_CHECKING:
    from surveycli.predictor import Predictor
    from surveycli.setting import Setting

GROUP = "Options of single predictors"


def predictor_settings() -> list[Setting]:
    """Return the settings of all predictors; one that several share once, with the help of each."""
    from surveycli.predictors import all_predictors
    from surveycli.setting import settings_of

    uses: dict[str, list[tuple[str, Setting]]] = {}
    for predictor in all_predictors():
        for setting in settings_of(predictor.settings):
            uses.setdefault(setting.flag, []).append((predictor.name, setting))
    return [
        replace(used[0][1], help=" ".join(f"{name}: {setting.help}" for name, setting in used), group=GROUP)
        for used in uses.values()
    ]


def build_settings(predictor: Predictor, context: typer.Context, shared: Mapping[str, Any]) -> Any:
    """Return the predictor's settings as typed, None where it has none.

    `shared` has the values, by flag, of options that belong to the command too. Raises SurveyError (exit 2) for an
    option of another predictor.
    """
    from surveycli.errors import usage
    from surveycli.predictor import names_of
    from surveycli.predictors import all_predictors
    from surveycli.setting import settings_of

    settings = settings_of(predictor.settings)
    typed = typed_settings(context)
    for flag in typed:
        if flag not in {setting.flag for setting in settings}:
            owners = [
                row for row in all_predictors() if flag in {setting.flag for setting in settings_of(row.settings)}
            ]
            raise usage(f"{flag} is for --predictor {' and '.join(names_of(owners))}, not {predictor.name}.")
    given = {**shared, **typed}
    values = {s.name: given[s.flag] for s in settings if given.get(s.flag) is not None}
    return predictor.settings(**values) if predictor.settings else None
