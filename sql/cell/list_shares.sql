-- Purpose: the human response distribution of given cells, by the one rule for which shares a run uses: unweighted shares
--          where the run asks for them, and also where it asks for weighted ones but a cell has none.
-- Grain: one row per cell of `wanted` whose item was asked there; lists are in option-code order and have an entry for
--        every response option of the item (0 for one that no respondent chose).
-- Parameters: $shares ('weighted' or 'unweighted'). Frame: wanted (survey_id, item_id, population_id).
-- Reads: response_option, response_distribution, cell.
-- Result: n_respondents; n_effective, which stands for the precision of the shares returned: that of the survey's design,
--         else Kish's where they are weighted and it is known, else n_respondents; unweighted_instead, true where weighted
--         shares were missing.
-- Example: $shares = 'weighted'
-- Example: wanted AS SELECT survey_id, item_id, population_id FROM cell LIMIT 5
WITH distribution AS (
    SELECT
        o.survey_id,
        o.item_id,
        w.population_id,
        -- Sorting the gathered options costs a third of gathering them in order.
        list_sort(list({
            'option_code': o.option_code,
            'weighted': coalesce(d.share, 0),
            'unweighted': coalesce(d.share_unweighted, 0)
        })) AS options,
        $shares = 'weighted' AND count(d.share) = count(d.share_unweighted) AS is_weighted,
        sum(d.n_respondents)::BIGINT AS n_respondents
    FROM (SELECT DISTINCT survey_id, item_id, population_id FROM wanted) AS w
    JOIN response_option AS o
        ON o.survey_id = w.survey_id
        AND o.item_id = w.item_id
    LEFT JOIN response_distribution AS d
        ON d.survey_id = w.survey_id
        AND d.item_id = w.item_id
        AND d.population_id = w.population_id
        AND d.option_code = o.option_code
    GROUP BY o.survey_id, o.item_id, w.population_id
    HAVING count(d.share_unweighted) > 0
)
SELECT
    d.survey_id,
    d.item_id,
    d.population_id,
    list_transform(d.options, lambda o: o.option_code) AS option_code,
    CASE
        WHEN d.is_weighted THEN list_transform(d.options, lambda o: o.weighted)
        ELSE list_transform(d.options, lambda o: o.unweighted)
    END AS shares,
    d.n_respondents,
    coalesce(
        CASE WHEN d.is_weighted THEN c.n_effective END, c.n_effective_unweighted, d.n_respondents
    )::DOUBLE AS n_effective,
    $shares = 'weighted' AND NOT d.is_weighted AS unweighted_instead
FROM distribution AS d
LEFT JOIN cell AS c
    ON c.survey_id = d.survey_id
    AND c.item_id = d.item_id
    AND c.population_id = d.population_id
ORDER BY d.survey_id, d.item_id, d.population_id;
