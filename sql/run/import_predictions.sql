-- Purpose: bring the staged predictions of the staged cells into the store. A cell that the run has predicted otherwise
--          before gets the new prediction and loses its score; one that is predicted the same keeps both; all other
--          cells of the run stay.
-- Parameters: $run_id. Reads: staged_prediction, staged_failure, staged_cell, response_option.
-- Writes: prediction_cell, prediction, prediction_failure, score, and the temporary table changed_cell.
-- Example: $run_id = 'item-mean-1'
-- Example: staged_prediction AS SELECT survey_id, item_id, population_id, '' AS language, share AS probabilities,
--          0.1 AS outside_mass, 'first-token' AS basis, '' AS asked, NULL::DOUBLE[] AS least,
--          NULL::DOUBLE[] AS most FROM cell_share LIMIT 3
-- Example: staged_cell AS SELECT survey_id, item_id, population_id, '' AS language FROM cell_share
-- Example: staged_failure AS SELECT survey_id, item_id, population_id, 'zh' AS language, 'no JSON object' AS reason,
--          '?' AS reply FROM cell LIMIT 2
CREATE OR REPLACE TEMPORARY TABLE changed_cell AS
WITH incoming AS (
    SELECT s.survey_id, s.item_id, s.population_id, s.language, bit_xor(hash(o.option_code, s.probabilities[o.position + 1])) AS checksum
    FROM staged_prediction AS s
    SEMI JOIN staged_cell USING (survey_id, item_id, population_id, language)
    JOIN response_option AS o
        ON o.survey_id = s.survey_id
        AND o.item_id = s.item_id
    GROUP BY s.survey_id, s.item_id, s.population_id, s.language
),
held AS (
    SELECT survey_id, item_id, population_id, language, bit_xor(hash(option_code, probability)) AS checksum
    FROM prediction
    WHERE run_id = $run_id
    GROUP BY survey_id, item_id, population_id, language
)
SELECT survey_id, item_id, population_id, language
FROM incoming
ANTI JOIN held USING (survey_id, item_id, population_id, language, checksum);
INSERT INTO changed_cell
SELECT survey_id, item_id, population_id, language
FROM staged_failure
SEMI JOIN staged_cell USING (survey_id, item_id, population_id, language);

DELETE FROM score
WHERE run_id = $run_id
    AND (survey_id, item_id, population_id, language) IN (SELECT (survey_id, item_id, population_id, language) FROM changed_cell);
DELETE FROM prediction
WHERE run_id = $run_id
    AND (survey_id, item_id, population_id, language) IN (SELECT (survey_id, item_id, population_id, language) FROM changed_cell);
DELETE FROM prediction_cell
WHERE run_id = $run_id
    AND (survey_id, item_id, population_id, language) IN (SELECT (survey_id, item_id, population_id, language) FROM changed_cell);
DELETE FROM prediction_failure
WHERE run_id = $run_id
    AND (survey_id, item_id, population_id, language) IN (SELECT (survey_id, item_id, population_id, language) FROM staged_cell);

INSERT INTO prediction_cell BY NAME
SELECT $run_id AS run_id, s.* EXCLUDE (probabilities, least, most) REPLACE (nullif(s.asked, '') AS asked)
FROM staged_prediction AS s
SEMI JOIN changed_cell USING (survey_id, item_id, population_id, language);
INSERT INTO prediction BY NAME
SELECT
    $run_id AS run_id,
    s.survey_id,
    s.item_id,
    s.population_id,
    s.language,
    o.option_code,
    s.probabilities[o.position + 1] AS probability,
    s.least[o.position + 1] AS probability_least,
    s.most[o.position + 1] AS probability_most
FROM staged_prediction AS s
SEMI JOIN changed_cell USING (survey_id, item_id, population_id, language)
JOIN response_option AS o
    ON o.survey_id = s.survey_id
    AND o.item_id = s.item_id;
INSERT INTO prediction_failure BY NAME
SELECT $run_id AS run_id, f.*
FROM staged_failure AS f
SEMI JOIN staged_cell USING (survey_id, item_id, population_id, language);
