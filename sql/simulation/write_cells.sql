-- Purpose: the split of a simulation: its own cells as the part `asked`, and the train and validation cells of another
-- split, so that predictors have what they learn from and errors can be told.
-- Grain written: one row per part and cell. Parameters: $split, $of_split (NULL: none). Frame: asked (survey_id,
-- item_id, population_id). Reads: split_cell. Writes: split_cell.
-- Example: $split = 'simulated-1', $of_split = 'paper'
-- Example: asked AS SELECT 'simulated-1' AS survey_id, 'N1' AS item_id, 'KEN' AS population_id
INSERT INTO split_cell BY NAME
SELECT $split AS split, 'asked' AS part, survey_id, item_id, population_id FROM asked;
INSERT INTO split_cell BY NAME
SELECT $split AS split, part, survey_id, item_id, population_id
FROM split_cell
WHERE split = $of_split AND part IN ('train', 'validation');
