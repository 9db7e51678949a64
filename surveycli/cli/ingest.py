"""`surveycli ingest`: a survey file into the store."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from surveycli.cli.command import add_command
from surveycli.cli.options import DEFAULT_STORE, StorePath
from surveycli.cli.ways import Way, flags, given

if TYPE_CHECKING:
    from surveycli.survey import IngestOptions, IngestReport
    from surveycli.survey.files.batch import Skipped

_MAX_SKIP_ROWS = 15
_MAX_SUBJECTS = 5  # for one reason; more of them share a line


WAYS = (
    Way(
        "--bundled",
        "The WVS-7 distributions that come with surveycli.",
        flags("--bundled --replace --store"),
        given("--bundled"),
    ),
    Way(
        "FILE",
        "Your own survey file.",
        flags(
            "FILE --survey --by --bands --min-cell --keep-dont-know --keep-private --layout --country-column",
            "--weight-column --items --codebook --country-map --strata --psu --replicates --replicate-method --replace",
            "--store",
        ),
        needs=("FILE",),
        together={"--replicate-method": "--replicates"},
    ),
)


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, ingest, ways=WAYS)


def ingest(
    file: Annotated[
        Path | None,
        typer.Argument(
            help="A file of WVS (any wave; CSV, XLSX, SPSS, Stata), Pew Global Attitudes (SPSS) or GlobalOpinionQA, a "
            "table of ready distributions, or any survey's file with --country-column and --codebook.",
            show_default=False,
        ),
    ] = None,
    bundled: Annotated[  # noqa: ARG001 - tells the way
        bool,
        typer.Option("--bundled", help="Ingest the WVS-7 distributions that come with surveycli (no respondents)."),
    ] = False,
    survey: Annotated[
        str | None, typer.Option("--survey", help="Name of the survey in the store.", show_default="the file's own")
    ] = None,
    by: Annotated[
        list[str] | None,
        typer.Option(
            "--by",
            help="Columns whose values make the populations: country, then sex, age and the like, or any column of the "
            "file: `country,Q57`. May be given several times.",
            show_default="country",
        ),
    ] = None,
    bands: Annotated[
        list[str] | None,
        typer.Option(
            "--bands",
            help="Bands of a column of numbers in --by: `Q240=1-4,5-6,7-10`. May be given several times.",
            show_default="age=18-29,30-44,45-59,60+",
        ),
    ] = None,
    min_cell: Annotated[int, typer.Option(help="Leave out cells with fewer valid answers.", min=1)] = 1,
    keep_dont_know: Annotated[bool, typer.Option("--keep-dont-know", help="Make `don't know` an option.")] = False,
    keep_private: Annotated[
        bool, typer.Option("--keep-private", help="Store coordinates, sampling point and interviewer number too.")
    ] = False,
    layout: Annotated[
        str | None, typer.Option("--layout", help="Force a reader.", show_default="told from the content")
    ] = None,
    country_column: Annotated[
        str | None, typer.Option(help="Column with each respondent's country.", show_default="known names")
    ] = None,
    weight_column: Annotated[
        str | None, typer.Option(help="Column with each respondent's weight.", show_default="known names")
    ] = None,
    items: Annotated[
        str | None,
        typer.Option(help="Columns that are items: names with commas, `Q2*` for many.", show_default="told by labels"),
    ] = None,
    codebook: Annotated[
        Path | None,
        typer.Option(
            help="Wordings and response options, YAML or CSV (item_id, wording, option_code, label, scale, "
            "missing_status); `surveycli codebook` writes one from a file's labels.",
            show_default=False,
        ),
    ] = None,
    country_map: Annotated[
        Path | None,
        typer.Option(help="CSV label,iso3 for country labels that surveycli does not know.", show_default=False),
    ] = None,
    strata: Annotated[
        str | None,
        typer.Option(
            help="Column with each respondent's stratum, for effective numbers; `none`: no strata.",
            show_default="stratum",
        ),
    ] = None,
    psu: Annotated[
        str | None,
        typer.Option(
            help="Column with each respondent's sampling unit, which is not stored; `none`: no units.",
            show_default="psu, I_PSU",
        ),
    ] = None,
    replicates: Annotated[
        str | None,
        typer.Option(
            help="Columns with replicate weights: `repwt*`. They go before strata and units.", show_default=False
        ),
    ] = None,
    replicate_method: Annotated[
        str, typer.Option(help="How they were made: brr, fay:0.5 (or another number), jk1 or jk2.")
    ] = "brr",
    replace: Annotated[bool, typer.Option("--replace", help="Replace the survey of that name.")] = False,
    store: StorePath = DEFAULT_STORE,
) -> None:
    """Read a survey file into the store.

    It stores respondents, items and response distributions.

    Examples:
      surveycli ingest --bundled
      surveycli ingest WVS_Cross-National_Wave_7_csv_v6_0.csv --by country --by country,sex,age
      surveycli ingest survey.sav --country-column nation --weight-column weight --codebook codebook.yaml
    """
    from surveycli.cli.render import result
    from surveycli.survey import IngestOptions, parse_bands, parse_groupings, read_country_map

    options = IngestOptions(
        survey_id=survey,
        by=parse_groupings(by or ["country"]),
        bands=parse_bands(bands or []),
        min_cell=min_cell,
        replace=replace,
        keep_dont_know=keep_dont_know,
        keep_private=keep_private,
        layout=layout,
        country_column=country_column,
        weight_column=weight_column,
        items=tuple(name.strip() for name in (items or "").split(",") if name.strip()),
        codebook=codebook,
        country_map=read_country_map(country_map) if country_map else (),
        strata=strata,
        psu=psu,
        replicates=replicates,
        replicate_method=replicate_method,
    )
    report = _ingest(file, options, store)
    result(report)
    for part in (report, *report.also):
        _print_report(part, store)


def _ingest(file: Path | None, options: IngestOptions, path: Path) -> IngestReport:
    """Ingest a file, or the bundled distributions."""
    from surveycli.cli.render import progress_bar
    from surveycli.store import open_store
    from surveycli.survey import ingest_bundled, ingest_file

    with open_store(path, create=True) as opened, progress_bar() as progress:
        if file is None:
            return ingest_bundled(opened, progress, replace=options.replace)
        return ingest_file(opened, file, options, progress)


def _print_report(report: IngestReport, store: Path) -> None:
    import polars as pl

    from surveycli.cli.render import print_frame, say

    say(f"{report.title}: {report.file_name} is survey {report.survey_id} in {store}.")
    known = report.n_items_known
    facts = {
        "release": report.release,
        "layout": report.layout,
        "respondents": "none, ready distributions" if report.n_respondents is None else f"{report.n_respondents:,}",
        "items": f"{report.n_items:,}" + (f" with answers, of {known:,}" if known > report.n_items else ""),
        "populations": f"{report.n_populations:,}",
        "cells": f"{report.n_cells:,} (an item asked of a population)",
    }
    for name, value in facts.items():
        say(f"  {name:<12} {value or 'unknown'}")
    if report.skipped:
        rows = sorted(_folded(report.skipped), key=lambda skip: -skip.n_skipped)
        table = [(skip.reason, skip.subject, skip.n_skipped) for skip in rows[:_MAX_SKIP_ROWS]]
        print_frame(pl.DataFrame(table, schema=["left out", "where", "how many"], orient="row"))
        if len(rows) > _MAX_SKIP_ROWS:
            query = "select reason, subject, n_skipped from ingest_skip order by n_skipped desc"
            say(f'  {len(rows) - _MAX_SKIP_ROWS} more lines: surveycli sql --store {store} "{query}"')


def _folded(skipped: Sequence[Skipped]) -> list[Skipped]:
    """Put what was left out for one reason, of many subjects, into one line."""
    by_reason: dict[str, list[Skipped]] = {}
    for skip in skipped:
        by_reason.setdefault(skip.reason, []).append(skip)
    return [
        skip
        for reason, group in by_reason.items()
        for skip in (group if len(group) <= _MAX_SUBJECTS else [_together(reason, group)])
    ]


def _together(reason: str, group: Sequence[Skipped]) -> Skipped:
    from surveycli.survey.files.batch import Skipped

    first = ", ".join(skip.subject for skip in group[:_MAX_SUBJECTS])
    return Skipped(reason, f"{first} and {len(group) - _MAX_SUBJECTS} more", sum(skip.n_skipped for skip in group))
