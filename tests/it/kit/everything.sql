-- A table with everything on it that a column can have. {pay} is the column's name, so that the same text makes the table as
-- it is and as it would have been born.
CREATE SCHEMA "Pay Roll";
CREATE SCHEMA reports;
SET search_path = "Pay Roll";

CREATE TABLE grades (code text PRIMARY KEY);
INSERT INTO grades SELECT 'g' || n FROM generate_series(0, 9) AS n;

CREATE TABLE "Entries" (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    "Person"    text NOT NULL,
    {pay}       varchar(40) COLLATE "C" DEFAULT 'g0' NOT NULL,
    note        text,
    touched     int NOT NULL DEFAULT 0
);
ALTER TABLE "Entries" ALTER {pay} SET STORAGE EXTERNAL, ALTER {pay} SET STATISTICS 321, ALTER {pay} SET (n_distinct = 10);
ALTER TABLE "Entries" ALTER {pay} SET COMPRESSION pglz;
COMMENT ON COLUMN "Entries".{pay} IS 'what it''s about: \ and all';
GRANT SELECT ({pay}), UPDATE ({pay}) ON "Entries" TO kit_reader;
GRANT REFERENCES ({pay}) ON "Entries" TO kit_reader WITH GRANT OPTION;

ALTER TABLE "Entries" ADD CONSTRAINT "{pay}_is short" CHECK (length({pay}) < 30 AND "Person" <> {pay});
COMMENT ON CONSTRAINT "{pay}_is short" ON "Entries" IS 'short';
ALTER TABLE "Entries" ADD CONSTRAINT unchecked CHECK ({pay} <> 'never') NOT VALID;
ALTER TABLE "Entries" ADD CONSTRAINT grade FOREIGN KEY ({pay}) REFERENCES grades (code) ON UPDATE CASCADE DEFERRABLE;
ALTER TABLE "Entries" ADD CONSTRAINT "one {pay} a person" UNIQUE ("Person", {pay}) DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE "Entries" ADD CONSTRAINT plain_key UNIQUE ({pay}, id);
CREATE INDEX by_{pay} ON "Entries" USING btree ({pay} text_pattern_ops DESC NULLS LAST, id) INCLUDE (note) WITH (fillfactor = 70);
CREATE INDEX partial ON "Entries" (id) WHERE {pay} <> 'g9';
CREATE INDEX by_expression ON "Entries" (lower({pay}), upper("Person"));
ALTER INDEX by_expression ALTER COLUMN 1 SET STATISTICS 77;
COMMENT ON INDEX by_expression IS 'lower';
CREATE UNIQUE INDEX identity ON "Entries" ({pay}, id, "Person");
ALTER TABLE "Entries" REPLICA IDENTITY USING INDEX identity;
ALTER TABLE "Entries" CLUSTER ON by_{pay};
CREATE STATISTICS "Entries_{pay}_stat" (ndistinct, mcv) ON "Person", {pay} FROM "Entries";
ALTER STATISTICS "Entries_{pay}_stat" SET STATISTICS 55;
CREATE STATISTICS of_expression ON (lower({pay})) FROM "Entries";

CREATE TABLE bonuses (entry bigint, grade text,
    CONSTRAINT bonus_of FOREIGN KEY (grade, entry) REFERENCES "Entries" ({pay}, id) ON DELETE CASCADE ON UPDATE CASCADE);
CREATE TABLE history (entry bigint, was text);

CREATE FUNCTION normalise() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.{pay} := lower(NEW.{pay});
    RETURN NEW;
END $$;
CREATE TRIGGER a_normalise BEFORE INSERT OR UPDATE ON "Entries" FOR EACH ROW EXECUTE FUNCTION normalise();

CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.touched := OLD.touched + 1;
    RETURN NEW;
END $$;
CREATE TRIGGER z_touch BEFORE UPDATE OF {pay}, note ON "Entries" FOR EACH ROW
    WHEN (OLD.{pay} IS DISTINCT FROM NEW.{pay}) EXECUTE FUNCTION touch();

CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF new.{pay} <> old.{pay} THEN
        INSERT INTO "Pay Roll".history VALUES (OLD.id, old.{pay});
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER keeps AFTER UPDATE OF {pay} ON "Entries" DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    EXECUTE FUNCTION keep();
CREATE TRIGGER sleeping AFTER UPDATE ON "Entries" FOR EACH ROW WHEN (NEW.{pay} = 'g1') EXECUTE FUNCTION keep();
ALTER TABLE "Entries" DISABLE TRIGGER sleeping;
COMMENT ON TRIGGER sleeping ON "Entries" IS 'sleeps';

CREATE VIEW reports.pays WITH (security_barrier) AS
    SELECT e.id, e.{pay} AS grade, g.code FROM "Entries" AS e JOIN grades AS g ON g.code = e.{pay} WHERE e.{pay} <> 'g8';
GRANT SELECT ON reports.pays TO kit_reader;
CREATE VIEW "Everything" AS SELECT id, "Person", {pay} AS pay, note FROM "Entries";
CREATE VIEW reports.above AS SELECT grade, count(*) FROM reports.pays GROUP BY grade;

ALTER TABLE "Entries" ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON "Entries" FOR SELECT TO kit_reader USING ({pay} <> 'g7' AND EXISTS (SELECT FROM grades AS g WHERE g.code = {pay}));
CREATE POLICY written ON "Entries" FOR INSERT TO kit_reader WITH CHECK (length({pay}) > 1);
RESET search_path;
