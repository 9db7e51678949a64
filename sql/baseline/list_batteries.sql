-- Purpose: the batteries of items: what shares a stem and a scale stays together when predictors choose by themselves.
-- Grain: one row per item of the frame. Frame: wanted (survey_id, item_id). Reads: item.
SELECT w.survey_id, w.item_id, i.battery_id
FROM wanted AS w
LEFT JOIN item AS i
    ON i.survey_id = w.survey_id
    AND i.item_id = w.item_id
ORDER BY w.survey_id, w.item_id;
