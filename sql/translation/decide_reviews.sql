-- Purpose: record what a person decided.
-- Parameters: $survey_id, $language, $status, $decided_at. Reads: decided (item_id). Writes: translation_review.
-- Example: $decided_at = TIMESTAMP '2026-01-01', $language = 'en', $status = 'finished', $survey_id = 'wvs7'
-- Example: decided AS SELECT 'Q57' AS item_id
UPDATE translation_review
SET status = $status, decided_at = $decided_at
WHERE survey_id = $survey_id AND language = $language AND item_id IN (SELECT item_id FROM decided);
