-- Purpose: translations that were held back, in questionnaire order.
-- Grain: one row per item. Parameters: $survey_id, $language, $status (NULL for all). Reads: translation_review, item.
-- Example: $language = 'en', $status = 'finished', $survey_id = 'wvs7'
SELECT r.item_id, r.status, r.proposed, r.findings, r.origin, r.origin_detail, r.proposed_at, r.decided_at
FROM translation_review AS r
JOIN item AS i USING (survey_id, item_id)
WHERE r.survey_id = $survey_id AND r.language = $language AND ($status IS NULL OR r.status = $status)
ORDER BY i.position;
