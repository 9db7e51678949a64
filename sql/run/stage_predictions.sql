-- Purpose: make room for predictions on their way from a run folder into the store; they are looked at before any counts.
-- Writes: the temporary tables staged_prediction, staged_failure and staged_cell (the cells that were asked for).
CREATE OR REPLACE TEMPORARY TABLE staged_prediction (
    survey_id VARCHAR NOT NULL,
    item_id VARCHAR NOT NULL,
    population_id VARCHAR NOT NULL,
    language VARCHAR NOT NULL,
    probabilities DOUBLE[] NOT NULL,
    outside_mass DOUBLE,
    basis VARCHAR NOT NULL,
    asked VARCHAR,
    least DOUBLE[],
    most DOUBLE[]
);
CREATE OR REPLACE TEMPORARY TABLE staged_failure (
    survey_id VARCHAR NOT NULL,
    item_id VARCHAR NOT NULL,
    population_id VARCHAR NOT NULL,
    language VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    reply VARCHAR NOT NULL
);
CREATE OR REPLACE TEMPORARY TABLE staged_cell (
    survey_id VARCHAR NOT NULL,
    item_id VARCHAR NOT NULL,
    population_id VARCHAR NOT NULL,
    language VARCHAR NOT NULL
);
