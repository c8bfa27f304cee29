-- Cuts a range in two behind what its worker has taken in hand, and before its end: $1 the range, $2 its end, $3 where
-- to cut. Waits for the batch that is running. A worker that has looked further ahead than its stored position tells
-- from the end that it meets the fence with.
WITH kept AS (
    UPDATE {schema}.range AS r
    SET upper_key = $3::text[]
    WHERE r.id = $1
      AND r.upper_key = $2::text[]
      AND NOT r.finished
      AND (coalesce(r.window_upper, r.checkpoint, r.lower_key) IS NULL OR {taken} < {cut})
    RETURNING r.run_id, r.pass, r.walk_order, r.file_node
)
INSERT INTO {schema}.range (run_id, pass, walk_order, file_node, lower_key, upper_key)
SELECT kept.run_id, kept.pass, kept.walk_order, kept.file_node, $3::text[], $2::text[] FROM kept
