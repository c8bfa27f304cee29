-- What a batch cost others and what others cost it, as the lock monitor saw it; without a batch, one that was cancelled
-- for others.
WITH noted AS (
    UPDATE {schema}.batch
    SET lock_wait = nullif($3::text::interval, '0'),
        blocked = nullif($4, 0),
        blocked_for = nullif($5::text::interval, '0')
    WHERE id = $2
)
UPDATE {schema}.range
SET gave_way = gave_way + CASE WHEN $2::int8 IS NULL AND $4 > 0 THEN 1 ELSE 0 END,
    longest_blocked = greatest(longest_blocked, $5::text::interval),
    lock_wait = lock_wait + $3::text::interval
WHERE id = $1
