-- Purpose: in how many countries, and in how many subgroups, an item has a distribution; countries first.
-- Grain: one row per kind of population. Parameters: $survey_id, $item_id. Reads: cell, population.
-- Example: $item_id = 'Q57', $survey_id = 'wvs7'
SELECT p.kind, count(*) AS n_populations
FROM cell AS c
JOIN population AS p USING (population_id)
WHERE c.survey_id = $survey_id AND c.item_id = $item_id
GROUP BY p.kind
ORDER BY p.kind = 'country' DESC, p.kind;
