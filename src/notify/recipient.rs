//! Whom a channel's messages go to, where the vendor counts them: two channels for one robot have the same recipient.
use sha2::{Digest, Sha256};
use url::Url;

use super::{Driver, Settings};

/// The recipient as a hash: of a robot, what its address names it by, whatever else stands there; of everything else,
/// what is secret or required.
pub(super) fn recipient(driver: &Driver, settings: &Settings) -> String {
    let mut digest = Sha256::new();
    digest.update(driver.kind);
    if let Some(robot) = robot(driver, settings) {
        digest.update([1]);
        digest.update(robot);
    } else {
        for field in driver.fields.iter().filter(|field| field.secret || field.required) {
            digest.update([0]);
            digest.update(field.name);
            digest.update([0]);
            digest.update(settings.get(field.name).map_or("", String::as_str));
        }
    }
    let number =
        digest.finalize().iter().take(16).fold(0, |number: u128, byte| number << 8 | u128::from(*byte));
    format!("{number:032x}")
}

/// What tells a robot from others whose address is its secret. A host may be a relay of one's own, and what does not
/// name the robot may differ from channel to channel.
fn robot(driver: &Driver, settings: &Settings) -> Option<String> {
    if !driver.fields.iter().any(|field| field.name == "url" && field.secret) {
        return None;
    }
    let url = Url::parse(settings.get("url")?).ok()?;
    let parameter = |wanted: &str| {
        let mut pairs = url.query_pairs();
        pairs.find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned())
    };
    match driver.kind {
        "wecom" => parameter("key"),
        "dingtalk" => parameter("access_token"),
        "feishu" => url.path().rsplit('/').next().map(str::to_owned),
        // Elsewhere the path names it; of keys beside it there may be several.
        _ => Some(url.path().to_owned()).filter(|path| path.len() > 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::driver;
    use rstest::rstest;

    fn of(kind: &str, settings: &[(&str, &str)]) -> String {
        let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        recipient(driver(kind).unwrap(), &settings.collect())
    }

    #[rstest]
    #[case("wecom", &[("url", "https://x/?key=1"), ("mention", "zhang")], &[("url", "http://relay/?debug=1&key=1")])]
    #[case("dingtalk", &[("url", "https://x/?access_token=1"), ("secret", "SEC")], &[("url", "https://x/?access_token=1")])]
    #[case("feishu", &[("url", "https://x/hook/abc"), ("secret", "s")], &[("url", "https://relay/abc"), ("keyword", "k")])]
    #[case("slack", &[("url", "https://x/services/T/B/1")], &[("url", "https://x/services/T/B/1?a"), ("mention", "@a")])]
    fn two_channels_for_one_robot_are_one_recipient(
        #[case] kind: &str,
        #[case] one: &[(&str, &str)],
        #[case] other: &[(&str, &str)],
    ) {
        assert_eq!(of(kind, one), of(kind, other));
    }

    #[test]
    fn others_count_by_themselves() {
        let robot = |key: &str| of("wecom", &[("url", &format!("https://x/?key={key}"))]);
        assert_ne!(robot("1"), robot("2"));
        let chat = |chat: &str| of("telegram", &[("token", "1:a"), ("chat", chat)]);
        assert_ne!(chat("1"), chat("2"));
        let space =
            |id: &str| of("googlechat", &[("url", &format!("https://x/v1/spaces/{id}/messages?key=k"))]);
        assert_ne!(space("1"), space("2"));
    }
}
