//! What all mails look like.

/// Of all text: what the readers' systems have, Chinese included.
pub(super) const FONT: &str =
    "system-ui,-apple-system,'Segoe UI',Roboto,'PingFang SC','Microsoft YaHei',Arial,sans-serif";

/// The colour on top of bad news, good news, and what is neither.
pub(super) const DOWN: &str = "#c5302b";
pub(super) const UP: &str = "#1a8a58";
pub(super) const NEITHER: &str = "#77857e";
