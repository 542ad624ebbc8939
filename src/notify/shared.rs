//! Settings that many kinds of channel have in common.
use super::settings::FieldError;
use super::{Driver, Field, Input, Settings, template};
use crate::core::schedule::Zone;
use crate::net::proxy;

/// Kinds that send no words of Maibo's.
const WORDLESS: &[&str] = &["webhook", "group"];

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

/// The templates among the settings of [`Shared::Words`].
pub(super) const TEMPLATES: [&str; 2] = ["title_template", "text_template"];

impl Shared {
    /// In the order of the form. Locale keys are `field-shared-<name>`.
    #[must_use]
    pub fn fields(self) -> &'static [Field] {
        match self {
            Self::Words => {
                const {
                    &[
                        Field::new("time_zone", Input::Zone),
                        Field::new(TEMPLATES[0], Input::Text),
                        Field::new(TEMPLATES[1], Input::Lines),
                    ]
                }
            }
            Self::Proxy => const { &[Field::new(PROXY, Input::Text).secret()] },
        }
    }

    /// Reads its settings, as a kind's `read` does with its own; what is not set stays out.
    pub(super) fn read(self, given: &Settings) -> Result<Settings, FieldError> {
        let get = |name: &str| given.get(name).map_or("", |text| text.trim());
        let mut settings = Settings::new();
        let mut set = |name: &str, value: &str| settings.insert(name.to_owned(), value.to_owned());
        match self {
            Self::Words => {
                let zone = get("time_zone");
                if !zone.is_empty() && Zone::named(zone).is_err() {
                    return Err(FieldError::new("time_zone", "zone", zone));
                }
                set("time_zone", zone);
                for name in TEMPLATES {
                    template::accept(name, get(name))?;
                    set(name, get(name));
                }
            }
            Self::Proxy if get(PROXY).is_empty() => {}
            Self::Proxy => {
                let url = proxy::read(get(PROXY)).ok_or_else(|| FieldError::new(PROXY, "proxy", ""))?;
                set(PROXY, url.as_str());
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
