-- The foreign keys that are checked when the columns $2 of the table $1 are set: its own, and those of others that point at
-- what is set.
SELECT quote_ident(o.conname) AS name,
       o.confrelid = $1 AND NOT (o.conrelid = $1 AND own.touches) AS incoming,
       CASE WHEN o.conrelid = $1 AND own.touches THEN o.confrelid ELSE o.conrelid END::regclass::text AS other,
       o.confupdtype IN ('c', 'n', 'd') AS writes,
       -- An index that begins with the columns that point here.
       EXISTS (SELECT FROM pg_index AS i
               WHERE i.indrelid = o.conrelid AND i.indisvalid AND i.indpred IS NULL
                 AND (i.indkey::int2[])[0:cardinality(o.conkey) - 1] @> o.conkey
                 AND o.conkey @> (i.indkey::int2[])[0:cardinality(o.conkey) - 1]) AS has_index
FROM pg_constraint AS o,
     LATERAL (SELECT EXISTS (SELECT FROM pg_attribute AS a
                             WHERE a.attrelid = $1 AND a.attname = ANY ($2::text[]) AND a.attnum = ANY (o.conkey)) AS touches) AS own,
     LATERAL (SELECT EXISTS (SELECT FROM pg_attribute AS a
                             WHERE a.attrelid = $1 AND a.attname = ANY ($2::text[]) AND a.attnum = ANY (o.confkey)) AS touches) AS aim
WHERE o.contype = 'f'
  -- Those of partitions are their parents'.
  AND o.conparentid = 0
  AND (o.conrelid = $1 AND own.touches OR o.confrelid = $1 AND aim.touches)
ORDER BY o.conname
