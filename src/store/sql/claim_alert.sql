-- The next message of an alert is this process's to send, for so many seconds. One about the same thing that came before it
-- goes first.
UPDATE {schema}.alert AS a
SET attempts = a.attempts + 1,
    claimed_by = $2,
    claimed_until = clock_timestamp() + make_interval(secs => $3)
WHERE a.id = (
    SELECT due.id
    FROM {schema}.alert AS due
    WHERE due.alert = $1 AND due.state = 'due' AND due.next_try_at <= clock_timestamp()
      AND coalesce(due.claimed_until < clock_timestamp(), true)
      AND NOT EXISTS (
          SELECT FROM {schema}.alert AS before
          WHERE before.alert = due.alert AND before.occurrence = due.occurrence AND before.state = 'due' AND before.id < due.id
      )
    ORDER BY due.id
    LIMIT 1
    FOR UPDATE SKIP LOCKED
)
RETURNING a.id, a.attempts, a.message, (extract(epoch FROM clock_timestamp() - a.noticed_at))::float8 AS seconds
