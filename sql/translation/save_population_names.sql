-- Purpose: keep the names that a person gave populations in a language, replacing those that were there.
-- A context that is known in that language stays.
-- Grain: one row per population. Parameters: $language. Reads: incoming (population_id, name). Writes: population_text.
-- Example: $language = 'en'
-- Example: incoming AS SELECT population_id, name FROM population_text WHERE language = 'en' LIMIT 2
INSERT INTO population_text BY NAME
SELECT population_id, $language AS language, name, name AS description, '' AS context FROM incoming
ON CONFLICT DO UPDATE SET name = excluded.name, description = excluded.description;
