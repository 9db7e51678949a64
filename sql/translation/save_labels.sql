-- Purpose: keep labels. One that a person gave is never replaced, one of a machine only where $replace_machine.
-- Parameters: $replace_machine. Reads: incoming (columns of option_text). Writes: option_text.
-- Example: $replace_machine = false
-- Example: incoming AS SELECT * FROM option_text LIMIT 2
INSERT INTO option_text BY NAME
SELECT survey_id, item_id, option_code, language, label, origin FROM incoming
ON CONFLICT DO UPDATE SET label = excluded.label, origin = excluded.origin
WHERE option_text.origin = 'machine' AND $replace_machine;
