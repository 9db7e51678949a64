"""What a person decides on translations that were held back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from small_survey import small_store, texts_of
from translation_server import pseudo_translate, serve

from surveycli.errors import ExitCode, SurveyError
from surveycli.server.model_server import ServerSettings
from surveycli.store import Store, open_store
from surveycli.translation import (
    ReviewQuery,
    TranslateOptions,
    accept_reviews,
    edit_review,
    list_reviews,
    reject_reviews,
    translate_items,
)
from surveycli.translation.openai_engine import OpenAiEngine

ZH = ReviewQuery("zh")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store in which Q1 got the source's words back and Q2 nothing at all; Q3 and Q4 are translated."""
    path = small_store(tmp_path / "small.duckdb")
    with serve(["source_text", "bad_request"]) as server, OpenAiEngine(ServerSettings("m", server.url)) as engine:
        translate_items(path, engine, TranslateOptions("zh"))
    return path


def statuses(store: Store) -> dict[str, str]:
    return {review.proposal.item_id: review.status for review in list_reviews(store, ZH, None)}


def test_open_reviews_are_listed_in_order(path: Path) -> None:
    """Each says what was proposed, if anything, and what speaks against it."""
    with open_store(path) as store:
        first, second = list_reviews(store, ZH)
        assert list_reviews(store, ReviewQuery("zh", items="Q2-Q4")) == (second,)
        assert list_reviews(store, ReviewQuery("de")) == ()
    assert first.proposal.wording == "How good is tea in your opinion?" and second.proposal.wording is None
    assert {finding.check for finding in first.proposal.findings} == {"script", "leftover"}
    assert "content filter" in second.proposal.findings[0].message


def test_an_accepted_translation_is_used(path: Path) -> None:
    """It is still a machine's, says that a person accepted it, and is open no longer."""
    with open_store(path, write=True) as store:
        assert accept_reviews(store, ReviewQuery("zh", items="Q1")) == ("Q1",)
        assert statuses(store) == {"Q1": "accepted", "Q2": "open"}
        row = store.rows("translation/item_texts", survey_id="small", source="en", target="zh")[0]
    assert texts_of(path, "zh")["Q1"][0] == "How good is tea in your opinion?"
    assert row["wording_origin"] == "machine" and json.loads(row["wording_detail"])["review"] == "accepted"


def test_nothing_cannot_be_accepted(path: Path) -> None:
    """A review without a complete proposal stops the whole acceptance, and nothing is changed."""
    with open_store(path, write=True) as store:
        with pytest.raises(SurveyError) as stop:
            accept_reviews(store, ZH)
        assert stop.value.code is ExitCode.BAD_INPUT and "Q2" in stop.value.message
        assert statuses(store) == {"Q1": "open", "Q2": "open"}
    assert set(texts_of(path, "zh")) == {"Q3", "Q4"}


def test_a_rejected_translation_is_missing_again(path: Path) -> None:
    """It is not used, and the next run translates the item anew."""
    with open_store(path, write=True) as store:
        assert reject_reviews(store, ReviewQuery("zh", items="Q1")) == ("Q1",)
        assert statuses(store) == {"Q1": "rejected", "Q2": "open"}
    with serve() as server, OpenAiEngine(ServerSettings("m", server.url)) as engine:
        assert translate_items(path, engine, TranslateOptions("zh")).translated == ("Q1", "Q2")
    assert texts_of(path, "zh")["Q1"][0] == pseudo_translate("How good is tea in your opinion?")


def test_an_edited_translation_is_a_persons(path: Path) -> None:
    """Given texts take the place of the proposed ones, and no machine replaces them any more."""
    labels = {1: "很好", 2: "好", 3: "不好"}
    with open_store(path, write=True) as store:
        assert edit_review(store, ReviewQuery("zh", items="Q1"), "您觉得茶好不好？", labels) == ()
        assert statuses(store)["Q1"] == "edited"
    with serve() as server, OpenAiEngine(ServerSettings("other", server.url)) as engine:
        translate_items(path, engine, TranslateOptions("zh", redo=True))
    assert texts_of(path, "zh")["Q1"] == ("您觉得茶好不好？", labels, "imported")


def test_an_edit_keeps_what_was_proposed_and_says_what_remains(path: Path) -> None:
    """Only the label that was given changes; what the checks still find is returned for information."""
    with open_store(path, write=True) as store:
        findings = edit_review(store, ReviewQuery("zh", items="Q1"), None, {1: "很好"})
    assert findings
    assert texts_of(path, "zh")["Q1"][1] == {1: "很好", 2: "Good", 3: "Bad"}


def test_an_edit_must_be_complete(path: Path) -> None:
    """Where nothing was proposed every text has to be given, and only codes that the item has."""
    with open_store(path, write=True) as store:
        for labels in (
            {1: "很好", 2: "好"},
            {1: "很好", 2: "好", 3: "不好", 4: "不知道"},
            {1: "很好", 2: "好", 3: " "},
        ):
            with pytest.raises(SurveyError) as stop:
                edit_review(store, ReviewQuery("zh", items="Q2"), "您觉得咖啡好不好？", labels)
            assert stop.value.code is ExitCode.BAD_INPUT
        assert statuses(store)["Q2"] == "open"
        assert (
            edit_review(store, ReviewQuery("zh", items="Q2"), "您觉得咖啡好不好？", {1: "很好", 2: "好", 3: "不好"})
            == ()
        )


def test_there_must_be_something_to_decide(path: Path) -> None:
    """Deciding on items without an open review is exit 4."""
    with open_store(path, write=True) as store:
        for decide in (accept_reviews, reject_reviews):
            with pytest.raises(SurveyError) as stop:
                decide(store, ReviewQuery("zh", items="Q3"))
            assert stop.value.code is ExitCode.NOT_FOUND
