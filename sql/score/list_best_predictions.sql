-- Purpose: what the best predictor without a model says of cells: of the newest run of `best` on a split that no language model
--          serves.
-- Grain: one row per item and population; `probability` is in option-code order. `served_by` names the predictor of the cell.
-- Parameters: $split, $shares. Reads: run, prediction, prediction_cell.
-- Example: $split = 'paper', $shares = 'weighted'
WITH newest AS (
    SELECT run_id
    FROM run
    WHERE predictor = 'best'
        AND status = 'finished'
        AND split = $split
        AND shares = $shares
        AND coalesce(json_array_length(configuration, '$.settings.of'), 0) = 0
    ORDER BY started_at DESC, run_id DESC
    LIMIT 1
)
SELECT
    p.survey_id,
    p.item_id,
    p.population_id,
    list(p.probability ORDER BY p.option_code) AS probability,
    any_value(split_part(c.basis, ':', 1)) AS served_by
FROM newest AS n
JOIN prediction AS p ON p.run_id = n.run_id
JOIN prediction_cell AS c
    ON c.run_id = p.run_id
    AND c.survey_id = p.survey_id
    AND c.item_id = p.item_id
    AND c.population_id = p.population_id
    AND c.language = p.language
GROUP BY p.survey_id, p.item_id, p.population_id
ORDER BY p.survey_id, p.item_id, p.population_id;
