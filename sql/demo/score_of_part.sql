-- Purpose: a run's mean score on a part, and by whom most of its cells were answered: the word that each basis of a run
-- of `best` begins with.
-- Grain: one row. Parameters: $run_id, $part. Reads: scored_cell, prediction_cell.
-- Example: $run_id = 'item-mean-1', $part = 'test'
SELECT
    count(*) AS n_cells,
    avg(s.paper_one_minus_jsd) AS score,
    mode(split_part(p.basis, ':', 1)) AS served_by
FROM scored_cell AS s
JOIN prediction_cell AS p USING (run_id, survey_id, item_id, population_id, language)
WHERE s.run_id = $run_id AND s.part = $part;
