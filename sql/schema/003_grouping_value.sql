-- What the columns that populations were made of mean, so that a population can be described in a language added later.

CREATE TABLE grouping_value (
    survey_id VARCHAR NOT NULL,
    grouping VARCHAR NOT NULL,
    value VARCHAR NOT NULL,
    item_id VARCHAR,
    low_code INTEGER,
    high_code INTEGER,
    label VARCHAR NOT NULL,
    value_label VARCHAR NOT NULL,
    PRIMARY KEY (survey_id, grouping, value)
);
COMMENT ON TABLE grouping_value IS 'One row per survey, column of its own that populations were made of (grouping, as in population_id) and value: what both are called in the file or codebook. Answers to an item have its item_id and the first and last option code that the value stands for. Sex, age and the other groupings that mean the same in every survey are not here.';
