//! The data jobs of a change, as files.

use super::book::{Page, commented};
use crate::manifest::DraftKind;

/// A job's file: `set` is TOML of a table, `where` SQL; down is the section's text.
pub(super) struct JobText<'j> {
    pub(super) comment: &'j str,
    pub(super) table: &'j str,
    pub(super) set: Vec<(String, String)>,
    pub(super) filter: Option<String>,
    pub(super) totals: Vec<String>,
    pub(super) down: JobDown,
}

/// What its author may add.
const SETTINGS: &str = "
# [limits]
# rows_per_second = 20000
#
# [hours]
# open = [\"Mon-Fri 22:00-05:00\", \"Sat-Sun 00:00-24:00\"]
# zone = \"Europe/Berlin\"
";

/// How the job is taken back.
pub(super) enum JobDown {
    /// Its rows stay.
    Keep,
    /// The same again.
    Again,
}

impl JobText<'_> {
    pub(super) fn page(&self, message: String, when: &'static str) -> Page {
        let text = |text: &str| toml::Value::from(text).to_string();
        let key = |name: &str| {
            let plain =
                !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
            if plain { name.to_owned() } else { text(name) }
        };
        let set = self.set.iter().map(|(column, sql)| format!("{} = {}", key(column), text(sql)));
        let set = format!("{{ {} }}", set.collect::<Vec<_>>().join(", "));
        let comment = commented(self.comment).replace("-- ", "# ");
        let mut lines = vec![String::new(), comment, String::new(), "[job]".to_owned()];
        lines.push(format!("table = {}", text(self.table)));
        lines.push(format!("set   = {set}"));
        lines.extend(self.filter.as_ref().map(|filter| format!("where = {}", text(filter))));
        lines.push(SETTINGS.to_owned());
        if !self.totals.is_empty() {
            let totals = self.totals.iter().map(|total| text(total)).collect::<Vec<_>>().join(", ");
            lines.push(format!("[verify]\ntotals = [{totals}]\n"));
        }
        lines.push(match self.down {
            JobDown::Keep => "[down]\nkeep = true        # the rows stay as they are".to_owned(),
            JobDown::Again => {
                let filter = self.filter.as_ref().map(|filter| format!("\nwhere = {}", text(filter)));
                format!("[down]\nset   = {set}{}", filter.unwrap_or_default())
            }
        });
        Page { message, kind: DraftKind::Job, text: lines.join("\n"), when }
    }
}
