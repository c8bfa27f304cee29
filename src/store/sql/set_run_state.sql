UPDATE {schema}.run
SET state = $2,
    reason = $3,
    finished_at = CASE WHEN $4 THEN clock_timestamp() END,
    sign_off = coalesce($5, sign_off)
WHERE id = $1
