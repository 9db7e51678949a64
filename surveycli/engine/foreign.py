"""The boundary around libraries that read and write model files: what they raise becomes an error for the user."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from io import StringIO
from pathlib import Path

import torch
from safetensors import SafetensorError
from transformers.utils import logging as transformers_logging

from surveycli.errors import SurveyError, bad_input, missing_extra
from surveycli.run_folder.folder import unwritable
from surveycli.untrusted.text import excerpt

_LONGEST_REASON = 300

# peft imports it where it is installed. It warns of faster code that it does not find, and at every multiplication
# that activations are rounded, which is what eight bits mean.
logging.getLogger("bitsandbytes").setLevel(logging.ERROR)


@contextmanager
def foreign(failure: str, hint: str = "") -> Iterator[None]:
    """Turn any error of the block, which hands a stranger's files to a library, into a SurveyError with its words.

    `failure` says what did not succeed: "The tokenizer of X cannot be read". Exit 6 where a package or memory is
    missing, 3 for everything else. What libraries log, warn of or draw (bars) meanwhile is kept from the terminal: it
    is in the error, or of no consequence.
    """
    verbosity = transformers_logging.get_verbosity()
    transformers_logging.set_verbosity(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), redirect_stderr(StringIO()):
            warnings.simplefilter("ignore")
            yield
    except (SurveyError, KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except ImportError as error:
        raise missing_extra(f"{failure} without a package that is not installed: {reason(error)}") from error
    except (MemoryError, torch.OutOfMemoryError) as error:
        raise missing_extra(f"{failure} because memory ran out: {reason(error)}") from error
    # What damaged files raise inside tokenizers and transformers is of any class: tokenizers raises plain Exception,
    # and its panics are no Exception at all.
    except BaseException as error:
        raise bad_input(f"{failure}: {reason(error)}", hint) from error
    finally:
        transformers_logging.set_verbosity(verbosity)


@contextmanager
def library_writes(target: Path) -> Iterator[None]:
    """Turn any error of the block, in which a library writes `target`, into that of a file that cannot be written.

    Exit 3. A full disk is an OSError in Python alone: torch and safetensors raise errors of their own over it.
    """
    try:
        yield
    except (OSError, RuntimeError, SafetensorError) as error:
        cause: BaseException | None = error
        while cause is not None and not isinstance(cause, OSError):
            cause = cause.__context__
        raise unwritable(target, cause or OSError(reason(error))) from error


def reason(error: BaseException) -> str:
    """Return a library's words on one line, without control characters, cut at a length that can be read.

    >>> reason(ValueError("no such\\n thing\\x1b[0m"))
    'no such thing[0m'
    """
    return excerpt(str(error), _LONGEST_REASON) or type(error).__name__
