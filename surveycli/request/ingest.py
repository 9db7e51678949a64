"""What an ingest is asked for: how a survey file is to be read, and into what populations."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path

from surveycli.domain import MISSING_CODES, AiPolicy
from surveycli.errors import usage
from surveycli.setting import setting

_BANDS = "For instance --bands age=18-29,30-44,45+ or --bands Q240=1-4,5-6,7-10."
_BAND = re.compile(r"(\d+(?:\.\d+)?)(?:-(\d+(?:\.\d+)?)|\+)")
_POPULATIONS, _COLUMNS, _ANSWERS, _TERMS = "Populations", "Which column is what", "Items and answers", "Terms of use"


@dataclass(frozen=True, slots=True)
class Band:
    """Numbers from `low` to `high`, both included; `high` None is open."""

    low: float
    high: float | None

    @property
    def label(self) -> str:
        """`18-29` or `60+`."""
        return f"{self.low:g}+" if self.high is None else f"{self.low:g}-{self.high:g}"

    def holds(self, number: float) -> bool:
        """Tell whether a number lies in the band."""
        return self.low <= number and (self.high is None or number <= self.high)


def parse_groupings(texts: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Return the groupings of texts such as `country` and `country,sex,Q57`, in lower case.

    Raises SurveyError (exit 2) where one does not begin with country, or names a column twice.

    >>> parse_groupings(["country", "country,sex"])
    (('country',), ('country', 'sex'))
    """
    groupings = tuple(tuple(name.strip().lower() for name in text.split(",")) for text in texts)
    for grouping in groupings:
        if grouping[0] != "country" or len(set(grouping)) < len(grouping) or not all(grouping):
            raise usage(
                f"--by expected columns that begin with country, each once, found {','.join(grouping)!r}.",
                "For instance --by country,sex,age.",
            )
    return tuple(dict.fromkeys(groupings))


def parse_bands(texts: Sequence[str]) -> tuple[tuple[str, tuple[Band, ...]], ...]:
    """Return the bands of texts such as `age=18-29,30+`, by name in lower case.

    Raises SurveyError (exit 2) where one is no such text, and where two are for the same name.

    >>> [(name, [band.label for band in bands]) for name, bands in parse_bands(["Q240=1-5,6-10"])]
    [('q240', ['1-5', '6-10'])]
    """
    split = [tuple(part.strip() for part in text.rpartition("=")[::2]) for text in texts]
    found = [(name.lower(), _bands(bands, name)) for name, bands in split]
    names = [name for name, _ in found]
    if not all(names) or len(set(names)) < len(names):
        raise usage(f"--bands expected a column, = and its bands, each column once, found {texts[-1]!r}.", _BANDS)
    return tuple(found)


def _bands(text: str, name: str) -> tuple[Band, ...]:
    bands = tuple(_band(part.strip(), name) for part in text.split(","))
    for band, following in pairwise(bands):
        if band.high is None or following.low <= band.high:
            raise usage(f"--bands {name}: expected bands in order without overlap, found {text!r}.", _BANDS)
    return bands


def _band(part: str, name: str) -> Band:
    found = _BAND.fullmatch(part)
    low, high = (float(found[1]), float(found[2]) if found[2] else None) if found else (0.0, -1.0)
    if high is not None and high < low:
        raise usage(f"--bands {name}: expected bands such as 18-29 or 60+, found {part!r}.", _BANDS)
    return Band(low, high)


def parse_missing(texts: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Return labels or codes, each with the status that it has: of `Skipped=refused`, or `Undecided=answer`.

    Raises SurveyError (exit 2) for a text without a label or with a status that is not there.

    >>> parse_missing(["No opinion=dont_know"])
    (('No opinion', 'dont_know'),)
    """
    split = [tuple(part.strip() for part in text.rpartition("=")[::2]) for text in texts]
    known = (*MISSING_CODES, "answer")
    for (label, status), text in zip(split, texts, strict=True):
        if not label or status not in known:
            raise usage(
                f"--missing expected LABEL=STATUS, found {text!r}.",
                f"STATUS is one of {', '.join(MISSING_CODES)}, or answer for what is an answer after all.",
            )
    return tuple((label, status) for label, status in split)


@dataclass(frozen=True, slots=True)
class IngestOptions:
    """How a file is to be read.

    `by` lists groupings, each a list of names in lower case that begins with `country`; every grouping makes
    populations. `bands` gives the bands that a grouping's numbers fall into, by its name. A cell with fewer than
    `min_cell` valid answers is left out and counted.

    `join_on` names the columns that say who a respondent is, where several files are more columns of the same people.
    `layout` forces a reader, else the content decides; `profile` is a file that says how a programme's files are
    written. `country` is everybody's, `country_column`, `weight_column`, `items` and `no_items` (names, `*` for
    anything) name columns that the file leaves open, `ordinal` those whose options lie on one line, and `missing` the
    status of labels. `codebook` is a file with wordings and response options, and `country_map` gives the ISO-3 codes
    of labels that are not known ('' leaves a label out). With `dry_run` the store stays as it is.

    `licence`, `citation`, `ai_policy` and `accessed` (a date) are the terms of use, in the place of the profile's.

    `strata` and `psu` name the columns of strata and sampling units (`none`: not even those of known names),
    `replicates` is a pattern of replicate weights, whose variance `replicate_method` (brr, fay:0.5, jk1, jk2) makes.
    """

    survey_id: str | None = setting(None, "Name of the survey in the store.", flag="--survey", shown="the file's own")
    replace: bool = setting(False, "Replace the survey of that name.")
    dry_run: bool = setting(False, "Show what the file would be read as, and store nothing.")
    join_on: tuple[str, ...] = setting(
        (),
        "Several files are more columns of the same respondents, told by this column (`cntry,idno` for two).",
        shown="none: several files are more respondents",
        commas=True,
    )
    layout: str | None = setting(None, "Force a reader.", shown="inferred from the content")
    profile: Path | None = setting(
        None, "YAML file that says how a programme writes its files.", shown="inferred from the columns"
    )
    by: tuple[tuple[str, ...], ...] = setting(
        (("country",),),
        "Columns whose values make the populations: country, then sex, age and the like, or any column of the file:"
        " `country,Q57`; repeat for several.",
        shown="country",
        group=_POPULATIONS,
        parse=parse_groupings,
    )
    bands: tuple[tuple[str, tuple[Band, ...]], ...] = setting(
        (),
        "Bands of a column of numbers in --by: `Q240=1-4,5-6,7-10`; repeat for several.",
        shown="age=18-29,30-44,45-59,60+",
        group=_POPULATIONS,
        parse=parse_bands,
    )
    min_cell: int = setting(1, "Leave out cells with fewer valid answers.", least=1, group=_POPULATIONS)
    country: str | None = setting(
        None, "The one country of all respondents: a name, or a code such as USA.", group=_COLUMNS
    )
    country_column: str | None = setting(
        None, "Column with each respondent's country.", shown="inferred from names and content", group=_COLUMNS
    )
    country_map: tuple[tuple[str, str], ...] = ()
    weight_column: str | None = setting(
        None,
        "Column with each respondent's weight; `none` for no weights.",
        shown="inferred from names and content",
        group=_COLUMNS,
    )
    strata: str | None = setting(
        None,
        "Column with each respondent's stratum, for effective numbers; `none`: no strata.",
        shown="stratum",
        group=_COLUMNS,
    )
    psu: str | None = setting(
        None,
        "Column with each respondent's sampling unit, which is not stored; `none`: no units.",
        shown="psu, I_PSU",
        group=_COLUMNS,
    )
    replicates: str | None = setting(
        None, "Columns with replicate weights: `repwt*`. They take precedence over strata and units.", group=_COLUMNS
    )
    replicate_method: str = setting(
        "brr", "How the replicates were made: brr, fay:0.5 (or another number), jk1 or jk2.", group=_COLUMNS
    )
    keep_private: bool = setting(
        False, "WVS: store coordinates, sampling point and interviewer number too.", group=_COLUMNS
    )
    items: tuple[str, ...] = setting(
        (),
        "Columns that are items: names with commas, `Q2*` for many.",
        shown="inferred from labels",
        group=_ANSWERS,
        commas=True,
    )
    no_items: tuple[str, ...] = setting((), "Columns that are not items, named likewise.", group=_ANSWERS, commas=True)
    ordinal: tuple[str, ...] = setting(
        (), "Items whose options lie on one line, in code order: `imp*`.", group=_ANSWERS, commas=True
    )
    language: str | None = setting(
        None, "Language of the file's own labels: en, es, pt-BR.", shown="inferred from the labels", group=_ANSWERS
    )
    missing: tuple[tuple[str, str], ...] = setting(
        (),
        "What a label (or a code) means: `'No opinion=dont_know'`, or `'None=answer'`; repeat for several.",
        group=_ANSWERS,
        parse=parse_missing,
    )
    keep_volunteered: bool = setting(
        False,
        "Make options of answers that were not read out, however rare.",
        group=_ANSWERS,
    )
    keep_dont_know: bool = setting(False, "Make `don't know` an option.", group=_ANSWERS)
    codebook: Path | None = setting(
        None,
        "Wordings and response options: YAML, CSV or XLSX; `surveycli codebook` writes one from a file's labels.",
        group=_ANSWERS,
    )
    licence: str | None = setting(None, "Under what licence the data are.", shown="its profile's", group=_TERMS)
    citation: str | None = setting(None, "How its publisher wants it cited.", shown="its profile's", group=_TERMS)
    ai_policy: AiPolicy | None = setting(
        None,
        "Whether its data may be sent to models on servers elsewhere; `local-only` is refused there.",
        shown="its profile's, else unknown",
        group=_TERMS,
    )
    accessed: date | None = setting(
        None, "When the data were got from their publisher: 2026-05-17.", shown="not known", group=_TERMS
    )
