"""`surveycli split`: make and list splits."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from surveycli.cli.command import add_command, fill
from surveycli.cli.options import DEFAULT_STORE, Format, StorePath, TableFormat
from surveycli.cli.ways import Way, flags, given
from surveycli.request.split import RECIPE_HELP, Recipe, SplitOptions
from surveycli.setting import settings_of

if TYPE_CHECKING:
    from surveycli.split import SplitReport

_PRINTS = "--format --store"
_MADE = f"RECIPE --name --replace {_PRINTS}"
_MAKES = f"{_MADE} --survey"
_TAKES = {
    Recipe.PAPER: "--validation --min-respondents",
    Recipe.UNSEEN_QUESTIONS: "--with-survey --seed --validation-fraction --test-fraction",
    Recipe.UNSEEN_COUNTRIES: "--with-survey --seed --validation-fraction --test-fraction",
    Recipe.UNSEEN_BOTH: "--with-survey --seed --validation-fraction --test-fraction",
    Recipe.K_FOLD: "--with-survey --seed --folds --fold --validation-fraction",
    Recipe.UNSEEN_REGIONS: "--with-survey --seed --fold --validation-fraction",
    Recipe.UNSEEN_SURVEY: "--with-survey --seed --test-survey --validation-fraction",
    Recipe.SUBPOP: "--seed --validation-fraction",
    Recipe.NEW_ITEMS: "--with-survey --seed --donors --validation-fraction --test-fraction",
    Recipe.MISSING_GROUPS: "--with-survey --seed --validation-fraction --test-fraction",
    Recipe.CUSTOM: "--query --file",
}
_NEEDS = {Recipe.UNSEEN_SURVEY: ("--test-survey",)}


def _recipe_ways() -> list[Way]:
    return [
        Way(
            " ".join([recipe.value, *(f"{flag} SURVEY" for flag in _NEEDS.get(recipe, ()))]),
            RECIPE_HELP[recipe],
            flags(_MADE if recipe is Recipe.SUBPOP else _MAKES, takes),
            given("RECIPE", value=recipe),
            _NEEDS.get(recipe, ()),
        )
        for recipe, takes in _TAKES.items()
    ]


_VALIDATED = given("RECIPE", value=Recipe.PAPER), given("--validation", value="populations")
_NAMED = given("RECIPE", value=Recipe.UNSEEN_REGIONS), given("--region")
WAYS = (
    Way("", "Lists the splits of the store.", flags(_PRINTS), lambda typed: not {"RECIPE", "--similar"} & set(typed)),
    Way(
        "--similar SPLIT",
        "How unseen items are worded like training items.",
        flags("--similar", _PRINTS),
        given("--similar"),
    ),
    Way(
        "paper --validation populations",
        "The same, validated on countries held out of training.",
        flags(_MAKES, _TAKES[Recipe.PAPER], "--seed"),
        lambda typed: all(holds(typed) for holds in _VALIDATED),
    ),
    Way(
        "unseen-regions --region REGION",
        "The UN regions that are named are held out.",
        flags(_MAKES, "--region --with-survey --seed --validation-fraction"),
        lambda typed: all(holds(typed) for holds in _NAMED),
    ),
    *_recipe_ways(),
)


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, split, ways=WAYS, settings=settings_of(SplitOptions))


def split(
    context: typer.Context,
    recipe: Annotated[
        Recipe | None, typer.Argument(help=f"How cells are given to parts: {', '.join(Recipe)}.", show_default=False)
    ] = None,
    similar: Annotated[
        str | None, typer.Option(help="A split whose unseen items are compared with its training items.")
    ] = None,
    query: Annotated[
        str | None, typer.Option(help="custom: SELECT with columns part, survey_id, item_id, population_id.")
    ] = None,
    file: Annotated[Path | None, typer.Option(help="custom: CSV or Parquet file with these columns.")] = None,
    format: Format = TableFormat.TABLE,
    store: StorePath = DEFAULT_STORE,
) -> None:
    """Divide cells into training, validation and test parts.

    Without a recipe, list the splits there are.

    Examples:
      surveycli split paper
      surveycli split k-fold --folds 5 --fold 0 --name fold-0
      surveycli split unseen-regions --region Africa
    """
    from surveycli.split import read_cells

    if similar is not None:
        _show_similar(store, similar, format)
    elif recipe is None:
        _list(store, format)
    else:
        # The user's query runs on a read-only connection of its own, before the store is opened for writing.
        cells = read_cells(store, query=query, file=file) if recipe == Recipe.CUSTOM else None
        _make(store, recipe, fill(SplitOptions, context, cells=cells), format)


def _make(store: Path, recipe: str, options: SplitOptions, format: TableFormat) -> None:
    from surveycli.cli.render import working
    from surveycli.split import make_split
    from surveycli.store import open_store

    with open_store(store, write=True) as opened, working("split"):
        report = make_split(opened, recipe, options)
    _print_report(report, format)


def _print_report(report: SplitReport, format: TableFormat) -> None:
    import polars as pl

    from surveycli.cli.render import note, print_frame

    print_frame(pl.DataFrame(report.parts), format, title=f"Split {report.split}")
    for text in report.notes:
        note(f"Note: {text}")


def _show_similar(store: Path, split: str, format: TableFormat) -> None:
    from surveycli.cli.render import note, print_frame
    from surveycli.split.similar import similar_items
    from surveycli.store import open_store

    with open_store(store) as opened:
        found = similar_items(opened, split)
    if found.is_empty():
        note(f"The split {split} has no items outside its training part, or none in it: there is nothing to compare.")
    if found.height or format is not TableFormat.TABLE:
        print_frame(found, format)


def _list(store: Path, format: TableFormat) -> None:
    from surveycli.cli.render import note, print_frame
    from surveycli.split import list_splits
    from surveycli.store import open_store

    with open_store(store) as opened:
        splits = list_splits(opened)
    if splits.is_empty():
        note("There is no split yet: `surveycli split paper` makes one.")
    if splits.height or format is not TableFormat.TABLE:
        print_frame(splits, format)
