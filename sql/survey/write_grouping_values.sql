-- Purpose: keep what the columns that a survey's populations are made of mean.
-- Grain: one row per survey, grouping and value. Parameters: $survey_id.
-- Reads: the frame incoming_grouping_value (columns of grouping_value but survey_id). Writes: grouping_value.
INSERT OR REPLACE INTO grouping_value BY NAME
SELECT $survey_id AS survey_id, grouping, value, item_id, low_code, high_code, label, value_label
FROM incoming_grouping_value;
