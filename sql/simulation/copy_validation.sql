-- Purpose: give a simulation's run what the run that it asks has predicted of the validation part, in the languages
-- asked, so that its errors can be told.
-- Parameters: $run_id, $from_run, $split (the simulation's). Reads: prediction, prediction_cell, split_cell.
-- Writes: prediction, prediction_cell.
-- Example: $run_id = 'simulated-1', $from_run = 'finetune-1', $split = 'simulated-1'
INSERT INTO prediction BY NAME
SELECT p.* REPLACE ($run_id AS run_id)
FROM prediction AS p
JOIN split_cell AS c USING (survey_id, item_id, population_id)
WHERE p.run_id = $from_run
    AND c.split = $split
    AND c.part = 'validation'
    AND p.language IN (SELECT language FROM prediction_cell WHERE run_id = $run_id)
    AND NOT EXISTS (
        FROM prediction AS own
        WHERE own.run_id = $run_id
            AND own.survey_id = p.survey_id
            AND own.item_id = p.item_id
            AND own.population_id = p.population_id
            AND own.language = p.language
    );
INSERT INTO prediction_cell BY NAME
SELECT p.* REPLACE ($run_id AS run_id)
FROM prediction_cell AS p
JOIN split_cell AS c USING (survey_id, item_id, population_id)
WHERE p.run_id = $from_run
    AND c.split = $split
    AND c.part = 'validation'
    AND p.language IN (SELECT DISTINCT language FROM prediction_cell WHERE run_id = $run_id)
    AND NOT EXISTS (
        FROM prediction_cell AS own
        WHERE own.run_id = $run_id
            AND own.survey_id = p.survey_id
            AND own.item_id = p.item_id
            AND own.population_id = p.population_id
            AND own.language = p.language
    );
