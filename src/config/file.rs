//! The settings file: sections and keys that join to setting names with an underscore, `[smtp] url` → `smtp_url`.
use std::collections::BTreeMap;
use std::path::Path;

use super::ConfigError;

/// Every setting a file may hold.
pub(super) const NAMES: &[&str] = &[
    "listen",
    "data",
    "database_url",
    "base_url",
    "ping_body_limit",
    "history_pings",
    "history_days",
    "smtp_url",
    "smtp_ca_file",
    "mail_from",
    "mail_listen",
    "mail_domain",
    "outbound_allow",
    "shell_channels",
    "trusted_proxies",
    "backup_folder",
    "backup_every",
    "backup_keep",
    "log",
    "log_format",
];

#[derive(Debug, Default)]
pub(super) struct Values(BTreeMap<String, String>);

impl Values {
    pub(super) fn get(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned()
    }
}

pub(super) fn read(path: &Path) -> Result<Values, ConfigError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| ConfigError::Read { file: path.to_owned(), source })?;
    parse(&text).map_err(|problem| ConfigError::File { file: path.to_owned(), problem })
}

fn parse(text: &str) -> Result<Values, String> {
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| error.message().to_owned())?;
    let mut values = BTreeMap::new();
    for (key, value) in table {
        match value {
            toml::Value::Table(section) => {
                for (inner, value) in section {
                    put(&mut values, format!("{key}_{inner}"), &value)?;
                }
            }
            value => put(&mut values, key, &value)?,
        }
    }
    Ok(Values(values))
}

fn put(values: &mut BTreeMap<String, String>, name: String, value: &toml::Value) -> Result<(), String> {
    if !NAMES.contains(&name.as_str()) {
        return Err(format!("unknown setting `{name}`, expected one of {}", NAMES.join(", ")));
    }
    let text = match value {
        toml::Value::String(text) => text.clone(),
        toml::Value::Integer(number) => number.to_string(),
        toml::Value::Boolean(yes) => yes.to_string(),
        toml::Value::Array(items) => {
            let items: Option<Vec<&str>> = items.iter().map(toml::Value::as_str).collect();
            items.ok_or_else(|| format!("`{name}` must be a list of texts"))?.join(",")
        }
        _ => return Err(format!("`{name}` must be a text, a number, true or false, or a list of texts")),
    };
    values.insert(name, text);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_join_to_names() {
        let values = parse(
            "listen = \"0.0.0.0:80\"\n[smtp]\nurl = \"smtp://x\"\n[outbound]\nallow = [\"10.0.0.0/8\"]\n",
        )
        .unwrap();
        assert_eq!(values.get("smtp_url").as_deref(), Some("smtp://x"));
        assert_eq!(values.get("outbound_allow").as_deref(), Some("10.0.0.0/8"));
    }

    #[test]
    fn an_unknown_key_is_named() {
        assert!(parse("[smtp]\nurk = 1\n").unwrap_err().contains("smtp_urk"));
    }
}
