-- All of this database; whose they are is matched by the ids.
SELECT classoid AS class, objoid AS oid, objsubid AS sub, description AS text
FROM pg_description
WHERE objoid >= 16384 OR classoid IN ('pg_namespace'::regclass, 'pg_extension'::regclass)
