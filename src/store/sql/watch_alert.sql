-- From which event on an alert is told: where it is new, from those that came after its process began, $2 seconds ago.
WITH made AS (
    INSERT INTO {schema}.alert_watch (alert, event_id)
    SELECT $1, coalesce((
        SELECT e.id
        FROM {schema}.event AS e
        WHERE e.at < clock_timestamp() - make_interval(secs => $2)
        ORDER BY e.id DESC
        LIMIT 1
    ), 0)
    ON CONFLICT (alert) DO NOTHING
    RETURNING event_id
)
SELECT event_id FROM made
UNION ALL
SELECT event_id FROM {schema}.alert_watch WHERE alert = $1
LIMIT 1
