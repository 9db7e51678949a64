-- Purpose: write imported predictions of a new run.
-- Parameters: $run_id, $split (NULL: none), $now. Frame: incoming (one row per cell and language: probabilities in
--             option-code order, outside_mass, basis). Reads: response_option, split_cell. Writes: prediction_cell, prediction, prediction_part.
-- Example: $now = TIMESTAMP '2026-01-01', $run_id = 'vendor', $split = 'unseen-questions'
-- Example: incoming AS SELECT survey_id, item_id, population_id, '' AS language, share AS probabilities, NULL AS
--          outside_mass, 'theirs' AS basis FROM cell_share LIMIT 3
INSERT INTO prediction_cell BY NAME
SELECT $run_id AS run_id, survey_id, item_id, population_id, language, outside_mass, basis FROM incoming;
INSERT INTO prediction BY NAME
SELECT
    $run_id AS run_id,
    p.survey_id,
    p.item_id,
    p.population_id,
    p.language,
    o.option_code,
    p.probabilities[o.position + 1] AS probability
FROM incoming AS p
JOIN response_option AS o USING (survey_id, item_id);
-- A part counts as asked for where all its cells came, or one that stands in no other part: parts may share cells.
INSERT INTO prediction_part BY NAME
WITH part_cell AS (
    SELECT part, survey_id, item_id, population_id, count(*) OVER (PARTITION BY survey_id, item_id, population_id) AS n_parts
    FROM split_cell
    WHERE split = $split
),
came AS (
    SELECT DISTINCT survey_id, item_id, population_id FROM incoming
)
SELECT $run_id AS run_id, $split AS split, p.part, 'finished' AS status, $now AS started_at, $now AS finished_at
FROM part_cell AS p
LEFT JOIN came AS c USING (survey_id, item_id, population_id)
GROUP BY p.part
HAVING count(c.item_id) = count(*) OR bool_or(c.item_id IS NOT NULL AND p.n_parts = 1);
