//! On a table that has everything: the catalog at the end is that of a table born with the new name, and after each step
//! back that of the step before.

use std::collections::BTreeMap;

use longhaul::pg::Inventory;

use super::clients::{Client, Reader, Writing};
use crate::support::{Database, Project};

const EVERYTHING: &str = include_str!("everything.sql");

/// What version 14 can't publish.
const PUBLISHED: &str = "CREATE PUBLICATION listed FOR TABLE \"Pay Roll\".\"Entries\" (id, \"Person\", {pay}) WHERE ({pay} <> 'g6')";

/// A change, and the table as it is before and as it would have been born.
struct Change {
    command: &'static [&'static str],
    /// Each with its column and the column's type.
    before: (&'static str, &'static str),
    born: (&'static str, &'static str),
    /// How many revisions it takes.
    steps: usize,
    /// The steps after which there are clients that write as they will in the end.
    known_after: usize,
    /// There are clients that write as before until the last step; else in the end too.
    breaks: bool,
    /// What clients that write as in the end give with each row, and its value.
    besides: (&'static str, &'static str),
    /// What is written otherwise than by birth, and means the same.
    but: &'static str,
}

const RENAME: Change = Change {
    command: &["rename-column", "\"Pay Roll\".\"Entries\".gross_pay", "gross_amount"],
    before: ("gross_pay", "varchar(40)"),
    born: ("gross_amount", "varchar(40)"),
    steps: 7,
    known_after: 1,
    breaks: true,
    besides: ("", ""),
    but: "",
};

const RETYPE: Change = Change {
    command: &["change-type", "\"Pay Roll\".\"Entries\".gross_pay", "text"],
    before: ("gross_pay", "varchar(40)"),
    born: ("gross_pay", "text"),
    steps: 7,
    known_after: 0,
    breaks: false,
    besides: ("", ""),
    but: "ALTER TABLE \"Pay Roll\".\"Entries\" ALTER gross_pay SET DEFAULT ('g0'::varchar)::text",
};

const NOT_NULL: Change = Change {
    command: &["add-not-null", "\"Pay Roll\".\"Entries\".note", "--fill", "'note of ' || \"Person\""],
    before: ("gross_pay", "varchar(40)"),
    born: ("gross_pay", "varchar(40)"),
    steps: 4,
    known_after: 0,
    breaks: true,
    besides: (", note", ", 'mine'"),
    but: "ALTER TABLE \"Pay Roll\".\"Entries\" ALTER note SET NOT NULL",
};

/// The table, with the column under that name and of that type.
async fn make(database: &Database, (column, type_name): (&str, &str)) {
    let role =
        "DO $$ BEGIN CREATE ROLE kit_reader; EXCEPTION WHEN duplicate_object OR unique_violation THEN END $$";
    database.execute(role).await;
    database.execute(&EVERYTHING.replace("{pay}", column).replace("varchar(40)", type_name)).await;
    if database.value::<i32>("SELECT current_setting('server_version_num')::int4").await >= 150_000 {
        database.execute(&PUBLISHED.replace("{pay}", column)).await;
    }
}

async fn inventory(database: &Database) -> Inventory {
    Inventory::take(&mut database.connect().await, &["longhaul"]).await.unwrap()
}

fn writing(column: &str, first: i64, (also, value): (&str, &str)) -> Writing {
    let table = "\"Pay Roll\".\"Entries\"";
    Writing {
        insert: format!(
            "INSERT INTO {table} (\"Person\", {column}{also}) VALUES ($1, $2{value}) RETURNING id"
        ),
        update: format!("UPDATE {table} SET {column} = $2 WHERE id = $1"),
        first,
    }
}

/// Both kinds of clients, as far as their columns are there.
struct Clients<'p> {
    project: &'p Project,
    change: &'static Change,
    old: Option<Client>,
    new: Option<Client>,
    wrote: BTreeMap<i64, String>,
}

impl Clients<'_> {
    /// Those work that can after `steps` steps, and while one more is done or undone.
    async fn change_over(&mut self, from: usize, to: usize) {
        let Change { before: (before, _), born: (after, _), steps, known_after, breaks, besides, .. } =
            *self.change;
        let (knows_old, knows_new) = (!breaks || from.max(to) < steps, from.min(to) >= known_after);
        if let Some(old) = self.old.take_if(|_| !knows_old) {
            self.wrote.extend(old.stop().await);
        }
        if let Some(new) = self.new.take_if(|_| !knows_new) {
            self.wrote.extend(new.stop().await);
        }
        if knows_old && self.old.is_none() {
            self.old = Some(Client::start(&self.project.database, "old", writing(before, 1, ("", ""))).await);
        }
        if knows_new && self.new.is_none() {
            self.new = Some(Client::start(&self.project.database, "new", writing(after, 2, besides)).await);
        }
    }

    /// All rows hold what was last written to them.
    async fn compare(&mut self, column: &str) {
        for client in [self.old.take(), self.new.take()].into_iter().flatten() {
            self.wrote.extend(client.stop().await);
        }
        let sql = format!(
            "SELECT string_agg(id || '=' || {column}, ' ' ORDER BY id) FROM \"Pay Roll\".\"Entries\" WHERE id = ANY ($1)"
        );
        let ids: Vec<i64> = self.wrote.keys().copied().collect();
        let held: String = self.project.database.row(&sql, &[&ids]).await.get(0);
        let wrote: Vec<String> = self.wrote.iter().map(|(id, value)| format!("{id}={value}")).collect();
        assert_eq!(held, wrote.join(" "));
    }
}

async fn go(project: &Project, clients: &mut Clients<'_>, from: usize, to: usize) {
    clients.change_over(from, to).await;
    let arguments: &[&str] = if to > from { &["upgrade", "+1"] } else { &["downgrade", "-1", "--yes"] };
    project.longhaul(arguments).await.succeeded();
    clients.change_over(to, to).await;
}

/// Each step there, back, and there again; then all the way back.
async fn goes_forward_and_back(change: &'static Change) {
    let database = Database::empty().await;
    let born = Database::empty().await;
    make(&born, change.born).await;
    born.execute(change.but).await;
    make(&database, change.before).await;
    database
        .execute(
            "INSERT INTO \"Pay Roll\".\"Entries\" (\"Person\", gross_pay) SELECT 'p' || n, 'g' || n % 10 FROM generate_series(1, 2000) AS n;
             INSERT INTO \"Pay Roll\".bonuses SELECT id, gross_pay FROM \"Pay Roll\".\"Entries\" WHERE id < 200;
             ANALYZE",
        )
        .await;
    let project = Project::new(database);
    project.configure("lock_timeout = \"150ms\"\n");
    let outcome = project.longhaul(change.command).await.succeeded();
    assert_eq!(outcome.stdout.lines().count(), change.steps, "{}", outcome.stdout);
    let mut states = vec![inventory(&project.database).await];
    let mut clients = Clients { project: &project, change, old: None, new: None, wrote: BTreeMap::new() };
    let views = "SELECT * FROM reports.above; SELECT count(*) FROM \"Pay Roll\".\"Everything\"";
    let reader = Reader::start(&project.database, views).await;
    for step in 1..=change.steps {
        for (from, to) in [(step - 1, step), (step, step - 1), (step - 1, step)] {
            go(&project, &mut clients, from, to).await;
            let found = inventory(&project.database).await;
            match states.get(to) {
                Some(state) => assert_eq!(state.difference(&found), [], "from {from} to {to}"),
                None => states.push(found),
            }
        }
    }
    clients.compare(change.born.0).await;
    assert_eq!(inventory(&born).await.difference(&states[change.steps]), []);
    for step in (0..change.steps).rev() {
        go(&project, &mut clients, step + 1, step).await;
        assert_eq!(states[step].difference(&inventory(&project.database).await), [], "back to {step}");
    }
    clients.compare(change.before.0).await;
    reader.stop().await;
}

#[tokio::test]
async fn a_rename_of_a_column_with_everything_on_it_goes_forward_and_back_from_every_step_under_writes() {
    goes_forward_and_back(&RENAME).await;
}

#[tokio::test]
async fn a_change_of_type_of_a_column_with_everything_on_it_goes_forward_and_back_from_every_step_under_writes()
 {
    goes_forward_and_back(&RETYPE).await;
}

#[tokio::test]
async fn a_column_becomes_not_null_and_is_set_back_from_every_step_under_writes() {
    goes_forward_and_back(&NOT_NULL).await;
}
