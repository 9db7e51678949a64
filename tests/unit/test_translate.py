"""Translating a survey with a server that behaves and misbehaves."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import repeat
from pathlib import Path

import pytest
from small_survey import ITEMS, add_texts, small_store, texts_of
from translation_server import HOSTILE, PASSING, WRONG_FORM, WRONG_TEXT, TranslationServer, pseudo_translate, serve

from surveycli.errors import ExitCode, SurveyError
from surveycli.server.model_server import ServerSettings
from surveycli.store import open_store
from surveycli.translation import (
    BackTranslation,
    ReviewQuery,
    TranslateOptions,
    TranslateReport,
    list_reviews,
    read_glossary,
    translate_items,
)
from surveycli.translation.engine import EngineIdentity, TranslationReply, TranslationRequest
from surveycli.translation.openai_engine import OpenAiEngine
from surveycli.untrusted.text import is_plain

QUICK = {"timeout_s": 20.0, "max_tries": 3}
KEY = "sk-very-secret"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return small_store(tmp_path / "small.duckdb")


def run(
    path: Path, server: TranslationServer, options: TranslateOptions | None = None, **more: object
) -> TranslateReport:
    settings = ServerSettings(model="m", base_url=server.url, **QUICK)
    with OpenAiEngine(settings, sleep=lambda s: None) as engine:
        return translate_items(path, engine, options or TranslateOptions("zh"), **more)  # type: ignore[arg-type]


def everything_in(path: Path) -> list[str]:
    """Return every text cell of a store's tables."""
    with open_store(path) as store:
        tables = store.query("SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main'")
        frames = [store.query(f"FROM {name}") for name in tables["table_name"]]
    return [str(cell) for frame in frames for row in frame.rows() for cell in row]


def expected(item_id: str) -> tuple[str, dict[int, str]]:
    _, wording, labels = ITEMS[item_id]
    return pseudo_translate(wording), {code: pseudo_translate(label) for code, label in labels.items()}


def stored(path: Path) -> dict[str, tuple[str | None, dict[int, str]]]:
    return {item_id: texts[:2] for item_id, texts in texts_of(path, "zh").items()}


def test_everything_missing_is_filled(path: Path) -> None:
    """Each item gets its wording and one label per option, marked as a machine's, and says which machine."""
    with serve() as server:
        report = run(path, server)
    assert report.translated == ("Q1", "Q2", "Q3", "Q4") and not report.held
    assert stored(path) == {item_id: expected(item_id) for item_id in ITEMS}
    with open_store(path) as store:
        row = store.rows("translation/item_texts", survey_id="small", source="en", target="zh")[0]
    detail = json.loads(row["wording_detail"])
    assert (row["wording_origin"], row["label_origin"]) == ("machine", "machine")
    assert (detail["engine"], detail["model"], detail["server"]) == ("openai", "m", server.url)
    assert detail["prompt"] and len(detail["prompt_sha256"]) == 64


def test_the_items_of_a_battery_share_their_labels(path: Path) -> None:
    """A scale is translated once per battery; labels without words are not asked for at all."""
    with serve() as server:
        run(path, server)
    assert [sorted(asked["labels"]) for asked in server.asked()] == [["1", "2", "3"], [], ["1", "2"], ["1", "3"]]
    assert pseudo_translate("Very good") in server.requests[1]["messages"][0]["content"]


def test_a_second_call_asks_for_nothing(path: Path) -> None:
    """What is translated stays as it is and costs nothing again."""
    with serve() as server:
        run(path, server)
        n_before = len(server.requests)
        report = run(path, server)
        assert len(server.requests) == n_before
    assert report.n_kept == len(ITEMS) and not report.translated


@pytest.mark.parametrize("behaviour", PASSING)
def test_a_passing_failure_is_tried_again(path: Path, behaviour: str) -> None:
    """A failure that may pass costs a second request and nothing else."""
    with serve([behaviour], hang_s=0.6) as server:
        report = run(path, server)
        assert len(server.requests) == len(ITEMS) + 1
    assert not report.held
    assert stored(path) == {item_id: expected(item_id) for item_id in ITEMS}


@pytest.mark.parametrize("behaviour", WRONG_FORM)
def test_a_reply_in_another_form_is_asked_for_again(path: Path, behaviour: str) -> None:
    """A reply that is not what was agreed is never stored; the model is told why and asked once more."""
    with serve([behaviour]) as server:
        report = run(path, server)
        again = server.requests[1]["messages"]
    if behaviour == "cut_off":  # the same request would be cut off again
        assert [proposal.item_id for proposal in report.held] == ["Q1"]
    else:
        assert [message["role"] for message in again] == ["user", "assistant", "user"]
        assert stored(path) == {item_id: expected(item_id) for item_id in ITEMS}


@pytest.mark.parametrize("behaviour", [*PASSING, *WRONG_FORM])
def test_a_failure_that_stays_is_listed_with_its_reason(path: Path, behaviour: str) -> None:
    """An item that gets no usable reply is stored nowhere but listed for review, and the next items go on."""
    n_tries = 3 if behaviour in PASSING else 1 if behaviour == "cut_off" else 2
    with serve([behaviour] * n_tries, hang_s=0.6) as server:
        report = run(path, server, TranslateOptions("zh", items="Q1"))
        assert run(path, server, TranslateOptions("zh", items="Q2-Q4")).translated == ("Q2", "Q3", "Q4")
    (held,) = report.held
    assert held.item_id == "Q1" and held.findings[0].message
    assert "Q1" not in stored(path)
    with open_store(path) as store:
        (review,) = list_reviews(store, ReviewQuery("zh"))
    assert review.proposal.findings == held.findings and review.proposal.wording is None


@pytest.mark.parametrize("behaviour", HOSTILE)
def test_a_hostile_server_gets_nothing_into_the_store(path: Path, behaviour: str) -> None:
    """Whatever a server sends, the item is held back with a reason, the others go on, and the store stays clean."""
    timeout_s = 0.5 if behaviour.startswith("slow") else 20.0
    with serve(repeat(behaviour)) as server:
        settings = ServerSettings("m", server.url, key=KEY, max_tries=2, timeout_s=timeout_s)
        with OpenAiEngine(settings, sleep=lambda s: None) as engine:
            report = translate_items(path, engine, TranslateOptions("zh", items="Q1"))
        server.behaviours = iter(())
        assert run(path, server, TranslateOptions("zh", items="Q2")).translated == ("Q2",)
        assert server.n_sent < 64 << 20
    (held,) = report.held
    assert held.findings[0].message
    assert all(is_plain(text) for text in everything_in(path)) and not any(KEY in t for t in everything_in(path))


@pytest.mark.parametrize("behaviour", WRONG_TEXT)
def test_a_translation_that_fails_a_check_waits_for_a_person(path: Path, behaviour: str) -> None:
    """A reply in good form with wrong content is kept as a proposal, is not used, and is not asked for again."""
    with serve([behaviour]) as server:
        report = run(path, server)
        (held,) = report.held
        assert held.item_id == "Q1" and "Q1" not in stored(path)
        n_before = len(server.requests)
        again = run(path, server)
        assert len(server.requests) == n_before and again.n_waiting == 1
    with open_store(path) as store:
        (review,) = list_reviews(store, ReviewQuery("zh"))
    assert review.proposal.wording is not None


def test_an_item_without_any_reply_is_tried_again_next_time(path: Path) -> None:
    """A review that holds no proposal does not stop the next run, and goes away when that run succeeds."""
    with serve(["error_500"] * 3) as server:
        assert len(run(path, server).held) == 1
        assert run(path, server).translated == ("Q1",)
    with open_store(path) as store:
        assert list_reviews(store, ReviewQuery("zh"), None) == ()


def test_the_run_stops_when_the_server_is_down(bundled_store_path: Path) -> None:
    """After five items in a row without an answer there is an error, not hundreds of failed items."""
    with serve(["error_500"] * 1000) as server, pytest.raises(SurveyError) as stop:
        run(bundled_store_path, server, TranslateOptions("zh-Hant"))
    assert stop.value.code is ExitCode.BAD_INPUT
    assert len(server.requests) == 15


@pytest.mark.parametrize(
    ("behaviour", "code"), [("unauthorised", ExitCode.BAD_INPUT), ("no_model", ExitCode.NOT_FOUND)]
)
def test_an_error_that_every_item_would_meet_stops_at_once(path: Path, behaviour: str, code: ExitCode) -> None:
    """A refused key or an unknown model is the user's to mend: one request, no review."""
    with serve([behaviour] * 9) as server, pytest.raises(SurveyError) as stop:
        run(path, server)
    assert stop.value.code is code and len(server.requests) == 1
    with open_store(path) as store:
        assert list_reviews(store, ReviewQuery("zh"), None) == ()


def test_human_texts_are_never_replaced(path: Path) -> None:
    """A person's wording and labels stay under --redo, and serve the machine's own texts as context."""
    with open_store(path, write=True) as store:
        add_texts(store, "Q1", "zh", "茶好不好？", {}, "official")
        add_texts(store, "Q3", "zh", None, {1: "是的，满了"}, "imported")
    with serve() as server:
        run(path, server)
        run(path, server, TranslateOptions("zh", redo=True))
    texts = stored(path)
    assert texts["Q1"] == ("茶好不好？", expected("Q1")[1])
    assert texts["Q3"] == (expected("Q3")[0], {1: "是的，满了", 2: expected("Q3")[1][2]})


class Parrot:
    """An engine that puts its own sign before the test server's good answer."""

    def __init__(self, sign: str) -> None:
        self.sign = sign
        self.n_asked = 0

    @property
    def identity(self) -> EngineIdentity:
        return EngineIdentity("parrot", self.sign)

    def translate(self, request: TranslationRequest) -> TranslationReply:
        self.n_asked += 1
        labels = tuple(type(o)(o.code, pseudo_translate(o.label)) for o in request.options)
        return TranslationReply(self.sign + pseudo_translate(request.wording), labels)


def test_machine_texts_are_replaced_only_on_request(path: Path) -> None:
    """Another engine leaves machine texts alone unless told to redo them; the same one is not asked again."""
    options = TranslateOptions("zh")
    redo = TranslateOptions("zh", redo=True)
    translate_items(path, Parrot("甲"), options)
    assert translate_items(path, Parrot("乙"), options).n_kept == 4
    assert stored(path)["Q1"][0] == "甲" + expected("Q1")[0]
    assert len(translate_items(path, Parrot("乙"), redo).translated) == 4
    assert stored(path)["Q1"][0] == "乙" + expected("Q1")[0]
    again = Parrot("乙")
    assert translate_items(path, again, redo).n_kept == 4 and again.n_asked == 0


def test_the_store_is_closed_while_the_engine_works(path: Path) -> None:
    """Another process can write to the store while a translation is awaited."""

    class Intruder(Parrot):
        def translate(self, request: TranslationRequest) -> TranslationReply:
            # A lock is held by a process, so that only another one can tell.
            code = "import sys, duckdb; duckdb.connect(sys.argv[1]).close()"
            subprocess.run([sys.executable, "-c", code, str(path)], check=True)
            return super().translate(request)

    assert len(translate_items(path, Intruder("甲"), TranslateOptions("zh", items="Q1")).translated) == 1


def test_the_glossary_is_told_and_checked(path: Path, tmp_path: Path) -> None:
    """A settled term reaches the prompt of the items that have it, and its absence from a reply is found."""
    file = tmp_path / "glossary.csv"
    file.write_text("term,translation\ntea,茶\n", encoding="utf-8")
    with serve() as server:
        report = run(path, server, TranslateOptions("zh", glossary=read_glossary(file)))
    assert [proposal.item_id for proposal in report.held] == ["Q1"]
    assert report.held[0].findings[0].check == "glossary"
    contents = [body["messages"][0]["content"] for body in server.requests]
    assert ['"tea" as "茶"' in content for content in contents] == [True, False, False, False]


def test_back_translation_finds_what_came_back_different(path: Path) -> None:
    """A translation whose way back resembles nothing is held, with the back-translation beside it."""
    with serve() as server:
        report = run(path, server, TranslateOptions("zh", items="Q3"), back=BackTranslation(40.0))
    (held,) = report.held
    assert held.findings[0].check == "similarity"
    assert held.detail["back_translation_chrf"] < 40 and held.wording == expected("Q3")[0]


def test_back_translation_lets_pass_what_came_back_alike(path: Path) -> None:
    """A translation whose way back is the source is used, and its similarity is kept with it."""

    class ThereAndBack(Parrot):
        def translate(self, request: TranslationRequest) -> TranslationReply:
            if request.target.code == "en":
                return TranslationReply(
                    "Have you turned 18 yet?", tuple(type(o)(o.code, ITEMS["Q3"][2][o.code]) for o in request.options)
                )
            return super().translate(request)

    report = translate_items(path, ThereAndBack(""), TranslateOptions("zh", items="Q3"), back=BackTranslation(99.0))
    assert report.translated == ("Q3",)
    with open_store(path) as store:
        rows = store.rows("translation/item_texts", survey_id="small", source="en", target="zh")
    detail = next(json.loads(row["wording_detail"]) for row in rows if row["item_id"] == "Q3")
    assert detail["back_translation_chrf"] == 100.0


def test_an_unknown_survey_item_or_language_is_an_error(path: Path) -> None:
    """What is not in the store is named with exit 4, before any request."""
    with serve() as server:
        for options in (
            TranslateOptions("zh", survey_id="x"),
            TranslateOptions("zh", items="Q9"),
            TranslateOptions("zh", source="fr"),
        ):
            with pytest.raises(SurveyError) as stop:
                run(path, server, options)
            assert stop.value.code is ExitCode.NOT_FOUND
        with pytest.raises(SurveyError) as stop:
            run(path, server, TranslateOptions("en"))
        assert stop.value.code is ExitCode.USAGE and not server.requests
