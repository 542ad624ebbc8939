//! Prometheus' text format.
use std::fmt::{self, Display, Write as _};

use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::core::{Span, Time};
use crate::meters::Distribution;

/// A page of series in the making.
#[derive(Debug, Default)]
pub(super) struct Exposition(String);

/// A length of time, or a time since the epoch, in seconds to the microsecond.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seconds(i64);

impl Seconds {
    pub(super) fn since_epoch(at: Time) -> Self {
        Self(at.timestamp_micros())
    }
}

impl From<Span> for Seconds {
    fn from(span: Span) -> Self {
        Self(span.num_microseconds().unwrap_or(i64::MAX))
    }
}

impl Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, part) = (self.0.unsigned_abs() / 1_000_000, self.0.unsigned_abs() % 1_000_000);
        write!(f, "{sign}{whole}")?;
        if part == 0 {
            return Ok(());
        }
        // Bounds of histograms are compared as text: 0.5 must not be 0.500000.
        write!(f, ".{}", format!("{part:06}").trim_end_matches('0'))
    }
}

impl Exposition {
    /// Begins a family of series; `kind` is `gauge`, `counter` or `histogram`.
    pub(super) fn family(&mut self, name: &str, kind: &str, help: &str) {
        self.put(format_args!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
    }

    pub(super) fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        self.0.push_str(name);
        for (at, (label, text)) in labels.iter().enumerate() {
            self.0.push_str(if at == 0 { "{" } else { ", " });
            self.0.push_str(label);
            self.0.push_str("=\"");
            self.put_escaped(text);
            self.0.push('"');
        }
        if !labels.is_empty() {
            self.0.push('}');
        }
        self.put(format_args!(" {value}\n"));
    }

    /// A family of one series without labels.
    pub(super) fn single(&mut self, name: &str, kind: &str, help: &str, value: impl Display) {
        self.family(name, kind, help);
        self.sample(name, &[], value);
    }

    /// A histogram; `unit` turns what was counted into what is shown.
    pub(super) fn histogram<T: Display>(
        &mut self,
        name: &str,
        help: &str,
        read: &Distribution,
        unit: impl Fn(u64) -> T,
    ) {
        self.family(name, "histogram", help);
        self.distribution(name, &[], read, unit);
    }

    /// One of the histograms of a family.
    pub(super) fn distribution<T: Display>(
        &mut self,
        name: &str,
        labels: &[(&str, &str)],
        read: &Distribution,
        unit: impl Fn(u64) -> T,
    ) {
        let bucket = format!("{name}_bucket");
        for (bound, count) in &read.up_to {
            let bound = unit(*bound).to_string();
            self.sample(&bucket, &[labels, &[("le", &bound)]].concat(), count);
        }
        self.sample(&bucket, &[labels, &[("le", "+Inf")]].concat(), read.count);
        self.sample(&format!("{name}_sum"), labels, unit(read.sum));
        self.sample(&format!("{name}_count"), labels, read.count);
    }

    fn put(&mut self, text: fmt::Arguments<'_>) {
        // A string takes everything.
        let _ = self.0.write_fmt(text);
    }

    fn put_escaped(&mut self, text: &str) {
        for c in text.chars() {
            match c {
                '\\' => self.0.push_str("\\\\"),
                '"' => self.0.push_str("\\\""),
                '\n' => self.0.push_str("\\n"),
                c => self.0.push(c),
            }
        }
    }
}

/// Microseconds, as they are counted, in seconds.
pub(super) fn micros(count: u64) -> Seconds {
    Seconds(i64::try_from(count).unwrap_or(i64::MAX))
}

impl IntoResponse for Exposition {
    fn into_response(self) -> Response {
        let head = [
            (header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8"),
            (header::CACHE_CONTROL, "no-store"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ];
        (head, self.0).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_holds_any_text() {
        let mut page = Exposition::default();
        page.sample("x", &[("name", "a \"b\" \\ c\nd 库"), ("tags", "")], 1);
        assert_eq!(page.0, "x{name=\"a \\\"b\\\" \\\\ c\\nd 库\", tags=\"\"} 1\n");
    }

    #[test]
    fn times_are_told_in_seconds() {
        for (micros, expected) in
            [(0, "0"), (1_500_000, "1.5"), (-250, "-0.00025"), (1_795_176_720_000_000, "1795176720")]
        {
            assert_eq!(Seconds(micros).to_string(), expected);
        }
    }

    #[test]
    fn a_histogram_ends_with_everything() {
        let read = Distribution { up_to: vec![(1000, 1), (2500, 1)], count: 3, sum: 5_001_000 };
        let mut page = Exposition::default();
        page.histogram("x_seconds", "Help.", &read, micros);
        assert_eq!(
            page.0,
            "# HELP x_seconds Help.\n# TYPE x_seconds histogram\nx_seconds_bucket{le=\"0.001\"} 1\n\
             x_seconds_bucket{le=\"0.0025\"} 1\nx_seconds_bucket{le=\"+Inf\"} 3\nx_seconds_sum 5.001\n\
             x_seconds_count 3\n"
        );
    }
}
