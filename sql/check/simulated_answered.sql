-- Purpose: a question that was never asked has no human answers: predictions are never kept as if people had given them.
-- Grain: one row per cell that breaks this. Reads: split, split_cell, response_distribution, cell.
SELECT DISTINCT c.survey_id, c.item_id, c.population_id
FROM split AS s
JOIN split_cell AS c USING (split)
WHERE s.recipe = 'simulated'
    AND c.part NOT IN ('train', 'validation')
    AND (
        EXISTS (
            FROM response_distribution AS d
            WHERE d.survey_id = c.survey_id AND d.item_id = c.item_id AND d.population_id = c.population_id
        )
        OR EXISTS (
            FROM cell AS n
            WHERE n.survey_id = c.survey_id AND n.item_id = c.item_id AND n.population_id = c.population_id
        )
    )
ORDER BY ALL;
