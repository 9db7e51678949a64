"""The options that single predictors have of their own, made from the registry's rows when `predict` needs them."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

if TYPE_CHECKING:
    from surveycli.predictor import Predictor, Setting

_TYPED = "surveycli.predictor_options"
_PANEL = "Options of single predictors"


class PredictCommand(TyperCommand):
    """A command with the options of every predictor beside its own; what was typed of them is kept in the context.

    The registry is read only here, when the command is parsed or explained, so that other commands start without it.
    """

    def get_params(self, ctx: typer.Context) -> list[Any]:  # type: ignore[override]
        """Return the command's options, then the predictors'; one of the command's serves for both."""
        own = super().get_params(ctx)
        taken = {name for param in own for name in param.opts}
        return [*own[:-1], *(option for option in _options() if option.opts[0] not in taken), own[-1]]


def build_settings(predictor: Predictor, context: typer.Context, shared: Mapping[str, Any]) -> Any:
    """Return the predictor's settings as typed, None where it has none.

    `shared` has the values, by flag, of options that belong to the command too. Raises SurveyError (exit 2) for an
    option of another predictor.
    """
    from surveycli.errors import usage
    from surveycli.predictor import names_of, settings_of
    from surveycli.predictors import all_predictors

    settings = settings_of(predictor)
    typed: dict[str, Any] = context.meta.get(_TYPED, {})
    for flag in typed:
        if flag not in {setting.flag for setting in settings}:
            owners = [row for row in all_predictors() if flag in {setting.flag for setting in settings_of(row)}]
            raise usage(f"{flag} is for --predictor {' and '.join(names_of(owners))}, not {predictor.name}.")
    given = {**shared, **typed}
    values = {s.name: given[s.flag] for s in settings if given.get(s.flag) is not None}
    return predictor.settings(**values) if predictor.settings else None


def _options() -> list[Any]:
    """Return an option for each flag of the predictors' settings, None where it is not typed."""
    from surveycli.predictor import settings_of
    from surveycli.predictors import all_predictors

    by_flag: dict[str, list[tuple[str, Setting]]] = {}
    for predictor in all_predictors():
        for setting in settings_of(predictor):
            by_flag.setdefault(setting.flag, []).append((predictor.name, setting))
    parameters = [
        inspect.Parameter(
            f"setting_{number}",
            inspect.Parameter.KEYWORD_ONLY,
            default=None,
            annotation=Annotated[uses[0][1].kind | None, _option(flag, uses)],
        )
        for number, (flag, uses) in enumerate(by_flag.items())
    ]

    def command(**_: Any) -> None: ...

    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    app = typer.Typer(add_completion=False)
    app.command()(command)
    options = [param for param in typer.main.get_command(app).params if param.opts[0] in by_flag]
    for option in options:
        option.expose_value = False
        option.callback = _keep  # type: ignore[assignment]  # typer tells its own contexts apart
    return options


def _option(flag: str, uses: list[tuple[str, Setting]]) -> Any:
    shown = {setting.shown or str(setting.default) for _, setting in uses}
    return typer.Option(
        flag,
        help=" ".join(f"{name}: {setting.help}" for name, setting in uses),
        min=uses[0][1].least,
        show_default=shown.pop() if len(shown) == 1 else False,
        rich_help_panel=_PANEL,
    )


def _keep(context: typer.Context, option: Any, value: Any) -> Any:
    if value is not None:
        context.meta.setdefault(_TYPED, {})[option.opts[0]] = value
    return value
