//! What a seed stands for: a table, a job on it, and what is done to both.

use std::fmt::{self, Display, Formatter};

use crate::support::{Database, JobKind, Project};

/// The table's primary key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyKind {
    /// Every third integer, negative ones too.
    Gaps,
    /// An integer and a text.
    Composite,
    /// Unrelated to where the rows are.
    Uuid,
}

/// A table, a job and those who write beside it, as one seed has them. Only the timing is not in the seed.
#[derive(Clone, Debug)]
pub(super) struct Case {
    pub(super) seed: u64,
    pub(super) kind: JobKind,
    pub(super) key: KeyKind,
    pub(super) rows: i64,
    /// Bytes in a row beside its columns.
    pub(super) width: usize,
    /// The target has an index: no update can be heap-only.
    pub(super) indexed: bool,
    /// In physical order, if the job converges.
    physical: bool,
    /// The other lines of `[batch]`.
    batch: String,
    pub(super) workers: u32,
    pub(super) writers: u64,
    pub(super) isolation: &'static str,
    pub(super) troubles: u32,
    /// Another process is at work as well. Whoever dies is given up by it after ten seconds, no sooner.
    pub(super) company: bool,
}

impl Case {
    pub(super) fn of_seed(seed: u64) -> Self {
        let mut random = fastrand::Rng::with_seed(seed);
        Self {
            seed,
            kind: one_of(&mut random, &[JobKind::Sweeping, JobKind::Counting]),
            key: one_of(&mut random, &[KeyKind::Gaps, KeyKind::Composite, KeyKind::Uuid]),
            rows: random.i64(200..2000),
            width: one_of(&mut random, &[10, 150, 900]),
            indexed: random.u8(..4) == 0,
            physical: random.bool(),
            batch: batch(&mut random),
            workers: random.u32(1..=3),
            writers: random.u64(1..=4),
            isolation: one_of(&mut random, &["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"]),
            troubles: random.u32(1..=5),
            company: random.u8(..6) == 0,
        }
    }

    /// With a job that shows every row that is changed twice, and a lot of troubles.
    pub(super) fn counting(self) -> Self {
        Self { kind: JobKind::Counting, troubles: 5, ..self }
    }

    /// With one process at a time.
    pub(super) fn alone(self) -> Self {
        Self { company: false, ..self }
    }

    /// The key's columns with their types.
    fn columns(&self) -> &'static str {
        match self.key {
            KeyKind::Gaps => "id int",
            KeyKind::Composite => "part int, name text",
            KeyKind::Uuid => "id uuid",
        }
    }

    /// The key's columns.
    pub(super) fn key_names(&self) -> &'static str {
        match self.key {
            KeyKind::Gaps | KeyKind::Uuid => "id",
            KeyKind::Composite => "part, name",
        }
    }

    /// The key of the row with that number, as SQL; what lies between two rows' keys is free.
    fn key_of(&self, number: &str) -> String {
        match self.key {
            KeyKind::Gaps => format!("(({number}) - {}) * 3", self.rows / 3),
            KeyKind::Composite => format!("({number}) / 7, 'n' || ({number}) % 7"),
            KeyKind::Uuid => format!("md5('{}' || ({number}))::uuid", self.seed),
        }
    }

    /// A key that nobody has yet, more likely than not: among those that are there, or a little behind the last.
    pub(super) fn fresh_key(&self, random: &mut fastrand::Rng) -> String {
        let (near, salt) = (random.i64(0..self.rows * 11 / 10), random.u32(..));
        match self.key {
            KeyKind::Gaps => (near * 3 - self.rows + random.i64(1..3)).to_string(),
            KeyKind::Composite => format!("{}, 'n{}x{salt}'", near / 7, near % 7),
            KeyKind::Uuid => format!("md5('{salt} {near}')::uuid"),
        }
    }

    /// The column that the job sets.
    fn target(&self) -> &'static str {
        match self.kind {
            JobKind::Sweeping => "new",
            JobKind::Counting => "visits",
        }
    }

    /// A project with the table and the job in that database, before the first run. Rows are known by `uid`, whatever
    /// becomes of their keys; those that were there at the beginning have 1 to `rows`.
    pub(super) async fn project(&self, database: Database) -> Project {
        let Self { rows, width, .. } = self;
        // Who is in whose way is found out soon.
        let name: String = database.value("SELECT current_database()").await;
        database.execute(&format!("ALTER DATABASE {name} SET deadlock_timeout = '50ms'")).await;
        let (columns, names, target) = (self.columns(), self.key_names(), self.target());
        let of = |row: &str| {
            let fields: Vec<_> = names.split(", ").map(|name| format!("{row}.{name}")).collect();
            format!("({})", fields.join(", "))
        };
        // What the job must never do with a row.
        let misdeed = match self.kind {
            JobKind::Sweeping => "OLD.new IS NOT DISTINCT FROM OLD.old * 2",
            JobKind::Counting => "NEW.visits <> OLD.visits + 1",
        };
        let index = if self.indexed { format!("CREATE INDEX ON entries ({target});") } else { String::new() };
        database
            .execute(&format!(
                "CREATE SEQUENCE uids;
                 CREATE TABLE entries ({columns}, uid int8 NOT NULL UNIQUE DEFAULT nextval('uids'), old int NOT NULL,
                                       new int, visits int NOT NULL DEFAULT 0, direct int NOT NULL DEFAULT 0,
                                       pad text NOT NULL, PRIMARY KEY ({names}))
                 WITH (parallel_workers = 0);
                 {index}
                 INSERT INTO entries ({names}, old, pad)
                 SELECT {}, i, repeat('x', {width}) FROM generate_series(1, {rows}) AS i;

                 -- An odd value stays as it is: that is how a row is spoilt.
                 CREATE FUNCTION keep_in_step() RETURNS trigger LANGUAGE plpgsql AS $$
                 BEGIN
                     IF TG_OP = 'INSERT' OR NEW.old <> OLD.old THEN
                         NEW.new := NEW.old * 2;
                     ELSIF NEW.new IS DISTINCT FROM OLD.new AND NEW.new % 2 = 0 THEN
                         NEW.old := NEW.new / 2;
                     END IF;
                     RETURN NEW;
                 END $$;
                 CREATE TRIGGER keep_in_step BEFORE INSERT OR UPDATE ON entries
                 FOR EACH ROW EXECUTE FUNCTION keep_in_step();

                 CREATE TABLE audit (uid int8 NOT NULL, is_wrong bool NOT NULL);
                 CREATE FUNCTION audit() RETURNS trigger LANGUAGE plpgsql AS $$
                 BEGIN
                     INSERT INTO audit VALUES (NEW.uid, {misdeed}
                         OR to_jsonb(OLD) - '{target}' IS DISTINCT FROM to_jsonb(NEW) - '{target}');
                     RETURN NULL;
                 END $$;
                 CREATE TRIGGER audit AFTER UPDATE ON entries FOR EACH ROW
                 WHEN (current_setting('application_name') LIKE 'longhaul%') EXECUTE FUNCTION audit();

                 CREATE TABLE moves (uid int8 NOT NULL);
                 CREATE FUNCTION note_move() RETURNS trigger LANGUAGE plpgsql AS
                     'BEGIN INSERT INTO moves VALUES (NEW.uid); RETURN NULL; END';
                 CREATE TRIGGER note_move AFTER UPDATE ON entries FOR EACH ROW
                 WHEN ({} IS DISTINCT FROM {}) EXECUTE FUNCTION note_move();
                 ANALYZE entries",
                self.key_of("i"),
                of("OLD"),
                of("NEW"),
            ))
            .await;
        let project = Project::new(database);
        let what = match self.kind {
            JobKind::Sweeping => "set = { new = \"old * 2\" }",
            JobKind::Counting => {
                "set = { visits = \"visits + 1\" }\n\
                 where = \"public.entries.uid > 0 AND current_setting('transaction_read_only') = 'off'\""
            }
        };
        // Rows that may be visited once only have no other order than that of the key.
        let order = if self.physical && self.kind == JobKind::Sweeping { "physical" } else { "key" };
        let batch = format!("{}\norder = \"{order}\"", self.batch);
        project.write("fill.toml", &format!("[job]\ntable = \"entries\"\n{what}\n\n[batch]\n{batch}\n"));
        // It installs the control schema, too.
        project.longhaul(&["set", "--database", "active_sessions=off"]).await.succeeded();
        project
    }
}

impl Display for Case {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "`scripts/torture --seed {}` repeats {self:?}", self.seed)
    }
}

/// The lines of `[batch]` but for the order.
fn batch(random: &mut fastrand::Rng) -> String {
    let size = random.u32(4..=40);
    let (strides, window) = (random.u32(2..=7), random.u32(3..=20) * 8);
    let strides = match random.u8(..3) {
        0 => String::new(),
        _ => format!("\nstrides = {strides}\nwindow = \"{window}kB\""),
    };
    format!("min = {size}\nmax = {size}{strides}")
}

pub(super) fn one_of<T: Copy>(random: &mut fastrand::Rng, all: &[T]) -> T {
    all[random.usize(..all.len())]
}
