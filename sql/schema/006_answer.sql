-- Everything about an answer in one row, for people who would otherwise join eight tables.

CREATE VIEW answer AS
WITH cell_score AS (
    SELECT run_id, survey_id, item_id, population_id, language, js_divergence_nats, total_variation, paper_one_minus_jsd
    FROM score
),
people AS (
    SELECT survey_id, item_id, population_id, option_code, n_respondents, share, share_unweighted
    FROM response_distribution
),
both_sides AS (
    SELECT
        survey_id,
        item_id,
        population_id,
        option_code,
        p.run_id,
        p.language,
        p.probability AS predicted,
        coalesce(d.share, d.share_unweighted) AS observed,
        d.share IS NOT NULL AS is_weighted,
        d.n_respondents
    FROM people AS d
    FULL JOIN prediction AS p USING (survey_id, item_id, population_id, option_code)
),
wording AS (
    SELECT survey_id, item_id, arg_min(wording, (language <> 'en', language)) AS wording
    FROM item_text
    GROUP BY survey_id, item_id
),
label AS (
    SELECT survey_id, item_id, option_code, arg_min(label, (language <> 'en', language)) AS label
    FROM option_text
    GROUP BY survey_id, item_id, option_code
),
name AS (
    SELECT population_id, arg_min(name, (language <> 'en', language)) AS name
    FROM population_text
    GROUP BY population_id
)
SELECT
    b.survey_id,
    b.item_id,
    i.dimension,
    w.wording,
    b.population_id,
    n.name AS population,
    b.option_code,
    l.label AS option,
    b.observed,
    b.is_weighted,
    b.n_respondents,
    b.run_id,
    b.language,
    b.predicted,
    s.js_divergence_nats,
    s.total_variation,
    s.paper_one_minus_jsd
FROM both_sides AS b
JOIN item AS i
    ON i.survey_id = b.survey_id
    AND i.item_id = b.item_id
LEFT JOIN wording AS w
    ON w.survey_id = b.survey_id
    AND w.item_id = b.item_id
LEFT JOIN label AS l
    ON l.survey_id = b.survey_id
    AND l.item_id = b.item_id
    AND l.option_code = b.option_code
LEFT JOIN name AS n ON n.population_id = b.population_id
LEFT JOIN cell_score AS s
    ON s.run_id = b.run_id
    AND s.survey_id = b.survey_id
    AND s.item_id = b.item_id
    AND s.population_id = b.population_id
    AND s.language = b.language;
COMMENT ON VIEW answer IS 'One row per survey, item, population, option and, where there are predictions, run and language of the prompt: words (in English where there are any), what people answered (observed: weighted where known), what the run predicted, and the scores of the cell. run_id is NULL for cells that no run predicted, observed for those that nobody answered.';
