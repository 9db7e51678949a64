-- Purpose: a response distribution has exactly the options of its item, including those that no respondent chose.
-- Grain: one row per cell and option that is too many or too few. Reads: response_distribution, response_option, cell.
SELECT survey_id, item_id, population_id, option_code, 'not an option of the item' AS problem
FROM response_distribution
ANTI JOIN response_option USING (survey_id, item_id, option_code)
UNION ALL
SELECT c.survey_id, c.item_id, c.population_id, o.option_code, 'option lacking'
FROM cell AS c
JOIN response_option AS o USING (survey_id, item_id)
ANTI JOIN response_distribution AS d
    ON d.survey_id = c.survey_id
    AND d.item_id = c.item_id
    AND d.population_id = c.population_id
    AND d.option_code = o.option_code
ORDER BY ALL;
