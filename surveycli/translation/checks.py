"""Checks that a translation passes before it is used. Pure functions: two texts in, findings out."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from surveycli.domain import Option
from surveycli.translation.engine import GlossaryTerm
from surveycli.translation.glossary import terms_in
from surveycli.translation.language import Language

_ORDERS = range(1, 7)
_BETA = 2.0


_MIN_SCRIPT_SHARE = 0.8
_LEFTOVER_RUN = 4  # this many words of the source in a row are unlikely to be a coincidence
_SHORT, _LONG = 3, 15  # characters by which a short text may leave the bounds of the length ratio
_PLACEHOLDER = re.compile(r"\$?\{[^{}]*\}|%\(\w+\)s|%[sd]|</?\w+>|\[[^\[\]]*\]")
_NUMBER = re.compile(r"\d+(?:[.,'’\u00a0\u202f]\d+)*")
_LATIN = r"[A-Za-z\u00c0-\u024f\u1e00-\u1eff]"
# Scripts without spaces put a Latin name right beside their own letters: the border between them ends a word.
_WORD = re.compile(rf"{_LATIN}+(?:['’-]{_LATIN}+)*|(?:(?!{_LATIN})[^\W\d_])+(?:['’-](?!{_LATIN})[^\W\d_]+)*")
# English number words: a translation may write them as digits.
_NUMBER_WORDS = {
    "1": "one once first", "2": "two twice second", "3": "three third", "4": "four fourth", "5": "five fifth",
    "6": "six sixth", "7": "seven seventh", "8": "eight eighth", "9": "nine ninth", "10": "ten tenth", "11": "eleven",
    "12": "twelve", "15": "fifteen", "20": "twenty", "30": "thirty", "50": "fifty", "100": "hundred",
    "1000": "thousand",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class LocalisedItem:
    """An item in one language: its wording and all its labels. What is missing is None or left out."""

    language: Language
    wording: str | None
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class Objection:
    """What a check objects to. `where` is `wording`, an option's code, `options` for all of them, or `item`."""

    check: str
    where: str
    message: str


def check_translation(
    source: LocalisedItem, target: LocalisedItem, glossary: Sequence[GlossaryTerm] = ()
) -> tuple[Objection, ...]:
    """Return everything that speaks against using `target` as the translation of `source`; nothing where it is fine."""
    findings = [*_check_options(source, target), *_check_distinct(target), *_check_untranslated_labels(source, target)]
    for where, before, after in _pairs(source, target):
        if not after.strip():
            findings.append(Objection("empty", where, "there is no text"))
            continue
        findings += _check_placeholders(where, before, after)
        original, translated = _PLACEHOLDER.sub(" ", before), _PLACEHOLDER.sub(" ", after)
        findings += _check_numbers(where, original, translated, source.language)
        findings += _check_script(where, original, translated, target.language, glossary)
        findings += _check_leftover(where, original, translated, (source.language, target.language), glossary)
        findings += _check_length(where, original, translated, source.language, target.language)
        findings += _check_glossary(where, original, translated, glossary)
    return tuple(findings)


def is_usable(findings: Sequence[Objection]) -> bool:
    """Return whether a person may accept the translation: all its texts are there, whatever else is wrong with them."""
    return not any(finding.check in {"options", "empty", "engine"} for finding in findings)


def has_words(text: str) -> bool:
    """Return whether there is anything to translate: `10` is the same in every language.

    >>> has_words("10"), has_words("10 years")
    (False, True)
    """
    return any(character.isalpha() for character in text)


def _pairs(source: LocalisedItem, target: LocalisedItem) -> Iterator[tuple[str, str, str]]:
    yield "wording", source.wording or "", target.wording or ""
    translated = {option.code: option.label for option in target.options}
    for option in source.options:
        if option.code in translated:
            yield str(option.code), option.label, translated[option.code]


def _check_options(source: LocalisedItem, target: LocalisedItem) -> Iterator[Objection]:
    expected = [option.code for option in source.options]
    found = [option.code for option in target.options]
    if found == expected:
        return
    missing = [code for code in expected if code not in found]
    unknown = [code for code in found if code not in expected]
    if missing:
        yield Objection("options", "options", f"no label for {_listing(missing)}")
    if unknown:
        yield Objection("options", "options", f"labels for {_listing(unknown)}, which the item does not have")
    if len(set(found)) < len(found):
        yield Objection("options", "options", "a code has two labels")
    if not missing and not unknown and sorted(found) == sorted(expected):
        yield Objection("order", "options", f"the order is {_listing(found)} instead of {_listing(expected)}")


def _listing(codes: Sequence[int]) -> str:
    return ", ".join(map(str, codes))


def _check_distinct(target: LocalisedItem) -> Iterator[Objection]:
    counts = Counter(" ".join(option.label.casefold().split()) for option in target.options)
    for label, count in counts.items():
        if count > 1 and label:
            yield Objection("distinct", "options", f"{count} options are called {label!r}")


def _check_untranslated_labels(source: LocalisedItem, target: LocalisedItem) -> Iterator[Objection]:
    """One word can be the same in two languages; a whole scale of them was not translated."""
    originals = {option.code: option.label for option in source.options if has_words(option.label)}
    same = [option for option in target.options if option.label == originals.get(option.code)]
    if len(originals) > 1 and len(same) == len(originals):
        yield Objection("leftover", "options", "all labels are those of the source")


def _check_placeholders(where: str, original: str, translated: str) -> Iterator[Objection]:
    before, after = Counter(_PLACEHOLDER.findall(original)), Counter(_PLACEHOLDER.findall(translated))
    if before != after:
        yield Objection(
            "placeholders", where, f"has {sorted(after.elements())}, the source {sorted(before.elements())}"
        )


def numbers_in(text: str) -> Counter[str]:
    """Return the numbers of a text in ASCII digits, without separators, whatever digits its script uses.

    >>> sorted(numbers_in("1,000 people aged ١٨-29"))
    ['1000', '18', '29']
    """
    plain = "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text)
    return Counter("".join(c for c in number if c.isdigit()) for number in _NUMBER.findall(plain))


def _check_numbers(where: str, original: str, translated: str, source: Language) -> Iterator[Objection]:
    before, after = numbers_in(original), numbers_in(translated)
    lost = sorted((before - after).elements())
    if lost:
        yield Objection("numbers", where, f"lost the number {', '.join(lost)}")
    if source.code.split("-")[0] != "en":  # number words are known in English only
        return
    words = set(_words(original))
    new = [number for number in (after - before) if not words & set(_NUMBER_WORDS.get(number, "").split())]
    if new:
        yield Objection("numbers", where, f"has the number {', '.join(sorted(new))}, which the source has not")


def _words(text: str) -> list[str]:
    return [word.casefold() for word in _WORD.findall(text)]


def _kept_words(original: str, glossary: Sequence[GlossaryTerm]) -> set[str]:
    """Return words that may stand in a translation as they are: acronyms, names, and what the glossary says."""
    kept = {word.casefold() for word in _WORD.findall(original) if len(word) > 1 and word.isupper()}
    for match in re.finditer(r"(?<=[\w,;)’'-] )" + _WORD.pattern, original):
        if match[0][0].isupper() and len(match[0]) > 1:
            kept.add(match[0].casefold())
    for term in glossary:
        kept.update(_words(term.translation))
    return kept


def script_of(character: str) -> str:
    """Return the script of a letter as its Unicode name begins.

    >>> script_of("д"), script_of("国"), script_of("ü")
    ('CYRILLIC', 'CJK', 'LATIN')
    """
    return unicodedata.name(character, "").partition(" ")[0]


def _check_script(
    where: str, original: str, translated: str, target: Language, glossary: Sequence[GlossaryTerm]
) -> Iterator[Objection]:
    kept = _kept_words(original, glossary)
    words = [word for word in _WORD.findall(translated) if word.casefold() not in kept]
    letters = [c for c in "".join(words) if c.isalpha()]
    if not target.scripts or not letters:
        return
    share = sum(script_of(c) in target.scripts for c in letters) / len(letters)
    if share < _MIN_SCRIPT_SHARE:
        yield Objection("script", where, f"only {share:.0%} of the letters are {' or '.join(target.scripts).lower()}")


def _check_leftover(
    where: str, original: str, translated: str, languages: tuple[Language, Language], glossary: Sequence[GlossaryTerm]
) -> Iterator[Objection]:
    before, after = _words(original), _words(translated)
    if set(languages[0].scripts) & set(languages[1].scripts) or not languages[1].scripts:
        run = _shared_run(before, after)
        if run:
            yield Objection("leftover", where, f"words of the source are left: {run!r}")
        return
    kept = _kept_words(original, glossary)
    left = sorted({word for word in after if len(word) > 2 and word in before and word not in kept})
    if left:
        yield Objection("leftover", where, f"words of the source are left: {', '.join(left)}")


def _shared_run(before: Sequence[str], after: Sequence[str]) -> str:
    """Return the first run of source words in the translation that is too long for a coincidence, or nothing."""
    if len(before) > 1 and list(before) == list(after):
        return " ".join(before)
    runs = {tuple(before[i : i + _LEFTOVER_RUN]) for i in range(len(before) - _LEFTOVER_RUN + 1)}
    for i in range(len(after) - _LEFTOVER_RUN + 1):
        if tuple(after[i : i + _LEFTOVER_RUN]) in runs:
            return " ".join(after[i : i + _LEFTOVER_RUN])
    return ""


def _length_bounds(source: Language, target: Language) -> tuple[float, float]:
    """Return the least and greatest characters per character of the source that a translation needs."""
    if source.is_compact == target.is_compact:
        return 0.4, 2.5
    return (0.15, 0.6) if target.is_compact else (1.3, 7.0)


def _check_length(
    where: str, original: str, translated: str, source: Language, target: Language
) -> Iterator[Objection]:
    low, high = _length_bounds(source, target)
    before, after = len(original.strip()), len(translated.strip())
    if after < low * before - _SHORT or after > high * before + _LONG:
        yield Objection("length", where, f"has {after} characters for {before} of the source")


def _check_glossary(
    where: str, original: str, translated: str, glossary: Sequence[GlossaryTerm]
) -> Iterator[Objection]:
    for term in terms_in(glossary, original):
        if term.translation.casefold() not in translated.casefold():
            yield Objection("glossary", where, f"{term.term!r} must be {term.translation!r}")


def chrf(candidate: str, reference: str) -> float:
    """Return chrF2 of a text against a reference, 0 (nothing shared) to 100 (equal but for white space).

    F = (1 + b^2) P R / (b^2 P + R) with b = 2, where P and R are precision and recall of character n-grams, averaged
    over those n from 1 to 6 for which both texts have any (Popović 2015, "chrF: character n-gram F-score"; orders as
    in sacreBLEU's effective order).

    >>> round(chrf("How happy are you?", "How happy are you, all in all?"), 2)
    58.83
    """
    pairs = [(_ngrams(candidate, n), _ngrams(reference, n)) for n in _ORDERS]
    usable = [(ours, theirs) for ours, theirs in pairs if ours and theirs]
    if not usable:
        return 0.0
    precision = sum(_shared(ours, theirs) / ours.total() for ours, theirs in usable) / len(usable)
    recall = sum(_shared(ours, theirs) / theirs.total() for ours, theirs in usable) / len(usable)
    if precision + recall == 0:
        return 0.0
    return 100 * (1 + _BETA**2) * precision * recall / (_BETA**2 * precision + recall)


def _ngrams(text: str, n: int) -> Counter[str]:
    letters = "".join(text.split())
    return Counter(letters[i : i + n] for i in range(len(letters) - n + 1))


def _shared(ours: Counter[str], theirs: Counter[str]) -> int:
    return (ours & theirs).total()
