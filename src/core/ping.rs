//! What a ping means: kinds, exit statuses, run ids and the rules that re-decide an action.
use memchr::memmem;
use uuid::Uuid;

/// What the job said, as the URL has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    Success,
    Start,
    Fail,
    /// A line for the log only.
    Log,
    /// `/<n>`: 0 is a success, 1 to 255 a failure.
    Exit(u8),
}

/// What a ping counted as, and how it is stored and shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Success,
    Start,
    Fail,
    Log,
    /// Kept in the log, without effect: filtered out, or a paused check that resumes by hand only.
    Ignored,
}

impl Kind {
    /// The word of the Healthchecks API (`type` of a ping).
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Start => "start",
            Self::Fail => "fail",
            Self::Log => "log",
            Self::Ignored => "ign",
        }
    }

    /// The kind with this stored word.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        [Self::Success, Self::Start, Self::Fail, Self::Log, Self::Ignored]
            .into_iter()
            .find(|kind| kind.as_str() == word)
    }
}

impl Asked {
    /// The exit status that came with it, if one did.
    #[must_use]
    pub const fn exit_status(self) -> Option<u8> {
        match self {
            Self::Exit(n) => Some(n),
            _ => None,
        }
    }

    /// Whether it says that the job failed.
    #[must_use]
    pub const fn is_failure(self) -> bool {
        matches!(self.kind(), Kind::Fail)
    }

    const fn kind(self) -> Kind {
        match self {
            Self::Success | Self::Exit(0) => Kind::Success,
            Self::Start => Kind::Start,
            Self::Fail | Self::Exit(_) => Kind::Fail,
            Self::Log => Kind::Log,
        }
    }
}

/// What keywords are searched in where a ping came as a mail.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mail {
    /// Decoded.
    pub subject: String,
    /// Its text, and what HTML says as text.
    pub text: String,
}

/// Where a check wants keywords searched in mails (`filter_subject`, `filter_body`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MailFilters {
    pub subject: bool,
    pub text: bool,
}

/// The settings of a check that decide what a ping counts as.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules {
    /// Only POST requests count (`methods` = `POST`).
    pub post_only: bool,
    /// Keywords in the body decide, not the URL (`filter_http_body`).
    pub filter_body: bool,
    /// With the filter on, a body without any keyword is a failure instead of nothing.
    pub default_fail: bool,
    /// Comma-separated keywords.
    pub start: String,
    pub success: String,
    pub failure: String,
}

impl Rules {
    /// What a ping counts as: COMPATIBILITY.md, "Filtering". `body` is what is kept of it.
    #[must_use]
    pub fn decide(&self, asked: Asked, method: &str, body: &[u8]) -> Kind {
        if self.post_only && method != "POST" {
            return Kind::Ignored;
        }
        if !self.filter_body {
            return asked.kind();
        }
        self.by_keywords(&[body])
    }

    /// What a mail counts as: a success, unless keywords decide. It is no POST request.
    #[must_use]
    pub fn decide_mail(&self, filters: MailFilters, mail: &Mail) -> Kind {
        if self.post_only {
            return Kind::Ignored;
        }
        match (
            filters.subject.then_some(mail.subject.as_bytes()),
            filters.text.then_some(mail.text.as_bytes()),
        ) {
            (None, None) => Kind::Success,
            (Some(part), None) | (None, Some(part)) => self.by_keywords(&[part]),
            (Some(subject), Some(text)) => self.by_keywords(&[subject, text]),
        }
    }

    fn by_keywords(&self, parts: &[&[u8]]) -> Kind {
        let hold = |keywords: &str| parts.iter().any(|part| holds_any(part, keywords));
        if hold(&self.failure) {
            Kind::Fail
        } else if hold(&self.success) {
            Kind::Success
        } else if hold(&self.start) {
            Kind::Start
        } else if self.default_fail {
            Kind::Fail
        } else {
            Kind::Ignored
        }
    }
}

/// Byte-wise, so that a body cut in mid-character or in another encoding is still searched. All pings wait for it.
fn holds_any(body: &[u8], keywords: &str) -> bool {
    keywords
        .split(',')
        .map(str::trim)
        .filter(|word| !word.is_empty())
        .any(|word| holds(body, word.as_bytes()))
}

/// Whether the job said a word: in a body that was cut, before or after the line that says so.
fn holds(body: &[u8], word: &[u8]) -> bool {
    let Some((head, tail)) = around_mark(body) else { return memmem::find(body, word).is_some() };
    memmem::find(head, word).is_some() || holds(tail, word)
}

const MARK: (&str, &str) = ("\n[... ", " bytes left out ...]\n");

/// The line that stands in a body for what was left out of it.
#[must_use]
pub fn mark_of_cut(bytes: u64) -> String {
    format!("{}{bytes}{}", MARK.0, MARK.1)
}

/// What stands before and after the first such line.
fn around_mark(body: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut from = 0;
    loop {
        let start = from + memmem::find(&body[from..], MARK.0.as_bytes())?;
        let after = start + MARK.0.len();
        let digits = body[after..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        if let Some(tail) = body[after + digits..].strip_prefix(MARK.1.as_bytes()).filter(|_| digits > 0) {
            return Some((&body[..start], tail));
        }
        from = after;
    }
}

/// Reads `?rid=`: a dashed UUID in either case.
#[must_use]
pub fn parse_run_id(text: &str) -> Option<Uuid> {
    (text.len() == 36).then(|| Uuid::try_parse(text).ok()).flatten()
}

/// Reads a check's UUID as it stands in a ping URL: dashed and lower case, nothing else.
#[must_use]
pub fn parse_check_uuid(text: &str) -> Option<Uuid> {
    let uuid = parse_run_id(text)?;
    (!text.bytes().any(|b| b.is_ascii_uppercase())).then_some(uuid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    fn rules() -> Rules {
        Rules {
            filter_body: true,
            start: "BEGIN".into(),
            success: "done, 完成".into(),
            failure: "ERROR,,FATAL".into(),
            ..Rules::default()
        }
    }

    #[rstest]
    #[case("all done", Kind::Success)]
    #[case("备份完成", Kind::Success)]
    #[case("done with ERROR", Kind::Fail)]
    #[case("BEGIN", Kind::Start)]
    #[case("begin", Kind::Ignored)]
    #[case("", Kind::Ignored)]
    fn keywords_decide_before_the_url(#[case] body: &str, #[case] kind: Kind) {
        assert_eq!(rules().decide(Asked::Exit(3), "GET", body.as_bytes()), kind);
    }

    #[test]
    fn the_line_that_stands_for_what_was_left_out_is_not_the_jobs() {
        let cut = [b"head".as_slice(), mark_of_cut(4711).as_bytes(), b"tail"].concat();
        for (word, said) in [
            ("head", true),
            ("tail", true),
            ("bytes", false),
            ("4711", false),
            ("left out", false),
            ("[", false),
        ] {
            assert_eq!(holds_any(&cut, word), said, "{word}");
        }
        // What only looks like it is the job's own.
        for body in [
            "\n[... x bytes left out ...]\n",
            "\n[...  bytes left out ...]\n",
            "3 bytes left out",
            "\n[... 3 bytes",
        ] {
            assert!(holds_any(body.as_bytes(), "bytes"), "{body}");
        }
        assert!(holds_any(&[cut.as_slice(), cut.as_slice(), b" bytes"].concat(), "bytes"));
    }

    #[test]
    fn without_a_keyword_the_default_may_be_failure() {
        let rules = Rules { default_fail: true, ..rules() };
        assert_eq!(rules.decide(Asked::Success, "GET", &[0xff, 0xe4, 0xb8]), Kind::Fail);
    }

    #[test]
    fn the_method_rule_wins_over_everything() {
        let rules = Rules { post_only: true, ..rules() };
        assert_eq!(rules.decide(Asked::Success, "GET", b"done"), Kind::Ignored);
        assert_eq!(rules.decide(Asked::Success, "POST", b"done"), Kind::Success);
    }

    /// `s` and `t`: the filters for the subject and for the text.
    #[rstest]
    #[case("", "ERROR", "ERROR", Kind::Success)]
    #[case("s", "all done", "ERROR", Kind::Success)]
    #[case("s", "report", "all done", Kind::Ignored)]
    #[case("t", "ERROR", "备份完成", Kind::Success)]
    #[case("t", "done", "nothing", Kind::Ignored)]
    #[case("st", "done", "ERROR", Kind::Fail)]
    #[case("st", "FATAL", "done", Kind::Fail)]
    #[case("st", "BEGIN", "done", Kind::Success)]
    #[case("st", "BEGIN", "", Kind::Start)]
    #[case("st", "do", "ne", Kind::Ignored)]
    fn keywords_decide_what_a_mail_is(
        #[case] filters: &str,
        #[case] subject: &str,
        #[case] text: &str,
        #[case] kind: Kind,
    ) {
        let filters = MailFilters { subject: filters.contains('s'), text: filters.contains('t') };
        let mail = Mail { subject: subject.to_owned(), text: text.to_owned() };
        for filter_body in [false, true] {
            let rules = Rules { filter_body, ..rules() };
            assert_eq!(rules.decide_mail(filters, &mail), kind, "the filter of HTTP bodies has no say");
            let post_only = Rules { post_only: true, ..rules.clone() };
            assert_eq!(post_only.decide_mail(filters, &mail), Kind::Ignored);
            let default_fail = Rules { default_fail: true, ..rules };
            let expected = if kind == Kind::Ignored { Kind::Fail } else { kind };
            assert_eq!(default_fail.decide_mail(filters, &mail), expected);
        }
    }

    #[rstest]
    #[case("6f1c9a52-7c1e-4d0b-9a53-0f6d1c2b88e2", true, true)]
    #[case("6F1C9A52-7C1E-4D0B-9A53-0F6D1C2B88E2", true, false)]
    #[case("6f1c9a527c1e4d0b9a530f6d1c2b88e2", false, false)]
    #[case("{6f1c9a52-7c1e-4d0b-9a53-0f6d1c2b88e2}", false, false)]
    #[case("", false, false)]
    fn only_dashed_uuids_count(#[case] text: &str, #[case] run: bool, #[case] check: bool) {
        assert_eq!(parse_run_id(text).is_some(), run);
        assert_eq!(parse_check_uuid(text).is_some(), check);
    }

    proptest! {
        #[test]
        fn a_keyword_is_found_wherever_it_stands(
            text in "[ab,é ]{0,12}",
            keywords in "[ab,é ]{0,6}",
            around: Vec<u8>,
        ) {
            let mut words = keywords.split(',').map(str::trim).filter(|word| !word.is_empty());
            let held = words.any(|word| text.contains(word));
            prop_assert_eq!(holds_any(text.as_bytes(), &keywords), held);
            let within = [&around, text.as_bytes(), &around].concat();
            prop_assert!(!held || holds_any(&within, &keywords));
        }

        #[test]
        fn a_run_id_reads_back(uuid: u128, text in "\\PC{0,40}") {
            let uuid = Uuid::from_u128(uuid);
            prop_assert_eq!(parse_run_id(&uuid.to_string().to_uppercase()), Some(uuid));
            prop_assert!(parse_check_uuid(&text).is_none_or(|read| read.to_string() == text));
        }
    }
}
