-- Purpose: write a run's predictions in place of the ones it had; its scores, which belong to the old ones, go.
-- Parameters: $run_id. Reads: incoming (one row per item, population and language, probabilities in option-code
-- order), response_option. Writes: prediction_cell, prediction, score.
-- Example: $run_id = 'item-mean-1'
-- Example: incoming AS SELECT survey_id, item_id, population_id, 'en' AS language, share AS probabilities, 0.1 AS
--          outside_mass, 'first-token' AS basis FROM cell_share LIMIT 3
DELETE FROM score WHERE run_id = $run_id;
DELETE FROM prediction WHERE run_id = $run_id;
DELETE FROM prediction_cell WHERE run_id = $run_id;
INSERT INTO prediction_cell BY NAME
SELECT $run_id AS run_id, survey_id, item_id, population_id, language, outside_mass, basis FROM incoming;
INSERT INTO prediction BY NAME
SELECT
    $run_id AS run_id,
    p.survey_id,
    p.item_id,
    p.population_id,
    p.language,
    o.option_code,
    p.probabilities[o.position + 1] AS probability
FROM incoming AS p
JOIN response_option AS o USING (survey_id, item_id);
