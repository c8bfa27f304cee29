-- The latest messages of the alerts, newest first.
SELECT to_char(noticed_at, 'YYYY-MM-DD HH24:MI:SS') AS at, alert, status, kind, message ->> 'message' AS message, state,
       attempts, last_error
FROM {schema}.alert
ORDER BY id DESC
LIMIT $1
