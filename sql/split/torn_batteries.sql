-- Purpose: batteries with items in the training part and other items in another part, never in the training part: the
-- model has learnt the shared stem and scale of such an item.
-- Grain: one row per battery. Parameters: $split. Reads: split_cell, item.
-- Example: $split = 'unseen-questions'
WITH placed AS (
    SELECT i.survey_id, i.battery_id, i.item_id, bool_or(c.part = 'train') AS in_train
    FROM split_cell AS c
    JOIN item AS i USING (survey_id, item_id)
    WHERE c.split = $split
    GROUP BY ALL
)
SELECT survey_id, battery_id
FROM placed
GROUP BY ALL
HAVING bool_or(in_train) AND NOT bool_and(in_train)
ORDER BY ALL;
