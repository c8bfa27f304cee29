//! `split-column` and `merge-columns`: columns take the place of others, with values made from them by the author's SQL.

use super::backfill::{JobDown, JobText};
use super::book::{Book, Page, Running, by_hand};
use super::change::{Change, KitError, SyncOptions, differ};
use super::checks::agree;
use super::names::Names;
use super::successor::refuse;
use super::sync::{Side, Sides, Sync, place};
use crate::pg::anatomy::Anatomy;
use crate::pg::anatomy::scratch::Renamed;

/// A column that comes.
#[derive(Clone, Debug)]
pub struct NewColumn {
    /// Its name.
    pub name: String,
    /// Its type, as SQL writes it.
    pub type_name: String,
    /// Its value, SQL over the row's old columns.
    pub value: String,
    /// `IS DISTINCT FROM` says all about two values of it.
    pub is_plain: bool,
}

/// A column that goes, and its value as SQL over the row's new columns.
#[derive(Clone, Copy, Debug)]
pub struct OldColumn<'a> {
    /// The column, and all that stands on it.
    pub anatomy: &'a Anatomy,
    /// Its value from the new ones.
    pub value: &'a str,
}

/// The revisions that put the new columns in the old ones' place.
pub fn map_columns(
    olds: &[OldColumn<'_>],
    news: &[NewColumn],
    options: &SyncOptions,
) -> Result<(Vec<Page>, Book), KitError> {
    let first = olds[0].anatomy;
    let renamed = Renamed::default();
    let changes = olds.iter().map(|old| Change::standing_still(old.anatomy, &renamed, &news[0].name));
    let changes: Vec<Change<'_>> = changes.collect();
    let change = &changes[0];
    for (change, new) in changes.iter().flat_map(|change| news.iter().map(move |new| (change, new))) {
        refuse(&Change::standing_still(change.anatomy, &renamed, &new.name))?;
    }
    let mapping = Mapping { change, olds, news };
    let mut book = Book::default();
    let mut names = Names::of(&first.table);
    let wanted = format!("{}_sync_{}", first.table.name, news[0].name);
    let mut taken = Names::new(first.triggers.iter().map(|trigger| trigger.name.clone()));
    let sync = Sync {
        function: names.fresh(&wanted),
        trigger: place(change, &wanted, &mut taken, &mut book)?,
        rule: options.both_written,
        always: options.always || first.table.is_subscribed,
        change,
    };
    for new in news {
        let column = change.q(&new.name);
        let mut up = vec![change.alter(&format!("add column {column} {}", new.type_name))];
        let grants = first.column.grants.iter();
        up.extend(grants.map(|grant| grant.statement(&change.table(), Some(&column))));
        book.expand.pair(up, change.alter(&format!("drop column {column}")));
    }
    let sides = mapping.sides();
    sync.write(&sides, &sides, &mut book);
    let differ = mapping.differs();
    agree(change, (&differ, &differ), &mut names, &mut book);
    for change in &changes {
        let mut nullable = Vec::new();
        let name = &change.anatomy.column.name;
        if change.anatomy.column.not_null {
            nullable.push(super::checks::nullable(change, name));
            book.strip.pair(nullable, super::checks::made_not_null(change, name, &mut names));
        }
        super::column::drop_old(change, &mut book);
        name_what_stands(change, &mut book);
    }
    Ok((mapping.pages(options, &book), book))
}

/// Old columns, new ones, and the SQL between them.
struct Mapping<'m> {
    change: &'m Change<'m>,
    olds: &'m [OldColumn<'m>],
    news: &'m [NewColumn],
}

impl Mapping<'_> {
    /// How the trigger sees them.
    fn sides(&self) -> Sides {
        let q = |name: &str| self.change.q(name);
        let assign = |pairs: Vec<(String, String)>| {
            let (targets, values): (Vec<String>, Vec<String>) = pairs.into_iter().unzip();
            format!(
                "select {} into {}\nfrom (select new.*) as {};",
                values.join(", "),
                targets.join(", "),
                q(&self.change.anatomy.table.name)
            )
        };
        let any = |conditions: Vec<String>| format!("({})", conditions.join(" or "));
        let field = |row: &str, name: &str| format!("{row}.{}", q(name));
        let olds: Vec<(&str, bool)> = self
            .olds
            .iter()
            .map(|old| (old.anatomy.column.name.as_str(), old.anatomy.column.is_plain))
            .collect();
        let news: Vec<(&str, bool)> = self.news.iter().map(|new| (new.name.as_str(), new.is_plain)).collect();
        let side = |columns: &[(&str, bool)], assign: String| Side {
            assign,
            given: Some(any(columns
                .iter()
                .map(|(name, _)| format!("{} is not null", field("new", name)))
                .collect())),
            changed: any(columns
                .iter()
                .map(|(name, plain)| differ(&field("new", name), &field("old", name), *plain))
                .collect()),
        };
        let backward =
            self.olds.iter().map(|old| (field("new", &old.anatomy.column.name), old.value.to_owned()));
        let forward = self.news.iter().map(|new| (field("new", &new.name), new.value.clone()));
        Sides {
            old: side(&olds, assign(backward.collect())),
            new: side(&news, assign(forward.collect())),
            differ: format!(
                "(select {} from (select new.*) as {})",
                self.differs(),
                q(&self.change.anatomy.table.name)
            ),
        }
    }

    /// Whether the new columns of a row aren't what the old ones make.
    fn differs(&self) -> String {
        let one = |new: &NewColumn| {
            differ(&self.change.q(&new.name), &format!("({})::{}", new.value, new.type_name), new.is_plain)
        };
        self.news.iter().map(one).collect::<Vec<_>>().join(" or ")
    }

    fn pages(&self, options: &SyncOptions, book: &Book) -> Vec<Page> {
        let table = self.change.table();
        let list = |names: Vec<&str>| {
            names.into_iter().map(|name| self.change.q(name)).collect::<Vec<_>>().join(", ")
        };
        let olds = list(self.olds.iter().map(|old| old.anatomy.column.name.as_str()).collect());
        let news = list(self.news.iter().map(|new| new.name.as_str()).collect());
        let named = |what: &str| format!("{what} {}: {olds} to {news}", self.change.anatomy.table.name);
        let rule = options.both_written.tell(&olds, &news);
        let expand = format!(
            "Expand: {news} of {table} take the place of {olds}. A trigger makes the one from the other, whichever a client writes:\n\n\
             \x20 INSERT    columns count as written when one of them is not null\n\
             \x20 UPDATE    columns count as written when the value of one changes\n\
             \x20 both      {rule}\n\
             \x20 neither   {olds} count until the switch, {news} from then on"
        );
        let mut contract = format!(
            "Contract: for when no application reads or writes {olds} any more. On the way down they come back empty, and the job \
             before this fills them."
        );
        contract.push_str(&by_hand(&book.by_hand));
        let forward = self.news.iter().map(|new| (self.change.q(&new.name), new.value.clone())).collect();
        let backward = self
            .olds
            .iter()
            .map(|old| (self.change.q(&old.anatomy.column.name), old.value.to_owned()))
            .collect();
        let job = |comment, set, down| JobText {
            comment,
            table: &table,
            set,
            filter: Some(self.differs()),
            totals: Vec::new(),
            down,
        };
        let fill = job("Rows from before the expand; later ones have both already.", forward, JobDown::Keep);
        let prove = job(
            "Proof that not one row differs; on the way down the old columns are filled again.",
            backward,
            JobDown::Again,
        );
        let switch = "From here on the new columns are the truth.";
        let build = "A constraint that the columns agree, for every write until the strip.";
        let strip = "What held the old columns to the new ones is taken off. Drop here what indexes they had, if you like.";
        [
            Page::schema(named("expand"), "at once", &expand, &book.expand, Running::Together),
            Some(fill.page(named("backfill"), "at once, or at night: it can be interrupted")),
            Page::schema(named("build"), "at once", build, &book.link, Running::Apart),
            Page::schema(named("switch"), "then", switch, &book.switch, Running::Together),
            Page::schema(
                named("strip"),
                "when no client asks for the old columns any more",
                strip,
                &book.strip,
                Running::Apart,
            ),
            Some(prove.page(named("prove"), "then")),
            Page::schema(
                named("contract"),
                "when no client writes the old columns any more",
                &contract,
                &book.contract,
                Running::Together,
            ),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// What stands on an old column has no place on new ones that mean something else: it is named.
fn name_what_stands(change: &Change<'_>, book: &mut Book) {
    let Anatomy {
        column,
        indexes,
        checks,
        foreign_keys,
        triggers,
        policies,
        views,
        statistics,
        functions,
        others,
        ..
    } = change.anatomy;
    let goes = "it goes with the column; make what you need of it on the new ones, after the build";
    let stops = "the contract stops there until it reads the new columns";
    let look = "look whether it means this column, and change it before the contract";
    let triggers = triggers.iter().filter(|trigger| trigger.names_column);
    let found = indexes
        .iter()
        .map(|index| ("index ", &index.name, goes))
        .chain(checks.iter().map(|check| ("constraint ", &check.name, goes)))
        .chain(foreign_keys.iter().map(|key| ("foreign key ", &key.name, goes)))
        .chain(statistics.iter().map(|object| ("statistics ", &object.name, goes)))
        .chain(triggers.map(|trigger| ("trigger ", &trigger.name, stops)))
        .chain(policies.iter().map(|policy| ("policy ", &policy.name, stops)))
        .chain(views.iter().filter(|view| view.is_direct).map(|view| ("view ", &view.name, stops)))
        .chain(others.iter().map(|other| ("", other, stops)))
        .chain(functions.iter().map(|function| ("function ", &function.name, look)));
    book.by_hand
        .extend(found.map(|(kind, what, then)| format!("{kind}{what} stands on {}: {then}", column.name)));
}
