-- Each object by PostgreSQL's own name for it, with its schema and in quotes where SQL needs them.
SELECT o.class, o.oid, o.sub, concat_ws(' ', i.type, i.identity) AS name, coalesce(o.definition, '') AS definition
FROM object AS o, pg_identify_object(o.class, o.oid, o.sub) AS i
-- NULL when it was dropped a moment ago.
WHERE i.identity IS NOT NULL
  AND NOT EXISTS (SELECT FROM member AS m WHERE m.classid = o.class AND m.objid = o.oid)
  -- A range's constructors and casts come with its type.
  AND NOT (o.class IN ('pg_proc'::regclass, 'pg_cast'::regclass)
           AND EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = o.class AND d.objid = o.oid AND d.deptype = 'i'))
