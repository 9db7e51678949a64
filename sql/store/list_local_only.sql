-- Purpose: which of some surveys may be used on machines of one's own alone.
-- Grain: one row per survey. Parameters: $survey_ids (list). Reads: survey.
-- Example: $survey_ids = ['wvs7']
SELECT survey_id, title
FROM survey
WHERE list_contains($survey_ids, survey_id)
    AND ai_policy = 'local-only'
ORDER BY survey_id;
