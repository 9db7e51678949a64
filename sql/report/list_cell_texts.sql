-- Purpose: the words of cells: question, response options, population; in English where there is English, else in the
--          first other language.
-- Grain: one row per cell of `wanted`; labels are in option-code order, a code where an option has no label.
-- Parameters: none. Frame: wanted (survey_id, item_id, population_id).
-- Reads: item_text, response_option, option_text, population_text.
WITH wording AS (
    SELECT survey_id, item_id, arg_min(wording, (language <> 'en', language)) AS wording
    FROM item_text
    GROUP BY survey_id, item_id
),
label AS (
    SELECT survey_id, item_id, option_code, arg_min(label, (language <> 'en', language)) AS label
    FROM option_text
    GROUP BY survey_id, item_id, option_code
),
labels AS (
    SELECT
        o.survey_id,
        o.item_id,
        list(coalesce(l.label, o.option_code::VARCHAR) ORDER BY o.option_code) AS labels
    FROM response_option AS o
    LEFT JOIN label AS l
        ON l.survey_id = o.survey_id
        AND l.item_id = o.item_id
        AND l.option_code = o.option_code
    GROUP BY o.survey_id, o.item_id
),
people AS (
    SELECT population_id, arg_min(name, (language <> 'en', language)) AS name
    FROM population_text
    GROUP BY population_id
)
SELECT
    w.survey_id,
    w.item_id,
    w.population_id,
    coalesce(q.wording, w.item_id) AS wording,
    l.labels,
    coalesce(p.name, w.population_id) AS population
FROM (SELECT DISTINCT survey_id, item_id, population_id FROM wanted) AS w
JOIN labels AS l
    ON l.survey_id = w.survey_id
    AND l.item_id = w.item_id
LEFT JOIN wording AS q
    ON q.survey_id = w.survey_id
    AND q.item_id = w.item_id
LEFT JOIN people AS p ON p.population_id = w.population_id
ORDER BY w.survey_id, w.item_id, w.population_id;
