-- Purpose: write which cells of a run failed, in place of those it had.
-- Parameters: $run_id. Frame: incoming (one row per item, population and language: reason, reply).
-- Writes: prediction_failure.
-- Example: $run_id = 'item-mean-1'
-- Example: incoming AS SELECT survey_id, item_id, population_id, 'en' AS language, 'no JSON object' AS reason, '?' AS
--          reply FROM cell LIMIT 2
DELETE FROM prediction_failure WHERE run_id = $run_id;
INSERT INTO prediction_failure BY NAME
SELECT $run_id AS run_id, survey_id, item_id, population_id, language, reason, reply FROM incoming;
