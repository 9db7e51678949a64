"""The terms of surveys: which of them may be sent to a language model that runs elsewhere."""

from __future__ import annotations

from collections.abc import Collection
from ipaddress import ip_address
from urllib.parse import urlsplit

from surveycli.errors import conflict
from surveycli.store.connection import Store


def demand_sendable(store: Store, survey_ids: Collection[str], base_url: str) -> None:
    """Raise SurveyError (exit 5) where a survey is marked `local-only` and the server at `base_url` is elsewhere."""
    if _is_near(base_url):
        return
    held_back = store.rows("store/list_local_only", survey_ids=sorted(survey_ids))
    if held_back:
        named = ", ".join(str(row["survey_id"]) for row in held_back)
        raise conflict(
            f"The terms of {named} are `local-only`: nothing of it is sent to {urlsplit(base_url).hostname}.",
            "Ask a model on this machine or network (--base-url http://localhost:8000/v1). Where you have permission, "
            "ingest it anew with --replace --ai-policy hosted-allowed.",
        )


def _is_near(base_url: str) -> bool:
    """Return whether an address is this machine's, or one of a private network (RFC 1918, RFC 4193).

    >>> [_is_near(f"http://{host}/v1") for host in ("localhost:8000", "127.0.0.1", "10.0.0.7", "[::1]:80")]
    [True, True, True, True]
    >>> [_is_near(f"https://{host}/v1") for host in ("api.example.org", "8.8.8.8", "localhost.example.org")]
    [False, False, False]
    """
    host = urlsplit(base_url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_private
    except ValueError:  # a name: where it leads is not looked up
        return False
