"""The survey in the box: complete, true to its source, described in words."""

from __future__ import annotations

from typing import Any

import pytest

from surveycli.domain import Scale
from surveycli.errors import ExitCode, SurveyError
from surveycli.store import Store
from surveycli.survey import ingest_bundled
from surveycli.survey.items.codebook import load_codebook, parse_codebook
from surveycli.survey.places.country import countries, find_iso3
from surveycli.survey.population.population import PopulationSpec, describe_population, parse_population_id


def query(store: Store, text: str) -> list[tuple[Any, ...]]:
    return store.query(text).rows()


def test_the_bundled_survey_has_every_cell_of_its_source(bundled_store: Store) -> None:
    """It has 63 countries, 185 of 258 items with answers, and one cell for each that was asked."""
    counts = "SELECT count(DISTINCT population_id), count(DISTINCT item_id), count(*) FROM cell"
    assert query(bundled_store, counts) == [(63, 185, 11537)]
    assert query(bundled_store, "SELECT count(*) FROM item") == [(258,)]


def test_only_eight_countries_lack_weighted_shares_and_counts(bundled_store: Store) -> None:
    """What is not known is NULL for every option of the cell, never zero."""
    unknown = (
        "SELECT population_id FROM response_distribution GROUP BY population_id"
        " HAVING count(share) = 0 AND count(n_respondents) = 0 ORDER BY 1"
    )
    assert [row[0] for row in query(bundled_store, unknown)] == ["CAN", "CHN", "GBR", "HKG", "IDN", "NLD", "TUR", "USA"]
    partly = (
        "SELECT count(*) FROM (SELECT count(share) AS known, count(*) AS n FROM response_distribution"
        " GROUP BY item_id, population_id) WHERE known NOT IN (0, n)"
    )
    assert query(bundled_store, partly) == [(0,)]


def test_every_option_of_an_item_has_a_row_and_shares_sum_to_one(bundled_store: Store) -> None:
    """Each cell has as many rows as its item has options; both shares sum to 1 to within rounding of a double."""
    wrong = (
        "SELECT d.item_id, d.population_id FROM response_distribution AS d JOIN item AS i USING (survey_id, item_id)"
        " GROUP BY d.item_id, d.population_id, i.n_options HAVING count(*) <> i.n_options"
        " OR abs(sum(share_unweighted) - 1) > 1e-12 OR abs(sum(share) - 1) > 1e-12"
    )
    assert query(bundled_store, wrong) == []


def test_known_figures_are_as_published(bundled_store: Store) -> None:
    """Kenya's answers to the trust question are 120 and 1,132 of 1,252; Andorra's weighted 0.8954 for family."""
    kenya = (
        "SELECT n_respondents FROM response_distribution"
        " WHERE item_id = 'Q57' AND population_id = 'KEN' ORDER BY option_code"
    )
    assert query(bundled_store, kenya) == [(120,), (1132,)]
    andorra = (
        "SELECT share FROM response_distribution WHERE item_id = 'Q1' AND population_id = 'AND' AND option_code = 1"
    )
    assert query(bundled_store, andorra)[0][0] == pytest.approx(0.895418, abs=2e-6)


def test_the_bundled_survey_is_ingested_once(bundled_store: Store) -> None:
    """A second time is a conflict; replace makes the same rows again."""
    with pytest.raises(SurveyError) as caught:
        ingest_bundled(bundled_store)
    assert caught.value.code is ExitCode.CONFLICT
    before = query(bundled_store, "SELECT * FROM response_distribution ORDER BY ALL")
    ingest_bundled(bundled_store, replace=True)
    assert query(bundled_store, "SELECT * FROM response_distribution ORDER BY ALL") == before


def test_every_item_reads_as_a_question_without_gaps() -> None:
    """No wording keeps its stem's placeholder, and every code of every item has a label in English."""
    for item in load_codebook("wvs7"):
        english = next(text for text in item.texts if text.language == "en")
        assert "{}" not in english.wording and len(english.labels) == len(item.codes)
        assert len(set(english.labels)) == len(english.labels)


def test_stems_and_endpoints_are_filled_in() -> None:
    """A stem takes its item's text; the codes between labelled endpoints carry their number."""
    book = parse_codebook(
        {
            "survey": "s",
            "language": "en",
            "scales": {"three": {"kind": "ordinal", "endpoints": {1: "none", 3: "all"}}},
            "batteries": {"b": {"scale": "three", "stem": "How many {}?", "items": {"A": "cats"}}},
        },
        [{"language": "de", "scales": {"three": {"endpoints": {1: "keine", 3: "alle"}}}, "batteries": {}}],
    )
    (item,) = book.items
    assert (item.codes, item.scale, item.battery_id) == ((1, 2, 3), Scale.ORDINAL, "b")
    assert [(text.language, text.wording, text.labels) for text in item.texts] == [
        ("en", "How many cats?", ("none", "2", "all"))
    ]


def test_a_codebook_that_contradicts_itself_is_refused() -> None:
    """A battery of an unknown scale, and a translation of a code that is not there, are named."""
    main = {"survey": "s", "language": "en", "scales": {}, "batteries": {"b": {"scale": "x", "items": {"A": "Why?"}}}}
    with pytest.raises(SurveyError, match="battery b names the scale 'x'"):
        parse_codebook(main)
    main["scales"] = {"x": {"kind": "binary", "options": {1: "yes", 2: "no"}}}
    german = {"language": "de", "scales": {"x": {"options": {1: "ja", 3: "nein"}}}, "batteries": main["batteries"]}
    with pytest.raises(SurveyError, match=r"Codebook in de: .*3"):
        parse_codebook(main, [german])


@pytest.mark.parametrize(
    ("spec", "english", "chinese"),
    [
        (PopulationSpec("KEN"), "people in Kenya", "肯尼亚民众"),
        (PopulationSpec("USA"), "people in the United States", "美国民众"),
        (PopulationSpec("PHL"), "people in the Philippines", "菲律宾民众"),
        (
            PopulationSpec("KEN", (("sex", "female"), ("age", "18-29"))),
            "women aged 18-29 in Kenya",
            "肯尼亚18至29岁女性",
        ),
        (PopulationSpec("JPN", (("age", "60+"),)), "people aged 60 and over in Japan", "日本60岁及以上民众"),
        (
            PopulationSpec("NLD", (("education", "higher"),)),
            "people in the Netherlands with higher education",
            "荷兰高学历民众",
        ),
    ],
)
def test_populations_are_described_as_people_write(spec: PopulationSpec, english: str, chinese: str) -> None:
    """Articles, sex, open and closed age bands and other groupings read naturally in both languages."""
    described = {text.language: text.description for text in describe_population(spec)}
    assert (described["en"], described["zh"]) == (english, chinese)


def test_the_context_says_what_is_known_and_nothing_else() -> None:
    """Region, zone, religion and income stand there; what is not known of a country is left out."""
    kenya = describe_population(PopulationSpec("KEN"))[0]
    assert kenya.context.startswith("Eastern Africa; African-Islamic zone; mostly ")
    assert kenya.context.endswith("; lower middle income")
    for iso3 in countries():
        assert not any(word in describe_population(PopulationSpec(iso3))[0].context for word in ("None", "null", ";;"))


def test_a_population_id_can_be_read_back() -> None:
    """The id of a subgroup names its country and the value of each grouping; anything else is not an id."""
    spec = PopulationSpec("KEN", (("sex", "female"), ("age", "60+")))
    assert spec.population_id == "KEN|sex=female|age=60+"
    assert parse_population_id(spec.population_id) == spec
    assert [parse_population_id(text) for text in ("XXX", "KEN|sex", "", "KEN|")] == [None] * 4


def test_countries_are_found_by_code_and_by_label() -> None:
    """ISO-3 codes in any case, the table's names and the labels of survey files lead to one code."""
    assert [
        find_iso3(name) for name in ("ken", "Kenya", " South Korea ", "S. Korea", "Northern Ireland", "Atlantis")
    ] == [
        "KEN",
        "KEN",
        "KOR",
        "KOR",
        "NIR",
        None,
    ]
