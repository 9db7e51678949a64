-- Purpose: write imported predictions of a new run.
-- Parameters: $run_id. Frame: incoming (one row per cell and language: probabilities in option-code order, outside_mass,
--             basis). Reads: response_option. Writes: prediction_cell, prediction. Example: $run_id = 'vendor'
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
