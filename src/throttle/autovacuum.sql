-- Autovacuum's workers on the table, its partitions and children, and their TOAST tables. A VACUUM that somebody
-- started, ours included, is none of them. Where rights are missing, not even the table shows.
WITH RECURSIVE tree AS (
    SELECT $1::oid AS relid
    UNION
    SELECT i.inhrelid FROM pg_inherits AS i JOIN tree ON i.inhparent = tree.relid
), stored AS (
    SELECT relid FROM tree
    UNION
    SELECT c.reltoastrelid FROM pg_class AS c JOIN tree ON c.oid = tree.relid WHERE c.reltoastrelid <> 0
), vacuums AS (
    SELECT p.pid, p.relid, p.phase, a.backend_type
    FROM pg_stat_progress_vacuum AS p
    JOIN pg_stat_activity AS a ON a.pid = p.pid
    WHERE p.datname = current_database()
), found AS (
    SELECT v.pid, v.phase
    FROM vacuums AS v
    WHERE v.backend_type = 'autovacuum worker' AND v.relid IN (SELECT relid FROM stored)
)
SELECT (SELECT count(*) FROM vacuums WHERE relid IS NULL) AS hidden,
       (SELECT count(*) FROM found) AS workers,
       (SELECT coalesce(string_agg(format('process %s, %s', pid, phase), '; ' ORDER BY pid), '') FROM found) AS doing
