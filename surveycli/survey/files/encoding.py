"""Tells in what encoding a text file is: UTF-16 by its first bytes, Windows-1252 by its words."""

from __future__ import annotations

import codecs
import re
from dataclasses import replace

from surveycli.survey.files.source import SourceFile

WESTERN, UTF_16 = "windows-1252", "utf-16"
_BLOCK = 1 << 20
_MOST_WORDS = 5_000
# Of the words with an accent: so many have more plain letters than others in western languages (`España`). Text of
# another alphabet that is read so has next to none (`Ïðèâåò`).
_LEAST_WESTERN = 0.8
_WORD = re.compile(r"[^\s,;:|\"'.!?()/\d-]+")


def in_utf8(source: SourceFile) -> SourceFile:
    """Return a text file as one whose content is UTF-8, where another encoding is certain enough; else as it is."""
    with source.open() as stream:
        start = stream.read(2)
    if start in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return replace(source, encoding=UTF_16)
    return replace(source, encoding=WESTERN) if not _is_utf8(source) and _is_western(source) else source


def _is_utf8(source: SourceFile) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with source.open() as stream:
        try:
            while block := stream.read(_BLOCK):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _is_western(source: SourceFile) -> bool:
    """Tell whether a text read as Windows-1252 has the words of western languages, and no signs within words."""
    n_words = n_western = 0
    decoder = codecs.getincrementaldecoder(WESTERN)()
    with source.open() as stream:
        try:
            while (block := stream.read(_BLOCK)) and n_words < _MOST_WORDS:
                if b"\0" in block:
                    return False
                for word in _WORD.findall(decoder.decode(block)):
                    if not word.isascii():
                        n_words += 1
                        n_western += _is_western_word(word)
        except UnicodeDecodeError:
            return False
    return n_words > 0 and n_western >= _LEAST_WESTERN * n_words


def _is_western_word(word: str) -> bool:
    letters = word.strip("¿¡«»“”„‘’–—…%€&+*=#_[]{}<>ºª°")
    return letters.isascii() or (letters.isalpha() and 2 * sum(letter.isascii() for letter in letters) >= len(letters))
