//! The words of an alert: title, one sentence that answers "what, since when, why", and a few facts.
use super::alert::{Alert, Side, Why};
use crate::i18n::Lang;

/// Names that are spelled out when a message tells about many checks.
const NAMED: usize = 50;
/// Characters of a job's last output that a message quotes.
const QUOTED: usize = 1000;

/// An alert in words, before any markup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// `DOWN | nightly dump`: one line.
    pub title: String,
    /// What happened.
    pub sentence: String,
    /// Label and value.
    pub facts: Vec<(String, String)>,
    /// The end of what the job said, when it said something.
    pub quote: Option<String>,
    /// The words on the link to the details.
    pub link_label: String,
}

impl Words {
    /// All but the title, as plain text: the sentence, a line for each fact, the end of the job's output, the link.
    #[must_use]
    pub fn text(&self, link: &str) -> String {
        let mut text = self.sentence.clone();
        for (label, value) in &self.facts {
            text.extend(["\n", label, ": ", value]);
        }
        if let Some(quote) = &self.quote {
            text.extend(["\n\n", quote]);
        }
        text + "\n\n" + link
    }

    /// The same words with every text of theirs escaped for some markup; labels and the link's word as well.
    #[must_use]
    pub fn escaped(&self, escape: impl Fn(&str) -> String) -> Self {
        Self {
            title: escape(&self.title),
            sentence: escape(&self.sentence),
            facts: self.facts.iter().map(|(label, value)| (escape(label), escape(value))).collect(),
            quote: self.quote.as_deref().map(&escape),
            link_label: escape(&self.link_label),
        }
    }
}

/// Puts an alert into the channel's language.
#[must_use]
pub fn words(alert: &Alert) -> Words {
    let lang = alert.lang;
    let name = alert.check.name.as_str();
    let title = match alert.side {
        _ if alert.notice.is_some() => {
            alert.notice.as_ref().map_or_else(String::new, |notice| notice.title.clone())
        }
        Side::Up if alert.names.len() > 1 => lang.tn("alert-title-many-up", count(alert)),
        _ if alert.names.len() > 1 => lang.tn("alert-title-many", count(alert)),
        Side::Down => lang.ta("alert-title-down", &[("name", name)]),
        Side::Up => lang.ta("alert-title-up", &[("name", name)]),
        Side::Test => lang.t("alert-title-test"),
    };
    let mut facts = Vec::new();
    let mut fact = |key: &str, value: String| {
        if !value.is_empty() {
            facts.push((lang.t(key), value));
        }
    };
    fact("alert-fact-note", alert.note.clone().unwrap_or_default());
    fact("alert-fact-project", super::alert::one_line(&alert.project));
    if alert.notice.is_some() {
        // Not about a check.
    } else if alert.names.len() > 1 {
        let mut names = alert.names.iter().take(NAMED).cloned().collect::<Vec<_>>().join(lang_comma(lang));
        if alert.names.len() > NAMED {
            let more = count(alert) - i64::try_from(NAMED).unwrap_or(0);
            names.push_str(&lang.tn("alert-and-more", more));
        }
        fact("alert-fact-checks", names);
    } else {
        fact("alert-fact-tags", alert.check.tags.clone());
        if alert.side == Side::Down
            && let Some(heard) = alert.event.as_ref().and_then(|event| event.heard)
        {
            let heard = lang.moment(heard, &alert.zone, true);
            fact("alert-fact-heard", format!("{heard} ({})", alert.zone.name()));
        }
    }
    if alert.side != Side::Test {
        let at = lang.moment(alert.at, &alert.zone, true);
        fact("alert-fact-at", format!("{at} ({})", alert.zone.name()));
    }
    Words { title, sentence: sentence(alert), facts, quote: quote(alert), link_label: lang.t("alert-link") }
}

fn count(alert: &Alert) -> i64 {
    i64::try_from(alert.names.len()).unwrap_or(i64::MAX)
}

fn lang_comma(lang: Lang) -> &'static str {
    match lang {
        Lang::En => ", ",
        Lang::ZhCn => "、",
    }
}

fn sentence(alert: &Alert) -> String {
    let lang = alert.lang;
    let name = alert.check.name.as_str();
    if let Some(notice) = &alert.notice {
        return notice.sentence.clone();
    }
    let Some(event) = &alert.event else { return lang.t("alert-test") };
    let exact = |at| lang.moment(at, &alert.zone, true);
    let zoned = |at| format!("{} {}", exact(at), alert.zone.name());
    if let Some(blackout) = alert.blackout {
        let (from, to) = (exact(blackout.from), zoned(blackout.to));
        return if alert.names.len() > 1 {
            lang.ta(
                "alert-blind-many",
                &[("from", &from), ("to", &to), ("number", &count(alert).to_string())],
            )
        } else {
            lang.ta("alert-blind", &[("name", name), ("from", &from), ("to", &to)])
        };
    }
    if alert.names.len() > 1 {
        let key = if alert.side == Side::Up { "alert-many-up" } else { "alert-many-down" };
        return lang.tn(key, count(alert));
    }
    let at = zoned(alert.at);
    let grace = lang.span(alert.check.grace);
    match event.why {
        Why::Back => {
            let away = lang.span(alert.at - event.since);
            let missed = lang.tn("alert-runs-missed", event.missed);
            if let Some(why) = alert.untold {
                let from = exact(event.since);
                let reason = reason(lang, why);
                let args = [
                    ("name", name),
                    ("from", &from),
                    ("to", &at),
                    ("away", &away),
                    ("reason", &reason),
                    ("missed", &missed),
                ];
                lang.ta(if event.missed > 0 { "alert-both-missed" } else { "alert-both" }, &args)
            } else if event.missed > 0 {
                lang.ta("alert-up-missed", &[("name", name), ("away", &away), ("missed", &missed)])
            } else {
                lang.ta("alert-up", &[("name", name), ("away", &away)])
            }
        }
        Why::Exit(status) => {
            let status = status.to_string();
            lang.ta("alert-down-exit", &[("name", name), ("status", &status), ("at", &at)])
        }
        Why::Failed => lang.ta("alert-down-fail", &[("name", name), ("at", &at)]),
        Why::Overrun(started) => {
            lang.ta("alert-down-overrun", &[("name", name), ("started", &zoned(started)), ("grace", &grace)])
        }
        Why::Missed(due) => {
            lang.ta("alert-down-missed", &[("name", name), ("due", &zoned(due)), ("grace", &grace)])
        }
    }
}

/// Why a check went down, in a few words.
#[must_use]
pub fn reason(lang: Lang, why: Why) -> String {
    match why {
        Why::Back => String::new(),
        Why::Failed => lang.t("alert-reason-fail"),
        Why::Exit(status) => lang.ta("alert-reason-exit", &[("status", &status.to_string())]),
        Why::Missed(_) => lang.t("alert-reason-missed"),
        Why::Overrun(_) => lang.t("alert-reason-overrun"),
    }
}

/// The last lines of what the job sent, when it was the job that failed.
fn quote(alert: &Alert) -> Option<String> {
    let failed = alert.event.as_ref().is_some_and(|event| matches!(event.why, Why::Failed | Why::Exit(_)));
    let body = alert.last.body.trim_end();
    if !failed || body.is_empty() || alert.names.len() > 1 {
        return None;
    }
    let clean: String = body.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
    let skipped = clean.chars().count().saturating_sub(QUOTED);
    let tail: String = clean.chars().skip(skipped).collect();
    Some(if skipped > 0 { format!("…{tail}") } else { tail })
}
