"""`surveycli split`: make and list splits."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from surveycli.cli.options import DEFAULT_STORE, Format, StorePath, TableFormat

if TYPE_CHECKING:
    from surveycli.split import SplitOptions

_RECIPES = (
    "paper (the published parts), unseen-questions, unseen-countries, unseen-both, k-fold, unseen-regions, "
    "unseen-survey, new-items, missing-groups or custom. Without one, the splits of the store are listed."
)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("split")(split)


def split(
    recipe: Annotated[str | None, typer.Argument(help=_RECIPES, show_default=False)] = None,
    name: Annotated[str | None, typer.Option(help="Name of the split.", show_default="the recipe's")] = None,
    survey: Annotated[str, typer.Option(help="Survey whose cells are split.")] = "wvs7",
    seed: Annotated[int, typer.Option(help="The same seed gives the same parts.")] = 42,
    replace: Annotated[bool, typer.Option("--replace", help="Make a split of this name anew.")] = False,
    validation: Annotated[
        str, typer.Option(help="paper: validate as published, or on held-out `populations` of the training countries.")
    ] = "paper",
    validation_fraction: Annotated[float, typer.Option(help="Share of items or countries for validation.")] = 0.1,
    test_fraction: Annotated[float, typer.Option(help="Share of items or countries for test.")] = 0.2,
    min_respondents: Annotated[
        int | None,
        typer.Option(help="paper: leave out countries known to have interviewed fewer.", min=0, show_default="1000"),
    ] = None,
    folds: Annotated[int, typer.Option(help="k-fold: number of folds.")] = 5,
    fold: Annotated[
        int, typer.Option(help="k-fold, unseen-regions: which fold or drawn region is the test, from 0.")
    ] = 0,
    region: Annotated[
        list[str] | None,
        typer.Option(help="unseen-regions: a UN region to hold out; may be repeated.", show_default="one is drawn"),
    ] = None,
    test_survey: Annotated[
        str | None, typer.Option(help="unseen-survey: the survey to test on.", show_default=False)
    ] = None,
    donors: Annotated[int, typer.Option(help="new-items: countries that are asked the new items, too.")] = 10,
    similar: Annotated[
        str | None,
        typer.Option(
            help="Show how each item that is not in this split's training is worded like one that is.",
            show_default=False,
        ),
    ] = None,
    query: Annotated[
        str | None,
        typer.Option(help="custom: SELECT with columns part, survey_id, item_id, population_id.", show_default=False),
    ] = None,
    file: Annotated[
        Path | None, typer.Option(help="custom: CSV or Parquet file with these columns.", show_default=False)
    ] = None,
    format: Format = TableFormat.TABLE,
    store: StorePath = DEFAULT_STORE,
) -> None:
    """Give cells to the parts train, validation and test by a recipe, or list the splits.

    Example: [bold]surveycli split paper[/bold]
    """
    from surveycli.split import SplitOptions, read_cells

    if similar is not None:
        _show_similar(store, similar, format)
        return
    if recipe is None:
        _list(store, format)
        return
    options = SplitOptions(
        name=name,
        survey_id=survey,
        seed=seed,
        replace=replace,
        validation=validation,
        validation_fraction=validation_fraction,
        test_fraction=test_fraction,
        min_respondents=min_respondents,
        folds=folds,
        fold=fold,
        regions=tuple(region or ()),
        test_survey_id=test_survey,
        donors=donors,
        # The user's query runs on a read-only connection of its own, before the store is opened for writing.
        cells=read_cells(store, query=query, file=file) if recipe == "custom" else None,
    )
    _make(store, recipe, options, format)


def _make(store: Path, recipe: str, options: SplitOptions, format: TableFormat) -> None:
    import polars as pl

    from surveycli.cli.render import note, print_frame
    from surveycli.split import make_split
    from surveycli.store import open_store

    with open_store(store, write=True) as opened:
        report = make_split(opened, recipe, options)
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
        note(f"Every item of the split {split} is in its training part, or none is.")
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
