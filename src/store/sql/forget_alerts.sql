-- Messages are kept for a quarter of a year.
DELETE FROM {schema}.alert WHERE noticed_at < clock_timestamp() - interval '90 days'
