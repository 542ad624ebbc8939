//! Settings that many kinds of channel have in common.
use super::settings::FieldError;
use super::{Driver, Field, Input, Settings, template};
use crate::core::schedule::Zone;
use crate::net::proxy;

/// Kinds that send no words of Maibo's.
const WORDLESS: &[&str] = &["webhook", "group"];

const WORDS: &[Field] = &[
    Field::new("time_zone", Input::Zone),
    Field::new("title_template", Input::Lines),
    Field::new("text_template", Input::Lines),
];

/// A group of settings that many kinds have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shared {
    /// In which zone times are told, and templates in place of Maibo's own words. Every kind that sends words has it.
    Words,
    /// The way out goes through a proxy.
    Proxy,
}

/// What every kind has that speaks HTTP.
pub const HTTP: &[Shared] = &[Shared::Proxy];

/// The setting of [`Shared::Proxy`].
pub(super) const PROXY: &str = "proxy";

impl Shared {
    /// In the order of the form. Locale keys are `field-shared-<name>`.
    #[must_use]
    pub fn fields(self) -> &'static [Field] {
        match self {
            Self::Words => WORDS,
            Self::Proxy => const { &[Field::new(PROXY, Input::Text).secret()] },
        }
    }

    /// Reads the settings of this group; what is not set stays out.
    pub(super) fn read(self, given: &Settings) -> Result<Settings, FieldError> {
        let get = |name: &str| given.get(name).map_or("", |text| text.trim());
        let mut settings = Settings::new();
        match self {
            Self::Words => {
                let zone = get("time_zone");
                if !zone.is_empty() && Zone::named(zone).is_err() {
                    return Err(FieldError::new("time_zone", "zone", zone));
                }
                for name in ["title_template", "text_template"] {
                    template::accept(name, get(name))?;
                }
                for field in self.fields() {
                    settings.insert(field.name.to_owned(), get(field.name).to_owned());
                }
            }
            Self::Proxy => {
                let text = get(PROXY);
                if !text.is_empty() {
                    let url = proxy::read(text).ok_or_else(|| FieldError::new(PROXY, "proxy", ""))?;
                    settings.insert(PROXY.to_owned(), url.to_string());
                }
            }
        }
        settings.retain(|_, value| !value.is_empty());
        Ok(settings)
    }
}

impl Driver {
    /// The groups of settings that this kind shares with others.
    pub fn all_shared(&self) -> impl Iterator<Item = Shared> {
        let words = (!WORDLESS.contains(&self.kind)).then_some(Shared::Words);
        self.shared.iter().copied().chain(words)
    }
}
