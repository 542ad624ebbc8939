//! The words of an alert: title, one sentence that answers "what, since when, why", and a few facts.
use super::alert::{Alert, Side, Why};
use crate::core::text::{as_shown, last_lines};
use crate::i18n::Lang;

/// Names that are spelled out when a message tells about many checks.
const NAMED: usize = 50;
/// Characters of a job's last output that a message quotes.
const QUOTED: usize = 1000;
/// Lines of it.
const QUOTED_LINES: usize = 20;

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
        self.text_alone() + "\n\n" + link
    }

    /// The same without the link.
    #[must_use]
    pub fn text_alone(&self) -> String {
        let mut text = self.sentence.clone();
        for (label, value) in &self.facts {
            text.extend(["\n", label, ": ", value]);
        }
        if let Some(quote) = &self.quote {
            text.extend(["\n\n", quote]);
        }
        text
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
        if alert.side == Side::Up
            && let Some(event) = &alert.event
        {
            let since = lang.moment(event.since, &alert.zone, true);
            fact("alert-fact-since", format!("{since} ({})", alert.zone.name()));
        }
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
        let key = match (alert.side, alert.untold) {
            (Side::Up, Some(_)) => "alert-many-both",
            (Side::Up, None) => "alert-many-up",
            _ => "alert-many-down",
        };
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

/// The last lines of what the job sent, when it was the job that failed or the run that it was about.
fn quote(alert: &Alert) -> Option<String> {
    let spoke = |why| matches!(why, Why::Failed | Why::Exit(_) | Why::Overrun(_));
    let told = alert.event.as_ref().is_some_and(|event| spoke(event.why));
    if !told || alert.names.len() > 1 || alert.notice.is_some() {
        return None;
    }
    let shown = as_shown(alert.last.readable.as_ref().unwrap_or(&alert.last.body));
    let (tail, more) = last_lines(&shown, QUOTED_LINES, QUOTED);
    let tail = tail.trim_start_matches('\n');
    if tail.trim().is_empty() {
        return None;
    }
    Some(if more { format!("…{tail}") } else { tail.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::Span;
    use crate::core::check::Blackout;
    use crate::i18n::zone_or_utc;
    use crate::notify::alert::tests::alert;
    use rstest::rstest;

    fn told(side: Side, change: impl FnOnce(&mut Alert)) -> Words {
        let mut alert = alert(side);
        change(&mut alert);
        words(&alert)
    }

    fn down(why: Why) -> Words {
        told(Side::Down, |alert| {
            if let Some(event) = &mut alert.event {
                event.why = why;
            }
        })
    }

    #[rstest]
    #[case(Why::Missed("2024-01-02T02:59:05Z".parse().unwrap()), "nothing was heard. It was due at 2 Jan 02:59:05 UTC, with 5 m of grace")]
    #[case(Why::Overrun("2024-01-02T02:59:05Z".parse().unwrap()), "the run that started at 2 Jan 02:59:05 UTC did not end within 5 m")]
    #[case(Why::Failed, "the job reported a failure at 2 Jan 03:04:05 UTC")]
    #[case(Why::Exit(137), "the job ended with exit status 137 at 2 Jan 03:04:05 UTC")]
    fn a_message_says_why_and_when(#[case] why: Why, #[case] said: &str) {
        let words = down(why);
        assert!(words.sentence.contains(said), "{}", words.sentence);
        assert_eq!(words.title, "DOWN | nightly-backup");
        assert!(words.facts.contains(&("Project".to_owned(), "prod".to_owned())));
        assert!(words.facts.contains(&("Last heard".to_owned(), "2 Jan 01:59:05 (UTC)".to_owned())));
    }

    #[test]
    fn a_recovery_says_how_long_and_how_many() {
        let words = told(Side::Up, |_| {});
        assert_eq!(words.sentence, "“nightly-backup” is back after 1 h 5 m, 2 runs missed.");
        assert!(words.facts.contains(&("Down since".to_owned(), "2 Jan 01:59:05 (UTC)".to_owned())));
    }

    #[test]
    fn one_message_tells_of_an_outage_that_is_over() {
        let words = told(Side::Up, |alert| {
            alert.untold = Some(Why::Exit(3));
            alert.zone = zone_or_utc("Asia/Shanghai");
            alert.lang = Lang::ZhCn;
        });
        assert_eq!(
            words.sentence,
            "「nightly-backup」曾于 1月2日 09:59:05 至 1月2日 11:04:05 Asia/Shanghai 中断，共 1 小时 5 分（退出码 3，缺 2 次），现已恢复。"
        );
    }

    #[test]
    fn a_blackout_of_ours_is_owned_up_to() {
        let words = told(Side::Down, |alert| {
            let to = alert.at - Span::minutes(10);
            alert.blackout = Some(Blackout { id: 1, from: to - Span::minutes(30), to });
        });
        assert!(words.sentence.contains("Maibo itself was away from 2 Jan 02:24:05 to 2 Jan 02:54:05 UTC"));
    }

    #[test]
    fn the_last_lines_are_quoted_and_clean() {
        let said = |body: &str| {
            told(Side::Down, |alert| {
                body.clone_into(&mut alert.last.body);
                if let Some(event) = &mut alert.event {
                    event.why = Why::Failed;
                }
            })
            .quote
        };
        assert_eq!(said("\u{1b}[31mno space left\u{1b}[0m\r\n").as_deref(), Some("no space left"));
        assert_eq!(said("  \n\u{1b}[0m\n"), None);
        let long = (1..=100).fold(String::new(), |text, n| format!("{text}line {n}\n"));
        let quote = said(&long).unwrap();
        assert!(quote.starts_with("…line 81\n") && quote.ends_with("line 100"), "{quote}");
        assert!(down(Why::Missed("2024-01-02T02:59:05Z".parse().unwrap())).quote.is_none());
    }

    #[test]
    fn what_maibo_says_for_itself_names_no_check() {
        let words = told(Side::Down, |alert| {
            alert.notice = Some(crate::notify::alert::Notice {
                title: "DOWN | channel “x”".into(),
                sentence: "It no longer works.".into(),
            });
        });
        assert_eq!(
            (words.title.as_str(), words.sentence.as_str()),
            ("DOWN | channel “x”", "It no longer works.")
        );
        assert!(!words.text("https://mon.example/").contains("nightly"));
    }
}
