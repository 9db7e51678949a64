-- Purpose: the parts of the splits that a report's runs belong to.
-- Grain: one row per split and part.
-- Parameters: $run_ids (list). Reads: run, split, split_cell.
-- Example: $run_ids = ['item-mean-1', 'uniform-1']
SELECT
    s.split,
    s.recipe,
    c.part,
    count(*) AS n_cells,
    count(DISTINCT c.survey_id || '|' || c.item_id) AS n_items,
    count(DISTINCT c.population_id) AS n_populations
FROM split_cell AS c
JOIN split AS s ON s.split = c.split
WHERE c.split IN (SELECT split FROM run WHERE list_contains($run_ids, run_id))
GROUP BY s.split, s.recipe, c.part
ORDER BY s.split, c.part NOT IN ('train'), c.part NOT IN ('validation'), c.part;
