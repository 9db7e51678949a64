"""Shares from reported tokens: bounds that hold, and what servers report read strictly."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from token_server import UNUSABLE

from surveycli.distribution.reported import ReportedTokens, bound_shares
from surveycli.errors import ExitCode, SurveyError
from surveycli.prediction.server_choices import ServedSettings
from surveycli.server.first_token import read_tokens
from surveycli.server.model_server import PassingError, UnusableReplyError


def legacy(places: Any, drawn: str = "A") -> dict[str, Any]:
    """Return an answer in the form of completions."""
    return {"choices": [{"text": drawn, "logprobs": {"tokens": [drawn], "top_logprobs": [places]}}]}


def test_the_true_share_lies_within_its_bounds_at_every_cut() -> None:
    """Of 200 random distributions, cut anywhere: shares add up to 1 and lie, as the true ones do, within the bounds."""
    random = np.random.default_rng(5)
    n_bounded = 0
    for _ in range(200):
        n_options, n_tokens = random.integers(2, 7), random.integers(8, 30)
        probabilities = random.dirichlet(np.full(n_tokens, random.choice([0.1, 1.0])))
        names = ["ABCDEFG"[i] if i < n_options else f"t{i}" for i in range(n_tokens)]
        order = np.argsort(-probabilities)[: random.integers(1, n_tokens + 1)]
        tokens = tuple((names[i], float(probabilities[i])) for i in order)
        found = bound_shares(ReportedTokens(tokens, tokens[-1][1]), "ABCDEFG"[:n_options])
        if found is None:
            assert all(i >= n_options for i in order)
            continue
        true = probabilities[:n_options] / probabilities[:n_options].sum()
        n_bounded += found.n_unreported > 0
        assert sum(found.shares) == pytest.approx(1, abs=1e-12)
        for shares in (true, np.array(found.shares)):
            assert (shares >= np.array(found.least) - 1e-12).all()
            assert (shares <= np.array(found.most) + 1e-12).all()
        assert found.outside is not None and 0 <= found.outside <= 1
        if not found.n_unreported:
            assert found.shares == found.least == found.most == pytest.approx(true)
    assert n_bounded > 50


def test_what_is_outside_is_unknown_where_only_letters_were_allowed() -> None:
    """Letters that add up to 1 because nothing else was allowed say nothing of the mass outside."""
    alone = ReportedTokens((("A", 0.7), ("B", 0.3)), 0.3)
    assert bound_shares(alone, "AB", restricted=True).outside is None  # type: ignore[union-attr]
    assert bound_shares(alone, "AB").outside == pytest.approx(0)  # type: ignore[union-attr]
    among = ReportedTokens((("A", 0.5), ("the", 0.3), ("B", 0.2)), 0.2)
    assert bound_shares(among, "AB", restricted=True).outside == pytest.approx(0.3)  # type: ignore[union-attr]


def test_a_drawn_token_bounds_nothing() -> None:
    """A token that stands in the list because it was drawn may be far less probable than others that are not there."""
    logs = {"A": -0.5, "B": -2.0, "zebra": -20.0}
    assert read_tokens(legacy(logs, drawn="zebra"), 20).most_unreported == pytest.approx(np.exp(-2.0))
    assert read_tokens(legacy(logs, drawn="A"), 20).most_unreported == pytest.approx(np.exp(-20.0))
    assert [token for token, _ in read_tokens(legacy(logs, drawn="zebra"), 2).tokens] == ["A", "B"]


def test_answers_in_another_form_are_refused() -> None:
    """What is not log probabilities of a first token gives no shares, whatever it is; no choices, another try."""
    for name, answer in UNUSABLE.items():
        if name != "no_letters":
            with pytest.raises(UnusableReplyError):
                read_tokens(answer, 20)
    assert bound_shares(read_tokens(UNUSABLE["no_letters"], 20), "AB") is None
    with pytest.raises(PassingError):
        read_tokens({"choices": []}, 20)


@pytest.mark.parametrize("address", ["", "localhost:8000", "http://", "http://me:pw@host/v1", "http://host/v1?key=1"])
def test_an_address_is_one_that_may_be_kept(address: str) -> None:
    """An address that is missing or wrong, or would keep a secret with the run, is a usage error."""
    with pytest.raises(SurveyError) as stop:
        ServedSettings(base_url=address)
    assert stop.value.code is ExitCode.USAGE
