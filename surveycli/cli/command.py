"""The class of every command: it knows the ways to call it, options made from settings, and how to explain itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property, partial
from types import UnionType
from typing import Annotated, Any, ClassVar, TypeVar, get_args, get_origin, get_type_hints

import typer
from typer.core import TyperCommand, TyperGroup

from surveycli.cli import everywhere
from surveycli.cli.help_page import HelpSection, option_sections, print_help, split_docstring
from surveycli.cli.options import make_options
from surveycli.cli.ways import Typed, Way, choose_way
from surveycli.errors import usage
from surveycli.setting import Setting, settings_of

Asked = TypeVar("Asked")
_LAST = {"--format", "--store", "--help"}
_UNUSABLE: Any = typer.BadParameter.__bases__[0]  # the parser's UsageError, from wherever typer has its parser
_TYPED, _WAY = "surveycli.typed_settings", "surveycli.way"


class SurveyCommand(TyperCommand):
    """A command that refuses what the way at hand does not take, before anything is done.

    Subclasses override the methods for what is read only when a command is parsed or explained.
    """

    declared_ways: ClassVar[Sequence[Way]] = ()
    declared_settings: ClassVar[Sequence[Setting]] = ()

    def ways(self) -> Sequence[Way]:
        """Return the ways to call it; none where there is one way that takes everything."""
        return self.declared_ways

    def settings(self) -> Sequence[Setting]:
        """Return the settings that become options beside those of the function."""
        return self.declared_settings

    def sections(self) -> list[HelpSection]:
        """Return what its help lists beside its options."""
        return []

    def typed(self, context: typer.Context) -> Typed:
        """Return what was typed, which decides the way at hand."""
        return typed(context)

    def get_params(self, ctx: typer.Context) -> list[Any]:  # type: ignore[override]
        """Return the function's options, those made from settings, and last how to print, the store and the help.

        Where a setting has the flag of an option of the function, that option serves for both.
        """
        own = super().get_params(ctx)
        last = [option for option in own if _LAST & {*option.opts}]
        return [*(option for option in own if option not in last), *self._made, *self._everywhere, *last]

    @cached_property
    def _everywhere(self) -> list[Any]:
        return everywhere.options()

    @cached_property
    def _made(self) -> list[Any]:
        taken = {name for param in self.params for name in param.opts}
        by_flag = {setting.first_flag: setting for setting in reversed(self.settings())}  # the first of a name serves
        return _options([by_flag[flag] for flag in reversed(by_flag) if flag not in taken])

    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override]
        """Refuse what does not go together (SurveyError, exit 2), then call the function."""
        if self.ways():
            ctx.meta[_WAY] = choose_way(_name(ctx), self.ways(), self.typed(ctx))
        with everywhere.heeded(ctx):
            return super().invoke(ctx)

    def format_help(self, ctx: typer.Context, formatter: Any) -> None:  # type: ignore[override]  # noqa: ARG002 - printed as it is made
        """Print the page."""
        sections = [*self.sections(), *option_sections(self.get_params(ctx), ctx)]
        print_help(_name(ctx), _usage(self, ctx), self.help or "", self.ways(), sections)


class SurveyGroup(TyperGroup):
    """A group of commands, explained as a command is; one that does something by itself has the same options.

    A subclass may list its commands under headings, each with their names.
    """

    headings: ClassVar[Mapping[str, Sequence[str]]] = {}

    def get_params(self, ctx: typer.Context) -> list[Any]:  # type: ignore[override]
        """Return its options, those of every command among them where it is one itself."""
        own = super().get_params(ctx)
        return [*own[:-1], *self._everywhere, own[-1]] if self.invoke_without_command else own

    @cached_property
    def _everywhere(self) -> list[Any]:
        return everywhere.options()

    def make_context(self, *arguments: Any, **extra: Any) -> Any:
        """Parse what was typed. Raises SurveyError (exit 2) for what cannot be parsed."""
        with _parser_told():
            return super().make_context(*arguments, **extra)

    def invoke(self, ctx: typer.Context) -> Any:  # type: ignore[override]
        """Heed the options of every command where it is one itself; a command below it heeds its own."""
        with _parser_told():
            if not self.invoke_without_command or ctx._protected_args:
                return super().invoke(ctx)
            with everywhere.heeded(ctx):
                return super().invoke(ctx)

    def format_help(self, ctx: typer.Context, formatter: Any) -> None:  # type: ignore[override]  # noqa: ARG002 - printed as it is made
        """Print the page, with the commands of the group."""
        about = {name: split_docstring(command.help or "")[0][0] for name, command in self.commands.items()}
        column = max(map(len, about))
        commands = [
            HelpSection(title, [(name, about[name]) for name in names], column)
            for title, names in (self.headings or {"Commands": list(about)}).items()
        ]
        shown = "COMMAND [OPTIONS]" if ctx.parent is None else "[COMMAND] [OPTIONS]"
        sections = [*commands, *option_sections(self.get_params(ctx), ctx)]
        print_help(_name(ctx), shown, f"{self.help or ''}\n\n{self.epilog or ''}", (), sections)


@contextmanager
def _parser_told() -> Iterator[None]:
    """Turn an error of the parser into the program's own, in one line and with where the help is."""
    try:
        yield
    except _UNUSABLE as error:
        if type(error).__name__ == "NoArgsIsHelpError":  # its message is the whole help
            raise
        name = "COMMAND" if error.ctx is None else _name(error.ctx)
        message = error.format_message().replace("Value error, ", "").rstrip(".")
        raise usage(f"{message}.", f"`{f'surveycli {name}'.strip()} --help` explains it.") from error


def add_command(
    app: typer.Typer,
    function: Callable[..., None],
    *,
    name: str = "",
    ways: Sequence[Way] = (),
    settings: Sequence[Setting] = (),
) -> None:
    """Add a function as a command under its own name (or `name`), with the ways to call it.

    `settings` become options too; the function finds what was typed of them with `typed_settings`.
    """
    declared = {"declared_ways": tuple(ways), "declared_settings": tuple(settings)}
    app.command(name or function.__name__, cls=type("Command", (SurveyCommand,), declared))(function)


def way_at_hand(context: typer.Context) -> Way:
    """Return the way in which the command was called."""
    way = context.meta[_WAY]
    assert isinstance(way, Way)
    return way


def typed(context: typer.Context) -> dict[str, object]:
    """Return what was typed, by flag or argument name in capitals, without defaults or what the environment says."""
    found: dict[str, object] = {}
    for param in context.command.get_params(context):
        source = context.get_parameter_source(str(param.name))
        if source is not None and source.name == "COMMANDLINE" and param.opts[0] not in everywhere.FLAGS:
            name = str(param.name).upper() if param.param_type_name == "argument" else param.opts[0]
            found[name] = context.params.get(str(param.name), typed_settings(context).get(name))
    return found


def refuse_before_command(context: typer.Context, *kept: str) -> None:
    """Raise SurveyError (exit 2) where an option of a group stands before one of its commands, but for those `kept`."""
    for flag in typed(context):
        if flag not in kept:
            raise usage(
                f"{flag} is not an option of `surveycli {_name(context)} {context.invoked_subcommand}`.",
                f"It belongs to `surveycli {_name(context)}` alone.",
            )


def typed_settings(context: typer.Context) -> dict[str, Any]:
    """Return the typed options that are made from settings, by flag."""
    settings: dict[str, Any] = context.meta.setdefault(_TYPED, {})
    return settings


def fill(kind: type[Asked], context: typer.Context, **others: Any) -> Asked:
    """Return a request with what was typed of its settings, and `others` by field; the rest are its defaults."""
    own: dict[str, Any] = {}
    within: dict[str, dict[str, Any]] = {}
    for name, value in chosen(kind, context).items():
        field, _, inner = name.partition(".")
        if inner:
            within.setdefault(field, {})[inner] = value
        else:
            own[field] = value
    hints = get_type_hints(kind) if within else {}
    return kind(**own, **{field: hints[field](**values) for field, values in within.items()}, **others)


def chosen(kind: type, context: typer.Context) -> dict[str, Any]:
    """Return what was typed of a dataclass's settings, by their (dotted) names."""
    typed = typed_settings(context)
    found = [setting for setting in settings_of(kind) if setting.first_flag in typed]
    return {s.name: s.parse(typed[s.first_flag]) if s.parse else typed[s.first_flag] for s in found}


def _name(context: typer.Context) -> str:
    """Return the command's name as it is typed, that of its group before it."""
    above = context.parent
    return f"{_name(above)} {context.info_name}".strip() if above is not None else ""  # type: ignore[arg-type]


def _usage(command: SurveyCommand, context: typer.Context) -> str:
    arguments = [p for p in command.get_params(context) if p.param_type_name == "argument"]
    shown = [str(p.name).upper() if p.required else f"[{str(p.name).upper()}]" for p in arguments]
    return " ".join([*shown, "[OPTIONS]"])


def _options(settings: Sequence[Setting]) -> list[Any]:
    """Return an option for each setting, None where it is not typed."""
    kinds = {
        f"setting_{number}": (Annotated[_as_option(setting.kind) | None, _option(setting)], None)
        for number, setting in enumerate(settings)
    }
    options = make_options(kinds)
    for option, setting in zip(options, settings, strict=True):
        option.callback = partial(_keep, setting)
    return options


def _as_option(kind: Any) -> Any:
    """Return the type that typer reads: several values, a tuple here, are a list there."""
    kinds = get_args(kind) if get_origin(kind) is UnionType else (kind,)
    return list[str] if any(get_origin(one) is tuple for one in kinds) else kind


def _option(setting: Setting) -> Any:
    default = "" if setting.default is None or setting.default is False else setting.default
    return typer.Option(
        *setting.flag.split(),
        help=setting.help,
        min=setting.least,
        max=setting.most,
        show_default=setting.shown or (default != () and str(default)) or False,
        rich_help_panel=setting.group or None,
    )


def _keep(setting: Setting, context: typer.Context, _option: Any, value: Any) -> Any:
    if value is not None and value not in ([], ()):
        typed_settings(context)[setting.first_flag] = _value(setting, value)
    return value


def _value(setting: Setting, value: Any) -> Any:
    if not isinstance(value, list):
        return value
    if not setting.commas:
        return tuple(value)
    return tuple(part.strip() for text in value for part in text.split(",") if part.strip())
