-- What an alert has told of that lasts, and not yet that it is over.
SELECT a.occurrence, a.message, (extract(epoch FROM clock_timestamp() - a.noticed_at))::float8 AS seconds
FROM {schema}.alert AS a
WHERE a.alert = $1 AND a.status = 'firing' AND a.kind = ANY ($2)
  AND NOT EXISTS (
      SELECT FROM {schema}.alert AS over
      WHERE over.alert = a.alert AND over.occurrence = a.occurrence AND over.status = 'resolved'
  )
