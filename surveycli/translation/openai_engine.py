"""Translation by a server that speaks the OpenAI chat completions protocol, in a data centre or on this machine."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence

from surveycli.request.translate import TranslateRequest
from surveycli.server.chat_server import ChatServer, Message
from surveycli.server.model_server import ServerError, ServerSettings, UnusableReplyError
from surveycli.translation.chat import PROMPT_NAME, converse, prompt_sha256
from surveycli.translation.engine import EngineIdentity, ReplyError, RequestError, TranslationReply, TranslationRequest

_MAX_REPLIES = 2


def server_settings(request: TranslateRequest) -> ServerSettings:
    """Return which server and model a request names, with the key that the environment has for it."""
    assert request.model is not None
    return ServerSettings(
        model=request.model,
        base_url=request.base_url,
        key=os.environ.get(request.key_variable) or None,
        key_variable=request.key_variable,
        timeout_s=request.timeout,
        max_tries=request.tries,
        requests_per_minute=request.requests_per_minute,
    )


class OpenAiEngine:
    """A TranslationEngine over HTTP. Close it, or use it as a context manager."""

    def __init__(self, settings: ServerSettings, sleep: Callable[[float], None] = time.sleep) -> None:
        self._model = settings.model
        self._server = ChatServer(settings, sleep)

    def __enter__(self) -> OpenAiEngine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._server.close()

    @property
    def identity(self) -> EngineIdentity:
        """What is recorded with each translation."""
        return EngineIdentity(
            engine="openai",
            model=self._model,
            prompt=PROMPT_NAME,
            prompt_sha256=prompt_sha256(),
            server=self._server.address,
        )

    def translate(self, request: TranslationRequest) -> TranslationReply:
        """Return the item in the target language, asking again where the reply has another form."""
        return converse(self._complete, request, _MAX_REPLIES)

    def _complete(self, messages: Sequence[Message]) -> str:
        try:
            return self._server.complete(messages)
        except ServerError as failure:
            raise RequestError(str(failure)) from failure
        except UnusableReplyError as failure:
            raise ReplyError(str(failure)) from failure
