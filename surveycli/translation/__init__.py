"""Translation: items in further languages, from files, local models or servers, checked before they are used."""

from surveycli.translation.glossary import read_glossary
from surveycli.translation.imported import export_template, import_translations
from surveycli.translation.prompt_frame import known_frame, save_prompt_frame, write_prompt_frame
from surveycli.translation.review import ReviewQuery, accept_reviews, edit_review, list_reviews, reject_reviews
from surveycli.translation.translate import (
    BackTranslation,
    TranslateOptions,
    TranslateReport,
    first_requests,
    read_plan,
    translate_items,
)

__all__ = [
    "BackTranslation",
    "ReviewQuery",
    "TranslateOptions",
    "TranslateReport",
    "accept_reviews",
    "edit_review",
    "export_template",
    "first_requests",
    "import_translations",
    "known_frame",
    "list_reviews",
    "read_glossary",
    "read_plan",
    "reject_reviews",
    "save_prompt_frame",
    "translate_items",
    "write_prompt_frame",
]
