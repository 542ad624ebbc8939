//! Settings of channels: what may be saved, and which field is wrong and why.
use url::Url;

use super::outcome::SendError;
use super::people::words;
use super::shared::PROXY;
use super::{Driver, Input, SHELL};
use crate::i18n::Lang;
use crate::net::egress::Outbound;
use crate::net::guard::Refusal;
use crate::net::proxy;

/// A channel's settings by field name. Values may be secrets.
pub type Settings = std::collections::BTreeMap<String, String>;

/// Longest value of one setting, in bytes.
const MAX_VALUE: usize = 4000;
/// Longest URL, in characters (Healthchecks' limit).
const MAX_URL: usize = 1000;

/// What is wrong with which setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    pub field: String,
    /// The end of a locale key, `setting-error-<code>`.
    code: &'static str,
    /// What the sentence names: the offending text, or what would be right.
    value: String,
    /// The line at fault in a text of several, counted from one.
    line: Option<usize>,
}

impl FieldError {
    #[must_use]
    pub fn new(field: &str, code: &'static str, value: impl Into<String>) -> Self {
        Self { field: field.to_owned(), code, value: value.into(), line: None }
    }

    /// Names the line that is at fault.
    #[must_use]
    pub(super) fn at_line(self, line: usize) -> Self {
        Self { line: Some(line), ..self }
    }

    /// The fault in words, without the field's name.
    #[must_use]
    pub fn words(&self, lang: Lang) -> String {
        let line = self.line.map(|line| line.to_string()).unwrap_or_default();
        lang.ta(&format!("setting-error-{}", self.code), &[("value", &self.value), ("line", &line)])
    }

    fn refused(field: &str, refusal: Refusal) -> Self {
        match refusal {
            Refusal::Scheme => Self::new(field, "scheme", ""),
            Refusal::Private(host) => Self::new(field, "private", host),
            Refusal::PlainHttp => Self::new(field, "plain-http", ""),
            Refusal::Plain => Self::new(field, "plain", ""),
            Refusal::OtherHost(host) => Self::new(field, "other-host", host),
            Refusal::Unresolved(host) => Self::new(field, "unresolved", host),
        }
    }
}

impl std::fmt::Display for FieldError {
    /// For the command line, which speaks English.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.field, self.words(Lang::En))
    }
}

impl std::error::Error for FieldError {}

/// Settings as they may be saved, or which field is wrong and why. Asks the network only about names in URLs.
pub async fn accept(driver: &Driver, given: &Settings, outbound: &Outbound) -> Result<Settings, FieldError> {
    for name in given.keys() {
        if !driver.all_fields().any(|field| field.name == name) {
            let known: Vec<_> = driver.all_fields().map(|field| field.name).collect();
            return Err(FieldError::new(name, "unknown", known.join(", ")));
        }
    }
    for field in driver.all_fields() {
        let value = given.get(field.name).map_or("", |value| value.trim());
        if field.required && value.is_empty() {
            return Err(FieldError::new(field.name, "required", ""));
        }
        if field.secret && value.contains('…') && origin_of(value).is_some() {
            return Err(FieldError::new(field.name, "shortened", ""));
        }
        if value.len() > MAX_VALUE {
            return Err(FieldError::new(field.name, "too-long", MAX_VALUE.to_string()));
        }
        if let Input::Choice(choices) = field.input
            && !value.is_empty()
            && !choices.contains(&value)
        {
            return Err(FieldError::new(field.name, "choice", choices.join(", ")));
        }
    }
    if driver.kind == SHELL && !outbound.may_run_commands() {
        return Err(FieldError::new("command_down", "shell-off", ""));
    }
    let own = |name: &str| driver.fields.iter().any(|field| field.name == name);
    let given_own = given.iter().filter(|(name, _)| own(name));
    let mut settings =
        (driver.read)(&given_own.map(|(name, value)| (name.clone(), value.clone())).collect())?;
    for shared in driver.all_shared() {
        settings.extend(shared.read(given)?);
    }
    for (field, url) in (driver.urls)(&settings) {
        let vetted = outbound.vet(&url, driver.hosts).await;
        vetted.map_err(|refusal| FieldError::refused(field, refusal))?;
    }
    if let Some(proxy) = settings.get(PROXY).and_then(|text| proxy::read(text)) {
        let vetted = outbound.vet_proxy(&proxy).await;
        vetted.map_err(|refusal| FieldError::refused(PROXY, refusal))?;
    }
    Ok(settings)
}

/// Refuses to send secrets somewhere new that were stored and not typed again: `kept` names them. Who may change a
/// channel may not see its secrets, and must not have them sent to an address of their own.
pub fn stay(
    driver: &Driver,
    stored: &Settings,
    settings: &Settings,
    kept: &[String],
) -> Result<(), FieldError> {
    let known: Vec<Place> = (driver.urls)(stored).iter().map(|(_, url)| place(url)).collect();
    let urls = (driver.urls)(settings);
    let moved = urls.iter().any(|(_, url)| !known.contains(&place(url)));
    let proxy = |settings: &Settings| settings.get(PROXY).and_then(|text| proxy::read(text));
    let (before, after) = (proxy(stored), proxy(settings));
    // A proxy sees what is not encrypted.
    let seen = after.is_some_and(|after| before.is_none_or(|before| place(&before) != place(&after)))
        && urls.iter().any(|(_, url)| url.scheme() != "https");
    // An address that is a secret itself goes nowhere else.
    let is_address = |name: &str| urls.iter().any(|(field, _)| *field == name);
    let first = driver.all_fields().find(|field| {
        field.secret
            && field.name != PROXY
            && settings.contains_key(field.name)
            && kept.iter().any(|name| name == field.name)
            && (seen || (moved && !is_address(field.name)))
    });
    first.map_or(Ok(()), |field| Err(FieldError::new(field.name, "moved", "")))
}

type Place = (String, Option<String>, Option<u16>);

/// Who gets what is sent to an address.
fn place(url: &Url) -> Place {
    (url.scheme().to_owned(), url.host_str().map(str::to_owned), url.port_or_known_default())
}

/// Reads a URL field.
pub(super) fn read_url(field: &str, text: &str) -> Result<Url, FieldError> {
    let text = text.trim();
    if text.chars().count() > MAX_URL {
        return Err(FieldError::new(field, "too-long", MAX_URL.to_string()));
    }
    let url = Url::parse(text).map_err(|_| FieldError::new(field, "url", ""))?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return Err(FieldError::new(field, "scheme", ""));
    }
    Ok(url)
}

/// Reads a URL that is itself the secret. No vendor's has a space: that is what a broken copy leaves.
pub(super) fn read_secret_url(field: &str, text: &str) -> Result<Url, FieldError> {
    let url = read_url(field, text)?;
    let has_space = |part: &str| part.contains("%20");
    if text.trim().contains(char::is_whitespace)
        || has_space(url.path())
        || url.query().is_some_and(has_space)
    {
        return Err(FieldError::new(field, "url-spaces", ""));
    }
    Ok(url)
}

/// Refuses a key that was pasted with the address of somebody else's server, where none is given in `url`: a key of
/// one's own server is never told to the vendor.
pub(super) fn vendors_or_named(field: &str, given: &Settings, hosts: &[&str]) -> Result<(), FieldError> {
    let get = |name: &str| given.get(name).map_or("", |value| value.trim());
    for pasted in words(get(field)).filter(|word| word.contains("://") && get("url").is_empty()) {
        let url = read_url(field, pasted)?;
        let host = url.host_str().unwrap_or_default();
        if !hosts.contains(&host) {
            return Err(FieldError::new(field, "key-of-server", host));
        }
    }
    Ok(())
}

/// Reads the address of somebody's own server: with the path it may lie under, without a trailing slash, a query or a
/// fragment. Forms show it, so it must hold no password.
pub(super) fn read_base(field: &str, text: &str) -> Result<Url, FieldError> {
    let mut url = read_url(field, text)?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(FieldError::new(field, "url-sign-in", ""));
    }
    url.set_query(None);
    url.set_fragment(None);
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    Ok(url)
}

/// An address below a base, whose path it keeps.
pub(super) fn below(base: &str, path: &str) -> Result<Url, SendError> {
    let base = base.trim_end_matches('/');
    Url::parse(&format!("{base}/{path}"))
        .map_err(|_| SendError::Permanent("the server's address is missing or no URL".into()))
}

/// A secret as a form may show it: its first four and last two characters. Of an address the host stays, which tells
/// whose it is; nothing of what may precede it.
#[must_use]
pub fn mask(secret: &str) -> String {
    if let Some((origin, rest)) = origin_of(secret) {
        let rest: Vec<char> = rest.chars().collect();
        let end: String = rest.iter().skip(rest.len().max(12) - 2).collect();
        return format!("{origin}/…{end}");
    }
    let chars: Vec<char> = secret.chars().collect();
    if chars.len() < 12 {
        return "…".to_owned();
    }
    let start: String = chars.iter().take(4).collect();
    let end: String = chars.iter().skip(chars.len() - 2).collect();
    format!("{start}…{end}")
}

/// Scheme, host and port of what is one address and nothing else, and what follows them.
fn origin_of(text: &str) -> Option<(String, &str)> {
    let text = text.trim();
    let url = Url::parse(text).ok()?;
    let known = matches!(url.scheme(), "http" | "https") && !text.contains(char::is_whitespace);
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let origin = format!("{}://{}{port}", url.scheme(), url.host_str()?);
    let rest = text.split_once("://")?.1;
    Some((origin, &rest[rest.find(['/', '?', '#']).unwrap_or(rest.len())..])).filter(|_| known)
}

/// The address in the field `url`, to be vetted.
pub(super) fn only_url(settings: &Settings) -> Vec<(&'static str, Url)> {
    settings.get("url").and_then(|url| Some(("url", Url::parse(url).ok()?))).into_iter().collect()
}

/// The host of the address in the field `url`.
pub(super) fn host(settings: &Settings) -> String {
    only_url(settings).first().and_then(|(_, url)| url.host_str()).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[test]
    fn a_mask_hides_what_matters() {
        assert_eq!(mask("693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa"), "693a…aa");
        assert_eq!(mask("短密码"), "…");
        for (url, shown) in [
            ("https://hooks.slack.com/services/T000/B000/abcdef7890", "https://hooks.slack.com/…90"),
            ("http://10.0.0.5:8080/hook?token=0123456789", "http://10.0.0.5:8080/…89"),
            ("https://user:password@example.org/hook", "https://example.org/…"),
            ("https://example.org?token=0123456789", "https://example.org/…89"),
            ("https://example.org", "https://example.org/…"),
            ("https://例子.example/很长很长很长很长很长的路径", "https://xn--fsqu00a.example/…路径"),
            ("https://a.example/1 https://b.example/2", "http…/2"),
        ] {
            assert_eq!(mask(url), shown);
        }
    }

    #[rstest::rstest]
    #[case("slack", "https://hooks.slack.com/services/T000/B000/ab cd")]
    #[case("googlechat", "https://chat.googleapis.com/v1/spaces/A/messages?key=k%20k&token=t")]
    #[case("rocketchat", "https://rocket.example/hooks/1/2 3")]
    #[case("splunk", "https://alert.victorops.com/integrations/generic/20131114/alert/KE%20Y/ops")]
    #[case("teams", "https://prod.example/workflows/1/triggers/manual?sig=a b")]
    fn a_secret_address_has_no_spaces(#[case] kind: &str, #[case] url: &str) {
        assert_eq!(crate::notify::sample::wrong(kind, &[("url", url)]), "url");
        let whole = url.replace([' '], "").replace("%20", "");
        crate::notify::sample::settings(kind, &[("url", &whole)]);
    }

    #[rstest::rstest]
    #[case("pushplus", "token", "https://own.example/send?token=0123456789abcdef0123456789abcdef")]
    #[case("qmsg", "key", "https://own.example/send/0123456789abcdef0123456789abcdef")]
    #[case("wxpusher", "token", "https://own.example/api/send/message/SPT_abc/x")]
    #[case("telegram", "token", "https://own.example/bot123456789:AAabcdefghijklmnopqrstuvwxyz-_12345/getMe")]
    #[case("pagerduty", "key", "https://own.example/integration/0123456789abcdef0123456789abcdef/enqueue")]
    fn a_key_of_ones_own_server_does_not_go_to_the_vendor(
        #[case] kind: &str,
        #[case] field: &str,
        #[case] pasted: &str,
    ) {
        let chat = [("chat", "-100123")].into_iter().filter(|_| kind == "telegram");
        let alone: Vec<_> = chat.chain([(field, pasted)]).collect();
        assert_eq!(crate::notify::sample::wrong(kind, &alone), field);
        let both = [alone.as_slice(), &[("url", "https://own.example/x")]].concat();
        assert_eq!(crate::notify::sample::settings(kind, &both)["url"], "https://own.example/x");
    }

    #[rstest]
    #[case("ntfy", &[("url", "https://a.example"), ("token", "t")], ("url", "https://b.example"), Some("token"))]
    #[case("ntfy", &[("url", "https://a.example"), ("token", "t")], ("url", "https://a.example:8443"), Some("token"))]
    #[case("ntfy", &[("url", "https://a.example"), ("token", "t")], ("url", "http://a.example"), Some("token"))]
    #[case("ntfy", &[("url", "https://a.example"), ("token", "t")], ("url", "https://a.example:443/x"), None)]
    #[case("ntfy", &[("url", "https://a.example")], ("url", "https://b.example"), None)]
    #[case("telegram", &[("token", "t")], ("url", "https://b.example"), Some("token"))]
    #[case("mqtt", &[("url", "mqtts://a.example"), ("password", "p")], ("url", "mqtts://b.example"), Some("password"))]
    #[case("webhook", &[("url_down", "https://a.example"), ("headers_down", "A: b")], ("url_down", "https://b.example"), Some("headers_down"))]
    #[case("webhook", &[("url_down", "https://a.example"), ("headers_down", "A: b")], ("url_up", "https://b.example"), Some("headers_down"))]
    #[case("webhook", &[("url_down", "https://a.example"), ("headers_down", "A: b")], ("url_up", "https://a.example/up"), None)]
    #[case("webhook", &[("url_down", "https://a.example"), ("url_up", "https://c.example")], ("url_up", "https://b.example"), None)]
    #[case("webhook", &[("url_down", "http://a.example")], ("proxy", "http://p.example"), Some("url_down"))]
    #[case("webhook", &[("url_down", "https://a.example"), ("headers_down", "A: b")], ("proxy", "http://p.example"), None)]
    #[case("ntfy", &[("url", "http://a.example"), ("token", "t"), ("proxy", "http://p.example/")], ("proxy", "http://q.example/"), Some("token"))]
    #[case("ntfy", &[("url", "http://a.example"), ("token", "t"), ("proxy", "http://p.example/")], ("proxy", ""), None)]
    fn kept_secrets_stay_where_they_were(
        #[case] kind: &str,
        #[case] stored: &[(&str, &str)],
        #[case] (name, value): (&str, &str),
        #[case] expected: Option<&str>,
    ) {
        let driver = crate::notify::driver(kind).unwrap();
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let stored: Settings = stored.iter().map(owned).collect();
        let mut settings = stored.clone();
        settings.insert(name.to_owned(), value.to_owned());
        let kept: Vec<String> = stored.keys().filter(|kept| *kept != name).cloned().collect();
        let wrong = stay(driver, &stored, &settings, &kept).err();
        assert_eq!(wrong.map(|wrong| wrong.field).as_deref(), expected);
        // Typed again, even if it is the same, it may go.
        assert_eq!(stay(driver, &stored, &settings, &[]), Ok(()));
    }

    #[rstest]
    #[case("https://me:secret@a.example/x")]
    #[case("https://me@a.example/x")]
    #[case("https://:secret@a.example/x")]
    fn an_address_that_is_shown_holds_no_password(#[case] text: &str) {
        let wrong = read_base("url", text).unwrap_err();
        assert_eq!((wrong.field.as_str(), wrong.code), ("url", "url-sign-in"));
        assert!(!wrong.to_string().contains("secret"), "{wrong}");
    }

    #[test]
    fn a_fault_is_told_in_the_readers_language() {
        let fault = FieldError::new("to", "email", "nonsense");
        assert_eq!(fault.to_string(), "to: `nonsense` is not a mail address");
        assert!(fault.words(Lang::ZhCn).contains("邮箱"));
    }
}
