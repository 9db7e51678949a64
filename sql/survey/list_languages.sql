-- Purpose: the languages that the store's items have wordings in.
-- Grain: one row per language. Parameters: $survey_id (NULL: every survey). Reads: item_text.
-- Example: $survey_id = 'wvs7'
SELECT DISTINCT language
FROM item_text
WHERE $survey_id IS NULL OR survey_id = $survey_id
ORDER BY language;
