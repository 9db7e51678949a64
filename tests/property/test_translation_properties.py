"""What holds for any translation, and for any way in which a server misbehaves."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_survey import ITEMS, small_store, texts_of
from translation_server import PASSING, WRONG_FORM, WRONG_TEXT, pseudo_translate, serve

from surveycli.domain import Option
from surveycli.server.model_server import ServerSettings
from surveycli.store import open_store
from surveycli.translation import ReviewQuery, TranslateOptions, list_reviews, translate_items
from surveycli.translation.checks import LocalisedItem, check_translation, chrf, numbers_in
from surveycli.translation.language import find_language
from surveycli.translation.openai_engine import OpenAiEngine
from surveycli.translation.texts import select_ids
from surveycli.translation.translation_file import name_ids

IDS = [f"Q{n}" for n in range(1, 30)]
# A hanging server takes real time; test_translate has it.
BEHAVIOURS = st.lists(
    st.sampled_from(["good", *(b for b in PASSING if b != "hang"), *WRONG_FORM, *WRONG_TEXT, "bad_request"]),
    max_size=14,
)


@settings(max_examples=12, deadline=None)
@given(behaviours=BEHAVIOURS)
def test_nothing_is_lost_and_nothing_wrong_is_stored(behaviours: list[str]) -> None:
    """Whatever the server does, each item is either translated as the server translates it or listed with a reason."""
    with tempfile.TemporaryDirectory() as folder, serve(behaviours) as server:
        path = small_store(Path(folder) / "small.duckdb")
        server_settings = ServerSettings("m", server.url, max_tries=2)
        with OpenAiEngine(server_settings, sleep=lambda s: None) as engine:
            report = translate_items(path, engine, TranslateOptions("zh"))
        texts = texts_of(path, "zh")
        with open_store(path) as store:
            reviews = {review.proposal.item_id: review for review in list_reviews(store, ReviewQuery("zh"))}
    assert set(texts) | set(reviews) == set(ITEMS) and not set(texts) & set(reviews)
    assert set(report.translated) == set(texts)
    for item_id, (wording, labels, _) in texts.items():
        _, source, options = ITEMS[item_id]
        assert wording == pseudo_translate(source)
        assert labels == {code: pseudo_translate(label) for code, label in options.items()}
    assert all(review.proposal.findings and review.proposal.findings[0].message for review in reviews.values())


@given(chosen=st.sets(st.sampled_from(IDS)))
def test_naming_ids_is_undone_by_selecting_them(chosen: set[str]) -> None:
    """A list of ranges names exactly the items that it was made from."""
    ids = [item_id for item_id in IDS if item_id in chosen]
    assert select_ids(name_ids(ids, IDS), IDS) == tuple(ids)


@given(numbers=st.lists(st.integers(0, 10**6), max_size=5))
def test_numbers_survive_separators_and_scripts(numbers: list[int]) -> None:
    """Numbers are the same with thousands separated, and in Arabic digits."""
    plain = " x ".join(map(str, numbers))
    separated = " x ".join(f"{number:,}" for number in numbers)
    arabic = plain.translate({ord("0") + digit: ord("٠") + digit for digit in range(10)})
    assert numbers_in(plain) == numbers_in(separated) == numbers_in(arabic)
    assert sorted(map(int, numbers_in(plain).elements())) == sorted(numbers)


@given(a=st.text(max_size=30), b=st.text(max_size=30))
def test_chrf_is_a_share(a: str, b: str) -> None:
    """It lies between 0 and 100, and is 100 for a text and itself, however it is spaced."""
    assert 0 <= chrf(a, b) <= 100.0001
    if a.split():
        assert chrf(" ".join(a), a) == pytest.approx(100)


TEXT = st.text(alphabet="abcdefgh 12{}", min_size=1, max_size=40)


@given(wording=TEXT, labels=st.lists(TEXT, min_size=1, max_size=6), dropped=st.integers(0, 5))
def test_a_dropped_option_is_always_found(wording: str, labels: list[str], dropped: int) -> None:
    """Whatever the texts are, a translation that lacks an option does not pass."""
    options = tuple(Option(code, label) for code, label in enumerate(labels))
    place = dropped % len(options)
    source = LocalisedItem(find_language("en"), wording, options)
    target = LocalisedItem(find_language("zh"), "问", options[:place] + options[place + 1 :])
    assert "options" in {finding.check for finding in check_translation(source, target)}
