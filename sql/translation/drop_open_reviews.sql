-- Purpose: forget open reviews of items that have since been translated without objection.
-- Parameters: $survey_id, $language. Reads: settled (item_id). Writes: translation_review.
-- Example: $language = 'en', $survey_id = 'wvs7'
-- Example: settled AS SELECT 'Q57' AS item_id
DELETE FROM translation_review
WHERE survey_id = $survey_id AND language = $language AND status = 'open' AND item_id IN (SELECT item_id FROM settled);
