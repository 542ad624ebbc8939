//! The report: medians with their spread, goals beside them, tables in Markdown.
use std::fmt::Write as _;

/// Several measurements of one thing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Spread(Vec<f64>);

impl Spread {
    pub(crate) fn add(&mut self, value: f64) {
        self.0.push(value);
        self.0.sort_by(f64::total_cmp);
    }

    /// The value below which this part of the measurements lies, from 0 to 1.
    pub(crate) fn quantile(&self, part: f64) -> f64 {
        let last = self.0.len().saturating_sub(1);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a place in a list"
        )]
        let at = (last as f64 * part).round() as usize;
        self.0.get(at).copied().unwrap_or(f64::NAN)
    }

    pub(crate) fn median(&self) -> f64 {
        self.quantile(0.5)
    }

    pub(crate) fn max(&self) -> f64 {
        self.quantile(1.0)
    }

    /// `0.34 (0.31–0.36)`: median, least, most.
    pub(crate) fn show(&self, digits: usize) -> String {
        match self.0.as_slice() {
            [] => "–".to_owned(),
            [only] => format!("{only:.digits$}"),
            [least, .., most] => format!("{:.digits$} ({least:.digits$}–{most:.digits$})", self.median()),
        }
    }
}

impl FromIterator<f64> for Spread {
    fn from_iter<T: IntoIterator<Item = f64>>(values: T) -> Self {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        Self(values)
    }
}

/// What a figure should reach.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Goal {
    AtMost(f64),
    AtLeast(f64),
}

impl Goal {
    /// `≤ 20 ms: met`
    pub(crate) fn judge(self, value: f64, unit: &str) -> String {
        let (sign, goal, met) = match self {
            Self::AtMost(goal) => ('≤', goal, value <= goal),
            Self::AtLeast(goal) => ('≥', goal, value >= goal),
        };
        let space = if unit.is_empty() { "" } else { " " };
        format!("{sign} {goal}{space}{unit}: {}", if met { "met" } else { "**not met**" })
    }
}

/// One part of the report.
#[derive(Debug, Clone, Default)]
pub(crate) struct Section {
    text: String,
}

impl Section {
    pub(crate) fn new(title: &str) -> Self {
        Self { text: format!("## {title}\n") }
    }

    pub(crate) fn say(&mut self, words: &str) {
        // Writing to a string cannot fail.
        let _ = write!(self.text, "\n{words}\n");
    }

    pub(crate) fn table(&mut self, head: &[&str], rows: &[Vec<String>]) {
        let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        let head: Vec<String> = head.iter().map(|cell| (*cell).to_owned()).collect();
        self.text.push('\n');
        self.text.push_str(&line(&head));
        self.text.push_str(&line(&vec!["---".to_owned(); head.len()]));
        for row in rows {
            self.text.push_str(&line(row));
        }
    }

    /// What went wrong while it was measured, so that nobody takes the figures at their face.
    pub(crate) fn faults(&mut self, faults: &[String]) {
        if !faults.is_empty() {
            self.say("**Faults:**\n");
            for fault in faults {
                let _ = writeln!(self.text, "- {fault}");
            }
        }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}

/// A count as a number to reckon with.
#[expect(clippy::cast_precision_loss, reason = "counts here are far below 2^52")]
pub(crate) const fn float(count: i64) -> f64 {
    count as f64
}

/// 1234567 as `1,234,567`.
pub(crate) fn grouped(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
