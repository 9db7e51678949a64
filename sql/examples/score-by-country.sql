-- Purpose: where in the world a run is good: its mean score by country, from the best to the worst.
-- Grain: one row per run and country. Reads: scored_cell, population, country.
SELECT s.run_id, c.name AS country, c.un_subregion, count(*) AS n_cells, avg(s.paper_one_minus_jsd) AS mean_score
FROM scored_cell AS s
JOIN population AS p USING (population_id)
JOIN country AS c USING (iso3)
WHERE p.kind = 'country' AND s.part NOT IN ('train', 'validation')
GROUP BY ALL
ORDER BY s.run_id, mean_score DESC;
