//! Addresses of this installation, as the outside world sees them.
use std::sync::Arc;

use url::Url;

/// Makes absolute addresses from `MAIBO_BASE_URL`, which may hold a path. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct Links {
    base: Arc<str>,
    origin: Arc<str>,
    path: Arc<str>,
    /// What stands behind the @ of addresses that take pings.
    mail_domain: Option<Arc<str>>,
}

impl Links {
    #[must_use]
    pub fn new(base: &Url) -> Self {
        let path = base.path().trim_end_matches('/');
        let origin = base.origin().ascii_serialization().into();
        let base = base.as_str().trim_end_matches('/').into();
        Self { origin, base, path: path.into(), mail_domain: None }
    }

    /// The same, where pings are taken by mail too.
    #[must_use]
    pub fn with_mail(mut self, domain: Option<&str>) -> Self {
        self.mail_domain = domain.map(Arc::from);
        self
    }

    /// Scheme, host and port, as a browser names them.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The base URL without a slash at its end: what every address begins with.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The path of the base URL, without a slash at its end: empty, or `/maibo`.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.path
    }

    /// An absolute address for a path that begins with `/`.
    #[must_use]
    pub fn to(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// A path on this host, for links inside pages.
    #[must_use]
    pub fn local(&self, path: &str) -> String {
        format!("{}{path}", self.path)
    }

    /// The address a job calls.
    #[must_use]
    pub fn ping(&self, uuid: &str) -> String {
        self.to(&format!("/ping/{uuid}"))
    }

    /// The address a job mails to, where pings are taken by mail.
    #[must_use]
    pub fn ping_mail(&self, uuid: &str) -> Option<String> {
        self.mail_domain.as_ref().map(|domain| format!("{uuid}@{domain}"))
    }

    /// The page of a check.
    #[must_use]
    pub fn check(&self, uuid: &str) -> String {
        self.to(&format!("/checks/{uuid}"))
    }

    /// Whether people come here by https, so that cookies may be kept to it.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.base.starts_with("https:")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_may_hold_a_path() {
        for base in ["https://mon.example/maibo", "https://mon.example/maibo/"] {
            let links = Links::new(&base.parse().unwrap());
            assert_eq!(links.ping("x"), "https://mon.example/maibo/ping/x");
            assert_eq!(links.local("/login"), "/maibo/login");
        }
        assert_eq!(Links::new(&"http://localhost:8000".parse().unwrap()).prefix(), "");
    }
}
