-- Purpose: how much probability fell outside the option letters: a model that does not want to answer with one.
-- Grain: one row per part and language of a run's scores. Parameters: $run_id.
-- Reads: scored_cell, prediction_cell. A predictor without letters has n_cells 0 and NULLs.
-- Example: $run_id = 'item-mean-1'
SELECT
    s.part,
    s.language,
    count(p.outside_mass) AS n_cells,
    avg(p.outside_mass) AS mean,
    quantile_cont(p.outside_mass, 0.5) AS median,
    quantile_cont(p.outside_mass, 0.95) AS "95th percentile",
    max(p.outside_mass) AS maximum
FROM scored_cell AS s
JOIN prediction_cell AS p
    ON p.run_id = s.run_id
    AND p.survey_id = s.survey_id
    AND p.item_id = s.item_id
    AND p.population_id = s.population_id
    AND p.language = s.language
WHERE s.run_id = $run_id
GROUP BY ALL
ORDER BY s.part, s.language;
