"""Files in the layout of survey programmes, with invented questions and answers, and what is right to read in them."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl
import pyreadstat

N_RESPONDENTS = 240
Labels = Mapping[Any, str]


@dataclass(frozen=True)
class Question:
    """A question: labels of its options and missing codes, options without a label, and what is right to read."""

    name: str
    wording: str
    options: Labels
    missing: Labels
    scale: str
    bare: Sequence[int] = ()
    bare_missing: Sequence[int] = ()

    @property
    def valid(self) -> tuple[int, ...]:
        """All codes of options."""
        return tuple(sorted([*self.options, *self.bare]))


@dataclass(frozen=True)
class Programme:
    """A file: its name, the country of each cell of its country column (or everybody's), weights and questions."""

    file: str
    country: str
    countries: Mapping[Any, tuple[str, str]]
    weights: Sequence[str]
    questions: Sequence[Question]
    survey: str
    constants: Mapping[str, Any] = field(default_factory=dict)
    others: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    wordings: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, Labels] = field(default_factory=dict)
    language: str = "en"
    measures: Mapping[str, str] = field(default_factory=dict)
    title: str = ""


def frame_of(programme: Programme, seed: int = 5) -> pl.DataFrame:
    """Return invented respondents: every code of a question in turn, and some at random."""
    draw = random.Random(seed)
    n = N_RESPONDENTS
    columns: dict[str, list[Any]] = {name: [value] * n for name, value in programme.constants.items()}
    if programme.country not in columns:
        columns[programme.country] = [draw.choice(list(programme.countries)) for _ in range(n)]
    columns |= {name: [round(draw.uniform(0.3, 1.8), 4) for _ in range(n)] for name in programme.weights}
    columns |= {name: [draw.choice(values) for _ in range(n)] for name, values in programme.others.items()}
    for question in programme.questions:
        codes = [*question.valid * 3, *question.missing, *question.bare_missing, None]
        columns[question.name] = [draw.choice(codes) for _ in range(n)]
    return pl.DataFrame({name: _as_floats(cells) for name, cells in columns.items()}, strict=False)


def _as_floats(cells: Sequence[Any]) -> pl.Series:
    letters = any(isinstance(cell, str) for cell in cells)
    numbers = any(isinstance(cell, int | float) for cell in cells)
    if letters and numbers:  # Stata's .a to .z among numbers
        return pl.Series([float(c) if isinstance(c, int | float) else c for c in cells], dtype=pl.Object)
    return pl.Series([float(c) if isinstance(c, int | float) else c for c in cells])


def write_programme(programme: Programme, folder: Path) -> tuple[Path, pl.DataFrame]:
    """Write the file, SPSS or Stata by its name, and return it with its respondents."""
    frame, path = frame_of(programme), folder / programme.file
    labels: dict[str, Labels] = dict(programme.labels)
    labels |= {q.name: {**q.options, **q.missing} for q in programme.questions}
    named = {cell: label for cell, (label, _) in programme.countries.items() if label}
    if named:
        labels[programme.country] = named
    wordings = dict(programme.wordings) | {question.name: question.wording for question in programme.questions}
    texts = [wordings.get(name, "") for name in frame.columns]
    if path.suffix == ".sav":
        pyreadstat.write_sav(
            frame,
            str(path),
            file_label=programme.title,
            column_labels=texts,
            variable_value_labels=dict(labels),
            variable_measure=dict(programme.measures) or None,
        )
    else:
        letters = {q.name: [c for c in q.missing if isinstance(c, str)] for q in programme.questions}
        pyreadstat.write_dta(
            frame,
            str(path),
            file_label=programme.title,
            column_labels=texts,
            variable_value_labels=dict(labels),
            missing_user_values={name: found for name, found in letters.items() if found} or None,
        )
    return path, frame


def expected_shares(
    programme: Programme, frame: pl.DataFrame, weights: Sequence[str]
) -> dict[tuple[str, str, int], float]:
    """Return the weighted share of each option of each cell, counted by a plain loop over the respondents."""
    sums: dict[tuple[str, str, int], float] = defaultdict(float)
    totals: dict[tuple[str, str], float] = defaultdict(float)
    for row in frame.iter_rows(named=True):
        weight = 1.0
        for name in weights:
            weight *= row[name]
        iso3 = programme.countries[row[programme.country]][1]
        for question in programme.questions:
            if row[question.name] in question.valid:
                sums[question.name, iso3, int(row[question.name])] += weight
                totals[question.name, iso3] += weight
    return {
        (q.name, iso3, code): sums[q.name, iso3, code] / totals[q.name, iso3]
        for q in programme.questions
        for iso3 in {iso3 for _, iso3 in programme.countries.values()}
        if totals[q.name, iso3]
        for code in q.valid
    }


_ESS_MISSING = {7: "Refusal", 8: "Don't know", 9: "No answer"}
_EVS_MISSING = {-10: "multiple answers Mail", -9: "no follow-up", -8: "follow-up non response", -2: "no answer",
                -1: "don't know"}  # fmt: skip
_GSS_MISSING = {"d": "don't know", "i": "iap", "n": "no answer"}
_LATINO_MISSING = {-4: "No preguntada", -2: "No responde", -1: "No sabe"}

PROGRAMMES = {
    "ESS": Programme(
        "ESS9e03.sav",
        "cntry",
        {"DE": ("Germany", "DEU"), "FR": ("France", "FRA"), "GB": ("United Kingdom", "GBR")},
        ["dweight", "pspwght", "pweight"],
        [
            Question(
                "ppltru",
                "How far others can be relied upon",
                {0: "Not at all", 10: "Entirely"},
                {77: "Refusal", 88: "Don't know", 99: "No answer"},
                "ordinal",
                bare=range(1, 10),
            ),
            Question(
                "alwmny",
                "How many newcomers should be let in",
                {1: "Allow many to come and live here", 2: "Allow some", 3: "Allow a few", 4: "Allow none"},
                _ESS_MISSING,
                "ordinal",
            ),
            Question(
                "lkme",
                "Likes to be outdoors",
                {
                    1: "Very much like me",
                    2: "Like me",
                    3: "Somewhat like me",
                    4: "A little like me",
                    5: "Not like me",
                    6: "Not like me at all",
                },
                _ESS_MISSING,
                "ordinal",
            ),
            Question(
                "went", "Went to the last village fair", {1: "Yes", 2: "No", 3: "Not invited"}, _ESS_MISSING, "nominal"
            ),
        ],
        "ess-9",
        {"name": "ESS9e03", "essround": 9},
        {"idno": range(1, 5000), "gndr": [1, 2], "agea": range(15, 90)},
        {"gndr": "Gender", "agea": "Age of respondent, calculated"},
        {"gndr": {1: "Male", 2: "Female", 9: "No answer"}, "agea": {999: "Not available"}},
        title="Written by R.",
    ),
    "EVS": Programme(
        "ZA7500_v5-0-0.dta",
        "c_abrv",
        {"DE": ("", "DEU"), "IT": ("", "ITA"), "GE": ("", "GEO")},
        ["gweight"],
        [
            Question(
                "v1",
                "how important in your life: gardening (Q1A)",
                {1: "very important", 2: "quite important", 3: "not important", 4: "not at all important"},
                _EVS_MISSING,
                "ordinal",
            ),
            Question(
                "v9", "do you belong to: a choir (Q4A)", {1: "mentioned", 2: "not mentioned"}, _EVS_MISSING, "binary"
            ),
        ],
        "evs-2017",
        {"year": 2017},
        {"id_cocas": range(1, 5000), "country": [276, 380, 268]},
        {"gweight": "Weight: calibration weights", "country": "country code (ISO 3166-1 Numeric code)"},
        {"country": {276: "Germany", 380: "Italy", 268: "Georgia"}},
    ),
    "joint EVS/WVS": Programme(
        "ZA7505_v4-0-0.sav",
        "cntry_AN",
        {"JP": ("", "JPN"), "NL": ("", "NLD")},
        ["gwght"],
        [
            Question(
                "A901",
                "Important in life: music",
                {1: "Very important", 2: "Rather important", 3: "Not very important", 4: "Not at all important"},
                {-5: "Missing; Unknown", -2: "No answer", -1: "Don't know"},
                "ordinal",
            ),
            Question(
                "F901",
                "Justifiable: whistling at table",
                {1: "Never justifiable", 10: "Always justifiable"},
                {-10: "Other missing; Multiple answers Mail (EVS)", -2: "No answer", -1: "Don't know"},
                "ordinal",
                bare=range(2, 10),
            ),
        ],
        "evs-wvs-2017-2018",
        {"uniqid": 1},
        {"year": [2017, 2018], "cntry": [392, 528]},
        {"cntry": "Country (ISO 3166-1 Numeric code)"},
        {"cntry": {392: "Japan", 528: "Netherlands"}},
    ),
    "WVS trend": Programme(
        "WVS_TimeSeries_4_0.sav",
        "S003",
        {404: ("Kenya", "KEN"), 156: ("China", "CHN")},
        ["S017"],
        [
            Question(
                "A902",
                "Feeling of luck",
                {1: "Very lucky", 2: "Quite lucky", 3: "Not very lucky", 4: "Not at all lucky"},
                {-4: "Not asked", -2: "No answer", -1: "Don´t know"},
                "ordinal",
            ),
        ],
        "wvs-trend-2-7",
        {},
        {"S002VS": [2, 7], "S020": [1990, 2018]},
    ),
    "ISSP": Programme(
        "ZA7600_v3-0-0.sav",
        "c_alphan",
        {"AT": ("", "AUT"), "DE-E": ("", "DEU"), "GB-GBN": ("", "GBR"), "TW": ("", "TWN")},
        ["WEIGHT"],
        [
            Question(
                "v21",
                "Q12 Government should: plant trees",
                {
                    1: "Definitely should be",
                    2: "Probably should be",
                    3: "Probably should not be",
                    4: "Definitely should not be",
                },
                {-9: "No answer", -8: "Can't choose"},
                "ordinal",
            ),
            Question(
                "v22",
                "Q13 How often R sings",
                {1: "Daily", 2: "Several times a week", 3: "Once a week", 4: "Never"},
                {-9: "No answer", -4: "NAP (Not in labour force)"},
                "ordinal",
            ),
        ],
        "issp",
        {"studyno": 7600},
        {"country": [40, 276, 826, 158], "SEX": [1, 2], "AGE": range(18, 90)},
        {"WEIGHT": "Weighting factor", "SEX": "Sex of Respondent"},
        {
            "country": {40: "AT-Austria", 276: "DE-Germany", 826: "GB-Great Britain", 158: "TW-Taiwan"},
            "SEX": {1: "Male", 2: "Female"},
        },
    ),
    "Eurobarometer": Programme(
        "ZA7783_v1-0-0.sav",
        "isocntry",
        {"BE": ("", "BEL"), "DE-W": ("", "DEU"), "DE-E": ("", "DEU"), "GR": ("", "GRC")},
        ["w1"],
        [
            Question(
                "qa1_1",
                "LIFE IN THE VILLAGE - SATISFACTION",
                {1: "Very satisfied", 2: "Fairly satisfied", 3: "Not very satisfied", 4: "Not at all satisfied"},
                {5: "DK"},
                "ordinal",
            ),
            Question(
                "qa2",
                "MARKET SQUARE - TENDENCY",
                {1: "Better", 2: "Worse", 3: "Same"},
                {4: "Refusal (SPONTANEOUS)", 5: "DK"},
                "nominal",
            ),
        ],
        "eurobarometer",
        {"studyno1": 7783},
        {"d11": range(15, 90), "w3": [0.9, 1.1]},
        {"w1": "WEIGHT RESULT FROM TARGET (REDRESSMENT)", "d11": "AGE EXACT"},
        {"d11": {15: "15 years", 99: "Refusal"}},
    ),
    "Afrobarometer": Programme(
        "merged_r8_data.sav",
        "COUNTRY",
        {2: ("Benin", "BEN"), 9: ("Côte d'Ivoire", "CIV"), 14: ("Kenya", "KEN")},
        ["withinwt", "Combinwt_new_hh"],
        [
            Question(
                "Q4A",
                "Q4a. State of the roads",
                {1: "Very bad", 2: "Fairly bad", 3: "Neither good nor bad", 4: "Fairly good", 5: "Very good"},
                {-1: "Missing", 8: "Refused", 9: "Don't know"},
                "ordinal",
            ),
            Question(
                "Q41A",
                "Q41a. Trust market women",
                {0: "Not at all", 1: "Just a little", 2: "Somewhat", 3: "A lot"},
                {-1: "Missing", 8: "Refused to answer", 9: "Don't know/Haven't heard"},
                "ordinal",
            ),
        ],
        "afrobarometer-8",
        {"RESPNO": "BEN0001", "round": 8},
        {"URBRUR": [1, 2], "REGION": [100, 101]},
        {"URBRUR": "Urban or Rural Primary Sampling Unit", "REGION": "Province or region"},
        {"URBRUR": {1: "Urban", 2: "Rural"}, "REGION": {100: "Atlantique", 101: "Borgou"}},
    ),
    "Latinobarómetro": Programme(
        "Latinobarometro_2020_Esp_Spss_v1_0.sav",
        "idenpa",
        {32: (" Argentina", "ARG"), 76: ("[%76%] Brasil", "BRA"), 214: ("Rep. Dominicana", "DOM")},
        ["wt"],
        [
            Question(
                "P1ST",
                "P1ST Satisfacción con la plaza de su pueblo",
                {1: "Muy satisfecho", 2: "Más bien satisfecho", 3: "No muy satisfecho", 4: "Nada satisfecho"},
                _LATINO_MISSING,
                "ordinal",
            ),
            Question(
                "P2STG",
                "P2STG Confianza en los vecinos y en la gente del barrio",
                {1: "Mucha", 2: "Algo", 3: "Poca", 4: "Ninguna"},
                _LATINO_MISSING,
                "ordinal",
            ),
            Question(
                "P3N",
                "P3N Situación de los caminos en el país",
                {1: "Mejor", 2: "Igual", 3: "Peor", 4: "Depende del mes"},
                {-3: "No aplicable", **_LATINO_MISSING},
                "nominal",
            ),
        ],
        "latinobarometro-2020",
        {"numinves": 2020},
        {"sexo": [1, 2], "edad": range(18, 80)},
        {"sexo": "Sexo del entrevistado", "edad": "Edad del entrevistado"},
        {"sexo": {1: "Hombre", 2: "Mujer"}},
        "es",
    ),
    "LAPOP": Programme(
        "ARG_2021_LAPOP_AmericasBarometer.dta",
        "pais",
        {17: ("Argentina", "ARG"), 15: ("Brasil", "BRA")},
        ["wt"],
        [
            Question(
                "soct2",
                "How the market has changed",
                {1: "Better", 2: "Same", 3: "Worse"},
                {"a": "Don't Know", "b": "No Response"},
                "ordinal",
            ),
            Question(
                "ing4",
                "Songs are better than silence",
                {1: "Strongly Disagree", 7: "Strongly Agree"},
                {"a": "Don't Know", "b": "No Response", "c": "Not Applicable"},
                "ordinal",
                bare=range(2, 7),
            ),
        ],
        "lapop-2021",
        {"wave": 2021, "year": 2021},
        {"upm": range(1, 50), "estratopri": [1701, 1702]},
        {"wt": "Country weight"},
        {"estratopri": {1701: "Norte", 1702: "Sur"}},
    ),
    "Arab Barometer": Programme(
        "ArabBarometer_WaveVII_ENG.sav",
        "COUNTRY",
        {8: ("Jordan", "JOR"), 15: ("Palestine", "PSE")},
        ["WT"],
        [
            Question(
                "Q201A",
                "Q201A. To what extent do you rely on: the baker",
                {1: "A great deal of trust", 2: "Quite a lot of trust", 3: "Not a lot of trust", 4: "No trust at all"},
                {98: "Don't know (Interviewer: DO NOT READ)", 99: "Refused (Interviewer: DO NOT READ)"},
                "ordinal",
            ),
        ],
        "arab-barometer",
        {"ID": 1},
        {"Q1013": [1, 2]},
        {"Q1013": "Q1013. Internet at home"},
        {"Q1013": {1: "Yes", 2: "No"}},
    ),
    "Asian Barometer": Programme(
        "ABS5_merge.sav",
        "country",
        {1: ("Japan", "JPN"), 3: ("Korea", "KOR")},
        ["w"],
        [
            Question(
                "q901",
                "901. Overall condition of the harbour",
                {1: "Very good", 2: "Good", 3: "So so (not good nor bad)", 4: "Bad", 5: "Very bad"},
                {-1: "Missing", 7: "Do not understand the question", 8: "Can't choose", 9: "Decline to answer"},
                "ordinal",
            ),
        ],
        "asian-barometer",
        {"idnumber": 1},
        {"se2": [1, 2]},
        {"se2": "Se2 Gender"},
        {"se2": {1: "Male", 2: "Female"}},
    ),
    "CSES": Programme(
        "cses_imd.sav",
        "IMD1006_NAM",
        {"Australia": ("", "AUS"), "Great Britain": ("", "GBR"), "Republic of Korea": ("", "KOR")},
        ["IMD1010_1"],
        [
            Question(
                "IMD3010",
                "SATISFACTION WITH THE FERRY",
                {1: "VERY SATISFIED", 2: "FAIRLY SATISFIED", 4: "NOT VERY SATISFIED", 5: "NOT AT ALL SATISFIED"},
                {7: "REFUSED", 8: "DON'T KNOW", 9: "MISSING"},
                "ordinal",
            ),
        ],
        "cses-2013",
        {"IMD1008_YEAR": 2013},
    ),
    "GSS": Programme(
        "gss2018.dta",
        "year",
        {2018: ("", "USA")},
        ["wtssall"],
        [
            Question(
                "natsky",
                "spending on the night sky",
                {1: "too little", 2: "about right", 3: "too much"},
                _GSS_MISSING,
                "ordinal",
            ),
            Question(
                "kidsbest",
                "ideal number of kites",
                {7: "seven+", 8: "as many as want"},
                _GSS_MISSING,
                "nominal",
                bare=range(7),
            ),
        ],
        "gss-2018",
        {"year": 2018},
        {"id": range(1, 3000), "weight": [150, 172, 201, 134], "vpsu": [1, 2], "vstrat": range(3201, 3220)},
        {"weight": "r weighs how much"},
    ),
    "ANES": Programme(
        "anes_timeseries_2020.sav",
        "version",
        {"ANES2020": ("", "USA")},
        ["V200010b"],
        [
            Question(
                "V201901",
                "PRE: HOW MUCH TRUST IN BAKERS [REV]",
                {
                    1: "1. Always",
                    2: "2. Most of the time",
                    3: "3. About half the time",
                    4: "4. Some of the time",
                    5: "5. Never",
                },
                {-9: "-9. Refused", -8: "-8. Don't know", -5: "-5. Interview breakoff (sufficient partial IW)"},
                "ordinal",
            ),
        ],
        "anes-2020",
        {"version": "ANES2020"},
    ),
    "CES": Programme(
        "CCES22_Common_OUTPUT.dta",
        "tookpost",
        {1: ("", "USA")},
        ["commonpostweight"],
        [
            Question(
                "CC22_301",
                "Support or oppose: free ferries",
                {1: "Support", 2: "Oppose"},
                {8: "skipped", 9: "not asked"},
                "binary",
            ),
        ],
        "ces",
        {"tookpost": 1},
        {"caseid": range(1, 3000), "inputstate": range(1, 50)},
    ),
    "Pew ATP": Programme(
        "ATP W54.sav",
        "DEVICE_TYPE_W54",
        {1: ("", "USA")},
        ["WEIGHT_W54"],
        [
            Question(
                "FERRY_W54",
                "How much of a problem are slow ferries",
                {
                    1: "A very big problem",
                    2: "A moderately big problem",
                    3: "A small problem",
                    4: "Not a problem at all",
                },
                {99: "Refused"},
                "ordinal",
            ),
            Question(
                "SKY1_W54",
                "Would you say the sky is a major reason",
                {1: "Major reason", 2: "Minor reason", 3: "Not a reason"},
                {99: "Refused"},
                "ordinal",
            ),
        ],
        "pew-atp",
        {"QKEY": 100, "DEVICE_TYPE_W54": 1},
        {"F_SEX": [1, 2]},
        {"F_SEX": "Sex"},
        {"F_SEX": {1: "Male", 2: "Female", 99: "Refused"}},
    ),
    "Pew Global": Programme(
        "Pew Research Center Global Attitudes Spring 2018 Dataset.sav",
        "country",
        {1: ("United States", "USA"), 8: ("S. Korea", "KOR")},
        ["weight"],
        [
            Question(
                "ferry",
                "Q5. Are ferries a good or a bad thing?",
                {1: "Good thing", 2: "Bad thing", 3: "Neither (DO NOT READ)"},
                {8: "Don’t know (DO NOT READ)", 9: "Refused (DO NOT READ)"},
                "nominal",
            ),
        ],
        "pew-2018",
        {"ID": 1},
    ),
}
