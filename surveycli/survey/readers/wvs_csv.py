"""Reads the cross-national respondent CSV of WVS wave 7, releases v3, v5 and v6."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from surveycli.bundled import read_yaml, resource
from surveycli.errors import bad_input
from surveycli.survey.files.batch import Batch, Skipped, usable_weight, without_unusable
from surveycli.survey.files.csv_batches import CsvPlan, read_csv_batches
from surveycli.survey.files.source import SourceFile
from surveycli.survey.files.table import Column
from surveycli.survey.files.text import TextHead
from surveycli.survey.items.codebook import load_codebook, load_survey_facts
from surveycli.survey.places.match import CountryMap, match_countries
from surveycli.survey.population.demographics import Demographic, Roles
from surveycli.survey.population.find_groups import Groupable, find_groups
from surveycli.survey.readers.readout import RespondentFile
from surveycli.survey.request import IngestOptions

if TYPE_CHECKING:
    import polars as pl
    from polars._typing import PolarsDataType as PolarsType

LAYOUT = "wvs7-csv"
CODEBOOK = "wvs7"
_ITEM_COLUMN = re.compile(r"Q\d+\w*")
_INVERTED_COLUMN = re.compile(r"Q\d+P", re.IGNORECASE)
_RELEASE = re.compile(r"(\d+-\d+-\d+)")


@dataclass(frozen=True, slots=True)
class _Binding:
    """Which columns of one file are read: canonical (upper-case) name to the file's own, and those left out."""

    country: str
    is_alpha: bool
    weight: str | None
    names: dict[str, str]
    types: dict[str, PolarsType]
    skipped: tuple[Skipped, ...]


@cache
def _columns() -> dict[str, Any]:
    return read_yaml(resource(CODEBOOK, "columns.yaml"))


def is_wvs7_csv(head: TextHead) -> bool:
    """Tell whether a header is that of the cross-national file: its items, and a column that only WVS 7 has."""
    names = {column.upper() for column in head.columns}
    items = {item.item_id for item in load_codebook(CODEBOOK)}
    looks_wvs = bool(names & {"A_WAVE", "B_COUNTRY", "B_COUNTRY_ALPHA", "W_WEIGHT"})
    return looks_wvs and (bool(names & items) or any(map(_INVERTED_COLUMN.fullmatch, names)))


def read_wvs7_csv(source: SourceFile, head: TextHead, options: IngestOptions) -> RespondentFile:
    """Return the respondents of a cross-national file.

    The country map has the ISO-3 codes of country codes that nobody else knows; '' leaves out who has them. Raises
    SurveyError: exit 3 where it is not separated by commas, has no country column, no items, no rows, or inverted
    scales, 2 where it cannot be grouped as the options want.
    """
    _refuse_unreadable(head)
    binding = _bind(head, options)
    codebook = load_codebook(CODEBOOK)
    facts = load_survey_facts(CODEBOOK)
    release = _RELEASE.search(head.first(_columns()["version"]) or "")
    demographics = {
        name: Demographic(column["column"], column.get("values"))
        for name, column in _columns()["demographics"].items()
        if column["column"] in binding.names
    }
    columns = [Column(name) for name in binding.names]
    stored = {name: name for name in binding.names}
    roles = Roles(
        iso3="iso3",
        weight="weight" if binding.weight else None,
        items=tuple(item.item_id for item in codebook if item.item_id in binding.names),
        demographics=demographics,
    )
    withheld = [name for name in _columns()["private"] if name not in binding.names]
    groupable = Groupable(head.path.name, columns, stored, codebook, demographics, withheld)
    return RespondentFile(
        source=source,
        layout=LAYOUT,
        survey_id=CODEBOOK,
        facts=replace(facts, release=release[1] if release else None),
        codebook=codebook,
        roles=roles,
        missing=dict(_columns()["missing"]),
        groups=find_groups(options, groupable),
        batches=lambda: _batches(head, binding, options.country_map),
        skipped=binding.skipped,
    )


def _refuse_unreadable(head: TextHead) -> None:
    name = head.path.name
    if head.delimiter != ",":
        raise bad_input(
            f"{name}: expected the cross-national file of WVS wave 7 separated by commas, found {head.delimiter_name}.",
            "Take the CSV as downloaded; one saved by a spreadsheet may also have changed its decimals.",
        )
    if any(map(_INVERTED_COLUMN.fullmatch, head.columns)) and not any(head.column(f"Q{n}") for n in range(1, 5)):
        raise bad_input(
            f"{name}: columns such as Q1P are those of the inverted file, whose scales run backwards.",
            "Download the plain cross-national CSV instead.",
        )
    if not head.rows:
        raise bad_input(f"{name} has column names but no respondents.", "Fetch the file again.")


def _bind(head: TextHead, options: IngestOptions) -> _Binding:
    """Return which columns are read, and count those that are not by the reason why.

    A column that the user wants populations of is read, but for one that could identify a respondent.
    """
    known = _columns()
    country = head.column(known["country"]) or head.column(known["country_alpha"])
    if country is None:
        raise bad_input(
            f"{head.path.name}: expected a country column {known['country']} or {known['country_alpha']},"
            f" found neither among {len(head.columns)} columns.",
            "Export the file with it.",
        )
    kinds = _types_of_groups(options) | _column_types(keep_private=options.keep_private)
    names: dict[str, str] = {}
    left_out: Counter[str] = Counter()
    for column in head.columns:
        canonical = column.upper()
        if canonical in kinds or _ITEM_COLUMN.fullmatch(canonical):
            names[canonical] = column
        elif canonical not in {known["weight"], "VERSION", "DOI", country.upper()}:
            left_out[_reason_left_out(canonical)] += 1
    return _Binding(
        country=country,
        is_alpha=country.upper() == known["country_alpha"],
        weight=head.column(known["weight"]),
        names=names,
        types={names[canonical]: _type_of(canonical, kinds) for canonical in names},
        skipped=tuple(Skipped(reason, "columns", n) for reason, n in sorted(left_out.items())) + _unbound(names, head),
    )


def _types_of_groups(options: IngestOptions) -> dict[str, PolarsType]:
    """Return the type of columns that the user wants populations of and that are not read otherwise: text."""
    import polars as pl

    wanted = (name.upper() for grouping in options.by for name in grouping[1:])
    taken = {*_columns()["private"], _columns()["weight"]}
    return {name: pl.String for name in wanted if name not in taken and not _ITEM_COLUMN.fullmatch(name)}


def _reason_left_out(canonical: str) -> str:
    if canonical in _columns()["private"]:
        return "could identify a respondent (--keep-private keeps it)"
    return "describes the country or a party, from other sources"


def _unbound(names: dict[str, str], head: TextHead) -> tuple[Skipped, ...]:
    """Return what the codebook or the weighting misses in the file, and the items that the codebook misses."""
    items = {item.item_id for item in load_codebook(CODEBOOK)}
    extra = [name for name in names if _ITEM_COLUMN.fullmatch(name) and name not in items]
    found = [Skipped("not in the codebook: stored with the respondents, no distributions", "columns", len(extra))]
    found += [Skipped("item not in the file", item, 1) for item in sorted(items - set(names))]
    if head.column(_columns()["weight"]) is None:
        found.append(Skipped("no weight column: no weighted shares", _columns()["weight"], 1))
    return tuple(skip for skip in found if skip.n_skipped)


@cache
def _column_types(*, keep_private: bool) -> dict[str, PolarsType]:
    import polars as pl

    known = _columns()
    kinds: dict[str, PolarsType] = dict.fromkeys(known["text"], pl.String)
    kinds.update(dict.fromkeys(known["integer"], pl.Int64))
    kinds.update(dict.fromkeys(known["real"], pl.Float32))
    if keep_private:
        kinds.update(dict.fromkeys(known["private"], pl.String))
    return kinds


def _type_of(canonical: str, kinds: dict[str, PolarsType]) -> PolarsType:
    """Return the type of a column; codes that are country-specific need 32 bits, all others fit into 16."""
    import polars as pl

    if canonical in kinds:
        return kinds[canonical]
    return pl.Int16 if canonical in {item.item_id for item in load_codebook(CODEBOOK)} else pl.Int32


def _batches(head: TextHead, binding: _Binding, country_map: CountryMap) -> Iterator[Batch]:
    """Yield the respondents under canonical names, with iso3 and weight; rows without a weight are left out."""
    import polars as pl

    types = binding.types | {binding.country: pl.String if binding.is_alpha else pl.Int32}
    if binding.weight:
        types[binding.weight] = pl.Float64
    strict = {column for name, column in binding.names.items() if _ITEM_COLUMN.fullmatch(name)}
    plan = CsvPlan(types, frozenset(strict | ({binding.country} if not binding.is_alpha else set())))
    renamed = {column: name for name, column in binding.names.items()}
    for batch in read_csv_batches(head, plan):
        iso3 = _iso3(batch.respondents[binding.country], head, country_map)
        weight = _weight(batch.respondents, binding)
        wave = _columns()["wave"]
        frame = batch.respondents.drop(binding.weight or [], strict=False).rename(renamed, strict=False)
        if wave in frame.columns:
            _refuse_other_wave(frame[wave], head)
        frame = pl.DataFrame([iso3, weight]).hstack(frame)
        yield without_unusable(Batch(frame, batch.skipped))


def _iso3(country: pl.Series, head: TextHead, country_map: CountryMap) -> pl.Series:
    """Return ISO-3 codes; null stays null. Raises SurveyError (exit 3) that lists unknown codes."""
    import polars as pl

    codes = country.drop_nulls().unique().sort().to_list()
    iso3 = match_countries(map(str, codes), country_map, f"{head.path.name}: column {country.name}")
    known: dict[Any, str | None] = {code: iso3[str(code)] or None for code in codes}
    return country.replace_strict(known, default=None, return_dtype=pl.String).alias("iso3")


def _weight(respondents: pl.DataFrame, binding: _Binding) -> pl.Series:
    """Return survey weights, null where there is no usable one; 1 where the file has none at all."""
    import polars as pl

    if binding.weight is None:
        return pl.repeat(1.0, respondents.height, eager=True).alias("weight")
    return usable_weight(respondents[binding.weight])


def _refuse_other_wave(wave: pl.Series, head: TextHead) -> None:
    others = sorted(set(wave.drop_nulls().unique().to_list()) - {7})
    if others:
        raise bad_input(
            f"{head.path.name}: expected respondents of wave 7, found wave {', '.join(map(str, others[:5]))}"
            f" in column {wave.name}.",
            "The codebook is that of wave 7: keep its rows only.",
        )
