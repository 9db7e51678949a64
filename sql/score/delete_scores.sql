-- Purpose: forget a run's scores, so that new ones can take their place.
-- Grain: all rows of the run. Parameters: $run_id. Writes: score.
-- Example: $run_id = 'item-mean-1'
DELETE FROM score WHERE run_id = $run_id;
