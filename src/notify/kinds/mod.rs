//! Every kind of channel: one file each, with its fields, `request` and `verdict`, both pure.
//!
//! Transport, address guard, retries, limits and log are shared. To add one: write `<kind>.rs` with `DRIVER`, and add
//! its name to `drivers!`.
use super::{Driver, Family};

macro_rules! drivers {
    ($($name:ident),+ $(,)?) => {
        $(mod $name;)+
        /// Every kind, family by family, in the order in which pages list them.
        pub static DRIVERS: &[Driver] = &[$($name::DRIVER),+];
    };
}

drivers![
    // Mail
    email,
    // Chat
    wecom,
    dingtalk,
    feishu,
    wecomapp,
    telegram,
    slack,
    discord,
    teams,
    googlechat,
    mattermost,
    rocketchat,
    matrix,
    zulip,
    onebot,
    // Push
    bark,
    ntfy,
    pushover,
    serverchan,
    pushplus,
    wxpusher,
    gotify,
    signal,
    qmsg,
    // Sms
    aliyunsms,
    twilio,
    // Incident
    pagerduty,
    opsgenie,
    splunk,
    alertmanager,
    // Machine
    webhook,
    homeassistant,
    mqtt,
    syslog,
    apprise,
    shell,
    group,
];

pub(super) use group::names as members;
pub use telegram::{Heard, ask_chats, read_chats};

/// The kind of channel with this name.
#[must_use]
pub fn driver(kind: &str) -> Option<&'static Driver> {
    DRIVERS.iter().find(|driver| driver.kind == kind)
}

/// The kinds of one family.
pub fn of_family(family: Family) -> impl Iterator<Item = &'static Driver> {
    DRIVERS.iter().filter(move |driver| driver.family == family)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::i18n::Lang;
    use std::collections::HashSet;

    #[test]
    fn every_driver_has_its_own_kind() {
        let kinds: HashSet<_> = DRIVERS.iter().map(|driver| driver.kind).collect();
        assert_eq!(kinds.len(), DRIVERS.len());
    }

    #[test]
    fn a_field_stands_once_in_a_form() {
        for driver in DRIVERS {
            let names: HashSet<_> = driver.all_fields().map(|field| field.name).collect();
            assert_eq!(names.len(), driver.all_fields().count(), "{}", driver.kind);
        }
    }

    #[test]
    fn every_kind_has_its_words_in_both_languages() {
        for driver in DRIVERS {
            let mut keys: Vec<String> =
                ["kind", "about", "steps"].map(|part| format!("channel-{part}-{}", driver.kind)).into();
            for field in driver.all_fields() {
                let label = driver.label_key(field.name);
                keys.push(format!("{label}-hint"));
                keys.push(label);
            }
            for lang in Lang::ALL {
                for key in &keys {
                    assert!(lang.knows(key), "{} does not say {key}", lang.code());
                }
            }
        }
    }
}
