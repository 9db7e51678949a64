"""How a chat model is asked for a translation, and how strictly its reply is read."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from surveycli.domain import Option
from surveycli.json_reply import spoken
from surveycli.server.chat_server import Message
from surveycli.translation.engine import ReplyError, TranslationReply, TranslationRequest
from surveycli.translation.glossary import terms_in
from surveycli.untrusted.json_text import parse_json
from surveycli.untrusted.text import UnreadableError, excerpt, is_plain

PROMPT_NAME = "survey-item-1"
_INSTRUCTION = """\
You translate the questionnaire of a scientific survey from {source} to {target}.
Translate the question and the labels of its answers as a native speaker would put them in a questionnaire: politely, \
in plain words, with exactly the same meaning and the same intensity, adding and leaving out nothing.
Leave numbers and anything in braces or square brackets as they are. Different answers must get different labels.
"""
_FORM = """\
Reply with one JSON object and nothing else, in this form, with the codes of the answers as they are:
{form}
"""
_RETRY = "That reply cannot be used: {reason}. Reply again, with the JSON object only."
_FENCE = re.compile(r"```(?:json)?\s*\n(.*)\n\s*```", re.DOTALL)
_EXCERPT = 80


def prompt_sha256() -> str:
    """Return a hash of the fixed part of the prompt, recorded with every translation."""
    return hashlib.sha256((_INSTRUCTION + _FORM).encode()).hexdigest()


def build_messages(request: TranslationRequest) -> tuple[Message, ...]:
    """Return the conversation that asks for one item."""
    task = _INSTRUCTION.format(source=request.source.name, target=request.target.name)
    parts = [
        task,
        *_glossary_lines(request),
        *_known_lines(request),
        _FORM.format(form=_form(request)),
        _payload(request),
    ]
    return (Message("user", "\n".join(parts)),)


def _glossary_lines(request: TranslationRequest) -> list[str]:
    text = "\n".join([request.wording, *(option.label for option in request.options)])
    terms = terms_in(request.glossary, text)
    return [f'Write "{term.term}" as "{term.translation}".' for term in terms]


def _known_lines(request: TranslationRequest) -> list[str]:
    known = {str(option.code): option.label for option in request.known_labels}
    if not known:
        return []
    listing = json.dumps(known, ensure_ascii=False)
    return [f"These answers already have their labels; the question must go with them: {listing}"]


def _form(request: TranslationRequest) -> str:
    return json.dumps({"wording": "...", "labels": {str(option.code): "..." for option in request.options}})


def _payload(request: TranslationRequest) -> str:
    labels = {str(option.code): option.label for option in request.options}
    return json.dumps({"wording": request.wording, "labels": labels}, ensure_ascii=False)


def converse(
    complete: Callable[[Sequence[Message]], str], request: TranslationRequest, attempts: int
) -> TranslationReply:
    """Ask until a reply has the agreed form, telling the model what was wrong; at most `attempts` times.

    Raises ReplyError with the last reason.
    """
    opening = messages = build_messages(request)
    for attempt in range(1, attempts + 1):
        text = complete(messages)
        try:
            return parse_translation(text, request)
        except ReplyError as failure:
            if attempt == attempts:
                last = excerpt(text, _EXCERPT)
                raise ReplyError(f"{failure} (after {attempts} replies; the last: {last!r})") from failure
            messages = (*opening, Message("assistant", text), Message("user", _RETRY.format(reason=failure)))
    raise ReplyError("no reply was asked for")


def parse_translation(text: str, request: TranslationRequest) -> TranslationReply:
    """Return the translation of a reply that is one JSON object of the agreed form, and nothing else.

    A code fence around it and thoughts before it are allowed. Raises ReplyError for anything else: other keys, codes
    that were not asked for, missing codes, values that are not texts.
    """
    fields = _load(text)
    if set(fields) != {"wording", "labels"}:
        raise ReplyError(f"expected the keys wording and labels, found {_listed(fields)}")
    wording, labels = fields["wording"], fields["labels"]
    if not isinstance(wording, str) or not isinstance(labels, dict):
        raise ReplyError("wording must be a text and labels an object")
    expected = [str(option.code) for option in request.options]
    if set(labels) != set(expected):
        raise ReplyError(f"expected labels for {', '.join(expected) or 'no code'}, found {_listed(labels)}")
    if not wording.strip() or not all(isinstance(label, str) and label.strip() for label in labels.values()):
        raise ReplyError("a text is empty or no text")
    if not all(map(is_plain, [wording, *labels.values()])):
        raise ReplyError("a text has control characters")
    return TranslationReply(wording.strip(), tuple(Option(int(code), label.strip()) for code, label in labels.items()))


def _listed(keys: Iterable[str]) -> str:
    return excerpt(", ".join(keys)) or "none"


def _load(text: str) -> dict[str, Any]:
    said = spoken(text)
    if said is None:
        raise ReplyError("it ends while the model is still thinking")
    body = said.strip()
    fenced = _FENCE.fullmatch(body)
    try:
        fields = parse_json(fenced[1] if fenced else body)
    except UnreadableError as error:
        raise ReplyError(f"it is not JSON ({error})") from error
    if not isinstance(fields, dict):
        raise ReplyError("it is not a JSON object")
    return fields
