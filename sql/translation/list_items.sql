-- Purpose: the items of a survey in questionnaire order.
-- Grain: one row per item. Parameters: $survey_id. Reads: item.
-- Example: $survey_id = 'wvs7'
SELECT item_id FROM item WHERE survey_id = $survey_id ORDER BY position;
