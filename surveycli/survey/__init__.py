"""Surveys: readers, codebooks, countries and populations, and the ingest that writes them to the store."""

from surveycli.request.ingest import Band, IngestOptions, parse_bands, parse_groupings, parse_missing
from surveycli.survey.files.batch import Skipped
from surveycli.survey.ingest import ingest_bundled, ingest_file, try_file
from surveycli.survey.items.file_items import LabelTaken
from surveycli.survey.places.match import read_country_map
from surveycli.survey.population.population import phrase_languages
from surveycli.survey.readers.draft import write_codebook_draft
from surveycli.survey.several.open import survey_hash
from surveycli.survey.write import IngestReport, name_populations

__all__ = [
    "Band",
    "IngestOptions",
    "IngestReport",
    "LabelTaken",
    "Skipped",
    "ingest_bundled",
    "ingest_file",
    "name_populations",
    "parse_bands",
    "parse_groupings",
    "parse_missing",
    "phrase_languages",
    "read_country_map",
    "survey_hash",
    "try_file",
    "write_codebook_draft",
]
