WITH recorded AS (
    INSERT INTO {schema}.revision
        (id, kind, message, checksum, applied_by, host, duration, tool_version, content, origin)
    VALUES ($1, $2, $3, $4, $5, $6, $7 * interval '1 millisecond', $8, $9, $10)
), over AS (
    DELETE FROM {schema}.section WHERE revision = $1
)
INSERT INTO {schema}.event (kind, revision, actor, host, message, detail)
VALUES ($11, $1, $5, $6, $12, $13)
