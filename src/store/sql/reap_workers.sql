-- Gives up the dead among the other workers of a run and frees their ranges. Dead is who has not beaten for the time of
-- a lease; or for a third of it, when its backend is gone as well. A range whose last batch is still running in the server
-- is locked: it is free once that has ended, since nobody who is registered holds it.
WITH dead AS (
    DELETE FROM {schema}.worker AS w
    WHERE w.run_id = $1
      AND w.id <> ALL ($2)
      AND (w.heartbeat_at < clock_timestamp() - $3::text::interval
           OR w.heartbeat_at < clock_timestamp() - $3::text::interval / 3
              AND NOT EXISTS (
                  SELECT FROM pg_stat_activity AS a
                  WHERE a.pid = w.backend_pid AND coalesce(a.backend_start = w.backend_start, true)
              ))
    RETURNING w.id, w.host, w.process_id, w.actor
), freed AS (
    UPDATE {schema}.range AS r
    SET lease = NULL, worker_id = NULL
    WHERE r.id IN (
        SELECT held.id
        FROM {schema}.range AS held
        WHERE held.run_id = $1 AND held.worker_id IN (SELECT dead.id FROM dead)
        FOR NO KEY UPDATE SKIP LOCKED
    )
)
SELECT host, process_id, min(actor) AS actor, count(*) AS workers
FROM dead
GROUP BY host, process_id
