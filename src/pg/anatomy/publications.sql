-- Publications that the table is in. Version 14 has neither columns nor conditions. $1: the table; $2: its column
SELECT coalesce(json_agg(json_build_object(
    'name', p.pubname,
    'columns', (SELECT json_agg(quote_ident(a.attname) ORDER BY a.attnum) FROM pg_attribute AS a
                WHERE a.attrelid = $1 AND to_jsonb(r) -> 'prattrs' @> to_jsonb(a.attnum)),
    'names_column', EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_publication_rel'::regclass
                            AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass AND d.refobjid = $1
                            AND d.refobjsubid = $2),
    'condition', {condition}
) ORDER BY p.pubname), '[]')::text
FROM pg_publication AS p
LEFT JOIN pg_publication_rel AS r ON r.prpubid = p.oid AND r.prrelid = $1
WHERE r.oid IS NOT NULL
   OR EXISTS (SELECT FROM pg_publication_tables AS t JOIN pg_class AS c ON c.oid = $1 AND c.relname = t.tablename
              JOIN pg_namespace AS s ON s.oid = c.relnamespace AND s.nspname = t.schemaname WHERE t.pubname = p.pubname)
