-- Purpose: remove what an ingest wrote for a survey, before it is ingested anew. Wordings that the user added
-- (origin imported or machine), splits, runs and their predictions stay.
-- Parameters: $survey_id.
-- Writes: ingest_skip, source_file, grouping_value, answer_account, missing_count, cell, response_distribution,
-- option_text, response_option, item_text, item, survey.
-- Example: $survey_id = 'wvs7'
DELETE FROM ingest_skip
WHERE source_file_id IN (SELECT source_file_id FROM source_file WHERE survey_id = $survey_id);
DELETE FROM source_file WHERE survey_id = $survey_id;
DELETE FROM grouping_value WHERE survey_id = $survey_id;
DELETE FROM answer_account WHERE survey_id = $survey_id;
DELETE FROM missing_count WHERE survey_id = $survey_id;
DELETE FROM cell WHERE survey_id = $survey_id;
DELETE FROM response_distribution WHERE survey_id = $survey_id;
DELETE FROM option_text WHERE survey_id = $survey_id AND origin NOT IN ('imported', 'machine');
DELETE FROM response_option WHERE survey_id = $survey_id;
DELETE FROM item_text WHERE survey_id = $survey_id AND origin NOT IN ('imported', 'machine');
DELETE FROM item WHERE survey_id = $survey_id;
DELETE FROM survey WHERE survey_id = $survey_id;
