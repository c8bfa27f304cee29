-- Configurations, dictionaries, parsers and templates of text search.
SELECT 'pg_ts_config'::regclass::oid AS class, c.oid, 0 AS sub,
       concat_ws(E'\n',
           (SELECT format('parser %I.%I', n.nspname, p.prsname)
            FROM pg_ts_parser AS p JOIN pg_namespace AS n ON n.oid = p.prsnamespace WHERE p.oid = c.cfgparser),
           (SELECT string_agg(format('token %s: %s', m.maptokentype, m.mapdict::regdictionary), E'\n'
                              ORDER BY m.maptokentype, m.mapseqno)
            FROM pg_ts_config_map AS m WHERE m.mapcfg = c.oid),
           'owner ' || pg_get_userbyid(c.cfgowner)
       ) AS definition
FROM pg_ts_config AS c
JOIN kept_schema AS s ON s.oid = c.cfgnamespace
UNION ALL
SELECT 'pg_ts_dict'::regclass, d.oid, 0,
       concat_ws(E'\n',
           (SELECT format('template %I.%I', n.nspname, t.tmplname)
            FROM pg_ts_template AS t JOIN pg_namespace AS n ON n.oid = t.tmplnamespace WHERE t.oid = d.dicttemplate),
           d.dictinitoption,
           'owner ' || pg_get_userbyid(d.dictowner))
FROM pg_ts_dict AS d
JOIN kept_schema AS s ON s.oid = d.dictnamespace
UNION ALL
SELECT 'pg_ts_parser'::regclass, p.oid, 0,
       concat_ws(E'\n', p.prsstart::text, p.prstoken::text, p.prsend::text, p.prsheadline::text, p.prslextype::text)
FROM pg_ts_parser AS p
JOIN kept_schema AS s ON s.oid = p.prsnamespace
UNION ALL
SELECT 'pg_ts_template'::regclass, t.oid, 0, concat_ws(E'\n', t.tmplinit::text, t.tmpllexize::text)
FROM pg_ts_template AS t
JOIN kept_schema AS s ON s.oid = t.tmplnamespace
