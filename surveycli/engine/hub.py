"""Files of a model on the Hugging Face hub: from the cache where they are there, else downloaded."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from contextlib import closing
from functools import cache
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit
from urllib.request import getproxies

from huggingface_hub import HfApi, constants, hf_hub_download, try_to_load_from_cache
from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, RepositoryNotFoundError, RevisionNotFoundError

from surveycli.engine.weight_files import INDEX, SINGLE, names_of_shards, shards_named_in
from surveycli.errors import SurveyError, bad_input, not_found

# The hub's host has to answer within so many seconds before anything is asked of it: its client would otherwise try
# again for most of a minute.
_REACHED_WITHIN = 1.0
_ANSWERED_WITHIN = 30.0
_NOT_WEIGHTS = (".json", ".jinja", ".model", ".txt", ".tiktoken")
_ADAPTER_FILES = ("adapter_config.json", "adapter_model.safetensors", "surveycli.json")


def fetch_model(name: str, revision: str | None, *, fetch: bool = True) -> Path:
    """Return the folder of a hub model's configuration, tokenizer and weights.

    Without `fetch` what is not there is looked up and not downloaded.

    Raises SurveyError: exit 4 where the hub has no such model or cannot be reached, 3 where its weights are no
    safetensors.
    """
    there = _cached(name, revision, "config.json")
    if there is not None and all((there.parent / shard).is_file() for shard in names_of_shards(there.parent)):
        return there.parent
    files = _list_files(name, revision)
    others = [file for file in files if "/" not in file and file.endswith(_NOT_WEIGHTS)]
    if "config.json" not in others:
        raise bad_input(f"{name} on the hub holds no model: there is no config.json in it.")
    if not fetch:
        return Path()
    for file in others:
        _download(name, revision, file)
    if INDEX in files and SINGLE not in files:
        shards: Sequence[str] = shards_named_in(_download(name, revision, INDEX))
    elif SINGLE in files:
        shards = [SINGLE]
    else:
        raise bad_input(f"{name} on the hub has no weights as safetensors.", "Choose a model that has.")
    weights = [_download(name, revision, shard) for shard in shards]
    return weights[0].parent


def fetch_adapter(name: str, revision: str | None) -> Path | None:
    """Return the folder of a hub adapter; None where `name` is a whole model. Raises SurveyError as `fetch_model`."""
    there = _cached(name, revision, _ADAPTER_FILES[0])
    if there is not None and (there.parent / _ADAPTER_FILES[1]).is_file():
        return there.parent
    if _cached(name, revision, "config.json") is not None:
        return None
    files = _list_files(name, revision)
    if _ADAPTER_FILES[0] not in files:
        return None
    fetched = [_download(name, revision, file) for file in _ADAPTER_FILES if file in files]
    return fetched[0].parent


def fetch_file(name: str, revision: str | None, file: str, *, fetch: bool = True) -> Path:
    """Return the folder that one file of a hub repository lies in; the rest is as with `fetch_model`."""
    there = _cached(name, revision, file)
    if there is not None:
        return there.parent
    files = _list_files(name, revision)
    if file not in files:
        raise not_found(f"{name} on the hub has no file {file}.", f"It has: {', '.join(files[:12])}.")
    return _download(name, revision, file).parent if fetch else Path()


def _cached(name: str, revision: str | None, file: str) -> Path | None:
    found = try_to_load_from_cache(name, file, revision=revision)
    return Path(found) if isinstance(found, str) else None


@cache
def _list_files(name: str, revision: str | None) -> tuple[str, ...]:
    """Return the names of a repository's files."""
    if constants.HF_HUB_OFFLINE:
        raise _absent(name, "it is not in the cache, and HF_HUB_OFFLINE forbids a connection")
    if not _can_connect():
        raise _absent(name, f"it is not in the cache, and {urlsplit(constants.ENDPOINT).hostname} cannot be reached")
    try:
        info = HfApi(endpoint=constants.ENDPOINT).model_info(name, revision=revision, timeout=_ANSWERED_WITHIN)
    except (HfHubHTTPError, OSError) as error:
        raise _refused(name, revision, error) from error
    return tuple(sibling.rfilename for sibling in info.siblings or ())


def _download(name: str, revision: str | None, file: str) -> Path:
    try:
        return Path(hf_hub_download(name, file, revision=revision))
    except (HfHubHTTPError, OSError) as error:
        raise _refused(name, revision, error) from error


def _absent(name: str, why: str) -> SurveyError:
    return not_found(
        f"There is no folder {name!r}, and as a Hugging Face id {why}.",
        "Give a folder or GGUF file that is there, `tiny` (built in), or an id while the hub can be reached.",
    )


def _refused(name: str, revision: str | None, error: Exception) -> SurveyError:
    if isinstance(error, GatedRepoError):
        return not_found(f"{name} is open to those who accepted its terms.", "`hf auth login`, then try again.")
    if isinstance(error, RepositoryNotFoundError):
        return _absent(name, "the hub does not know it, or shows it only to its owners (`hf auth login`)")
    if isinstance(error, RevisionNotFoundError):
        return not_found(f"{name} on the hub has no revision {revision!r}.")
    status = getattr(getattr(error, "response", None), "status_code", None)
    what = f"HTTP status {status}" if status else type(error).__name__
    return not_found(f"Fetching {name} from the hub failed: {what}.", "Try again; what was downloaded has been kept.")


def _can_connect() -> bool:
    """Return whether the hub's host, or the proxy before it, takes a connection; a slow name server counts as none."""
    endpoint = urlsplit(constants.ENDPOINT)
    proxy = getproxies().get(endpoint.scheme)
    host = urlsplit(proxy) if proxy else endpoint
    address = (host.hostname or "", host.port or (80 if host.scheme == "http" else 443))
    reached: list[bool] = []

    def connect() -> None:
        try:
            with closing(socket.create_connection(address, timeout=_REACHED_WITHIN)):
                reached.append(True)
        except OSError:
            pass

    thread = Thread(target=connect, daemon=True)
    thread.start()
    thread.join(1.5 * _REACHED_WITHIN)
    return bool(reached)
