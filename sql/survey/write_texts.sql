-- Purpose: write the wording of items and options in every language of the codebook; a wording that the user added
-- in the same language stays.
-- Grain: one row per item (and option) and language. Parameters: $survey_id.
-- Reads: the frames incoming_item_text and incoming_option_text. Writes: item_text, option_text.
-- Example: $survey_id = 'wvs7'
-- Example: incoming_item_text AS SELECT item_id, 'xx' AS language, wording, origin FROM item_text LIMIT 2
-- Example: incoming_option_text AS SELECT item_id, option_code, 'xx' AS language, label, origin FROM option_text
--          LIMIT 2
INSERT OR IGNORE INTO item_text BY NAME
SELECT $survey_id AS survey_id, item_id, language, wording, origin FROM incoming_item_text;
INSERT OR IGNORE INTO option_text BY NAME
SELECT $survey_id AS survey_id, item_id, option_code, language, label, origin FROM incoming_option_text;
