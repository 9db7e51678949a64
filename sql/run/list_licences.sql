-- Purpose: under what terms the surveys of the store may be used.
-- Grain: one row per survey. Parameters: none. Reads: survey.
SELECT
    survey_id,
    concat_ws(
        '; ',
        coalesce(rtrim(licence, '.'), 'not recorded; ask the publisher'),
        CASE WHEN ai_policy <> 'unknown' THEN 'AI policy: ' || ai_policy END,
        'cite: ' || citation
    ) AS licence
FROM survey
ORDER BY survey_id;
