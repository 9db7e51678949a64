"""`surveycli ingest`: a survey file into the store."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from surveycli.cli.command import add_command, fill
from surveycli.cli.options import DEFAULT_STORE, StorePath
from surveycli.cli.ways import Way, flags, given
from surveycli.request.ingest import IngestOptions
from surveycli.setting import settings_of

if TYPE_CHECKING:
    from surveycli.survey import IngestReport

WAYS = (
    Way(
        "--bundled",
        "The WVS-7 distributions that come with surveycli.",
        flags("--bundled --replace --store"),
        given("--bundled"),
    ),
    Way(
        "FILE...",
        "Your own survey file, or files of one survey.",
        flags("FILE --country-map --store", (setting.first_flag for setting in settings_of(IngestOptions))),
        needs=("FILE",),
        together={"--replicate-method": "--replicates"},
    ),
)


def register(app: typer.Typer) -> None:
    """Add the command."""
    add_command(app, ingest, ways=WAYS, settings=settings_of(IngestOptions))


def ingest(
    context: typer.Context,
    file: Annotated[
        list[Path] | None,
        typer.Argument(
            help="A file of respondents of any survey (SPSS, Stata, R, CSV, XLSX, Parquet, JSON), GlobalOpinionQA, "
            "SubPOP, SimBench, OpinionQA, Twin-2K-500, Global Dialogues, or a table of ready distributions; also "
            "zipped, or a folder. Several are one survey, "
            "in a file per country or wave.",
            show_default=False,
        ),
    ] = None,
    bundled: Annotated[  # noqa: ARG001 - tells the way
        bool,
        typer.Option("--bundled", help="Ingest the WVS-7 distributions that come with surveycli (no respondents)."),
    ] = False,
    country_map: Annotated[
        Path | None,
        typer.Option(help="CSV label,iso3 for country labels that surveycli does not know.", show_default=False),
    ] = None,
    store: StorePath = DEFAULT_STORE,
) -> None:
    """Read a survey file into the store.

    It stores respondents, items and response distributions.

    Examples:
      surveycli ingest --bundled
      surveycli ingest WVS_Cross-National_Wave_7_csv_v6_0.csv --by country --by country,sex,age
      surveycli ingest kenya.sav ghana.sav --dry-run
      surveycli ingest gss2022.dta --country USA --weight-column wtssps
    """
    from surveycli.cli.ingest_report import print_report
    from surveycli.cli.render import result
    from surveycli.survey import read_country_map

    options = fill(IngestOptions, context, country_map=read_country_map(country_map) if country_map else ())
    report = _ingest(file or [], options, store)
    result(report)
    for part in (report, *report.also):
        print_report(part, None if options.dry_run else store)


def _ingest(files: Sequence[Path], options: IngestOptions, path: Path) -> IngestReport:
    """Ingest the files of a survey, or the bundled distributions."""
    from surveycli.cli.render import progress_bar
    from surveycli.store import open_store
    from surveycli.survey import ingest_bundled, ingest_file, try_file

    if files and options.dry_run:
        with progress_bar() as progress:
            return try_file(files, options, progress)
    with open_store(path, create=True) as opened, progress_bar() as progress:
        if not files:
            return ingest_bundled(opened, progress, replace=options.replace)
        return ingest_file(opened, files, options, progress)
