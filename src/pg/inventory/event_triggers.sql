SELECT 'pg_event_trigger'::regclass::oid AS class, oid, 0 AS sub,
       concat_ws(E'\n',
           format('on %s execute %s', evtevent, evtfoid::regprocedure),
           (SELECT 'for ' || string_agg(tag, ', ' ORDER BY tag COLLATE "C") FROM unnest(evttags) AS tag),
           CASE evtenabled WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'on replicas' WHEN 'A' THEN 'always' END,
           'owner ' || pg_get_userbyid(evtowner)
       ) AS definition
FROM pg_event_trigger
