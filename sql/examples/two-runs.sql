-- Purpose: the cells where two runs differ most in total variation: which of them is nearer to people, and by how much.
-- Grain: one row per pair of runs and cell, twenty in all. Reads: scored_cell, population_text.
SELECT a.run_id AS nearer, b.run_id AS farther, a.item_id, n.name AS population,
    a.total_variation AS distance_of_nearer, b.total_variation AS distance_of_farther
FROM scored_cell AS a
JOIN scored_cell AS b USING (part, split, survey_id, item_id, population_id, language)
JOIN population_text AS n ON n.population_id = a.population_id AND n.language = 'en'
WHERE a.run_id <> b.run_id AND a.total_variation < b.total_variation
ORDER BY b.total_variation - a.total_variation DESC, nearer, farther, a.item_id, population
LIMIT 20;
