"""The boundary around libraries that read a stranger's files: what they raise becomes an error for the user."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from transformers.utils import logging

from surveycli.errors import SurveyError, bad_input, missing_extra
from surveycli.untrusted.text import excerpt

_LONGEST_REASON = 300


@contextmanager
def foreign(failure: str, hint: str = "") -> Iterator[None]:
    """Turn any error of the block, which hands a stranger's files to a library, into a SurveyError with its words.

    `failure` says what did not succeed: "The tokenizer of X cannot be read". Exit 6 where a package or memory is
    missing, 3 for everything else. What libraries log or warn of meanwhile is kept from the terminal: it is in the
    error, or of no consequence.
    """
    verbosity = logging.get_verbosity()
    logging.set_verbosity(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
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
        logging.set_verbosity(verbosity)


def reason(error: BaseException) -> str:
    """Return a library's words on one line, without control characters, cut at a length that can be read.

    >>> reason(ValueError("no such\\n thing\\x1b[0m"))
    'no such thing[0m'
    """
    return excerpt(str(error), _LONGEST_REASON) or type(error).__name__
