-- Purpose: keep which cells a run is trained on and chosen on, and how their items are worded, beside what is kept of it.
-- Parameters: $run_id. Frame: incoming (part: train or validation; survey_id, item_id, population_id; shares: a list in
-- option-code order, NULL where they are not known). A cell of both parts is kept as one of train.
-- Reads: item_fingerprint. Writes: training_cell, training_text.
-- Example: $run_id = 'item-mean-1'
-- Example: incoming AS SELECT 'train' AS part, survey_id, item_id, population_id, share AS shares FROM cell_share
--          LIMIT 3
INSERT INTO training_cell BY NAME
SELECT
    $run_id AS run_id,
    min(i.part) AS part,
    i.survey_id,
    i.item_id,
    i.population_id,
    answers_fingerprint(any_value(i.shares)) AS answers
FROM incoming AS i
ANTI JOIN training_cell AS t
    ON t.run_id = $run_id
    AND t.survey_id = i.survey_id
    AND t.item_id = i.item_id
    AND t.population_id = i.population_id
GROUP BY i.survey_id, i.item_id, i.population_id;
INSERT INTO training_text BY NAME
SELECT $run_id AS run_id, f.survey_id, f.item_id, f.language, f.text
FROM item_fingerprint AS f
SEMI JOIN incoming AS i
    ON i.survey_id = f.survey_id
    AND i.item_id = f.item_id
ANTI JOIN training_text AS t
    ON t.run_id = $run_id
    AND t.survey_id = f.survey_id
    AND t.item_id = f.item_id
    AND t.language = f.language
    AND t.text = f.text;
