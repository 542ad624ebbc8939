//! Every kind of channel with its fields and set-up steps in words: for the page that lists them, for the documents and
//! for the command line.
use super::shared::Shared;
use super::{DRIVERS, Driver, Family, Field, Input};
use crate::i18n::Lang;

/// What people in China use first, in this order; elsewhere it comes after what people there know.
const CHINESE: &[&str] = &[
    "wecom",
    "wecomapp",
    "dingtalk",
    "feishu",
    "serverchan",
    "pushplus",
    "wxpusher",
    "bark",
    "onebot",
    "qmsg",
    "aliyunsms",
];

/// The kinds of one family.
pub struct OfFamily {
    /// [`Family::word`].
    pub id: &'static str,
    pub title: String,
    pub kinds: Vec<Kind>,
}

/// One kind in words.
pub struct Kind {
    pub kind: &'static str,
    pub word: String,
    pub about: String,
    /// What to do on the other side and here.
    pub steps: Vec<String>,
    /// Its own fields.
    pub fields: Vec<Told>,
}

/// One field in words.
pub struct Told {
    pub name: &'static str,
    pub label: String,
    pub hint: String,
    pub required: bool,
    pub secret: bool,
    pub choices: &'static [&'static str],
}

/// Every kind, by family, as a reader of this language looks for them.
#[must_use]
pub fn families(lang: Lang) -> Vec<OfFamily> {
    Family::ALL
        .into_iter()
        .map(|family| {
            let mut drivers: Vec<&Driver> = super::kinds::of_family(family).collect();
            drivers.sort_by_key(|driver| rank(lang, driver.kind));
            OfFamily {
                id: family.word(),
                title: lang.t(&format!("channel-family-{}", family.word())),
                kinds: drivers.into_iter().map(|driver| kind(lang, driver)).collect(),
            }
        })
        .filter(|family| !family.kinds.is_empty())
        .collect()
}

fn rank(lang: Lang, kind: &str) -> usize {
    let chinese = CHINESE.iter().position(|known| *known == kind);
    match lang {
        Lang::ZhCn => chinese.unwrap_or(CHINESE.len()),
        Lang::En => usize::from(chinese.is_some()),
    }
}

/// One kind in words.
#[must_use]
pub fn kind(lang: Lang, driver: &Driver) -> Kind {
    let kind = driver.kind;
    Kind {
        kind,
        word: lang.t(&format!("channel-kind-{kind}")),
        about: lang.t(&format!("channel-about-{kind}")),
        steps: lang.t(&format!("channel-steps-{kind}")).lines().map(str::to_owned).collect(),
        fields: driver.fields.iter().map(|field| told(lang, &driver.label_key(field.name), field)).collect(),
    }
}

/// The fields that many kinds have.
#[must_use]
pub fn shared(lang: Lang) -> Vec<Told> {
    let all = [Shared::Words, Shared::Proxy].into_iter().flat_map(Shared::fields);
    let key = |field: &Field| format!("field-shared-{}", field.name.replace('_', "-"));
    all.map(|field| told(lang, &key(field), field)).collect()
}

fn told(lang: Lang, label: &str, field: &Field) -> Told {
    Told {
        name: field.name,
        label: lang.t(label),
        hint: lang.t(&format!("{label}-hint")),
        required: field.required,
        secret: field.secret,
        choices: match field.input {
            Input::Choice(choices) => choices,
            _ => &[],
        },
    }
}

/// How many kinds there are.
#[must_use]
pub fn count() -> usize {
    DRIVERS.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::template;
    use askama::Template;

    /// The reference as a document.
    #[derive(Template)]
    #[template(path = "channels/reference.md")]
    struct Document {
        l: Lang,
        families: Vec<OfFamily>,
        shared: Vec<Told>,
        names: &'static [&'static str],
        filters: &'static [&'static str],
    }

    impl Document {
        /// Text that must not become markup.
        fn plain(text: &str) -> String {
            text.replace('<', "&lt;").replace('*', "\\*").replace('_', "\\_")
        }
    }

    #[test]
    fn each_kind_is_listed_once() {
        for lang in Lang::ALL {
            let listed: usize = families(lang).iter().map(|family| family.kinds.len()).sum();
            assert_eq!(listed, count());
        }
    }

    #[test]
    fn a_chinese_reader_finds_wecom_first() {
        let chat = families(Lang::ZhCn).into_iter().find(|family| family.id == "chat").unwrap();
        assert_eq!(chat.kinds[0].kind, "wecom");
    }

    /// `make docs` writes them.
    #[test]
    fn the_documents_are_up_to_date() {
        let docs = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
        for (lang, name) in [(Lang::En, "channels.md"), (Lang::ZhCn, "channels.zh-CN.md")] {
            let document = Document {
                l: lang,
                families: families(lang),
                shared: shared(lang),
                names: template::NAMES,
                filters: template::FILTERS,
            };
            let text = document.render().unwrap().trim_end().to_owned() + "\n";
            if std::env::var_os("MAIBO_WRITE_DOCS").is_some() {
                std::fs::write(docs.join(name), &text).unwrap();
            }
            let stored = std::fs::read_to_string(docs.join(name)).unwrap_or_default();
            assert!(
                stored == text,
                "docs/{name} is not what the kinds of channels say: `make docs` writes it"
            );
        }
    }
}
