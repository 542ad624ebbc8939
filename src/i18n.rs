//! Translated text and the forms of numbers and times. Messages live in `locales/<language>/*.ftl`.
mod said;

use std::borrow::Cow;
use std::collections::HashMap;

use fluent_templates::fluent_bundle::FluentValue;
use fluent_templates::{LanguageIdentifier, Loader, langid};

use crate::core::schedule::{Civil, Zone};
use crate::core::{Span, Time};

fluent_templates::static_loader! {
    static LOCALES = {
        locales: "./locales",
        fallback_language: "en",
        // The invisible marks around inserted values would end up in mails and in people's searches.
        customise: |bundle| bundle.set_use_isolating(false),
    };
}

static EN: LanguageIdentifier = langid!("en");
static ZH: LanguageIdentifier = langid!("zh-CN");

/// A language that Maibo speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lang {
    #[default]
    En,
    ZhCn,
}

impl Lang {
    pub const ALL: [Self; 2] = [Self::En, Self::ZhCn];

    /// The tag as it stands in `lang="…"`, cookies and the database.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::ZhCn => "zh-CN",
        }
    }

    /// The language's own name for itself.
    #[must_use]
    pub const fn own_name(self) -> &'static str {
        match self {
            Self::En => "English",
            Self::ZhCn => "简体中文",
        }
    }

    /// The language with this tag; regional variants count (`zh`, `zh-Hans`, `en-GB`).
    #[must_use]
    pub fn named(code: &str) -> Option<Self> {
        match code.trim().to_ascii_lowercase().split(['-', '_']).next()? {
            "zh" => Some(Self::ZhCn),
            "en" => Some(Self::En),
            _ => None,
        }
    }

    /// The first language of an `Accept-Language` header that we speak, by its weights.
    #[must_use]
    pub fn negotiate(accept_language: &str) -> Self {
        let mut wanted: Vec<(f32, Self)> = accept_language
            .split(',')
            .filter_map(|part| {
                let mut pieces = part.split(';');
                let lang = Self::named(pieces.next()?)?;
                let weight = pieces
                    .find_map(|piece| piece.trim().strip_prefix("q=")?.parse::<f32>().ok())
                    .unwrap_or(1.0);
                Some((weight, lang))
            })
            .collect();
        wanted.sort_by(|a, b| b.0.total_cmp(&a.0));
        wanted.first().map_or_else(Self::default, |(_, lang)| *lang)
    }

    fn id(self) -> &'static LanguageIdentifier {
        match self {
            Self::En => &EN,
            Self::ZhCn => &ZH,
        }
    }

    /// The message `key`.
    #[must_use]
    pub fn t(self, key: &str) -> String {
        LOCALES.lookup(self.id(), key)
    }

    /// Whether there is a message `key`.
    #[must_use]
    pub fn knows(self, key: &str) -> bool {
        LOCALES.try_lookup(self.id(), key).is_some()
    }

    /// The message `key` with values put in.
    #[must_use]
    pub fn ta(self, key: &str, values: &[(&'static str, &str)]) -> String {
        let args: HashMap<Cow<'static, str>, FluentValue<'_>> =
            values.iter().map(|(name, value)| (Cow::Borrowed(*name), FluentValue::from(*value))).collect();
        LOCALES.lookup_with_args(self.id(), key, &args)
    }

    /// The message `key` in the plural form for `count`.
    #[must_use]
    pub fn tn(self, key: &str, count: i64) -> String {
        let args = HashMap::from([(Cow::Borrowed("count"), FluentValue::from(count))]);
        LOCALES.lookup_with_args(self.id(), key, &args)
    }

    /// A length of time in its two largest units: `1 h 5 m`, `1 小时 5 分`. Below a second: `< 1 s`.
    #[must_use]
    pub fn span(self, span: Span) -> String {
        let seconds = span.num_seconds().max(0);
        if seconds == 0 {
            return if self == Self::En { "< 1 s".to_owned() } else { "不到 1 秒".to_owned() };
        }
        let parts = [seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60, seconds % 60];
        let units = match self {
            Self::En => [" d", " h", " m", " s"],
            Self::ZhCn => [" 天", " 小时", " 分", " 秒"],
        };
        let first = parts.iter().position(|n| *n > 0).unwrap_or(3);
        let words: Vec<String> = parts
            .iter()
            .zip(units)
            .skip(first)
            .take(2)
            .filter(|(n, _)| **n > 0)
            .map(|(n, unit)| format!("{n}{unit}"))
            .collect();
        words.join(" ")
    }

    /// A length of time as precise as a glance needs it: seconds only below a minute, `37 m`, `10 h 59 m`.
    #[must_use]
    pub fn rough(self, span: Span) -> String {
        let minutes = span.num_minutes();
        self.span(if minutes > 0 { Span::minutes(minutes) } else { span })
    }

    /// An interval in words: `every 5 minutes`, `every day`; units that do not fit together as in [`Lang::span`].
    #[must_use]
    pub fn every(self, span: Span) -> String {
        let seconds = span.num_seconds();
        let whole = [(86_400, "days"), (3600, "hours"), (60, "minutes"), (1, "seconds")]
            .into_iter()
            .find(|(size, _)| seconds % size == 0);
        match whole {
            Some((size, unit)) if size > 1 || seconds < 120 => {
                self.tn(&format!("schedule-every-{unit}"), seconds / size)
            }
            _ => self.ta("schedule-every", &[("span", &self.span(span))]),
        }
    }

    /// A moment near `now` in a zone: `today 03:12`, or as [`Lang::moment`].
    #[must_use]
    pub fn near(self, at: Time, zone: &Zone, now: Time, exact: bool) -> String {
        let (there, here) = (zone.civil(at), zone.civil(now));
        if (there.year, there.month, there.day) == (here.year, here.month, here.day) {
            return self.ta("today-at", &[("time", &clock_time(&there, exact))]);
        }
        self.moment(at, zone, exact)
    }

    /// A moment in a zone: `21 Nov 03:12`, `11月21日 03:12`; with seconds where `exact`.
    #[must_use]
    pub fn moment(self, at: Time, zone: &Zone, exact: bool) -> String {
        let civil = zone.civil(at);
        format!("{} {}", self.day(&civil), clock_time(&civil, exact))
    }

    /// A day: `21 Nov`, `11月21日`.
    #[must_use]
    pub fn day(self, civil: &Civil) -> String {
        const MONTHS: [&str; 12] =
            ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        match self {
            Self::En => {
                let month = MONTHS.get(usize::from(civil.month).saturating_sub(1)).unwrap_or(&"");
                format!("{} {month}", civil.day)
            }
            Self::ZhCn => format!("{}月{}日", civil.month, civil.day),
        }
    }
}

/// `03:12`, or `03:12:09` where `exact`.
#[must_use]
pub fn clock_time(civil: &Civil, exact: bool) -> String {
    if exact {
        format!("{:02}:{:02}:{:02}", civil.hour, civil.minute, civil.second)
    } else {
        format!("{:02}:{:02}", civil.hour, civil.minute)
    }
}

/// The zone of a check's schedule; UTC where its name no longer is one.
#[must_use]
pub fn zone_or_utc(name: &str) -> Zone {
    Zone::named(name).unwrap_or_else(|_| Zone::utc())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_browser_chooses() {
        assert_eq!(Lang::negotiate("fr-CH, zh-TW;q=0.9, en;q=0.5"), Lang::ZhCn);
        assert_eq!(Lang::negotiate("en-GB,zh;q=0.9"), Lang::En);
        assert_eq!(Lang::negotiate("de"), Lang::En);
    }

    #[test]
    fn spans_have_two_units() {
        assert_eq!(Lang::En.span(Span::seconds(3900)), "1 h 5 m");
        assert_eq!(Lang::ZhCn.span(Span::seconds(3900)), "1 小时 5 分");
        assert_eq!(Lang::En.span(Span::seconds(86_400 * 3 + 59)), "3 d");
        assert_eq!(Lang::En.span(Span::milliseconds(300)), "< 1 s");
    }

    /// Appends every file below a folder.
    fn read(dir: &std::path::Path, text: &mut String) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                read(&path, text);
            } else {
                text.push_str(&std::fs::read_to_string(&path).unwrap_or_default());
                text.push('\n');
            }
        }
    }

    fn keys(lang: &str) -> BTreeSet<String> {
        let mut text = String::new();
        read(&std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("locales").join(lang), &mut text);
        text.lines()
            .filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()))
            .filter_map(|line| Some(line.split_once('=')?.0.trim().to_owned()))
            .collect()
    }

    #[test]
    fn both_languages_say_the_same_things() {
        assert_eq!(keys("en"), keys("zh-CN"));
    }

    /// Every key in the sources exists, and every message is used.
    #[test]
    fn every_message_is_used_and_exists() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut sources = String::new();
        read(&root.join("src"), &mut sources);
        read(&root.join("templates"), &mut sources);
        let known = keys("en");
        let unused: Vec<_> = known
            .iter()
            .filter(|key| !sources.contains(&format!("\"{key}\"")))
            // Keys whose last word is put together from data: status-*, kind-*, …
            .filter(|key| {
                let mut prefix = key.as_str();
                while let Some((shorter, _)) = prefix.rsplit_once('-') {
                    if sources.contains(&format!("\"{shorter}-{{")) {
                        return false;
                    }
                    prefix = shorter;
                }
                true
            })
            .collect();
        assert!(unused.is_empty(), "unused messages: {unused:?}");
        let mut missing = BTreeSet::new();
        for call in [".t(\"", ".ta(\"", ".tn(\""] {
            for rest in sources.split(call).skip(1) {
                let key = rest.split('"').next().unwrap_or_default();
                if !known.contains(key) {
                    missing.insert(key.to_owned());
                }
            }
        }
        assert!(missing.is_empty(), "messages that do not exist: {missing:?}");
    }
}
