-- Rows, dead and alive, of the table with its partitions and children.
WITH RECURSIVE tree AS (
    SELECT $1::oid AS relid
    UNION
    SELECT i.inhrelid FROM pg_inherits AS i JOIN tree ON i.inhparent = tree.relid
)
SELECT coalesce(sum(pg_stat_get_dead_tuples(relid)), 0)::int8 AS dead,
       coalesce(sum(pg_stat_get_live_tuples(relid)), 0)::int8 AS live
FROM tree
