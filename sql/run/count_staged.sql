-- Purpose: how many of the cells that were asked for have a prediction in their run folder.
-- Grain: one row. Reads: staged_prediction, staged_cell.
SELECT count(*) AS n_predicted
FROM staged_prediction
SEMI JOIN staged_cell USING (survey_id, item_id, population_id, language);
