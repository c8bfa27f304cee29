-- For this transaction only: names come out with their schemas, and constants always in the same form.
SELECT set_config('search_path', 'pg_catalog, pg_temp', true),
       set_config('quote_all_identifiers', 'off', true),
       set_config('TimeZone', 'UTC', true),
       set_config('DateStyle', 'ISO', true),
       set_config('IntervalStyle', 'postgres', true),
       set_config('bytea_output', 'hex', true),
       set_config('extra_float_digits', '1', true)
