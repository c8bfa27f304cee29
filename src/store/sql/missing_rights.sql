-- Of the rights $3 on the tables $2 of the control schema $1, those that the role lacks, as GRANT writes them.
WITH control AS (
    SELECT oid, nspname FROM pg_namespace WHERE nspname = $1
), lacking AS (
    SELECT format('USAGE ON SCHEMA %I', nspname) AS lacked
    FROM control
    WHERE NOT has_schema_privilege(oid, 'USAGE')
    UNION ALL
    SELECT format('%s ON %I.%I', string_agg(needs.privilege, ', ' ORDER BY needs.position), control.nspname, c.relname)
    FROM control
    CROSS JOIN unnest($2::text[], $3::text[]) WITH ORDINALITY AS needs (relation, privilege, position)
    JOIN pg_class AS c ON c.relnamespace = control.oid AND c.relname = needs.relation
    WHERE NOT has_table_privilege(c.oid, needs.privilege)
    GROUP BY control.nspname, c.relname
)
SELECT quote_ident(current_user), ARRAY(SELECT lacked FROM lacking)
