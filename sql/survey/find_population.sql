-- Purpose: a population by its id, or a country by its name, without regard to case.
-- Grain: at most one row. Parameters: $name, $iso3 (the country that the name is known to mean, or NULL).
-- Reads: population, population_text.
-- Example: $iso3 = 'KEN', $name = 'Kenya'
SELECT p.population_id, t.name, t.description
FROM population AS p
JOIN population_text AS t ON t.population_id = p.population_id AND t.language = 'en'
WHERE p.population_id = $iso3 OR lower(p.population_id) = lower($name) OR lower(t.name) = lower($name)
ORDER BY p.population_id
LIMIT 1;
