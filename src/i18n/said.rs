//! What became of a delivery: Maibo's own sentences are stored in English and shown in the reader's language.
use super::Lang;

/// Each sentence as it is stored, and its message.
const OWN: [(&str, &str); 24] = [
    ("timed out", "said-timed-out"),
    ("connection refused", "said-refused"),
    ("connection reset", "said-reset"),
    ("cannot connect", "said-no-connection"),
    ("the connection broke", "said-broke"),
    ("the host cannot be reached", "said-unreachable"),
    ("the host name cannot be resolved", "said-no-name"),
    ("TLS handshake failed", "said-tls"),
    ("TLS handshake failed: the port answers without TLS", "said-plain-port"),
    ("no certificate can be for this host name", "said-no-certificate"),
    ("no HTTPS client: are the system's certificates readable?", "said-no-client"),
    ("no TLS: are the system's certificates readable?", "said-no-tls"),
    ("the proxy cannot be reached", "said-proxy-unreachable"),
    ("the proxy does not connect there", "said-proxy-no-connection"),
    ("the proxy asks for a user and a password, or for others", "said-proxy-password"),
    ("the proxy's host name cannot be resolved", "said-proxy-no-name"),
    ("the host name, or that of the proxy, cannot be resolved", "said-either-no-name"),
    ("the address is private or plain http; MAIBO_OUTBOUND_ALLOW must cover it", "said-blocked"),
    ("it redirects to an address that may not be called", "said-redirect-blocked"),
    (
        "it redirects, and what was sent would be lost on the way; use the address it leads to",
        "said-redirect-lost",
    ),
    ("too many redirects", "said-redirects"),
    ("sent; over UDP nobody confirms it", "said-udp"),
    ("waits until the recipient confirms the address by the link in the mail that asks", "said-asked"),
    ("the recipient unsubscribed", "said-unsubscribed"),
];

/// What stands behind a vendor's answer that is none.
const DOUBT: &str = ": is this the right address?";

impl Lang {
    /// What was stored of a delivery, in this language. A vendor's words stay as they came.
    #[must_use]
    pub fn said(self, stored: &str) -> String {
        if let Some((_, key)) = OWN.iter().find(|(sentence, _)| *sentence == stored) {
            return self.t(key);
        }
        match stored.strip_suffix(DOUBT) {
            Some(answer) => self.ta("said-doubt", &[("answer", answer)]),
            None => stored.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_sentences_are_translated() {
        for (sentence, key) in OWN {
            assert_eq!(Lang::En.said(sentence), sentence, "{key}");
            assert_ne!(Lang::ZhCn.said(sentence), sentence, "{key}");
        }
        let doubt = "HTTP 200 without Slack's ok: is this the right address?";
        assert_eq!(Lang::En.said(doubt), doubt);
        assert!(Lang::ZhCn.said(doubt).starts_with("HTTP 200 without Slack's ok"));
        assert_eq!(
            Lang::ZhCn.said("errcode 93000: invalid webhook url"),
            "errcode 93000: invalid webhook url"
        );
    }
}
