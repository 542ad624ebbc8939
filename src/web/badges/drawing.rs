//! Draws a badge: two boxes with a word in each, as wide as their words.
use std::fmt::Write as _;

use super::width;

const HEIGHT: u32 = 20;
/// Space at each side of a word, in pixels.
const PAD: u32 = 6;
const BASELINE: u32 = 14;
/// Widest label, in tenths of a pixel: about forty Chinese characters. A tag may hold thousands.
const MAX_LABEL: u32 = 4400;
/// First the faces whose widths are known, then those that have the other characters.
const FACES: &str = "Verdana,'DejaVu Sans','PingFang SC','Microsoft YaHei','Noto Sans CJK SC',sans-serif";

/// A badge as SVG. `color`: of the right-hand box.
pub(super) fn svg(label: &str, message: &str, color: &str) -> String {
    let (label, label_width) = fitted(label);
    let (message, message_width) = fitted(message);
    let left = label_width.div_ceil(10) + 2 * PAD;
    let right = message_width.div_ceil(10) + 2 * PAD;
    let whole = left + right;
    let (label, message) = (escape(&label), escape(&message));
    let words = format!("{}{}", word(PAD, label_width, &label), word(left + PAD, message_width, &message));
    let mut out = String::with_capacity(1400);
    // Paths with whole numbers instead of a clipped picture: edges stay sharp, and no ids can meet on one page.
    let written = write!(
        out,
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{whole}" height="{HEIGHT}" viewBox="0 0 {whole} {HEIGHT}" role="img" aria-label="{label}: {message}"><title>{label}: {message}</title><path fill="#555" d="M3 0H{left}V{HEIGHT}H3a3 3 0 0 1-3-3V3a3 3 0 0 1 3-3z"/><path fill="{color}" d="M{left} 0H{inner}a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3H{left}z"/><g aria-hidden="true" font-family="{FACES}" font-size="11" text-rendering="geometricPrecision"><g fill="#000" fill-opacity=".35" transform="translate(0 1)">{words}</g><g fill="#fff">{words}</g></g></svg>"##,
        inner = whole - 3,
    );
    debug_assert!(written.is_ok(), "a string takes everything");
    out
}

/// One word; whatever face the reader has, it takes the space that was measured.
fn word(x: u32, width: u32, escaped: &str) -> String {
    let (pixels, tenth) = (width / 10, width % 10);
    format!(
        r#"<text x="{x}" y="{BASELINE}" textLength="{pixels}.{tenth}" lengthAdjust="spacingAndGlyphs" xml:space="preserve">{escaped}</text>"#
    )
}

/// What of a text is shown, and how wide it is in tenths of a pixel: without what XML cannot hold and what would turn
/// the rest of the badge around, and cut where it is too long.
fn fitted(text: &str) -> (String, u32) {
    let text: String =
        text.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).filter(|c| is_shown(*c)).collect();
    let text = text.trim();
    let widths = width::of_chars(text);
    let whole: u32 = widths.iter().sum();
    if whole <= MAX_LABEL {
        return (text.to_owned(), whole);
    }
    let ellipsis: u32 = width::of_chars("…").iter().sum();
    let mut used = 0;
    let mut kept = 0;
    for width in &widths {
        if used + width + ellipsis > MAX_LABEL {
            break;
        }
        used += width;
        kept += 1;
    }
    (text.chars().take(kept).chain(['…']).collect(), used + ellipsis)
}

fn is_shown(c: char) -> bool {
    let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    !c.is_control() && !turns && !matches!(c, '\u{fffe}' | '\u{ffff}')
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_badge_is_as_wide_as_its_words() {
        // 5 × 11 + 12 for the label, 14 + 12 for `up`.
        let svg = svg("数据库备份", "up", "#4c1");
        assert!(svg.contains(r#"width="93" height="20""#), "{svg}");
        assert!(svg.contains(r#"aria-label="数据库备份: up""#), "{svg}");
        assert!(svg.contains("<title>数据库备份: up</title>"), "{svg}");
    }

    #[test]
    fn a_name_cannot_break_out_of_the_drawing() {
        let svg = svg("<script>\"&'\u{0}\u{1}\n\u{202e}x\u{ffff}", "down", "#e05d44");
        assert!(svg.contains("<title>&lt;script&gt;&quot;&amp;&#39; x: down</title>"), "{svg}");
        assert!(!svg.contains("<script"), "{svg}");
    }

    #[test]
    fn a_long_label_is_cut() {
        let (text, width) = fitted(&"库".repeat(2000));
        assert!(text.ends_with("库…") && text.chars().count() == 40, "{text}");
        assert!((4000..=MAX_LABEL).contains(&width), "{width}");
        assert_eq!(fitted("short"), ("short".to_owned(), 57 + 70 + 67 + 45 + 43));
    }
}
