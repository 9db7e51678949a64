-- Purpose: of how many of a run's predicted cells the store has answers.
-- Grain: one row. Parameters: $run_id. Reads: prediction_cell, cell.
-- Example: $run_id = 'mine-1'
SELECT count(*) AS n_cells, count(c.item_id) AS n_answered
FROM (SELECT DISTINCT survey_id, item_id, population_id FROM prediction_cell WHERE run_id = $run_id) AS p
LEFT JOIN cell AS c
    ON c.survey_id = p.survey_id
    AND c.item_id = p.item_id
    AND c.population_id = p.population_id;
