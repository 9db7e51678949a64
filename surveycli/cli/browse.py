"""`surveycli surveys`, `surveycli items` and `surveycli show`: what is in the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from surveycli.cli.command import add_command
from surveycli.cli.options import DEFAULT_STORE, Format, StorePath, TableFormat

if TYPE_CHECKING:
    from surveycli.survey.browse import ItemView

_BAR_WIDTH, _WIDTH = 40, 80
_Survey = Annotated[str | None, typer.Option("--survey", help="Only this survey.", show_default=False)]
_Language = Annotated[str, typer.Option(help="Language of the wordings, such as en or zh.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    for function in (surveys, items, show):
        add_command(app, function)


def surveys(format: Format = TableFormat.TABLE, store: StorePath = DEFAULT_STORE) -> None:
    """List the surveys in the store, and how much each holds.

    Examples:
      surveycli surveys
      surveycli surveys --format csv
    """
    from surveycli.cli.render import print_frame
    from surveycli.store import open_store
    from surveycli.survey.browse import list_surveys

    with open_store(store) as opened:
        print_frame(list_surveys(opened), format)


def items(
    search: Annotated[
        str | None, typer.Option(help="A word in the wording, the answers or the dimension.", show_default=False)
    ] = None,
    survey: _Survey = None,
    language: _Language = "en",
    format: Format = TableFormat.TABLE,
    store: StorePath = DEFAULT_STORE,
) -> None:
    """List the questions of the surveys.

    With each stands the number of populations whose answers are known.

    Examples:
      surveycli items --search trust
      surveycli items --survey wvs7 --language zh
    """
    from surveycli.cli.render import print_frame
    from surveycli.store import open_store
    from surveycli.survey.browse import list_items

    with open_store(store) as opened:
        print_frame(list_items(opened, search=search, survey_id=survey, language=language), format)


def show(
    item: Annotated[str, typer.Argument(help="The item, such as Q57.", show_default=False)],
    country: Annotated[
        str | None,
        typer.Option(
            "--country",
            "--population",
            help="ISO-3 code, name, or a subgroup's id. Default: all countries.",
            show_default=False,
        ),
    ] = None,
    run: Annotated[
        list[str] | None,
        typer.Option("--run", help="A run whose prediction to show beside; repeat for several.", show_default=False),
    ] = None,
    survey: _Survey = None,
    language: _Language = "en",
    format: Format = TableFormat.TABLE,
    store: StorePath = DEFAULT_STORE,
) -> None:
    """Show people's answers to a question, and predictions.

    Without --country it is the mean of all countries.

    Examples:
      surveycli show Q57
      surveycli show Q57 --country JPN --run item-mean-1
    """
    from surveycli.cli.render import print_frame
    from surveycli.store import open_store
    from surveycli.survey.browse import show_item

    with open_store(store) as opened:
        view = show_item(
            opened, item, country=country, survey_id=survey, language=language, runs=tuple(dict.fromkeys(run or ()))
        )
    if format is TableFormat.TABLE:
        _print_view(view)
    else:
        print_frame(view.options, format)


def _print_view(view: ItemView) -> None:
    from surveycli.cli.render import output_width, say

    say(f"{view.item_id} ({view.survey_id}): {view.wording}")
    say(_headline(view))
    if view.also_in:
        say(f"Other surveys have a {view.item_id}, too (--survey): {', '.join(view.also_in)}.")
    say()
    widest = [*view.options["answer"], *(f"  {run}" for run in view.runs)]
    width = min(60, max((len(text) for text in widest), default=0))
    longest_bar = min(_BAR_WIDTH, max(10, (output_width() or _WIDTH) - width - 45))
    for row in view.options.iter_rows(named=True):
        share = row["share"] if row["share"] is not None else row["share_unweighted"]
        say(
            f"  {row['code']:>3}  {row['answer'][:60]:<{width}}  {share:6.1%}  {_bar(share, longest_bar)}{_beside(row)}"
        )
        for run in view.runs:
            predicted = row[f"predicted {run}"]
            shown = "no share" if predicted is None else f"{predicted:6.1%}  {_bar(predicted, longest_bar)}"
            say(f"       {f'  {run}'[:60]:<{width}}  {shown}")


_KINDS = {"country": ("country", "countries"), "subgroup": ("subgroup", "subgroups")}


def _headline(view: ItemView) -> str:
    """Return who answered, in one line."""
    if view.population is None:
        of_what = _KINDS[view.kind][view.n_populations > 1]
        return f"Mean of {view.n_populations} {of_what}, each counting the same; the range is across them."
    parts = [view.population[0].upper() + view.population[1:]]
    parts.append(
        "weighted shares" if view.options["share"].is_not_null().all() else "unweighted shares (no others are known)"
    )
    if view.n_respondents is not None:
        parts.append(f"{view.n_respondents:,} valid answers")
    if view.n_effective is not None:
        parts.append(f"effective number {view.n_effective:,.0f}")
    if view.missing:
        parts.append(f"without a valid answer: {view.missing}")
    return "; ".join(parts)


def _bar(share: float, width: int) -> str:
    """Return a bar of eighths of a character, `width` characters for a share of 1."""
    eighths = round(share * width * 8)
    return "█" * (eighths // 8) + " ▏▎▍▌▋▊▉"[eighths % 8].strip()


def _beside(row: dict[str, object]) -> str:
    if "lowest" in row:
        return f"  {row['lowest']:.0%} {row['lowest_in']} to {row['highest']:.0%} {row['highest_in']}"
    return f"  n={row['n']:,}" if row["n"] is not None else ""
