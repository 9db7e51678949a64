-- Purpose: keep which cells a run is trained on and chosen on, and how their items are worded, in place of what was kept
-- of them before.
-- Parameters: $run_id. Frame: incoming (part: train or validation; survey_id, item_id, population_id; shares: a list in
-- option-code order, NULL where they are not known). A cell of both parts is kept as one of train.
-- Reads: item_fingerprint. Writes: training_cell, training_text.
-- Example: $run_id = 'item-mean-1'
-- Example: incoming AS SELECT 'train' AS part, survey_id, item_id, population_id, share AS shares FROM cell_share
--          LIMIT 3
DELETE FROM training_cell WHERE run_id = $run_id;
DELETE FROM training_text WHERE run_id = $run_id;
INSERT INTO training_cell BY NAME
SELECT
    $run_id AS run_id,
    min(part) AS part,
    survey_id,
    item_id,
    population_id,
    answers_fingerprint(any_value(shares)) AS answers
FROM incoming
GROUP BY survey_id, item_id, population_id;
INSERT INTO training_text BY NAME
SELECT $run_id AS run_id, survey_id, item_id, language, text
FROM item_fingerprint
SEMI JOIN incoming USING (survey_id, item_id);
