-- Purpose: the wording of items in one language, for predictors that read questions.
-- Grain: one row per item of the frame; wording is NULL where the item has none in that language.
-- Parameters: $language. Frame: wanted (survey_id, item_id). Reads: item_text.
-- Example: $language = 'en'
-- Example: wanted AS SELECT survey_id, item_id FROM item
SELECT w.survey_id, w.item_id, t.wording
FROM wanted AS w
LEFT JOIN item_text AS t
    ON t.survey_id = w.survey_id
    AND t.item_id = w.item_id
    AND t.language = $language
ORDER BY w.survey_id, w.item_id;
