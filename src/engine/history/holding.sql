-- Who holds a lock on one of the tables $1, in a transaction that is older than $2. The names are an author's: they are looked
-- up along the path that is kept for authors; everything else is ours.
WITH path AS MATERIALIZED (
    SELECT set_config('search_path', current_setting('longhaul.search_path'), true) IS NOT NULL AS is_set
), wanted AS MATERIALIZED (
    SELECT CASE WHEN path.is_set THEN to_regclass(named.name) END AS relation
    FROM path, unnest($1::text[]) AS named (name)
)
SELECT DISTINCT format(
           'session %s (%s, %s, %s for %s): %s',
           activity.pid,
           coalesce(pg_get_userbyid(activity.usesysid), activity.backend_type),
           coalesce(nullif(activity.application_name, ''), 'no application name'),
           coalesce(activity.state, 'active'),
           date_trunc('second', clock_timestamp() - activity.xact_start),
           coalesce(
               nullif(left(regexp_replace(activity.query, '\s+', ' ', 'g'), 200), ''), 'no query'
           )
       )
FROM pg_locks AS lock
-- One session at a time: the view would look at all of them.
CROSS JOIN LATERAL pg_stat_get_activity(lock.pid) AS activity
WHERE lock.locktype = 'relation'
  AND lock.relation = ANY (SELECT wanted.relation FROM wanted)
  AND lock.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND lock.granted
  AND lock.pid <> pg_backend_pid()
  AND activity.xact_start < clock_timestamp() - $2::text::interval
  -- Autovacuum gives way by itself, unless it must prevent wraparound.
  AND (activity.backend_type <> 'autovacuum worker' OR activity.query LIKE '%(to prevent wraparound)')
