"""The options that single predictors have of their own, made from the registry's rows when `predict` needs them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
