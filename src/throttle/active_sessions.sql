-- Sessions of others at work, in all databases. Of sessions that this role may not look into only their being there shows.
SELECT count(*) FILTER (WHERE a.backend_type = 'client backend' AND a.state = 'active') AS active,
       count(*) FILTER (WHERE a.backend_type = 'client backend' AND a.state = 'disabled') AS untracked,
       count(*) FILTER (WHERE a.backend_type IS NULL) AS hidden
FROM pg_stat_activity AS a
WHERE a.pid <> pg_backend_pid()
  -- A session of somebody's: the server's own processes have neither.
  AND a.datid IS NOT NULL
  AND a.usesysid IS NOT NULL
  AND coalesce(a.application_name, '') NOT LIKE 'longhaul%'
