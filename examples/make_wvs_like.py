"""Make a CSV with the layout of WVS wave 7 and invented answers.

Run it as `python examples/make_wvs_like.py OUTPUT.csv --layout v6 --respondents 5000 --seed 1`. Columns, their order
and case, codes, missing codes and weights are as in the real releases; every answer is random, so the file may be
passed on.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from surveycli.survey.items.codebook import load_codebook
from surveycli.survey.places.country import countries

RELEASES = {"v3": "3-0-0 (2022-03-01)", "v5": "5-0-0 (2022-12-23)", "v6": "6-0-0 (2024-04-30)"}
COUNTRIES = (  # noqa: SIM905 -- sixty-six quoted strings are harder to read
    "AND ARG ARM AUS BGD BOL BRA CAN CHL CHN COL CYP CZE DEU ECU EGY ETH GBR GRC GTM HKG IDN IND IRN IRQ JOR JPN "
    "KAZ KEN KGZ KOR LBN LBY MAC MAR MDV MEX MMR MNG MYS NGA NIC NIR NLD NZL PAK PER PHL PRI ROU RUS SGP SRB SVK "
    "THA TJK TUN TUR TWN UKR URY USA UZB VEN VNM ZWE"
).split()
# Never asked in a whole country: the cell must not exist.
NOT_ASKED = (("Q36", "EGY"), ("Q173", "IRQ"), ("Q182", "EGY"), ("Q196", "CHN"), ("Q253", "JOR"))
# Asked, but without a valid answer.
ONLY_MISSING = (("Q164", "KGZ"), ("Q240", "TJK"))
COUNTRY_SPECIFIC = ("Q223", "Q223_LOCAL", "Q266", "Q267", "Q268", "Q275A", "Q276A", "Q277A", "Q278A", "Q290")
MISSING_CODES = (-1, -2, -5)
_TEXT = {"C_COW_ALPHA": "XXX", "LNGE_ISO": "en", "X002_02B": "KE", "V001A_01": "KE", "V002A_01": "KE", "PARTYABB": "NA"}


@dataclass(frozen=True, slots=True)
class Invented:
    """Who the invented respondents are: one entry per respondent."""

    iso3: np.ndarray
    wvs_code: np.ndarray
    weight: np.ndarray
    rng: np.random.Generator


def make_wvs_like(layout: str, n_respondents: int, seed: int) -> pl.DataFrame:
    """Return a frame with the columns of `layout` (v3, v5 or v6), respondents spread over 66 countries."""
    people = _invent_people(n_respondents, np.random.default_rng(seed))
    columns = (Path(__file__).parent / "wvs7_columns" / f"{layout}.txt").read_text(encoding="utf-8").split()
    codes = {item.item_id: np.array(item.codes) for item in load_codebook("wvs7")}
    special = _special_columns(people, layout)
    return pl.DataFrame([pl.Series(name, _column(name.upper(), people, codes, special)) for name in columns])


def _invent_people(n_respondents: int, rng: np.random.Generator) -> Invented:
    iso3 = np.array(COUNTRIES)[np.sort(np.arange(n_respondents) % len(COUNTRIES))]
    weight = np.ones(n_respondents)
    for country in COUNTRIES[::3] + COUNTRIES[1::3]:  # the others have weight 1 throughout
        rows = iso3 == country
        drawn = rng.gamma(2.0, 0.5, rows.sum()) + 0.1
        weight[rows] = np.round(drawn / drawn.mean(), 6) if drawn.size else drawn
    known = countries()
    return Invented(iso3, np.array([known[country].wvs_code for country in iso3]), weight, rng)


def _column(
    name: str, people: Invented, codes: dict[str, np.ndarray], special: dict[str, np.ndarray | list[str]]
) -> np.ndarray | list[str]:
    if name in special:
        return special[name]
    if name in _TEXT:
        return [_TEXT[name]] * people.iso3.size
    if name in COUNTRY_SPECIFIC:
        return people.wvs_code * 1000 + people.rng.integers(1, 9, people.iso3.size)
    if name.startswith("Q") and name[1].isdigit():
        return _answers(name, people, codes.get(name, np.arange(1, 5)))
    if name.startswith(("V2", "GPS_", "TD_", "Y00", "WVS_", "I_", "K_TIME")):
        return np.round(people.rng.normal(0, 2, people.iso3.size), 3)
    return people.rng.choice([-9999, -999, -4, 1, 2, 3], people.iso3.size)


def _special_columns(people: Invented, layout: str) -> dict[str, np.ndarray | list[str]]:
    """Return the columns whose content has a meaning of its own."""
    n, rng = people.iso3.size, people.rng
    return {
        "VERSION": [RELEASES[layout]] * n,
        "DOI": ["doi.org/10.14281/18241.20"] * n,
        "A_WAVE": np.full(n, 7),
        "A_YEAR": 2017 + people.wvs_code % 6,
        "A_STUDY": np.full(n, 2),
        "B_COUNTRY": people.wvs_code,
        "B_COUNTRY_ALPHA": list(people.iso3),
        "D_INTERVIEW": np.where(people.iso3 == "URY", 858069901, people.wvs_code * 1_000_000 + np.arange(n)),
        "S007": 7_000_000 + np.arange(n),
        "W_WEIGHT": people.weight,
        "S018": people.weight * 1000 / max(1, n // len(COUNTRIES)),
        "PWGHT": people.weight * 1.5,
        "O1_LONGITUDE": np.round(rng.uniform(-180, 180, n), 4),
        "O2_LATITUDE": np.round(rng.uniform(-90, 90, n), 4),
        "Q260": rng.choice([1, 2, -2], n, p=[0.48, 0.51, 0.01]),
        "Q262": np.where(rng.random(n) < 0.01, -2, rng.integers(16, 95, n)),
        "H_URBRURAL": rng.choice([1, 2, -5], n, p=[0.6, 0.39, 0.01]),
        "Q275R": rng.choice([1, 2, 3, -2], n, p=[0.3, 0.4, 0.29, 0.01]),
        "Q288R": rng.choice([1, 2, 3, -1], n, p=[0.3, 0.4, 0.25, 0.05]),
        "PARTYNAME": ["Missing, Not available"] * n,
        "CPARTY": ["Partido Ñandú"] * n,
        "CPARTYABB": ["PÑ"] * n,
    }


def _answers(name: str, people: Invented, codes: np.ndarray) -> np.ndarray:
    """Return answers whose distribution differs by country, some of them missing."""
    n, rng = people.iso3.size, people.rng
    answers = np.empty(n, dtype=np.int64)
    for country in COUNTRIES:
        rows = people.iso3 == country
        answers[rows] = rng.choice(codes, rows.sum(), p=rng.dirichlet(np.full(codes.size, 0.8)))
        if (name, country) in ONLY_MISSING:
            answers[rows] = rng.choice(MISSING_CODES, rows.sum())
        if (name, country) in NOT_ASKED:
            answers[rows] = -4
    gaps = (rng.random(n) < 0.05) & (answers != -4)
    answers[gaps] = rng.choice(MISSING_CODES, gaps.sum())
    return answers


def main() -> None:
    """Write the file that the command line asks for."""
    parser = argparse.ArgumentParser(description="Make a CSV like WVS wave 7 with invented answers.")
    parser.add_argument("output", type=Path)
    parser.add_argument("--layout", choices=sorted(RELEASES), default="v6")
    parser.add_argument("--respondents", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    frame = make_wvs_like(wanted.layout, wanted.respondents, wanted.seed)
    frame.write_csv(wanted.output)
    megabytes = wanted.output.stat().st_size / 1e6
    print(f"{wanted.output}: {frame.height} respondents, {frame.width} columns, {megabytes:.1f} MB")


if __name__ == "__main__":
    main()
