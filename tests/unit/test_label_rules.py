"""Response labels of other people's files."""

from __future__ import annotations

import re

import pytest

from surveycli.domain import MISSING_CODES
from surveycli.store.sql_files import read_sql
from surveycli.survey.files.cell import clean, fold
from surveycli.survey.items.label_rules import status_of_label
from surveycli.survey.items.ladder import ladder_order, scale_of_labels

STATUSES = {
    "Don't know": "dont_know",
    "Don’t know": "dont_know",
    "Don\xa0t know": None,
    "Don\x1at know (DO NOT READ)": "dont_know",
    "Don\ufffdt know": "dont_know",
    "Don?t know": "dont_know",
    "Donâ€™t know": "dont_know",
    "(VOL)\xa0Don't know": "dont_know",
    "Sijui (Don’t know)": "dont_know",
    "No responde (Refused) (DO NOT READ)": "refused",
    "Other (specify)": None,
    "Some (a few refused)": None,
    "don't know / refused": "dont_know",
    "DK/Refused": "dont_know",
    "DK": "dont_know",
    "Don't know (DO NOT READ)": "dont_know",
    "(DO NOT READ) Don't know": "dont_know",
    "DO NOT READ: Refused": "refused",
    "Refused (VOL.)": "refused",
    "No answer": "no_answer",
    "Not applicable": "not_applicable",
    "Not asked in survey": "not_asked",
    "Missing; Unknown": "missing_other",
    "Both equally (VOL)": "missing_other",
    "Neither (VOLUNTEERED)": "missing_other",
    "None at all": None,
    "Not at all important": None,
    "No": None,
    "Nothing": None,
    "Native born": None,
    "Reform party": None,
    "Don't know him": None,
    "Refuse to pay taxes": None,
    "Volunteer work": None,
    "Voluntary associations": None,
    "Dkny": None,
    "Neither agree nor disagree": None,
    "Never heard of": None,
}


@pytest.mark.parametrize("label", STATUSES)
def test_missing_answers_are_known_by_their_label(label: str) -> None:
    """A label that is no answer has its status, and no response option is taken for one."""
    assert status_of_label(label) == STATUSES[label]


def test_every_status_has_a_code_below_zero() -> None:
    """The store's statuses and the codes that answers get are the same list, each code once."""
    listed = re.search(r"status IN \(('dont_know'[^)]*)\)", read_sql("schema/001_core"))
    assert listed
    assert set(MISSING_CODES) == set(re.findall(r"\w+", listed[1]))
    assert len(set(MISSING_CODES.values())) == len(MISSING_CODES)
    assert max(MISSING_CODES.values()) < 0


SCALES = {
    ("Yes", "No"): "binary",
    ("Very good", "Somewhat good", "Somewhat bad", "Very bad"): "ordinal",
    ("Very bad", "Somewhat bad", "Somewhat good", "Very good"): "ordinal",
    ("Strongly agree", "Agree", "Neither agree nor disagree", "Disagree", "Strongly disagree"): "ordinal",
    ("1", "2", "3", "4"): "ordinal",
    ("4", "3", "2", "1"): "ordinal",
    ("Worst", "1", "2", "3", "4", "5", "6", "7", "8", "9", "Best"): "ordinal",
    ("Never justifiable", "2", "3", "Always justifiable"): "ordinal",
    ("0 - Worst", "1", "2", "3 Best"): "ordinal",
    ("1", "2", "3.5"): "nominal",
    ("18-29", "30-44", "45-59"): "nominal",
    ("1", "3", "2"): "nominal",
    ("1", "Tea", "3", "Milk", "5", "6"): "nominal",
    ("France", "China", "India"): "nominal",
    ("Too much", "Too little", "About right"): "nominal",
    ("Good", "Bad", "Depends"): "nominal",
    ("Very old", "Somewhat young", "Not very tall"): "nominal",
    ("Agree", "Agree", "Disagree"): "nominal",
}


@pytest.mark.parametrize("labels", SCALES)
def test_a_scale_is_ordinal_only_where_its_labels_are_in_order(labels: tuple[str, ...]) -> None:
    """Two options are binary, numbers and known ladders in order ordinal, everything else nominal."""
    assert scale_of_labels(labels).value == SCALES[labels]


def test_labels_in_any_order_find_their_ladder() -> None:
    """Labels of a known ladder come back in its order; with one stranger among them there is no order."""
    assert ladder_order(["never", "often", "always", "seldom"]) == ["always", "often", "seldom", "never"]
    assert ladder_order(["never", "often", "blue"]) is None


def test_spaces_and_apostrophes_do_not_tell_labels_apart() -> None:
    """NBSP, doubled spaces and both apostrophes are one label when compared; cleaning alone keeps the apostrophe."""
    assert fold("Don’t\xa0 know ") == fold("don't know")
    assert clean(" Don’t\xa0 know ") == "Don’t know"


@pytest.mark.parametrize(
    ("label", "status"),
    [
        ("5 Refused", "refused"),
        ("-9. Refused", "refused"),
        ("8 Don't know", "dont_know"),
        ("iap", "not_applicable"),
        ("INAP: 2 in Q4", "not_applicable"),
        ("Other missing; Multiple answers Mail (EVS)", "missing_other"),
        ("3 hours", None),
        ("10 Very good", None),
        ("9", None),
    ],
)
def test_missing_answers_are_told_behind_their_own_code(label: str, status: str | None) -> None:
    """A label may begin with its code, and surveys write inapplicable in their own ways."""
    assert status_of_label(label) == status


MISSING_WORDS = {
    "ar": ("لا أعرف", "dont_know"),
    "de": ("Weiß nicht", "dont_know"),
    "es": ("No contesta", "no_answer"),
    "fr": ("Ne sait pas (NSP)", "dont_know"),
    "hi": ("पता नहीं", "dont_know"),
    "id": ("Tidak menjawab", "no_answer"),
    "ja": ("わからない", "dont_know"),
    "ko": ("모름/무응답", "dont_know"),
    "pt": ("Nao sabe", "dont_know"),
    "ru": ("Затрудняюсь ответить", "dont_know"),
    "tr": ("Cevap yok", "no_answer"),
    "vi": ("Từ chối trả lời", "refused"),
    "zh": ("拒绝回答", "refused"),
    "en": ("Can't choose", "dont_know"),
}


@pytest.mark.parametrize("language", MISSING_WORDS)
def test_missing_answers_are_known_in_the_languages_of_the_prompts(language: str) -> None:
    """Each of the 14 languages has its words for no answer, with and without accents."""
    label, status = MISSING_WORDS[language]
    assert status_of_label(label) == status


@pytest.mark.parametrize(
    "label", ["Trifft nicht zu", "Ninguna", "Rechaza", "Non", "Nein", "Nada", "没有", "Không", "Нет"]
)
def test_answers_in_other_languages_are_no_missing_ones(label: str) -> None:
    """Words that say no, or none, are answers."""
    assert status_of_label(label) is None


LADDERS = (
    ("Very much like me", "Like me", "Somewhat like me", "A little like me", "Not like me", "Not like me at all"),
    ("Allow many to come", "Allow some", "Allow a few", "Allow none"),
    ("A great deal", "Quite a lot", "Not very much", "None at all"),
    ("Definitely should be", "Probably should be", "Probably should not be", "Definitely should not be"),
    ("Always", "Most of the time", "About half the time", "Some of the time", "Never"),
    ("Excellent", "Good", "Fair", "Poor"),
    ("Extremely liberal", "Liberal", "Slightly liberal", "Moderate", "Slightly conservative", "Conservative"),
    ("Muy satisfecho", "Más bien satisfecho", "No muy satisfecho", "Nada satisfecho"),
    ("Stimme voll und ganz zu", "Stimme eher zu", "Stimme eher nicht zu", "Stimme überhaupt nicht zu"),
    ("Tout à fait d'accord", "Plutôt d'accord", "Plutôt pas d'accord", "Pas du tout d'accord"),
    ("Concordo totalmente", "Concordo", "Discordo", "Discordo totalmente"),
    ("Полностью согласен", "Скорее согласен", "Скорее не согласен", "Совершенно не согласен"),
    ("Kesinlikle katılıyorum", "Katılıyorum", "Ne katılıyorum ne katılmıyorum", "Katılmıyorum"),
    ("Sangat setuju", "Setuju", "Tidak setuju", "Sangat tidak setuju"),
    ("Rất đồng ý", "Đồng ý", "Không đồng ý", "Rất không đồng ý"),
    ("बहुत अच्छा", "अच्छा", "बुरा", "बहुत बुरा"),
    ("매우 동의한다", "동의한다", "동의하지 않는다", "전혀 동의하지 않는다"),
    ("非常同意", "同意", "不同意", "非常不同意"),
    ("そう思う", "どちらともいえない", "そう思わない"),
    ("أوافق بشدة", "أوافق", "لا أوافق", "لا أوافق بشدة"),
)
NO_LADDERS = (
    ("Catholic", "Protestant", "None"),
    ("Employed", "Unemployed", "Retired"),
    ("Married", "Divorced", "Never married"),
    ("Left", "Right", "Centre"),
    ("A lot", "None", "Some"),
    ("Agree", "Strongly agree", "Disagree"),
    ("Democrat", "Republican", "Independent"),
    ("Tea", "Coffee", "Both"),
    ("Never", "Often", "Blue"),
)


@pytest.mark.parametrize("labels", LADDERS, ids=lambda labels: labels[0])
def test_degrees_and_sides_make_a_ladder_in_both_directions(labels: tuple[str, ...]) -> None:
    """Labels that are a degree of one side or its opposite are ordinal, in whatever language and direction."""
    assert scale_of_labels(labels).value == scale_of_labels(labels[::-1]).value == "ordinal"


@pytest.mark.parametrize("labels", NO_LADDERS, ids=lambda labels: labels[0])
def test_what_lies_on_no_line_is_nominal(labels: tuple[str, ...]) -> None:
    """Different things, and degrees out of order, are no ladder."""
    assert scale_of_labels(labels).value == "nominal"
