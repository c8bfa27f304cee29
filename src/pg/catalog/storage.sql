-- How a table is stored, and what an update of the columns $2 meets: the indexes that forbid heap-only updates, the
-- settings that bound what is in memory, and who is at work beside us. $3 is the first column of the key.
WITH target AS (
    SELECT a.attnum
    FROM pg_attribute AS a
    WHERE a.attrelid = $1 AND a.attname = ANY ($2::text[])
), changed AS (
    SELECT attnum FROM target
    UNION
    -- A stored generated column changes with what it is computed from.
    SELECT d.adnum
    FROM pg_attrdef AS d
    JOIN pg_attribute AS a ON a.attrelid = d.adrelid AND a.attnum = d.adnum AND a.attgenerated = 's'
    JOIN pg_depend AS p ON p.classid = 'pg_attrdef'::regclass AND p.objid = d.oid
                       AND p.refclassid = 'pg_class'::regclass AND p.refobjid = d.adrelid
    JOIN target ON target.attnum = p.refobjsubid
    WHERE d.adrelid = $1
    UNION
    -- Before PostgreSQL 15 the column itself depends on it.
    SELECT a.attnum
    FROM pg_attribute AS a
    JOIN pg_depend AS p ON p.classid = 'pg_class'::regclass AND p.objid = a.attrelid AND p.objsubid = a.attnum
                       AND p.refclassid = 'pg_class'::regclass AND p.refobjid = a.attrelid
    JOIN target ON target.attnum = p.refobjsubid
    WHERE a.attrelid = $1 AND a.attgenerated = 's'
), forbidding AS (
    SELECT ic.relname
    FROM pg_index AS i
    JOIN pg_class AS ic ON ic.oid = i.indexrelid
    JOIN pg_am AS am ON am.oid = ic.relam
    WHERE i.indrelid = $1
      AND i.indislive
      -- From PostgreSQL 16 on an index that only sums up ranges of blocks forbids nothing.
      AND (am.amname <> 'brin' OR current_setting('server_version_num')::int4 < 160000)
      AND EXISTS (
          SELECT FROM changed
          WHERE changed.attnum = ANY (i.indkey::int2[])
             -- Expressions and conditions are told by what the index depends on.
             OR EXISTS (
                 SELECT FROM pg_depend AS d
                 WHERE d.classid = 'pg_class'::regclass AND d.objid = i.indexrelid
                   AND d.refclassid = 'pg_class'::regclass AND d.refobjid = $1 AND d.refobjsubid = changed.attnum
             )
      )
)
SELECT c.relkind = 'r' AND am.amname IS NOT DISTINCT FROM 'heap'
           -- A child's rows are in a file of their own.
           AND NOT EXISTS (SELECT FROM pg_inherits AS i WHERE i.inhparent = c.oid) AS is_heap,
       (CASE WHEN c.relkind = 'r' THEN pg_relation_size(c.oid)
             ELSE (SELECT coalesce(sum(pg_relation_size(t.relid)), 0)::int8 FROM pg_partition_tree(c.oid) AS t WHERE t.isleaf)
        END / current_setting('block_size')::int8) AS pages,
       coalesce(pg_relation_filenode(c.oid), 0::oid) AS file_node,
       current_setting('block_size')::int8 AS block_size,
       (SELECT setting::int8 * current_setting('block_size')::int8 FROM pg_settings WHERE name = 'shared_buffers')
           AS shared_buffers,
       (SELECT coalesce(array_agg(relname::text ORDER BY relname), '{}') FROM forbidding) AS forbidding,
       (SELECT s.correlation
        FROM pg_stats AS s
        WHERE s.schemaname = n.nspname AND s.tablename = c.relname AND s.attname = $3
        ORDER BY s.inherited DESC
        LIMIT 1) AS correlation,
       pg_has_role(c.relowner, 'USAGE') AS owned,
       inet_client_addr() IS NULL OR inet_client_addr() = inet_server_addr() AS same_machine,
       (SELECT count(*)
        FROM pg_stat_activity AS a
        WHERE a.backend_type = 'client backend' AND a.state = 'active' AND a.application_name NOT LIKE 'longhaul%')
           AS active_sessions
FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
LEFT JOIN pg_am AS am ON am.oid = c.relam
WHERE c.oid = $1
