-- What lint is to know of the relations $1, types $2 and functions $3 that pending statements name, as one document. The names
-- are an author's: they are looked up along the path that is kept for authors; everything else is ours. Takes no lock that
-- could wait: of a table that somebody holds against everybody, the size by its last VACUUM is told.
WITH RECURSIVE path AS MATERIALIZED (
    SELECT set_config('search_path', current_setting('longhaul.search_path'), true) IS NOT NULL AS is_set
), named AS MATERIALIZED (
    SELECT given.name, CASE WHEN path.is_set THEN to_regclass(given.name) END::oid AS relation
    FROM path, unnest($1::text[]) AS given (name)
), named_types AS MATERIALIZED (
    SELECT given.name, CASE WHEN path.is_set THEN to_regtype(given.name) END::oid AS type
    FROM path, unnest($2::text[]) AS given (name)
), users AS (
    SELECT t.name, a.attrelid AS relation
    FROM named_types AS t
    JOIN pg_type AS y ON y.oid = t.type AND y.typtype = 'd'
    JOIN pg_attribute AS a ON a.atttypid = t.type AND NOT a.attisdropped
    JOIN pg_class AS c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p', 'm')
), bases AS (
    SELECT n.name, n.relation, coalesce(i.indrelid, n.relation) AS base
    FROM named AS n LEFT JOIN pg_index AS i ON i.indexrelid = n.relation
    WHERE n.relation IS NOT NULL
), behind AS (
    SELECT NULL AS name, base AS relation, base FROM bases WHERE base <> relation
    UNION SELECT NULL, relation, relation FROM users
    UNION SELECT NULL, p.partdefid, p.partdefid
    FROM bases JOIN pg_partitioned_table AS p ON p.partrelid = bases.base WHERE p.partdefid <> 0
), wanted AS (
    SELECT * FROM bases UNION SELECT * FROM behind
), family (base, member) AS (
    SELECT DISTINCT base, base FROM wanted
    UNION
    SELECT family.base, h.inhrelid FROM family JOIN pg_inherits AS h ON h.inhparent = family.member
), held AS MATERIALIZED (
    SELECT l.relation FROM pg_locks AS l
    WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock' AND l.pid <> pg_backend_pid()
      AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
), sizes AS (
    SELECT family.base,
           sum(s.heap) AS heap,
           sum(s.total) AS total,
           CASE WHEN bool_or(c.reltuples < 0 AND s.heap > 0) THEN NULL
                ELSE sum(greatest(c.reltuples, 0)) FILTER (WHERE c.relkind <> 'p') END AS tuples
    FROM family
    JOIN pg_class AS c ON c.oid = family.member
    CROSS JOIN LATERAL (
        SELECT CASE WHEN c.relkind NOT IN ('r', 'm') THEN 0
                    WHEN is_held THEN c.relpages::int8 * current_setting('block_size')::int8
                    ELSE coalesce(pg_relation_size(c.oid), 0) END AS heap,
               CASE WHEN c.relkind NOT IN ('r', 'm') THEN 0
                    WHEN is_held THEN c.relpages::int8 * current_setting('block_size')::int8 * 2
                    ELSE coalesce(pg_total_relation_size(c.oid), 0) END AS total
        FROM (SELECT EXISTS (SELECT FROM held WHERE held.relation = c.oid)) AS h (is_held)
    ) AS s
    GROUP BY family.base
), described AS (
    SELECT coalesce(w.name, format('%I.%I', n.nspname, c.relname)) AS name, jsonb_build_object(
        'qualified', format('%I.%I', n.nspname, c.relname),
        'table', (SELECT format('%I.%I', bn.nspname, b.relname)
                  FROM pg_class AS b JOIN pg_namespace AS bn ON bn.oid = b.relnamespace WHERE b.oid = w.base),
        'kind', c.relkind,
        'children', (SELECT coalesce(jsonb_agg(format('%I.%I', mn.nspname, m.relname)), '[]')
                     FROM family AS f JOIN pg_class AS m ON m.oid = f.member
                     JOIN pg_namespace AS mn ON mn.oid = m.relnamespace
                     WHERE f.base = w.base AND f.member <> w.base),
        'default_partition', (SELECT format('%I.%I', dn.nspname, d.relname)
                     FROM pg_partitioned_table AS p JOIN pg_class AS d ON d.oid = p.partdefid
                     JOIN pg_namespace AS dn ON dn.oid = d.relnamespace WHERE p.partrelid = w.base),
        'rows', sizes.tuples::int8,
        'heap', sizes.heap::int8,
        'total', sizes.total::int8,
        'columns', (SELECT coalesce(jsonb_agg(jsonb_build_object(
                        'name', plain.name, 'type_name', format_type(a.atttypid, a.atttypmod),
                        'not_null', a.attnotnull AND NOT EXISTS (
                            SELECT FROM pg_constraint AS k WHERE k.conrelid = w.base AND k.contype = 'n'
                              AND NOT k.convalidated AND a.attnum = ANY (k.conkey)))), '[]')
                    FROM pg_attribute AS a
                    CROSS JOIN LATERAL (
                        SELECT CASE WHEN a.attname ~ '^[a-z0-9_]+$' THEN a.attname::text
                                    ELSE '"' || replace(a.attname, '"', '""') || '"' END AS name) AS plain
                    WHERE a.attrelid = w.base AND a.attnum > 0 AND NOT a.attisdropped),
        'constraints', (SELECT coalesce(jsonb_agg(jsonb_build_object(
                        'name', CASE WHEN k.conname ~ '^[a-z0-9_]+$' THEN k.conname::text
                                     ELSE '"' || replace(k.conname, '"', '""') || '"' END,
                        'kind', k.contype, 'is_valid', k.convalidated,
                        'columns', (SELECT coalesce(jsonb_agg(CASE WHEN a.attname ~ '^[a-z0-9_]+$' THEN a.attname::text
                                            ELSE '"' || replace(a.attname, '"', '""') || '"' END), '[]')
                                    FROM pg_attribute AS a WHERE a.attrelid = w.base AND a.attnum = ANY (k.conkey)),
                        'references', (SELECT format('%I.%I', rn.nspname, r.relname)
                                       FROM pg_class AS r JOIN pg_namespace AS rn ON rn.oid = r.relnamespace
                                       WHERE r.oid = k.confrelid),
                        'definition', pg_get_constraintdef(k.oid))), '[]')
                    FROM pg_constraint AS k WHERE k.conrelid = w.base),
        'referenced_by', (SELECT coalesce(jsonb_agg(jsonb_build_object(
                        'table', format('%I.%I', rn.nspname, r.relname),
                        'columns', (SELECT coalesce(jsonb_agg(CASE WHEN a.attname ~ '^[a-z0-9_]+$' THEN a.attname::text
                                            ELSE '"' || replace(a.attname, '"', '""') || '"' END), '[]')
                                    FROM pg_attribute AS a WHERE a.attrelid = w.base AND a.attnum = ANY (k.confkey)))), '[]')
                    FROM pg_constraint AS k JOIN pg_class AS r ON r.oid = k.conrelid
                    JOIN pg_namespace AS rn ON rn.oid = r.relnamespace
                    WHERE k.confrelid = w.base AND k.contype = 'f'),
        'indexes', (SELECT coalesce(jsonb_agg((
                        SELECT coalesce(jsonb_agg(CASE WHEN a.attname ~ '^[a-z0-9_]+$' THEN a.attname::text
                                        ELSE '"' || replace(a.attname, '"', '""') || '"' END ORDER BY keys.at), '[]')
                        FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS keys (attnum, at)
                        JOIN pg_attribute AS a ON a.attrelid = w.base AND a.attnum = keys.attnum
                        WHERE keys.at <= i.indnkeyatts)), '[]')
                    FROM pg_index AS i WHERE i.indrelid = w.base AND i.indisvalid AND i.indpred IS NULL)
    ) AS facts
    FROM wanted AS w
    JOIN pg_class AS c ON c.oid = w.relation
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    JOIN sizes ON sizes.base = w.base
)
SELECT jsonb_build_object(
    'version', current_setting('server_version_num')::int4 / 10000,
    'is_utc', current_setting('TimeZone') IN ('UTC', 'Etc/UTC', 'GMT', 'Etc/GMT', 'Zulu', 'Universal', 'UCT'),
    'is_read', true,
    'relations', (SELECT coalesce(jsonb_object_agg(name, facts), '{}') FROM described),
    'types', (SELECT coalesce(jsonb_object_agg(t.name, jsonb_build_object(
                  'is_checked', y.typtype = 'd' AND (y.typnotnull OR EXISTS (
                      SELECT FROM pg_constraint AS k WHERE k.contypid = y.oid)),
                  'tables', (SELECT coalesce(jsonb_agg(DISTINCT format('%I.%I', un.nspname, uc.relname)), '[]')
                             FROM users JOIN pg_class AS uc ON uc.oid = users.relation
                             JOIN pg_namespace AS un ON un.oid = uc.relnamespace WHERE users.name = t.name))), '{}')
              FROM named_types AS t JOIN pg_type AS y ON y.oid = t.type),
    'volatile', (SELECT coalesce(jsonb_object_agg(f.name, f.is_volatile), '{}') FROM (
                  SELECT given.name, bool_or(p.provolatile = 'v') AS is_volatile
                  FROM unnest($3::text[]) AS given (name)
                  JOIN pg_proc AS p ON p.proname = (parse_ident(given.name))[array_upper(parse_ident(given.name), 1)]
                  GROUP BY given.name) AS f)
)::text
