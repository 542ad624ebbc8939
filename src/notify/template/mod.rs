//! Words of people's own: templates for the title and the text of a channel's messages.
//!
//! A template is a program of a stranger's. It can read what the message says and nothing else; it cannot build lists,
//! join texts or loop for long, so that its memory and time are bounded; and what it fails to say is said in Maibo's own
//! words, so that no alert is lost to it.
mod language;
mod values;

use std::io;

use minijinja::{Environment, ErrorKind, UndefinedBehavior};

use super::alert::{Alert, Side, Why, one_line};
use super::message::Words;
use super::settings::{FieldError, Settings};
use crate::core::schedule::Zone;
use crate::core::{Span, Time};
use crate::i18n::Lang;
pub use values::{FILTERS, NAMES};

/// Longest that a template may write, in bytes.
const MAX_WRITTEN: usize = 16 * 1024;
/// Steps that a template may take.
const MAX_STEPS: u64 = 20_000;
/// Longest template, in bytes.
const MAX_SOURCE: usize = 4000;
/// Longest title, in characters.
const MAX_TITLE: usize = 300;

/// What is wrong with a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The end of a locale key, `setting-error-<code>`.
    code: &'static str,
    /// The offending word, or the parser's reason.
    value: String,
    /// Counted from one.
    line: usize,
}

impl Fault {
    fn new(code: &'static str, value: impl Into<String>, line: usize) -> Self {
        Self { code, value: value.into(), line: line.max(1) }
    }

    fn of(error: &minijinja::Error) -> Self {
        let line = error.line().unwrap_or(1);
        match error.kind() {
            ErrorKind::OutOfFuel => Self::new("template-steps", MAX_STEPS.to_string(), line),
            ErrorKind::WriteFailure => Self::new("template-long", MAX_WRITTEN.to_string(), line),
            kind => Self::new(
                "template-syntax",
                error.detail().map_or_else(|| kind.to_string(), str::to_owned),
                line,
            ),
        }
    }

    fn of_field(self, field: &str) -> FieldError {
        FieldError::new(field, self.code, self.value).at_line(self.line)
    }
}

/// Refuses a template that cannot be used: it is parsed, every word in it is looked up, and it is tried on samples.
pub(super) fn accept(field: &str, source: &str) -> Result<(), FieldError> {
    if source.is_empty() {
        return Ok(());
    }
    check(source).map_err(|fault| fault.of_field(field))
}

/// What would be wrong with the first template that cannot be used, when these settings were saved.
#[must_use]
pub fn refused(settings: &Settings) -> Option<FieldError> {
    let read = |name: &str| accept(name, settings.get(name).map_or("", |text| text.trim())).err();
    super::shared::TEMPLATES.into_iter().find_map(read)
}

/// An event that did not happen, to show how messages read where nothing has happened yet.
#[must_use]
pub fn sample(lang: Lang, zone: Zone, now: Time, side: Side) -> Alert {
    let why = if side == Side::Up { Why::Back } else { Why::Missed(now - Span::hours(1)) };
    values::sample(lang, zone, now, side, Some(why), "")
}

fn check(source: &str) -> Result<(), Fault> {
    if source.len() > MAX_SOURCE {
        return Err(Fault::new("too-long", MAX_SOURCE.to_string(), 1));
    }
    language::check(source)?;
    for alert in &values::samples() {
        render(source, alert, &super::message::words(alert))?;
    }
    Ok(())
}

/// The words of a message on a channel with these settings, and what was wrong with its templates if they could not be
/// used.
#[must_use]
pub fn words(settings: &Settings, alert: &Alert) -> (Words, Option<FieldError>) {
    let own = super::message::words(alert);
    let get = |name: &str| settings.get(name).map_or("", |text| text.trim());
    let (title, text) = (get("title_template"), get("text_template"));
    // They are written for one check; a digest, and what Maibo says for itself, are something else.
    let fitting = alert.names.len() < 2 && alert.notice.is_none();
    if !fitting || (title.is_empty() && text.is_empty()) {
        return (own, None);
    }
    let mut words = own.clone();
    if !title.is_empty() {
        match render(title, alert, &own) {
            Ok(title) => {
                let title: String = one_line(&title).chars().take(MAX_TITLE).collect();
                if !title.is_empty() {
                    words.title = title;
                }
            }
            Err(fault) => return (own, Some(fault.of_field("title_template"))),
        }
    }
    if !text.is_empty() {
        match render(text, alert, &own) {
            Ok(text) => {
                words.sentence =
                    text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect();
                words.sentence = words.sentence.trim().to_owned();
                if let Some(note) = &alert.note {
                    words.sentence.extend(["\n", note]);
                }
                words.facts.clear();
                words.quote = None;
            }
            Err(fault) => return (own, Some(fault.of_field("text_template"))),
        }
    }
    (words, None)
}

fn render(source: &str, alert: &Alert, words: &Words) -> Result<String, Fault> {
    let mut env = Environment::empty();
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_fuel(Some(MAX_STEPS));
    env.set_recursion_limit(20);
    values::add_filters(&mut env);
    // Checked each time: what is stored may have been accepted by another version.
    language::check(source)?;
    let template = env.template_from_str(source).map_err(|error| Fault::of(&error))?;
    let mut written = Bounded(Vec::new());
    template
        .render_captured_to(values::context(alert, words), &mut written)
        .map_err(|error| Fault::of(&error))?;
    String::from_utf8(written.0).map_err(|_| Fault::new("template-syntax", "no UTF-8", 1))
}

/// Takes so much and no more.
struct Bounded(Vec<u8>);

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MAX_WRITTEN {
            return Err(io::Error::other("too long"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::alert::tests::alert;
    use rstest::rstest;

    fn said(source: &str, alert: &Alert) -> String {
        render(source, alert, &crate::notify::message::words(alert)).unwrap()
    }

    #[rstest]
    #[case("{{ check.name }} {{ status }} {{ project }}", "nightly-backup down prod")]
    #[case("{{ check.name|upper }} {{ check.tags|replace(' ', '+') }}", "NIGHTLY-BACKUP db+backup")]
    #[case("{{ at|zone('Asia/Shanghai')|date('%Y-%m-%d %H:%M:%S %z') }}", "2024-01-02 11:04:05 +0800")]
    #[case("{{ at }}", "2 Jan 03:04:05 UTC")]
    #[case("{{ down_for }}{% if exit_status %} exit {{ exit_status }}{% endif %}", "< 1 s")]
    #[case("{% for fact in facts %}{{ fact.label }};{% endfor %}", "Project;Tags;Last heard;Time;")]
    #[case("{{ last_lines|default('nothing said') }}", "nothing said")]
    #[case("{{ reason|truncate(7) }}", "nothin…")]
    #[case("{# a remark #}{{ 'a' if status == 'down' else 'b' }}{{ names|join(', ') }}", "anightly-backup")]
    fn what_templates_can_say(#[case] source: &str, #[case] expected: &str) {
        assert_eq!(said(source, &alert(Side::Down)), expected);
        check(source).unwrap();
    }

    #[rstest]
    #[case("{{ check.name", "template-syntax", 1)]
    #[case("a\n{% if status %}\nb", "template-syntax", 2)]
    #[case("a\nb {{ chekc.name }}", "template-word", 2)]
    #[case("{{ check.uuid }}", "template-word", 1)]
    #[case("{% if false %}{{ nothing }}{% endif %}", "template-word", 1)]
    #[case("\n\n{{ at|strftime }}", "template-filter", 3)]
    #[case("{% set x = 1 %}", "template-statement", 1)]
    #[case("{% include 'x' %}", "template-statement", 1)]
    #[case("{% filter upper %}{% endfilter %}", "template-statement", 1)]
    #[case("{{ [1, 2] }}", "template-sign", 1)]
    #[case("{{ ('a', 'b') }}", "template-sign", 1)]
    #[case("{{ {'a': 1} }}", "template-sign", 1)]
    #[case("{{ title ~ title }}", "template-sign", 1)]
    #[case("{{ 'x' * 1000000000 }}", "template-sign", 1)]
    #[case("{{ range(5) }}", "template-word", 1)]
    #[case("{{ at|date('%Q') }}", "template-syntax", 1)]
    #[case("{{ at|zone('Mars/Base') }}", "template-syntax", 1)]
    #[case("{{ title|date('%H') }}", "template-syntax", 1)]
    fn what_is_refused_names_line_and_reason(#[case] source: &str, #[case] code: &str, #[case] line: usize) {
        let fault = check(source).unwrap_err();
        assert_eq!((fault.code, fault.line), (code, line), "{fault:?}");
    }

    #[test]
    fn a_loop_ends() {
        let four = "{% for a in text %}{% for b in text %}{% for c in text %}{% if a == b %}{% endif %}{% endfor %}{% endfor %}{% endfor %}";
        assert_eq!(check(four).unwrap_err().code, "template-steps");
        let long = "{% for a in text %}{% for b in facts %}{{ text }}{% endfor %}{% endfor %}";
        assert_eq!(check(long).unwrap_err().code, "template-long");
    }

    /// Runs it where there is as little stack as in a worker, half of which others may have used.
    fn on_a_small_stack(run: impl FnOnce() + Send + 'static) {
        std::thread::Builder::new().stack_size(512 * 1024).spawn(run).unwrap().join().unwrap();
    }

    #[rstest]
    #[case("{{ ", "(", "1", ")", " }}")]
    #[case("", "{% if true %}", "", "{% endif %}", "")]
    #[case("", "{% for a in facts %}", "", "{% endfor %}", "")]
    #[case("{% if true %}", "{% elif true %}", "", "", "{% endif %}")]
    #[case("{{ ", "-", "1", "", " }}")]
    #[case("{{ 1", "-1", "", "", " }}")]
    #[case("{{ check", ".a", "", "", " }}")]
    #[case("{{ text", "|upper", "", "", " }}")]
    #[case("{{ text", "()", "", "", " }}")]
    #[case("{{ text", "|default(text", "", ")", " }}")]
    #[case("{% if ", "not ", "true", "", " %}{% endif %}")]
    #[case("{% if 1", " and 1", "", "", " %}{% endif %}")]
    #[case("{% if 1", " or 1", "", "", " %}{% endif %}")]
    #[case("{% if 1", " in 1", "", "", " %}{% endif %}")]
    #[case("{% if 1", "==1", "", "", " %}{% endif %}")]
    #[case("{% if 1", "<1", "", "", " %}{% endif %}")]
    #[case("{{ 1", " if 1 else 1", "", "", " }}")]
    fn nothing_lies_so_deep_that_the_stack_ends(
        #[case] begin: &'static str,
        #[case] one: &'static str,
        #[case] middle: &'static str,
        #[case] close: &'static str,
        #[case] end: &'static str,
    ) {
        let times = (MAX_SOURCE - begin.len() - middle.len() - end.len()) / (one.len() + close.len());
        for closing in [close, ""] {
            let source = format!("{begin}{}{middle}{}{end}", one.repeat(times), closing.repeat(times));
            on_a_small_stack(move || {
                let fault = check(&source).unwrap_err();
                assert_eq!((fault.code, fault.line), ("template-deep", 1), "{fault:?}");
                // What is stored already is not sent, and our own words are.
                let alert = alert(Side::Down);
                let settings = Settings::from([("text_template".to_owned(), source)]);
                let (said, fault) = words(&settings, &alert);
                assert_eq!(said, crate::notify::message::words(&alert));
                assert_eq!(fault.unwrap().field, "text_template");
            });
        }
    }

    #[test]
    fn what_is_just_not_too_deep_fits() {
        let blocks =
            |middle: &str| format!("{}{middle}{}", "{% if true %}".repeat(20), "{% endif %}".repeat(20));
        let parens = |middle: &str| format!("{}{middle}{}", "(".repeat(12), ")".repeat(12));
        for source in [
            blocks(&format!("{{{{ {} }}}}", parens(&format!("{}1", "-".repeat(48))))),
            blocks(&format!("{{{{ {} }}}}", parens(&format!("{}1", "not ".repeat(48))))),
            blocks(&format!("{{{{ {} }}}}", parens(&format!("text{}", "|upper".repeat(48))))),
            blocks(&format!("{{{{ {} }}}}", parens(&format!("1{}", " and 1".repeat(48))))),
            blocks(&format!("{{{{ {} }}}}", parens(&format!("1{}", " if 1 else 1".repeat(24))))),
            format!("{}{{{{ 1 }}}}", "{% if true %}{% endif %}\n".repeat(100)),
            "{{ check.name|upper }} (and) ".repeat(100),
        ] {
            on_a_small_stack(move || {
                check(&source).unwrap();
            });
        }
    }

    #[test]
    fn a_filter_cannot_swell_a_text() {
        let chain = "|replace('e', text)".repeat(30);
        assert_eq!(check(&format!("{{{{ text{chain} }}}}")).unwrap_err().code, "template-syntax");
    }

    #[test]
    fn a_template_that_fails_is_replaced_by_our_own_words() {
        let mut alert = alert(Side::Down);
        alert.lang = Lang::ZhCn;
        let own = crate::notify::message::words(&alert);
        let settings = Settings::from([("text_template".to_owned(), "{{ gone.away }}".to_owned())]);
        let (words, fault) = words(&settings, &alert);
        assert_eq!(words, own);
        assert_eq!(fault.unwrap().field, "text_template");
    }

    #[test]
    fn a_note_goes_with_every_text() {
        let mut alert = alert(Side::Down);
        alert.note = Some("sent here because “x” failed".to_owned());
        let settings = Settings::from([
            ("text_template".to_owned(), "{{ check.name }}\u{7}".to_owned()),
            ("title_template".to_owned(), "a\r\nb".to_owned()),
        ]);
        let (words, fault) = words(&settings, &alert);
        assert_eq!(fault, None);
        assert_eq!(words.sentence, "nightly-backup\nsent here because “x” failed");
        assert_eq!(words.title, "a  b");
        assert!(words.facts.is_empty() && words.quote.is_none());
    }

    #[test]
    fn digests_keep_our_words() {
        let mut alert = alert(Side::Down);
        alert.names.push("another".to_owned());
        let settings = Settings::from([("title_template".to_owned(), "{{ check.name }}".to_owned())]);
        assert!(words(&settings, &alert).0.title.contains("2 checks"));
    }

    #[test]
    fn the_last_lines_can_be_counted() {
        let mut alert = alert(Side::Down);
        alert.last.body = "one\ntwo\nthree".to_owned();
        if let Some(event) = &mut alert.event {
            event.why = Why::Exit(3);
        }
        assert_eq!(said("{{ last_lines|lines(2) }} {{ exit_status }}", &alert), "two\nthree 3");
    }
}
