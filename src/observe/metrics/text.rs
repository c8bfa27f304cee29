//! The text format of Prometheus, version 0.0.4: families of samples, each with its help and type.

use std::fmt::Write;

/// A family of samples: all of them gauges, since each scrape reads them anew from the database.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Family {
    name: &'static str,
    help: &'static str,
    samples: Vec<(Labels, f64)>,
}

/// Names and values.
pub(super) type Labels = Vec<(&'static str, String)>;

/// Families, in the order in which they were first named.
#[derive(Clone, Debug, Default)]
pub(super) struct Families(Vec<Family>);

impl Families {
    /// Adds a sample; the family's help is told with its first.
    pub(super) fn add(&mut self, name: &'static str, help: &'static str, labels: Labels, value: f64) {
        match self.0.iter_mut().find(|family| family.name == name) {
            Some(family) => family.samples.push((labels, value)),
            None => self.0.push(Family { name, help, samples: vec![(labels, value)] }),
        }
    }

    /// The text, with a newline at its end.
    pub(super) fn render(&self) -> String {
        let mut text = String::new();
        for Family { name, help, samples } in &self.0 {
            let _ = writeln!(text, "# HELP {name} {}", escaped(help, false));
            let _ = writeln!(text, "# TYPE {name} gauge");
            for (labels, value) in samples {
                let _ = writeln!(text, "{name}{} {}", set(labels), number(*value));
            }
        }
        text
    }
}

fn set(labels: &Labels) -> String {
    if labels.is_empty() {
        return String::new();
    }
    let one = |(name, value): &(&str, String)| format!("{name}=\"{}\"", escaped(value, true));
    format!("{{{}}}", labels.iter().map(one).collect::<Vec<_>>().join(","))
}

fn escaped(text: &str, in_quotes: bool) -> String {
    let text = text.replace('\\', "\\\\").replace('\n', "\\n");
    if in_quotes { text.replace('"', "\\\"") } else { text }
}

fn number(value: f64) -> String {
    if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned()
    } else {
        value.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_label_may_have_in_it_is_escaped() {
        let mut families = Families::default();
        let odd = "a \"b\" \\ c\nd <script>".to_owned();
        families.add("longhaul_x", "help with \\ and\nnewline", vec![("job_name", odd)], 1.5);
        families.add("longhaul_y", "y", Vec::new(), f64::INFINITY);
        families.add("longhaul_x", "help with \\ and\nnewline", vec![("job_name", "b".to_owned())], f64::NAN);
        assert_eq!(
            families.render(),
            "# HELP longhaul_x help with \\\\ and\\nnewline\n# TYPE longhaul_x gauge\n\
             longhaul_x{job_name=\"a \\\"b\\\" \\\\ c\\nd <script>\"} 1.5\nlonghaul_x{job_name=\"b\"} NaN\n\
             # HELP longhaul_y y\n# TYPE longhaul_y gauge\nlonghaul_y +Inf\n"
        );
    }
}
