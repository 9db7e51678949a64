-- Predictions corrected with the answers of a few real respondents.

CREATE TABLE correction (
    run_id VARCHAR NOT NULL,
    survey_id VARCHAR NOT NULL,
    item_id VARCHAR NOT NULL,
    population_id VARCHAR NOT NULL,
    n_answers DOUBLE NOT NULL,
    n_effective DOUBLE NOT NULL,
    strength DOUBLE,
    weight DOUBLE NOT NULL,
    n_equivalent DOUBLE NOT NULL,
    helps BOOLEAN NOT NULL
);
COMMENT ON TABLE correction IS 'One row per run of `surveycli correct`, item and population: how much the prediction added to the sample there.';
COMMENT ON COLUMN correction.n_effective IS 'Answers of the sample, (sum w)^2 / sum(w^2) where they are weighted.';
COMMENT ON COLUMN correction.strength IS 'Respondents that the prediction is worth by itself, judged by all answers of the sample to the item; NULL for predictions of single respondents (PPI++).';
COMMENT ON COLUMN correction.weight IS 'Weight of the prediction in the corrected shares, 0 to 1; of PPI++ its lambda.';
COMMENT ON COLUMN correction.n_equivalent IS 'Respondents that would leave as much uncertainty without a prediction.';
COMMENT ON COLUMN correction.helps IS 'Whether the prediction is more likely than not to help for this item, and is worth a respondent per cell.';

CREATE TABLE corrected_share (
    run_id VARCHAR NOT NULL,
    survey_id VARCHAR NOT NULL,
    item_id VARCHAR NOT NULL,
    population_id VARCHAR NOT NULL,
    option_code INTEGER NOT NULL,
    predicted DOUBLE,
    sampled DOUBLE NOT NULL,
    share DOUBLE NOT NULL,
    low DOUBLE NOT NULL,
    high DOUBLE NOT NULL
);
COMMENT ON TABLE corrected_share IS 'One row per run of `surveycli correct`, item, population and option: the share predicted (NULL: the run had none), that of the sample, and the corrected one with its 95% interval. share is also in prediction.';
