-- Purpose: the prompt sentences that a user gave for a language.
-- Grain: one row, none where there are none. Parameters: $language. Reads: prompt_frame.
-- Example: $language = 'en'
SELECT language, frame::VARCHAR AS frame, file_name, added_at
FROM prompt_frame
WHERE language = $language;
