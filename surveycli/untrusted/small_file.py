"""Files that a person wrote: codebooks, maps, glossaries, translations, prompt sentences."""

from __future__ import annotations

from pathlib import Path

from surveycli.errors import bad_input

MOST_BYTES = 16 << 20


def read_small_file(path: Path, what: str, form: str) -> str:
    """Return the text of a file in UTF-8, a byte order mark aside. `form` says what it should be, for the hint.

    Raises SurveyError (exit 3) where it is not there, cannot be read, is too large, or no text in UTF-8.
    """
    hint = f"It is {form} in UTF-8."
    try:
        with path.open("rb") as stream:
            content = stream.read(MOST_BYTES + 1)
    except FileNotFoundError as error:
        raise bad_input(f"There is no {what} {path}.", "The path is relative to the current folder.") from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise bad_input(f"Cannot read the {what} {path}: {reason}.", hint) from error
    if len(content) > MOST_BYTES:
        raise bad_input(f"The {what} {path} has more than {MOST_BYTES >> 20} MiB.", hint)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        found = f"the byte 0x{content[error.start]:02X} in line {line}"
        raise bad_input(
            f"The {what} {path} is not in UTF-8: found {found}.", f"{hint} A spreadsheet saves it as CSV UTF-8."
        ) from error
    if "\0" in text:
        raise bad_input(f"The {what} {path} is not a text: found a NUL byte.", hint)
    return text
