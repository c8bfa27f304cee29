-- Operators that compare values of the columns $2 of the table $1, or of the types $3, and that neither PostgreSQL, nor the type's own schema, nor an
-- extension has brought. One on exactly the type stands before all others; one that is on it on one side only fits best
-- where PostgreSQL has none that is on it exactly, as for varchar.
SELECT o.oid,
       compared.name AS column,
       format('%I.%s (%s, %s)', n.nspname, o.oprname, format_type(o.oprleft, NULL), format_type(o.oprright, NULL)) AS name,
       quote_ident(pg_get_userbyid(o.oprowner)) AS owner
FROM (
    SELECT a.attname::text AS name, a.atttypid AS type
    FROM pg_attribute AS a
    WHERE a.attrelid = $1 AND a.attname = ANY ($2::text[])
    UNION ALL
    SELECT NULL, given.type FROM unnest($3::oid[]) AS given (type)
) AS compared
JOIN pg_type AS t ON t.oid = compared.type
JOIN pg_operator AS o ON o.oprname IN ('=', '<', '<=', '>', '>=')
JOIN pg_namespace AS n ON n.oid = o.oprnamespace
CROSS JOIN LATERAL (SELECT ARRAY[t.oid, t.typbasetype] AS types) AS of
WHERE n.nspname <> 'pg_catalog'
  AND n.oid <> t.typnamespace
  AND NOT EXISTS (
      SELECT FROM pg_depend AS d
      WHERE d.classid = 'pg_operator'::regclass AND d.objid = o.oid AND d.deptype = 'e'
  )
  AND (
      o.oprleft = ANY (of.types) AND o.oprright = ANY (of.types)
      OR (o.oprleft = ANY (of.types) OR o.oprright = ANY (of.types))
          AND NOT EXISTS (
              SELECT FROM pg_operator AS exact
              WHERE exact.oprname = o.oprname
                AND exact.oprnamespace = 'pg_catalog'::regnamespace
                AND exact.oprleft = ANY (of.types)
                AND exact.oprright = exact.oprleft
          )
  )
ORDER BY compared.name NULLS LAST, name
