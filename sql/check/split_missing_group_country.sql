-- Purpose: in splits of missing groups, each country with a held-out group has another one in the training part, and no
-- whole country is in any part.
-- Grain: one row per split and country that breaks this. Reads: split, split_cell, population.
SELECT s.split, p.iso3 AS country
FROM split AS s
JOIN split_cell AS c USING (split)
JOIN population AS p USING (population_id)
WHERE s.recipe = 'missing-groups'
GROUP BY ALL
HAVING NOT bool_or(c.part = 'train') OR bool_or(p.kind = 'country')
ORDER BY ALL;
