SELECT a.attname::text AS name,
       -- Without the length where a cast to it would cut a value off in silence, which an assignment refuses.
       format_type(
           a.atttypid,
           CASE WHEN a.atttypid = ANY (ARRAY[
               'varchar', 'bpchar', 'bit', 'varbit', 'varchar[]', 'bpchar[]', 'bit[]', 'varbit[]'
           ]::regtype[]) THEN -1 ELSE a.atttypmod END
       ) AS type_name,
       a.attnotnull AS not_null,
       a.attgenerated <> '' AS generated,
       a.attidentity = 'a' AS identity_always,
       has_column_privilege(a.attrelid, a.attnum, 'UPDATE') AS updatable
FROM pg_attribute AS a
WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum
