-- What became of everybody's answer to an item, so that no answer can be lost in silence.

CREATE TABLE answer_account (
    survey_id VARCHAR NOT NULL,
    item_id VARCHAR NOT NULL,
    population_id VARCHAR NOT NULL,
    n_interviewed BIGINT NOT NULL,
    n_valid BIGINT NOT NULL,
    n_missing BIGINT NOT NULL,
    n_left_out BIGINT NOT NULL,
    PRIMARY KEY (survey_id, item_id, population_id)
);
COMMENT ON TABLE answer_account IS 'One row per survey of respondents, item and population: people interviewed = valid answers + missing ones (missing_count has their kinds) + answers that the codebook does not know. Surveys ingested before this table have no rows.';
COMMENT ON COLUMN answer_account.n_valid IS 'Valid answers, also where they were too few for a cell (--min-cell).';
COMMENT ON COLUMN answer_account.n_left_out IS 'Codes that are neither a response option nor a known missing answer; ingest_skip counts them by item.';
