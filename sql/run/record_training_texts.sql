-- Purpose: keep how the items of a run's training cells were worded when it was prepared, where its folder says so.
-- Parameters: $run_id. Frame: incoming (survey_id, item_id, language, wording; labels: a list in option-code order).
-- Writes: training_text.
-- Example: $run_id = 'item-mean-1'
-- Example: incoming AS SELECT survey_id, item_id, 'en' AS language, '?' AS wording, ['yes', 'no'] AS labels FROM item
INSERT INTO training_text BY NAME
SELECT DISTINCT $run_id AS run_id, i.survey_id, i.item_id, i.language, text_fingerprint(i.wording, i.labels) AS text
FROM incoming AS i
ANTI JOIN training_text AS t
    ON t.run_id = $run_id
    AND t.survey_id = i.survey_id
    AND t.item_id = i.item_id
    AND t.language = i.language
    AND t.text = text_fingerprint(i.wording, i.labels);
