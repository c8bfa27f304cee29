WITH undone AS (
    DELETE FROM {schema}.revision WHERE id = $1
), over AS (
    DELETE FROM {schema}.section WHERE revision = $1
)
INSERT INTO {schema}.event (kind, revision, actor, host, message, detail)
VALUES ('revision.undone', $1, $2, $3, $4, $5)
