"""Which cells each recipe gives to which part."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from surveycli.errors import ExitCode, SurveyError
from surveycli.split import PartSize, SplitOptions, SplitReport, list_splits, make_split
from surveycli.store import Store, ad_hoc, open_store

C2 = {"EGY", "ETH", "KEN", "LBY", "MAR", "NGA", "TUN", "ZWE"}
C3 = {"MYS", "THA", "CZE", "GRC", "NGA", "MAR", "PER", "COL", "MEX", "PRI", "NZL"}
CELLS = "SELECT part, survey_id, item_id, population_id FROM split_cell WHERE split = '{}' ORDER BY ALL"


def n_cells(report: SplitReport) -> dict[str, int]:
    return {part.part: part.n_cells for part in report.parts}


def cells_of(path: Path, split: str) -> pl.DataFrame:
    return ad_hoc(path, CELLS.format(split))


def add_cells(store: Store, cells: pl.DataFrame, n_respondents: int = 1200) -> None:
    """Add cells (survey_id, item_id, population_id) in which everybody chose option 1 of the single option 1."""
    store.insert("cell", cells.with_columns(n_respondents=pl.lit(n_respondents)))
    store.insert(
        "response_distribution",
        cells.with_columns(
            option_code=pl.lit(1), n_respondents=pl.lit(n_respondents), share=pl.lit(1.0), share_unweighted=pl.lit(1.0)
        ),
    )


def test_paper_parts_of_the_bundled_survey(bundled_store: Store) -> None:
    """The bundled survey gives the published number of rows in every part that it has the items of."""
    report = make_split(bundled_store, "paper")
    assert report.parts == (
        PartSize("train", 6841, 150, 46),
        PartSize("validation", 1586, 35, 46),
        PartSize("C2-Q1", 1179, 150, 8),
        PartSize("C2-Q2", 271, 35, 8),
        PartSize("C3-Q1", 1644, 150, 11),
        PartSize("C3-Q2", 385, 35, 11),
    )
    notes = " ".join(report.notes)
    assert "C2 and C3 share MAR, NGA" in notes
    assert "C1-Q3, C2-Q3, C3-Q3" in notes


def test_paper_parts_of_a_whole_survey(bundled_store: Store) -> None:
    """With items Q199-Q259 too the parts have the published numbers of rows, and nothing else enters any part.

    Which of these cells release 5 lacks is not known here, only how many: 41 of C1 and 9 of C2, none of C3. So all
    60 items are added for the 63 countries without 41 cells of C1 and 9 of the countries of C2 that are not in C3.
    What must stay out is added too: the party question Q223, Q82 and Q94-Q105, Northern Ireland, and India, which only
    release 6 has.
    """
    countries = bundled_store.frame("split/populations", survey_id="wvs7")["population_id"].to_list()
    c1 = [country for country in countries if country not in C2 | C3]
    items = [f"Q{number}" for number in range(199, 260) if number != 223]
    lacking = {(f"Q{199 + i % 20}", c1[i]) for i in range(41)} | {
        (f"Q{230 + i}", sorted(C2 - C3)[i % 6]) for i in range(9)
    }
    pairs = [(item, country) for item in items for country in countries if (item, country) not in lacking]
    excluded = ["Q82", "Q223", *(f"Q{number}" for number in range(94, 106))]
    pairs += [(item, country) for item in excluded for country in countries]
    pairs += [(item, country) for item in ["Q1", "Q164", "Q199"] for country in ["NIR", "IND"]]
    added = pl.DataFrame(pairs, schema=["item_id", "population_id"], orient="row")
    party = {"item_id": "Q223", "position": 222, "battery_id": "party", "scale": "nominal", "n_options": 1}
    bundled_store.insert("item", pl.DataFrame({"survey_id": "wvs7", **party}))
    add_cells(bundled_store, added.select(pl.lit("wvs7").alias("survey_id"), "item_id", "population_id"))

    report = make_split(bundled_store, "paper")

    assert n_cells(report) == {
        "train": 6841,
        "validation": 1586,
        "C1-Q3": 2719,
        "C2-Q1": 1179,
        "C2-Q2": 271,
        "C2-Q3": 471,
        "C3-Q1": 1644,
        "C3-Q2": 385,
        "C3-Q3": 660,
    }
    notes = " ".join(report.notes)
    assert "not in the published country sets: IND, NIR." in notes
    assert "Empty" not in notes
    assert all(item in notes for item in excluded)


def test_paper_sets_are_the_published_ones(bundled_store_path: Path) -> None:
    """Each part holds its own countries and items, and the countries of C2 and C3 are in none that is learnt from."""
    with open_store(bundled_store_path, write=True) as store:
        make_split(store, "paper")
    cells = cells_of(bundled_store_path, "paper").with_columns(number=pl.col("item_id").str.slice(1).cast(pl.Int32))
    by_part = {str(part): group for (part,), group in cells.group_by("part")}
    for part, countries in {"C2-Q1": C2, "C2-Q2": C2, "C3-Q1": C3, "C3-Q2": C3}.items():
        assert set(by_part[part]["population_id"]) == countries
    assert by_part["train"]["population_id"].n_unique() == 46
    assert not set(by_part["train"]["population_id"]) & (C2 | C3)
    assert not set(by_part["validation"]["population_id"]) & (C2 | C3)
    for part, group in by_part.items():
        low, high = (1, 163) if part in ("train", "C2-Q1", "C3-Q1") else (164, 198)
        assert group["number"].is_between(low, high).all(), part
    assert not cells["number"].is_in([82, 223, *range(94, 106)]).any()


def test_paper_with_held_out_populations(bundled_store_path: Path) -> None:
    """Six countries of C1 from several regions leave training for validation; C1-Q2 becomes a test part."""
    with open_store(bundled_store_path, write=True) as store:
        make_split(store, "paper")
        report = make_split(store, "paper", SplitOptions(name="held", validation="populations"))
        regions = dict(
            store.frame("split/populations", survey_id="wvs7").select("population_id", "un_region").iter_rows()
        )
    published, held = cells_of(bundled_store_path, "paper"), cells_of(bundled_store_path, "held")
    sizes = {part.part: part for part in report.parts}
    assert sizes["validation"].n_populations == 6
    assert sizes["train"].n_populations == 40
    assert sizes["train"].n_cells + sizes["validation"].n_cells == 6841
    assert sizes["C1-Q2"].n_cells == 1586
    countries = held.filter(part="validation")["population_id"].unique()
    assert len({regions[country] for country in countries}) >= 3
    same = ["C2-Q1", "C2-Q2", "C3-Q1", "C3-Q2"]
    assert held.filter(pl.col("part").is_in(same)).equals(published.filter(pl.col("part").is_in(same)))


def test_paper_leaves_out_small_countries_where_that_is_known(bundled_store: Store) -> None:
    """A country known to have interviewed too few is left out and named; one with just enough, or unknown, stays."""
    missing = pl.DataFrame(
        {
            "survey_id": "wvs7",
            "item_id": ["Q1", "Q1"],
            "population_id": ["URY", "CHL"],
            "status": "dont_know",
            "n_respondents": [0, 0],
        }
    )
    bundled_store.insert("missing_count", missing)
    populations = bundled_store.frame("split/populations", survey_id="wvs7").drop_nulls("n_interviewed")
    assert populations["population_id"].to_list() == ["CHL", "URY"]
    assert dict(populations.select("population_id", "n_interviewed").iter_rows()) == {"CHL": 1000, "URY": 1000}
    assert n_cells(make_split(bundled_store, "paper"))["train"] == 6841
    report = make_split(bundled_store, "paper", SplitOptions(name="larger", min_respondents=1001))
    assert "fewer than 1001 respondents: CHL, URY." in " ".join(report.notes)
    assert {part.part: part.n_populations for part in report.parts}["train"] == 44


def test_paper_takes_a_sample_as_it_is(bundled_store: Store) -> None:
    """Where no country whose number is known has 1,000 respondents none is left out, unless a number is asked for."""
    few = {"survey_id": "wvs7", "item_id": "Q1", "population_id": "CYP", "status": "dont_know", "n_respondents": 0}
    bundled_store.insert("missing_count", pl.DataFrame([few]))
    report = make_split(bundled_store, "paper")
    assert n_cells(report)["train"] == 6841
    assert any("No country has 1000 respondents" in note for note in report.notes)
    strict = make_split(bundled_store, "paper", SplitOptions(name="strict", min_respondents=1000))
    assert "fewer than 1000 respondents: CYP." in " ".join(strict.notes)


def test_paper_needs_the_published_items(bundled_store: Store) -> None:
    """A survey with another codebook, whose Q1 is another question, is refused with exit 3."""
    bundled_store.insert("survey", pl.DataFrame({"survey_id": ["pew"], "title": ["Pew"], "codebook": ["pew"]}))
    add_cells(bundled_store, pl.DataFrame({"survey_id": ["pew"], "item_id": ["Q1"], "population_id": ["DEU"]}))
    with pytest.raises(SurveyError, match="another codebook") as caught:
        make_split(bundled_store, "paper", SplitOptions(survey_id="pew"))
    assert caught.value.code == ExitCode.BAD_INPUT


@pytest.mark.parametrize("recipe", ["unseen-questions", "k-fold"])
def test_unseen_questions_keep_batteries_whole(bundled_store: Store, recipe: str) -> None:
    """Each battery is in one part, every part has all populations, and the protocol's items are all in some part."""
    report = make_split(bundled_store, recipe, SplitOptions(seed=7))
    parts = {part.part: part for part in report.parts}
    assert set(parts) == {"train", "validation", "test"}
    assert sum(part.n_items for part in report.parts) == 185
    assert sum(part.n_cells for part in report.parts) == 11537
    assert {part.n_populations for part in report.parts} == {63}
    assert parts["test"].n_items == pytest.approx(37, abs=4)
    assert bundled_store.frame("split/torn_batteries", split=recipe).is_empty()


def test_folds_cover_all_items_once(bundled_store_path: Path) -> None:
    """The test parts of the five folds share no item and together have all 185."""
    with open_store(bundled_store_path, write=True) as store:
        for fold in range(5):
            make_split(store, "k-fold", SplitOptions(name=f"fold{fold}", fold=fold))
    tested = [set(cells_of(bundled_store_path, f"fold{fold}").filter(part="test")["item_id"]) for fold in range(5)]
    assert sum(map(len, tested)) == len(set.union(*tested)) == 185


def test_unseen_countries_keep_subgroups_together(bundled_store_path: Path) -> None:
    """Subgroups are in the part of their country, and every part has all items."""
    with open_store(bundled_store_path, write=True) as store:
        countries = store.frame("split/populations", survey_id="wvs7")["population_id"].to_list()
        women = pl.DataFrame({"iso3": countries}).select(
            "iso3", population_id=pl.col("iso3") + "|sex=female", kind=pl.lit("subgroup"), definition=pl.lit("{}")
        )
        store.insert("population", women)
        add_cells(store, women.select("population_id", survey_id=pl.lit("wvs7"), item_id=pl.lit("Q1")))
        report = make_split(store, "unseen-countries")
    assert {part.n_items for part in report.parts} == {185}
    assert {part.part: part.n_populations // 2 for part in report.parts} == {"train": 44, "validation": 6, "test": 13}
    cells = cells_of(bundled_store_path, "unseen-countries")
    sides = cells.group_by(pl.col("population_id").str.slice(0, 3)).agg(pl.col("part").n_unique())
    assert sides["part"].max() == 1
    assert sides.height == 63


def test_unseen_both_has_a_part_for_each_kind_of_new(bundled_store_path: Path) -> None:
    """test is new in items and countries, test-questions in items alone, test-countries in countries alone."""
    with open_store(bundled_store_path, write=True) as store:
        make_split(store, "unseen-both")
    cells = cells_of(bundled_store_path, "unseen-both")
    items = {part: set(cells.filter(part=part)["item_id"]) for part in cells["part"].unique()}
    countries = {part: set(cells.filter(part=part)["population_id"]) for part in cells["part"].unique()}
    assert items["test"] == items["test-questions"]
    assert items["train"] == items["test-countries"]
    assert countries["test"] == countries["test-countries"]
    assert countries["train"] == countries["test-questions"]
    for sets in (items, countries):
        assert not sets["train"] & sets["test"]
        assert not sets["validation"] & (sets["train"] | sets["test"])


def test_unseen_regions_hold_out_what_is_named(bundled_store: Store) -> None:
    """The test part has the countries of the named region and no other part has any of them."""
    report = make_split(bundled_store, "unseen-regions", SplitOptions(regions=("Africa",)))
    n_africa = bundled_store.frame("split/populations", survey_id="wvs7").filter(un_region="Africa").height
    assert {part.part: part.n_populations for part in report.parts}["test"] == n_africa == 8


def test_unseen_regions_come_one_by_one(bundled_store: Store) -> None:
    """Without a name each fold holds out another region, and the folds together all of them."""
    regions = bundled_store.frame("split/populations", survey_id="wvs7")["un_region"].unique()
    notes = {
        make_split(bundled_store, "unseen-regions", SplitOptions(name=str(fold), fold=fold)).notes[0]
        for fold in range(len(regions))
    }
    assert notes == {f"Held out: {region}." for region in regions}


def test_unseen_survey_tests_on_the_other(bundled_store: Store) -> None:
    """All cells of the other survey are the test, and only the first survey is learnt from."""
    bundled_store.insert("survey", pl.DataFrame({"survey_id": ["pew"], "title": ["Pew"]}))
    item = {"item_id": ["X1"], "position": [0], "battery_id": ["x"], "scale": ["nominal"], "n_options": [1]}
    bundled_store.insert("item", pl.DataFrame({"survey_id": ["pew"], **item}))
    add_cells(bundled_store, pl.DataFrame({"survey_id": "pew", "item_id": "X1", "population_id": ["DEU", "FRA"]}))
    report = make_split(bundled_store, "unseen-survey", SplitOptions(test_survey_id="pew"))
    sizes = n_cells(report)
    assert sizes["test"] == 2
    assert sizes["train"] + sizes["validation"] == 11537
    assert "1 of the 2 populations of pew" in report.notes[0]


def add_other_survey(store: Store, n_items: int = 12) -> None:
    """Add a survey `ess` whose items, in six batteries named as some of the first survey's are, Germany and Oz have."""
    store.insert("survey", pl.DataFrame({"survey_id": ["ess"], "title": ["ESS"]}))
    names = store.frame("split/items", survey_id="wvs7")["battery_id"].unique().sort()[:6].to_list()
    items = [
        {"item_id": f"E{i}", "position": i, "battery_id": names[i % 6], "scale": "nominal", "n_options": 1}
        for i in range(n_items)
    ]
    store.insert("item", pl.DataFrame(items).with_columns(survey_id=pl.lit("ess")))
    oz = {"population_id": ["OZZ"], "iso3": ["OZZ"], "kind": ["country"], "definition": ["{}"]}
    store.insert("population", pl.DataFrame(oz))
    pairs = [(item["item_id"], country) for item in items for country in ("DEU", "OZZ")]
    cells = pl.DataFrame(pairs, schema=["item_id", "population_id"], orient="row")
    add_cells(store, cells.with_columns(survey_id=pl.lit("ess")))


@pytest.mark.parametrize("recipe", ["unseen-questions", "unseen-countries", "unseen-both", "k-fold"])
def test_surveys_are_split_as_one(bundled_store: Store, recipe: str) -> None:
    """Every cell of both is in some part at most once; batteries keep to their survey, held-out countries to none."""
    add_other_survey(bundled_store)
    make_split(bundled_store, recipe, SplitOptions(name="two", with_surveys=("ess",)))
    cells = bundled_store.frame("run/export_cells", split="two", parts=None)
    assert cells.select("survey_id", "item_id", "population_id").is_duplicated().sum() == 0
    of_ess = cells.filter(survey_id="ess")
    if recipe != "unseen-both":  # where cells that are new in one way alone are in no part
        assert of_ess.height == 24
        assert cells.height == 24 + 11537
    if recipe == "unseen-countries":
        parts = cells.filter(population_id="DEU")["part"].unique()
        assert len(parts) == 1, "a country is held out in both surveys or in neither"
    else:
        batteries = bundled_store.frame("split/items", survey_id="ess").select("item_id", "battery_id")
        parts_of = of_ess.filter(pl.col("part").is_in(["train", "validation", "test"])).join(batteries, on="item_id")
        assert parts_of.group_by("battery_id").agg(pl.col("part").n_unique())["part"].max() == 1


def test_several_surveys_train_for_another(bundled_store: Store) -> None:
    """`unseen-survey` learns from all that are named and tests on the other, which none of them may be."""
    add_other_survey(bundled_store)
    bundled_store.insert("survey", pl.DataFrame({"survey_id": ["pew"], "title": ["Pew"]}))
    item = {"item_id": ["X1"], "position": [0], "battery_id": ["x"], "scale": ["nominal"], "n_options": [1]}
    bundled_store.insert("item", pl.DataFrame({"survey_id": ["pew"], **item}))
    add_cells(bundled_store, pl.DataFrame({"survey_id": "pew", "item_id": "X1", "population_id": ["DEU", "FRA"]}))
    options = SplitOptions(test_survey_id="pew", with_surveys=("ess",))
    sizes = n_cells(make_split(bundled_store, "unseen-survey", options))
    assert (sizes["test"], sizes["train"] + sizes["validation"]) == (2, 11537 + 24)
    for others in (("pew",), ("wvs7",)):
        with pytest.raises(SurveyError) as error:
            make_split(bundled_store, "unseen-survey", replace(options, name="x", with_surveys=others))
        assert error.value.code == ExitCode.USAGE


def add_groups(store: Store) -> None:
    """Add women and men of every country with an answer to Q1 and Q2."""
    countries = store.frame("split/populations", survey_id="wvs7").select(iso3="population_id")
    groups = countries.join(pl.DataFrame({"sex": ["female", "male"]}), how="cross").select(
        "iso3", population_id=pl.col("iso3") + "|sex=" + pl.col("sex"), kind=pl.lit("subgroup"), definition=pl.lit("{}")
    )
    store.insert("population", groups)
    for item in ("Q1", "Q2"):
        add_cells(store, groups.select("population_id", survey_id=pl.lit("wvs7"), item_id=pl.lit(item)))


def test_new_items_are_asked_of_the_donors(bundled_store_path: Path) -> None:
    """Training has every battery in the donors and the old ones everywhere; others are tested on the new ones alone."""
    with open_store(bundled_store_path, write=True) as store:
        report = make_split(store, "new-items", SplitOptions(donors=8))
    cells = cells_of(bundled_store_path, "new-items")
    items = {part: set(cells.filter(part=part)["item_id"]) for part in ("train", "validation", "test")}
    people = {part: set(cells.filter(part=part)["population_id"]) for part in ("train", "validation", "test")}
    donors = people["train"] - people["test"]
    assert len(donors) == 8 and people["validation"] == people["test"]
    assert not items["validation"] & items["test"]
    assert items["test"] | items["validation"] < items["train"]
    new = cells.filter(pl.col("item_id").is_in(list(items["test"] | items["validation"])), part="train")
    assert set(new["population_id"]) == donors
    assert report.notes[0] == f"Asked the new items, too: {', '.join(sorted(donors))}."


def test_missing_groups_leave_their_country_another(bundled_store_path: Path) -> None:
    """A fifth of the groups is tested; each country keeps one in training, and whole countries are in no part."""
    with open_store(bundled_store_path, write=True) as store:
        add_groups(store)
        report = make_split(store, "missing-groups")
    cells = cells_of(bundled_store_path, "missing-groups")
    assert set(cells["population_id"].str.slice(3, 5)) == {"|sex="}
    assert n_cells(report)["test"] == 2 * round(0.2 * 126)
    train = cells.filter(part="train")["population_id"].str.slice(0, 3)
    assert set(train) == set(cells["population_id"].str.slice(0, 3))
    assert "whole countries" in report.notes[0]


def test_a_custom_split_is_what_it_was_given(bundled_store_path: Path) -> None:
    """A query's cells come back as the split's cells; rows about cells that were never asked are counted in a note."""
    query = (
        "SELECT CASE population_id WHEN 'EGY' THEN 'test' ELSE 'train' END AS part, item_id, population_id "
        "FROM (SELECT DISTINCT item_id FROM cell), (SELECT unnest(['EGY', 'USA']) AS population_id)"
    )
    given = ad_hoc(bundled_store_path, query)
    with open_store(bundled_store_path, write=True) as store:
        report = make_split(store, "custom", SplitOptions(name="mine", cells=given))
    asked = ad_hoc(bundled_store_path, "SELECT item_id, population_id FROM cell WHERE population_id IN ('EGY', 'USA')")
    written = cells_of(bundled_store_path, "mine")
    assert written.select("item_id", "population_id").sort(pl.all()).equals(asked.sort(pl.all()))
    assert given.height > asked.height
    assert report.notes[0].startswith(f"{given.height - asked.height} of {given.height} rows left out")
    assert "No part is named validation." in report.notes


def test_a_custom_split_that_tears_batteries_is_noted(bundled_store: Store) -> None:
    """Items of a battery on both sides are allowed in a custom split, with a note that names the battery."""
    cells = pl.DataFrame({"part": ["train", "test"], "item_id": ["Q1", "Q2"], "population_id": ["KEN", "KEN"]})
    report = make_split(bundled_store, "custom", SplitOptions(cells=cells))
    battery = bundled_store.frame("split/items", survey_id="wvs7").filter(item_id="Q1")["battery_id"].item()
    assert any("1 batteries have items in train" in note and battery in note for note in report.notes)


def test_a_custom_split_that_leaks_is_refused(bundled_store: Store) -> None:
    """A cell in train and in test is refused with exit 3, and nothing of the split is written."""
    cells = pl.DataFrame({"part": ["train", "test"], "item_id": ["Q1", "Q1"], "population_id": ["KEN", "KEN"]})
    with pytest.raises(SurveyError, match="split_parts_overlap") as caught:
        make_split(bundled_store, "custom", SplitOptions(cells=cells))
    assert caught.value.code == ExitCode.BAD_INPUT
    assert list_splits(bundled_store).is_empty()


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [("item_id", "Q999", "item Q999"), ("population_id", "XXX", "population XXX"), ("survey_id", "evs", "survey evs")],
)
def test_a_custom_split_of_unknown_things_is_refused(
    bundled_store: Store, column: str, value: str, message: str
) -> None:
    """Names that the store does not have are refused with exit 4, each by its kind."""
    row = {"part": "train", "survey_id": "wvs7", "item_id": "Q1", "population_id": "KEN"} | {column: value}
    with pytest.raises(SurveyError, match=message) as caught:
        make_split(bundled_store, "custom", SplitOptions(cells=pl.DataFrame([row])))
    assert caught.value.code == ExitCode.NOT_FOUND


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ({"part": ["train"], "item_id": ["Q1"]}, "lack population_id"),
        ({"part": [None], "item_id": ["Q1"], "population_id": ["KEN"]}, "1 of 1 rows"),
        ({"part": [" "], "item_id": ["Q1"], "population_id": ["KEN"]}, "1 of 1 rows"),
    ],
)
def test_a_custom_table_needs_its_columns_filled(
    bundled_store: Store, cells: dict[str, list[str]], message: str
) -> None:
    """A lacking column, a NULL and a blank are refused with exit 3."""
    with pytest.raises(SurveyError, match=message) as caught:
        make_split(bundled_store, "custom", SplitOptions(cells=pl.DataFrame(cells)))
    assert caught.value.code == ExitCode.BAD_INPUT


@pytest.mark.parametrize(
    "recipe",
    ["unseen-questions", "unseen-countries", "unseen-both", "k-fold", "unseen-regions", "new-items", "missing-groups"],
)
def test_the_seed_says_it_all(bundled_store_path: Path, recipe: str) -> None:
    """The same seed gives the same cells in the same parts, another seed others."""
    options = SplitOptions(name="a", seed=1)
    with open_store(bundled_store_path, write=True) as store:
        add_groups(store)
        make_split(store, recipe, options)
        make_split(store, recipe, replace(options, name="b"))
        others = [make_split(store, recipe, replace(options, name=f"c{seed}", seed=seed)) for seed in (2, 3, 4)]
    first = cells_of(bundled_store_path, "a")
    assert first.equals(cells_of(bundled_store_path, "b"))
    assert any(not first.equals(cells_of(bundled_store_path, other.split)) for other in others)


def test_a_taken_name_needs_replace(bundled_store: Store) -> None:
    """A second split of one name is refused with exit 5 and leaves the first; --replace makes it anew, once."""
    first = make_split(bundled_store, "paper")
    with pytest.raises(SurveyError, match="already a split named paper") as caught:
        make_split(bundled_store, "paper")
    assert caught.value.code == ExitCode.CONFLICT
    assert "--replace" in caught.value.hint
    again = make_split(bundled_store, "unseen-questions", SplitOptions(name="paper", replace=True))
    listed = list_splits(bundled_store)
    assert sum(listed["n_cells"]) == sum(part.n_cells for part in again.parts) != sum(p.n_cells for p in first.parts)
    assert set(listed["recipe"]) == {"unseen-questions"}


def test_a_failed_replacement_keeps_the_old_split(bundled_store: Store) -> None:
    """Where a replacement is refused, the split of that name is as it was."""
    make_split(bundled_store, "paper")
    before = list_splits(bundled_store)
    with pytest.raises(SurveyError):
        make_split(bundled_store, "unseen-survey", SplitOptions(name="paper", replace=True, test_survey_id="none"))
    assert list_splits(bundled_store).equals(before)


@pytest.mark.parametrize(
    ("recipe", "options", "code"),
    [
        ("papers", SplitOptions(), ExitCode.USAGE),
        ("k-fold", SplitOptions(fold=5), ExitCode.USAGE),
        ("unseen-survey", SplitOptions(), ExitCode.USAGE),
        ("unseen-survey", SplitOptions(test_survey_id="wvs7"), ExitCode.USAGE),
        ("custom", SplitOptions(), ExitCode.USAGE),
        ("paper", SplitOptions(survey_id="evs"), ExitCode.NOT_FOUND),
        ("unseen-regions", SplitOptions(regions=("Atlantis",)), ExitCode.NOT_FOUND),
        ("new-items", SplitOptions(donors=63), ExitCode.BAD_INPUT),
        ("missing-groups", SplitOptions(), ExitCode.BAD_INPUT),
    ],
)
def test_what_does_not_fit_is_refused(bundled_store: Store, recipe: str, options: SplitOptions, code: ExitCode) -> None:
    """Unknown recipes, surveys, regions and folds end in their exit code with a hint, and nothing is written."""
    with pytest.raises(SurveyError) as caught:
        make_split(bundled_store, recipe, options)
    assert caught.value.code == code
    assert caught.value.hint
    assert list_splits(bundled_store).is_empty()


def test_options_that_no_recipe_can_use_are_refused() -> None:
    """Fractions that leave nothing to train on, one fold and unknown validations are usage errors."""
    for wrong in (
        {"test_fraction": 0.95},
        {"validation_fraction": 0.0},
        {"folds": 1},
        {"fold": -1},
        {"validation": "x"},
        {"donors": 0},
    ):
        with pytest.raises(SurveyError) as caught:
            SplitOptions(**wrong)
        assert caught.value.code == ExitCode.USAGE


def test_a_store_without_answers_is_refused(store: Store) -> None:
    """A survey with items but no distributions is refused with exit 3, one that is not there with exit 4."""
    with pytest.raises(SurveyError) as caught:
        make_split(store, "paper")
    assert caught.value.code == ExitCode.NOT_FOUND
    store.insert("survey", pl.DataFrame({"survey_id": ["wvs7"], "title": ["t"], "codebook": ["wvs7"]}))
    with pytest.raises(SurveyError) as caught:
        make_split(store, "paper")
    assert caught.value.code == ExitCode.BAD_INPUT
