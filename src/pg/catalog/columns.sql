SELECT a.attname::text AS name,
       format_type(a.atttypid, a.atttypmod) AS type_name,
       a.attnotnull AS not_null,
       a.attgenerated <> '' AS generated,
       a.attidentity = 'a' AS identity_always,
       has_column_privilege(a.attrelid, a.attnum, 'UPDATE') AS updatable
FROM pg_attribute AS a
WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum
