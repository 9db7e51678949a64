-- Purpose: what a survey has in the store, for the report of an ingest.
-- Grain: one row. Parameters: $survey_id. Reads: cell, item.
-- n_items are those with answers, n_items_known all that the codebook words.
-- Example: $survey_id = 'wvs7'
SELECT
    count(DISTINCT item_id) AS n_items,
    (SELECT count(*) FROM item WHERE survey_id = $survey_id) AS n_items_known,
    count(DISTINCT population_id) AS n_populations,
    count(*) AS n_cells
FROM cell
WHERE survey_id = $survey_id;
