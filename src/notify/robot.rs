//! Robots of group chats that are safe from strangers by a signature or by a keyword: DingTalk's and Feishu's.
use super::{Field, FieldError, Input, Settings};

/// Longest keyword of a robot, in characters; the vendors allow fewer.
const MAX_KEYWORD: usize = 100;

pub(super) const FIELDS: &[Field] = &[
    Field::new("url", Input::Text).required().secret(),
    Field::new("secret", Input::Text).secret(),
    Field::new("keyword", Input::Text),
    Field::new("mention", Input::Text),
];

/// Settings with this address, and with the secret and the keyword that were given. `fault`: what is said of a secret
/// that is none.
pub(super) fn guarded(
    url: impl Into<String>,
    given: &Settings,
    fault: &'static str,
) -> Result<Settings, FieldError> {
    let mut settings = Settings::from([("url".to_owned(), url.into())]);
    let get = |name: &str| given.get(name).map_or("", |value| value.trim());
    let (secret, keyword) = (get("secret"), get("keyword"));
    if secret.contains("://") || !secret.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(FieldError::new("secret", fault, ""));
    }
    if keyword.chars().count() > MAX_KEYWORD {
        return Err(FieldError::new("keyword", "too-long", MAX_KEYWORD.to_string()));
    }
    for (name, value) in [("secret", secret), ("keyword", keyword)] {
        if !value.is_empty() {
            settings.insert(name.to_owned(), value.to_owned());
        }
    }
    Ok(settings)
}
