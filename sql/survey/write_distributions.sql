-- Purpose: write distributions with a row for every option of the item, zero where no respondent chose it.
-- Grain: one row per survey, item, population and option; one cell per survey, item and population.
-- Parameters: $survey_id.
-- Reads: the frames incoming_cell (item_id, population_id, n_respondents, n_effective,
-- n_effective_unweighted) and incoming_share (item_id,
-- population_id, option_code, n_respondents, share, share_unweighted); response_option. Writes: cell, response_distribution.
-- What is unknown of the whole cell (the counts, the weighted share) is NULL for every option, never zero.
-- Example: $survey_id = 'wvs7'
-- Example: incoming_cell AS SELECT 'Q57' AS item_id, 'XXX' AS population_id, 10 AS n_respondents, 9.5 AS n_effective,
--          8.0 AS n_effective_unweighted, true AS has_share
-- Example: incoming_share AS SELECT 'Q57' AS item_id, 'XXX' AS population_id, 1 AS option_code, 4 AS n_respondents,
--          0.4 AS share, 0.4 AS share_unweighted
INSERT INTO cell BY NAME
SELECT $survey_id AS survey_id, item_id, population_id, n_respondents, n_effective, n_effective_unweighted
FROM incoming_cell;
INSERT INTO response_distribution BY NAME
SELECT
    $survey_id AS survey_id,
    c.item_id,
    c.population_id,
    o.option_code,
    CASE WHEN c.n_respondents IS NOT NULL THEN coalesce(s.n_respondents, 0) END AS n_respondents,
    CASE WHEN c.has_share THEN coalesce(s.share, 0) END AS share,
    coalesce(s.share_unweighted, 0) AS share_unweighted
FROM incoming_cell AS c
JOIN response_option AS o ON o.survey_id = $survey_id AND o.item_id = c.item_id
LEFT JOIN incoming_share AS s
    ON s.item_id = c.item_id
    AND s.population_id = c.population_id
    AND s.option_code = o.option_code
JOIN item AS i ON i.survey_id = $survey_id AND i.item_id = c.item_id
ORDER BY i.position, c.population_id, o.option_code;
