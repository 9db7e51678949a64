-- Purpose: was a file with this content ingested before?
-- Grain: one row per ingested file with that content. Parameters: $content_sha256. Reads: source_file.
-- Example: $content_sha256 = 'abc'
SELECT survey_id, file_name, ingested_at
FROM source_file
WHERE content_sha256 = $content_sha256
ORDER BY ingested_at;
