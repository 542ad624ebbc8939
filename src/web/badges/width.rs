//! How wide text is on a badge. There is no font here to ask, so the widths of a common face are known by heart.

/// Advance widths of `' '` to `'~'` in `DejaVu Sans` at 11 pixels, in tenths of a pixel; Verdana's differ by a hair.
const ASCII: [u32; 95] = [
    35, 44, 51, 92, 70, 105, 86, 30, 43, 43, 55, 92, 35, 40, 35, 37, 70, 70, 70, 70, 70, 70, 70, 70, 70, 70,
    37, 37, 92, 92, 92, 58, 110, 75, 75, 77, 85, 70, 63, 85, 83, 32, 32, 72, 61, 95, 82, 87, 66, 87, 76, 70,
    67, 81, 75, 109, 75, 67, 75, 43, 37, 43, 92, 55, 55, 67, 70, 60, 70, 68, 39, 70, 70, 31, 31, 64, 31, 107,
    70, 67, 70, 70, 45, 57, 43, 70, 65, 90, 65, 65, 58, 70, 37, 70, 92,
];
/// Advance widths of `א` to `ת` in the same face.
const HEBREW: [u32; 27] = [
    74, 64, 45, 60, 72, 30, 38, 72, 71, 25, 59, 58, 63, 73, 75, 30, 44, 71, 69, 70, 69, 59, 65, 78, 62, 78,
    72,
];
/// Arabic letters are joined, and narrower for it: these fit the words of such names best, as a browser sets them.
const ARABIC_LETTER: u32 = 59;
const ARABIC_ALEF: u32 = 22;
/// A letter of another script: on the average of those of the same face.
const LOWER: u32 = 69;
const UPPER: u32 = 80;
/// One em: what a Chinese, Japanese or Korean character takes.
const FULL: u32 = 110;
/// Colour fonts draw a little beyond the em.
const EMOJI: u32 = 137;

const JOINER: char = '\u{200d}';
/// Asks for the coloured form of the character before it.
const AS_EMOJI: char = '\u{fe0f}';

/// East Asian "wide" and "full-width" blocks.
const WIDE: &[(u32, u32)] = &[
    (0x1100, 0x115f),
    (0x2e80, 0x303e),
    (0x3041, 0xa4cf),
    (0xa960, 0xa97f),
    (0xac00, 0xd7a3),
    (0xf900, 0xfaff),
    (0xfe30, 0xfe6f),
    (0xff01, 0xff60),
    (0xffe0, 0xffe6),
    (0x1_6fe0, 0x1_b2ff),
    (0x2_0000, 0x3_fffd),
];
const ARABIC: &[(u32, u32)] = &[(0x0600, 0x06ff), (0x0750, 0x077f), (0x0870, 0x08ff)];
const ALEFS: &[(u32, u32)] = &[(0x0622, 0x0623), (0x0625, 0x0625), (0x0627, 0x0627), (0x0671, 0x0673)];
/// Characters that are drawn in colour unasked.
const COLOURED: &[(u32, u32)] = &[
    (0x231a, 0x231b),
    (0x23e9, 0x23ec),
    (0x23f0, 0x23f0),
    (0x23f3, 0x23f3),
    (0x25fd, 0x25fe),
    (0x2614, 0x2615),
    (0x2648, 0x2653),
    (0x267f, 0x267f),
    (0x2693, 0x2693),
    (0x26a1, 0x26a1),
    (0x26aa, 0x26ab),
    (0x26bd, 0x26be),
    (0x26c4, 0x26c5),
    (0x26ce, 0x26ce),
    (0x26d4, 0x26d4),
    (0x26ea, 0x26ea),
    (0x26f2, 0x26f3),
    (0x26f5, 0x26f5),
    (0x26fa, 0x26fa),
    (0x26fd, 0x26fd),
    (0x2705, 0x2705),
    (0x270a, 0x270b),
    (0x2728, 0x2728),
    (0x274c, 0x274c),
    (0x274e, 0x274e),
    (0x2753, 0x2755),
    (0x2757, 0x2757),
    (0x2795, 0x2797),
    (0x27b0, 0x27b0),
    (0x27bf, 0x27bf),
    (0x2b1b, 0x2b1c),
    (0x2b50, 0x2b50),
    (0x2b55, 0x2b55),
    (0x1_f004, 0x1_f004),
    (0x1_f0cf, 0x1_f0cf),
    (0x1_f18e, 0x1_f265),
    (0x1_f300, 0x1_f6ff),
    (0x1_f7e0, 0x1_f7eb),
    (0x1_f900, 0x1_faff),
];
/// Marks that stand on the character before them, and characters that are not seen.
const NOTHING: &[(u32, u32)] = &[
    (0x0300, 0x036f),
    (0x0483, 0x0489),
    (0x0591, 0x05bd),
    (0x05bf, 0x05bf),
    (0x05c1, 0x05c2),
    (0x05c4, 0x05c5),
    (0x05c7, 0x05c7),
    (0x0610, 0x061a),
    (0x061c, 0x061c),
    (0x064b, 0x065f),
    (0x0670, 0x0670),
    (0x06d6, 0x06dc),
    (0x06df, 0x06e4),
    (0x06e7, 0x06e8),
    (0x06ea, 0x06ed),
    (0x0898, 0x089f),
    (0x08ca, 0x08e1),
    (0x08e3, 0x08ff),
    (0x0e34, 0x0e3a),
    (0x0e47, 0x0e4e),
    (0x1ab0, 0x1aff),
    (0x1dc0, 0x1dff),
    (0x200b, 0x200f),
    (0x2060, 0x2064),
    (0x20d0, 0x20ff),
    (0x302a, 0x302f),
    (0x3099, 0x309a),
    (0xfe00, 0xfe0f),
    (0xfe20, 0xfe2f),
    (0xfeff, 0xfeff),
    // Skin tones colour the person before them.
    (0x1_f3fb, 0x1_f3ff),
    (0xe_0000, 0xe_0fff),
];

fn stands_in(ranges: &[(u32, u32)], c: char) -> bool {
    let code = u32::from(c);
    ranges.iter().any(|(first, last)| (*first..=*last).contains(&code))
}

fn is_flag_half(c: char) -> bool {
    ('\u{1f1e6}'..='\u{1f1ff}').contains(&c)
}

/// The width of a character that stands alone, in tenths of a pixel at 11 pixels.
fn of_char(c: char) -> u32 {
    let known = |first: char, widths: &[u32]| {
        let at = u32::from(c).checked_sub(first.into())?;
        widths.get(usize::try_from(at).ok()?).copied()
    };
    if let Some(width) = known(' ', &ASCII).or_else(|| known('א', &HEBREW)) {
        width
    } else if c.is_control() || stands_in(NOTHING, c) {
        0
    } else if stands_in(COLOURED, c) || is_flag_half(c) {
        EMOJI
    } else if stands_in(WIDE, c) {
        FULL
    } else if ('\u{ff61}'..='\u{ffdc}').contains(&c) {
        // Half-width forms.
        FULL / 2
    } else if stands_in(ALEFS, c) {
        ARABIC_ALEF
    } else if stands_in(ARABIC, c) {
        ARABIC_LETTER
    } else if c.is_uppercase() {
        UPPER
    } else {
        LOWER
    }
}

/// The widths of what is seen of a text, in tenths of a pixel at 11 pixels, one for each of its characters: what
/// joins into one picture has the width of one, on its first character.
pub(super) fn of_chars(text: &str) -> Vec<u32> {
    let mut widths: Vec<u32> = Vec::with_capacity(text.len());
    let mut base = 0;
    let mut joined = false;
    let mut half_flag = false;
    for (at, c) in text.chars().enumerate() {
        let width = match c {
            // Joins what follows to the picture before it.
            _ if joined => 0,
            c if is_flag_half(c) && half_flag => 0,
            c => of_char(c),
        };
        half_flag = is_flag_half(c) && !half_flag;
        joined = c == JOINER && widths.get(base).is_some_and(|width| *width >= FULL);
        if c == AS_EMOJI && widths.get(base).is_some_and(|width| *width > 0 && *width < EMOJI) {
            widths[base] = EMOJI;
        }
        if width > 0 {
            base = at;
        }
        widths.push(width);
    }
    widths
}

/// The width of a text in tenths of a pixel at 11 pixels.
#[cfg(test)]
fn of(text: &str) -> u32 {
    of_chars(text).iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_as_wide_as_one_however_it_is_spelled() {
        for (text, expected) in [
            ("up", 70 + 70),
            ("数据库备份", 5 * FULL),
            ("ＡＢ、。", 4 * FULL),
            ("ｶﾞ", FULL),
            ("한국어", 3 * FULL),
            ("e\u{301}", 68),
            ("🚀", EMOJI),
            ("👍🏽", EMOJI),
            ("👩\u{200d}👩\u{200d}👧", EMOJI),
            ("🇨🇳🇱🇻", 2 * EMOJI),
            ("❤\u{fe0f}", EMOJI),
            ("1\u{fe0f}\u{20e3}", EMOJI),
            ("Ж", UPPER),
            ("\u{200b}\u{feff}", 0),
            ("", 0),
        ] {
            assert_eq!(of(text), expected, "{text}");
        }
    }

    /// Natural widths in tenths of a pixel, told by Chromium's `getComputedTextLength` for `DejaVu Sans`.
    #[test]
    fn letters_from_right_to_left_are_not_pulled_wide() {
        for (text, natural, percent) in [
            ("שלום", 243, 2),
            ("גיבוי יומי", 377, 2),
            ("מסד הנתונים", 601, 2),
            ("שָׁלוֹם", 243, 2),
            ("مرحبا", 254, 20),
            ("بالعالم", 291, 20),
            ("قاعدة البيانات", 634, 20),
            ("تقرير يومي", 511, 20),
            ("پشتیبان روزانه", 657, 20),
            ("مُحَمَّد", of("محمد"), 0),
        ] {
            let told = of(text);
            assert!(told.abs_diff(natural) * 100 <= natural * percent, "{text}: {told}, not {natural}");
        }
    }
}
