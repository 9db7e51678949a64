-- Purpose: keep of a run that builds on another what that has been trained and chosen on: the fine-tuning whose model it
-- asks, a run that it pools. A cell that either was trained on is one of train.
-- Parameters: $run_id, $learnt_by. Writes: training_cell, training_text.
-- Example: $run_id = 'uniform-1', $learnt_by = 'item-mean-1'
UPDATE training_cell AS own
SET part = 'train'
FROM training_cell AS t
WHERE own.run_id = $run_id
    AND own.part = 'validation'
    AND t.run_id = $learnt_by
    AND t.part = 'train'
    AND t.survey_id = own.survey_id
    AND t.item_id = own.item_id
    AND t.population_id = own.population_id;
INSERT INTO training_cell BY NAME
SELECT $run_id AS run_id, t.* EXCLUDE (run_id)
FROM training_cell AS t
ANTI JOIN training_cell AS own
    ON own.run_id = $run_id
    AND own.survey_id = t.survey_id
    AND own.item_id = t.item_id
    AND own.population_id = t.population_id
WHERE t.run_id = $learnt_by;
INSERT INTO training_text BY NAME
SELECT $run_id AS run_id, t.* EXCLUDE (run_id)
FROM training_text AS t
ANTI JOIN training_text AS own
    ON own.run_id = $run_id
    AND own.survey_id = t.survey_id
    AND own.item_id = t.item_id
    AND own.language = t.language
    AND own.text = t.text
WHERE t.run_id = $learnt_by;
