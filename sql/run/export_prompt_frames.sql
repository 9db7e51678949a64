-- Purpose: the prompt sentences that users gave for the languages asked for.
-- Grain: one row per language that has any. Parameters: $languages. Reads: prompt_frame.
-- Example: $languages = ['en', 'zh']
SELECT language, frame::VARCHAR AS frame
FROM prompt_frame
WHERE list_contains($languages::VARCHAR[], language)
ORDER BY language;
