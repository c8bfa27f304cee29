-- All events up to the last that is a minute old were looked at: a number below may be given out and not committed yet.
UPDATE {schema}.alert_watch AS w
SET event_id = settled.id
FROM (
    SELECT e.id
    FROM {schema}.event AS e
    WHERE e.at < clock_timestamp() - interval '1 minute' AND e.id <= $2
    ORDER BY e.id DESC
    LIMIT 1
) AS settled
WHERE w.alert = $1 AND w.event_id < settled.id
