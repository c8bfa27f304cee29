DELETE FROM {schema}.section WHERE revision = $1
