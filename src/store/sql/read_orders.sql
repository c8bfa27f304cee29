-- Where a run stands, what is wanted of it, and the settings that stand above its file.
SELECT run.state, run.pass, run.wanted, run.wanted_by, run.wanted_why, run.settings,
       everywhere.settings AS database_settings,
       (extract(epoch FROM clock_timestamp()) * 1000000)::int8 AS now
FROM {schema}.run AS run, {schema}.database_settings AS everywhere
WHERE run.id = $1
