DELETE FROM {schema}.batch WHERE range_id = $1 AND id < (
    SELECT id FROM {schema}.batch WHERE range_id = $1 ORDER BY id DESC OFFSET $2 LIMIT 1
)
