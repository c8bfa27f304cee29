-- Somebody has noticed something that an alert is to tell; who comes second changes nothing. What was over and is there again
-- is another occurrence: it is named after the message that said it was over, so that all who see it give it one name.
WITH last AS (
    SELECT a.id, a.occurrence, a.status
    FROM {schema}.alert AS a
    WHERE a.alert = $1 AND (a.occurrence = $2 OR starts_with(a.occurrence, $2 || ' again '))
    ORDER BY a.id DESC
    LIMIT 1
), named AS (
    SELECT CASE WHEN $3 = 'resolved' OR last.id IS NULL THEN $2
                WHEN last.status = 'resolved' THEN $2 || ' again ' || last.id
                ELSE last.occurrence END AS occurrence
    FROM (SELECT) AS one LEFT JOIN last ON true
)
INSERT INTO {schema}.alert (alert, occurrence, status, kind, run_id, message, noticed_by)
SELECT $1, named.occurrence, $3, $4::text, $5::bigint, jsonb_set($6::jsonb, '{id}', to_jsonb(named.occurrence)), $7::text
FROM named
ON CONFLICT (alert, occurrence, status) DO NOTHING
