//! A group of channels: whoever tells it tells each of them. It has no messages of its own.
use crate::notify::outcome::{SendError, judge};
use crate::notify::{Driver, Family, Field, FieldError, Input, Settings};

pub(super) const DRIVER: Driver = Driver {
    kind: "group",
    family: Family::Machine,
    fields: &[Field::new("members", Input::Channels).required()],
    shared: &[],
    read,
    urls: |_| Vec::new(),
    target: |settings| match names(settings).len() {
        0 => String::new(),
        n => format!("×{n}"),
    },
    hosts: &[],
    per_minute: None,
    each: false,
    has_plain: false,
    // Alerts are queued for its members.
    request: |_| Err(SendError::Rejected("a group has no messages of its own".to_owned())),
    verdict: judge,
};

/// The ids or names of its members, as they were given.
pub(in crate::notify) fn names(settings: &Settings) -> Vec<&str> {
    let text = settings.get("members").map_or("", String::as_str);
    text.split(['\n', ',']).map(str::trim).filter(|name| !name.is_empty()).collect()
}

fn read(given: &Settings) -> Result<Settings, FieldError> {
    let names = names(given);
    if names.is_empty() {
        return Err(FieldError::new("members", "required", ""));
    }
    Ok(Settings::from([("members".to_owned(), names.join("\n"))]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_lines_or_separated_by_commas() {
        let given = Settings::from([("members".to_owned(), " ops mail , robot\n\nphone\n".to_owned())]);
        assert_eq!(read(&given).unwrap()["members"], "ops mail\nrobot\nphone");
        assert_eq!(
            read(&Settings::from([("members".to_owned(), " ,\n".to_owned())])).unwrap_err().field,
            "members"
        );
    }
}
