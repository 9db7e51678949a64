-- Purpose: the surveys whose answers a report's runs learnt from or are held against, with the files they came from.
-- Grain: one row per survey and ingested file.
-- Parameters: $run_ids (list). Reads: score, survey, source_file.
-- Example: $run_ids = ['item-mean-1', 'uniform-1']
SELECT
    s.survey_id AS survey,
    s.title,
    coalesce(f.release, s.release) AS release,
    s.citation,
    s.licence,
    s.ai_policy,
    s.accessed_on,
    f.file_name AS file,
    left(f.content_sha256, 12) AS sha256,
    strftime(f.ingested_at, '%Y-%m-%d') AS ingested_on
FROM survey AS s
LEFT JOIN source_file AS f ON f.survey_id = s.survey_id
WHERE s.survey_id IN (SELECT survey_id FROM score WHERE list_contains($run_ids, run_id))
ORDER BY s.survey_id, f.ingested_at;
