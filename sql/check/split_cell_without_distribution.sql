-- Purpose: every cell of a split is in the store, except those of a simulation, which were never asked. (A survey that
-- was ingested anew with fewer cells leaves splits behind: make them anew with --replace.)
-- Grain: one row per split and cell that is not there. Reads: split_cell, split, cell.
SELECT c.split, c.part, c.survey_id, c.item_id, c.population_id
FROM split_cell AS c
LEFT JOIN split AS s USING (split)
ANTI JOIN cell AS n
    ON n.survey_id = c.survey_id
    AND n.item_id = c.item_id
    AND n.population_id = c.population_id
WHERE s.recipe IS DISTINCT FROM 'simulated' OR c.part <> 'asked'
ORDER BY ALL;
