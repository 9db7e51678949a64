-- Purpose: keep wordings. One that a person gave is never replaced, one of a machine only where $replace_machine.
-- Parameters: $replace_machine. Reads: incoming (columns of item_text). Writes: item_text.
-- Example: $replace_machine = false
-- Example: incoming AS SELECT * FROM item_text LIMIT 2
INSERT INTO item_text BY NAME
SELECT survey_id, item_id, language, wording, origin, origin_detail::JSON AS origin_detail FROM incoming
ON CONFLICT DO UPDATE SET wording = excluded.wording, origin = excluded.origin, origin_detail = excluded.origin_detail
WHERE item_text.origin = 'machine' AND $replace_machine;
