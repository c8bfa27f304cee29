SELECT direction, done, begun FROM {schema}.section WHERE revision = $1
