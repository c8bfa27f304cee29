-- A message was sent ($2 sent), is to be tried again in $3 seconds (due), or is given up (dropped). Try $5 says so: once
-- somebody has tried again, all that counts of it is that it was sent.
UPDATE {schema}.alert
SET state = $2,
    next_try_at = clock_timestamp() + make_interval(secs => $3),
    claimed_until = NULL,
    sent_at = CASE WHEN $2 = 'sent' THEN clock_timestamp() END,
    last_error = $4
WHERE id = $1 AND state = 'due' AND ($2 = 'sent' OR attempts = $5)
