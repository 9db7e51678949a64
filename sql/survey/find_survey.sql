-- Purpose: what the store has under a survey's name.
-- Grain: one row per file ingested into it, none where there is no such survey. Parameters: $survey_id.
-- Reads: survey, source_file.
-- Example: $survey_id = 'wvs7'
SELECT s.survey_id, s.title, s.release, f.file_name, f.ingested_at
FROM survey AS s
LEFT JOIN source_file AS f USING (survey_id)
WHERE s.survey_id = $survey_id
ORDER BY f.ingested_at;
