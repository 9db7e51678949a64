-- Purpose: the codebook that a survey's items follow and the number of its cells, from which a recipe knows whether it applies.
-- Grain: one row, none where the store has no such survey. Parameters: $survey_id. Reads: survey, cell.
-- Example: $survey_id = 'wvs7'
SELECT
    codebook,
    (SELECT count(*) FROM cell WHERE survey_id = $survey_id) AS n_cells
FROM survey
WHERE survey_id = $survey_id;
