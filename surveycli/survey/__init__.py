"""Surveys: readers, codebooks, countries and populations, and the ingest that writes them to the store."""

from surveycli.survey.files.batch import Skipped
from surveycli.survey.ingest import ingest_bundled, ingest_file
from surveycli.survey.items.draft import write_codebook_draft
from surveycli.survey.places.match import read_country_map
from surveycli.survey.population.grouping import parse_bands, parse_groupings
from surveycli.survey.population.population import phrase_languages
from surveycli.survey.request import Band, IngestOptions
from surveycli.survey.write import IngestReport, name_populations

__all__ = [
    "Band",
    "IngestOptions",
    "IngestReport",
    "Skipped",
    "ingest_bundled",
    "ingest_file",
    "name_populations",
    "parse_bands",
    "parse_groupings",
    "phrase_languages",
    "read_country_map",
    "write_codebook_draft",
]
