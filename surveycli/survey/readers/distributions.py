"""Reads tables of ready distributions: one row per survey, item, population and option."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from surveycli.bundled import BUNDLED_SURVEY
from surveycli.domain import Scale
from surveycli.errors import bad_input
from surveycli.survey.files.batch import Skipped
from surveycli.survey.files.cell import fold
from surveycli.survey.files.source import SourceFile
from surveycli.survey.items.codebook import Codebook, ItemSpec, ItemText, SurveyFacts, load_codebook, load_survey_facts
from surveycli.survey.items.ladder import scale_of_labels
from surveycli.survey.places.country import find_iso3
from surveycli.survey.places.match import CountryMap
from surveycli.survey.population.population import parse_population_id
from surveycli.survey.readers.readout import DistributionFile

if TYPE_CHECKING:
    import polars as pl

LAYOUT = "distribution-table"
REQUIRED = ("survey", "item", "population", "code")
_FIGURES = ("n", "share", "share_unweighted")
_ALIASES = {"option_code": "code", "option code": "code"}
# Published percentages are rounded: ten options of three decimals can be off by this much.
_ROUNDING = 0.01


def is_distribution_table(columns: list[str]) -> bool:
    """Tell whether a table with these columns holds distributions."""
    names = {_ALIASES.get(name.lower(), name.lower()) for name in columns}
    return names.issuperset(REQUIRED) and bool(names.intersection(_FIGURES))


def read_distribution_table(source: SourceFile, table: pl.DataFrame, country_map: CountryMap = ()) -> DistributionFile:
    """Return the distributions of a table with survey, item, population, code and n, share or share_unweighted.

    Optional columns item_text and option_label give the words of items without a bundled codebook, and their scale:
    only labels that climb a ladder, or numbers in order, lie on one line, and options without labels do not.
    `country_map` has the ISO-3 codes of country labels that are not known; '' leaves a label's rows out. Raises
    SurveyError (exit 3) for several surveys, unknown populations, doubled rows, negative figures and shares that do not
    sum to 1.
    """
    table = _named(table, source)
    survey_id = _single_survey(table, source)
    table, left_out = _with_populations(table, source, country_map)
    codebook = load_codebook(survey_id) if survey_id == BUNDLED_SURVEY else _codebook_of_table(survey_id, table)
    shares, skipped = _known_options(table, codebook)
    _refuse_doubled(shares, source)
    return DistributionFile(
        source=source,
        layout=LAYOUT,
        survey_id=survey_id,
        facts=load_survey_facts(survey_id) if survey_id == BUNDLED_SURVEY else SurveyFacts(title=survey_id),
        codebook=codebook,
        shares=_normalised(shares, source),
        skipped=left_out + skipped,
    )


def _named(table: pl.DataFrame, source: SourceFile) -> pl.DataFrame:
    """Return the table with the expected column names and types, absent figures as null."""
    import polars as pl

    table = table.rename({name: _ALIASES.get(name.lower(), name.lower()) for name in table.columns})
    absent = [pl.lit(None, dtype=pl.Float64).alias(name) for name in _FIGURES if name not in table.columns]
    texts = [name for name in ("survey", "item", "population", "item_text", "option_label") if name in table.columns]
    kinds = {"code": pl.Int32, "n": pl.Int64, "share": pl.Float64, "share_unweighted": pl.Float64}
    table = table.with_columns(absent).with_columns(pl.col(name).cast(pl.String) for name in texts)
    for name, kind in kinds.items():
        table = table.with_columns(_as_number(table, name, kind, source))
    return table


def _as_number(table: pl.DataFrame, name: str, kind: type[pl.DataType], source: SourceFile) -> pl.Series:
    import polars as pl

    column = table[name]
    number = column.cast(pl.Float64, strict=False).cast(kind, strict=False)
    wrong = (number.is_null() & column.is_not_null()) | (number < 0).fill_null(False) & (name != "code")
    if name == "code":
        wrong = wrong | column.is_null()
    if wrong.any():
        row = int(wrong.arg_true()[0])
        what = "a number" if name == "code" else "a number of 0 or more"
        raise bad_input(
            f"{source.path.name}: column {name} should hold {what}, found {column[row]!r} in row {row + 1}.",
            "Correct the cell; leave it empty where the figure is not known.",
        )
    return number


def _single_survey(table: pl.DataFrame, source: SourceFile) -> str:
    surveys = table["survey"].unique().sort().to_list()
    if len(surveys) == 1 and surveys[0]:
        return str(surveys[0])
    found = "none" if not surveys else ", ".join(str(survey) for survey in surveys[:5])
    raise bad_input(
        f"{source.path.name}: expected one survey in column survey, found {found}.", "Make one file per survey."
    )


def _with_populations(
    table: pl.DataFrame, source: SourceFile, country_map: CountryMap
) -> tuple[pl.DataFrame, tuple[Skipped, ...]]:
    """Return the table with population ids, countries under any name, and the count of rows that the map leaves out."""
    import polars as pl

    given = {fold(label): iso3 for label, iso3 in country_map}
    ids = {name: _population_id(name or "", given) for name in table["population"].unique().to_list()}
    unknown = sorted(str(name) for name, population_id in ids.items() if population_id is None)
    if unknown:
        raise bad_input(
            f"{source.path.name}: column population holds {len(unknown)} unknown: {', '.join(unknown[:10])}.",
            "Use ISO-3 codes such as KEN, or KEN|sex=female for a subgroup; --country-map FILE gives those of names.",
        )
    table = table.with_columns(population=pl.col("population").replace_strict(ids, return_dtype=pl.String))
    kept = table.filter(pl.col("population") != "")
    n_left_out = table.height - kept.height
    return kept, (Skipped("left out by the country map", "rows", n_left_out),) if n_left_out else ()


def _population_id(name: str, given: Mapping[str, str]) -> str | None:
    """Return a population's id: of an id itself, by the user's map ('' leaves it out), or of a country's name."""
    if fold(name) in given:
        return given[fold(name)]
    return name if parse_population_id(name) is not None else find_iso3(name)


def _codebook_of_table(survey_id: str, table: pl.DataFrame) -> Codebook:
    """Return a codebook of what the table itself says: wording is the item's id where it has no item_text."""
    import polars as pl

    wording = "item_text" if "item_text" in table.columns else "item"
    label = pl.col("option_label") if "option_label" in table.columns else pl.lit(None, dtype=pl.String)
    options = table.group_by("item", "code", maintain_order=True).agg(
        wording=pl.col(wording).drop_nulls().first(), label=label.drop_nulls().first()
    )
    groups = options.sort("code", maintain_order=True).group_by("item", maintain_order=True).all()
    order = {item: position for position, item in enumerate(table["item"].unique(maintain_order=True))}
    items = [_item_of_table(row, order[row["item"]]) for row in groups.iter_rows(named=True)]
    return Codebook(survey_id, tuple(sorted(items, key=lambda item: item.position)))


def _item_of_table(row: dict[str, Any], position: int) -> ItemSpec:
    item_id, codes = str(row["item"]), tuple(int(code) for code in row["code"])
    labels = tuple(str(code) if label is None else label for code, label in zip(codes, row["label"], strict=True))
    wording = next((text for text in row["wording"] if text), item_id)
    return ItemSpec(
        item_id=item_id,
        position=position,
        battery_id=item_id,
        dimension=None,
        scale=_scale(row["label"]),
        codes=codes,
        texts=(ItemText("en", wording, labels),),
    )


def _scale(labels: list[str | None]) -> Scale:
    """Return the scale that labels tell; the order of bare codes is not known."""
    known = [label for label in labels if label]
    if len(known) == len(labels):
        return scale_of_labels(known)
    return Scale.BINARY if len(labels) == 2 else Scale.NOMINAL


def _known_options(table: pl.DataFrame, codebook: Codebook) -> tuple[pl.DataFrame, tuple[Skipped, ...]]:
    """Return the rows whose item and code the codebook has, and the count of the others."""
    import polars as pl

    known = pl.DataFrame(
        [(item.item_id, code) for item in codebook for code in item.codes],
        schema={"item": pl.String, "code": pl.Int32},
        orient="row",
    )
    kept = table.join(known, on=["item", "code"], how="semi", maintain_order="left")
    left_out = table.join(known, on=["item", "code"], how="anti").group_by("item").len().sort("item")
    skipped = tuple(Skipped("item or code not in the codebook (rows)", item, n) for item, n in left_out.iter_rows())
    names = {"item": "item_id", "population": "population_id", "code": "option_code", "n": "n_respondents"}
    return kept.rename(names).select(*names.values(), "share", "share_unweighted"), skipped


def _refuse_doubled(shares: pl.DataFrame, source: SourceFile) -> None:
    key = ["item_id", "population_id", "option_code"]
    doubled = shares.filter(shares.select(key).is_duplicated())
    if doubled.height:
        item, population, code = doubled.select(key).row(0)
        raise bad_input(
            f"{source.path.name}: {item}, {population}, code {code} stands there more than once.",
            "Keep one row per option.",
        )


def _normalised(shares: pl.DataFrame, source: SourceFile) -> pl.DataFrame:
    """Return both shares summing to exactly 1 per cell; counts, where known, give the unweighted share."""
    import polars as pl

    cell = ["item_id", "population_id"]
    total = pl.col("n_respondents").sum().over(cell)
    counted = pl.col("n_respondents").is_not_null().all().over(cell) & (total > 0)
    shares = shares.with_columns(
        share_unweighted=pl.when(counted).then(pl.col("n_respondents") / total).otherwise(pl.col("share_unweighted"))
    ).with_columns(share_unweighted=pl.coalesce("share_unweighted", "share"))
    for name in ("share", "share_unweighted"):
        _refuse_wrong_sum(shares, name, source)
        shares = shares.with_columns(pl.col(name) / pl.col(name).sum().over(cell))
    return shares


def _refuse_wrong_sum(shares: pl.DataFrame, name: str, source: SourceFile) -> None:
    import polars as pl

    sums = shares.group_by("item_id", "population_id", maintain_order=True).agg(
        pl.col(name).sum(),
        partly=pl.col(name).is_null().any() & pl.col(name).is_not_null().any(),
        empty=pl.col(name).is_null().all(),
    )
    allowed_empty = name == "share"
    wrong = sums.filter(
        pl.col("partly")
        | (pl.col("empty") & (not allowed_empty))
        | (~pl.col("empty") & ((pl.col(name) - 1).abs() > _ROUNDING))
    )
    if wrong.height:
        item, population, found = wrong.select("item_id", "population_id", name).row(0)
        raise bad_input(
            f"{source.path.name}: the {name} of {item} in {population} should sum to 1, found {found:.4f}.",
            "Shares are fractions, not percentages, and cover every option.",
        )
