-- Purpose: the effective number of answers of a cell is above 0 and at most their number, with weights and without.
-- Grain: one row per cell that breaks this. Reads: cell.
SELECT survey_id, item_id, population_id, n_respondents, n_effective, n_effective_unweighted
FROM cell
WHERE n_effective <= 0
    OR n_effective > n_respondents + 1e-6
    OR n_effective_unweighted <= 0
    OR n_effective_unweighted > n_respondents + 1e-6
    OR n_respondents < 0
ORDER BY ALL;
