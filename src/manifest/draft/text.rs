//! A new file's text when no template says otherwise.

use super::{Draft, DraftKind};

impl Draft {
    /// The text of its file by default.
    #[must_use]
    pub fn text(&self) -> String {
        match self.kind {
            DraftKind::Schema => {
                let sections = ["up", "down", "verify"].map(|section| format!("\n\n-- migrate:{section}"));
                format!("{}{}\n", self.header(), sections.concat())
            }
            DraftKind::Job => format!("{}\n{JOB}", self.header()),
        }
    }

    /// The lines that say which revision it is, without a line end after the last.
    #[must_use]
    pub fn header(&self) -> String {
        match self.kind {
            DraftKind::Schema => self.schema_header(),
            DraftKind::Job => self.job_header(),
        }
    }

    fn schema_header(&self) -> String {
        let mut lines = vec![format!("-- revision: {}", self.id)];
        let mut header = |key: &str, ids: &[String]| {
            if !ids.is_empty() {
                lines.push(format!("-- {key}: {}", ids.join(", ")));
            }
        };
        header("revises", &self.revises);
        header("depends", &self.depends);
        header("labels", self.label.as_slice());
        lines.push(format!("-- message: {}", self.message.replace('\n', " ")));
        lines.join("\n")
    }

    fn job_header(&self) -> String {
        let list = |ids: &[String]| toml::Value::from(ids.to_vec()).to_string();
        let mut lines = vec![
            format!("revision = {}", toml::Value::from(self.id.clone())),
            format!("revises  = {}", list(&self.revises)),
            format!("message  = {}", toml::Value::from(self.message.clone())),
        ];
        if !self.depends.is_empty() {
            lines.push(format!("depends  = {}", list(&self.depends)));
        }
        if let Some(label) = &self.label {
            lines.push(format!("labels   = {}", list(std::slice::from_ref(label))));
        }
        lines.join("\n")
    }
}

/// The rest of a data revision: what its author fills in.
const JOB: &str = r#"
[job]
table = "schema.table"
set   = { column = "expression over the row" }
# where = "…"        # rows still to do; default: some target IS DISTINCT FROM its expression
# key   = ["id"]     # default: the primary key; any NOT NULL unique key

[batch]
target = "500ms"

# [limits]
# rows_per_second = 20000
#
# [hours]
# open = ["Mon-Fri 22:00-05:00", "Sat-Sun 00:00-24:00"]
# zone = "Europe/Berlin"

# [verify]
# totals = ["sum(new) = sum(old)", "by column"]

# [down]
# set = { column = "NULL" }
"#;
