//! Proxies that a channel may go through.
use url::Url;

/// The kinds of proxies. `socks5` resolves names here, the others do it themselves.
const SCHEMES: &[&str] = &["http", "https", "socks5", "socks5h"];

/// Reads the address of a proxy, `http://user:password@host:3128`; without a scheme it is an HTTP proxy.
#[must_use]
pub fn read(text: &str) -> Option<Url> {
    let text = text.trim();
    let whole = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    let mut url = Url::parse(&whole).ok()?;
    let bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
    if !SCHEMES.contains(&url.scheme()) || !bare || url.host_str().is_none_or(str::is_empty) {
        return None;
    }
    url.set_path("");
    Some(url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("127.0.0.1:7890", Some("http://127.0.0.1:7890/"))]
    #[case(" socks5://user:p%40ss@proxy.example:1080/ ", Some("socks5://user:p%40ss@proxy.example:1080"))]
    #[case("socks5h://[::1]:1080", Some("socks5h://[::1]:1080"))]
    #[case("https://proxy.example", Some("https://proxy.example/"))]
    #[case("socks4://proxy.example", None)]
    #[case("http://proxy.example/path", None)]
    #[case("socks5://", None)]
    #[case("", None)]
    #[case("two words", None)]
    fn what_people_paste(#[case] text: &str, #[case] expected: Option<&str>) {
        assert_eq!(read(text).as_ref().map(Url::as_str), expected);
    }
}
