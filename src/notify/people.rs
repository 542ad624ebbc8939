//! People whom a message calls by name: ids and phone numbers, as settings list them.
use super::alert::Side;
use super::{Draft, FieldError, Settings};

/// The setting that names them.
const MENTION: &str = "mention";

/// Who is called.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::notify) struct People {
    /// All members of the room.
    pub everyone: bool,
    /// Numbers of mainland China without a country code, others as they were typed.
    pub phones: Vec<String>,
    pub ids: Vec<String>,
}

impl People {
    /// Reads a list; an `@` in front of a name is no part of it.
    pub(in crate::notify) fn read(text: &str) -> Self {
        let mut people = Self::default();
        for word in words(text) {
            let word = word.trim_start_matches('@');
            if word.is_empty() {
                continue;
            }
            if ["all", "everyone", "所有人"].contains(&word.to_lowercase().as_str()) {
                people.everyone = true;
            } else if let Some(phone) = phone(word) {
                people.phones.push(phone);
            } else {
                people.ids.push(word.to_owned());
            }
        }
        people
    }

    /// Those whom a message calls. Good news calls nobody, and neither does a test.
    pub(in crate::notify) fn of(draft: &Draft<'_>) -> Self {
        match draft.alert.side {
            Side::Down => Self::read(draft.get(MENTION)),
            Side::Up | Side::Test => Self::default(),
        }
    }

    pub(in crate::notify) fn is_empty(&self) -> bool {
        !self.everyone && self.phones.is_empty() && self.ids.is_empty()
    }

    /// Puts those of a form into what is stored. `fits` says what an id may be, `code` what to say of another.
    pub(in crate::notify) fn store(
        given: &Settings,
        into: &mut Settings,
        code: &'static str,
        fits: impl Fn(&str) -> bool,
    ) -> Result<(), FieldError> {
        let people = Self::read(given.get(MENTION).map_or("", String::as_str));
        if let Some(wrong) = people.ids.iter().find(|id| !fits(id)) {
            return Err(FieldError::new(MENTION, code, wrong));
        }
        let everyone = people.everyone.then(|| "@all".to_owned());
        let all: Vec<String> = everyone.into_iter().chain(people.phones).chain(people.ids).collect();
        if !all.is_empty() {
            into.insert(MENTION.to_owned(), all.join(" "));
        }
        Ok(())
    }
}

/// The words of a list, however they are separated.
pub(in crate::notify) fn words(text: &str) -> impl Iterator<Item = &str> {
    let between = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | '|' | '，' | '；' | '、');
    text.split(between).filter(|word| !word.is_empty())
}

/// A mobile number: one of mainland China, or one with its country code.
fn phone(word: &str) -> Option<String> {
    let is_chinese = |digits: &str| {
        digits.len() == 11 && digits.starts_with('1') && digits.bytes().all(|b| b.is_ascii_digit())
    };
    let bare = word.strip_prefix("+86").map_or(word, |rest| rest.trim_start_matches('-'));
    if is_chinese(bare) {
        return Some(bare.to_owned());
    }
    let foreign = word.strip_prefix('+')?;
    let digits = foreign.bytes().filter(u8::is_ascii_digit).count();
    let fits = (6..=15).contains(&digits) && foreign.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    fits.then(|| word.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_however_it_is_typed() {
        let people =
            People::read(" @zhangsan,+8613800001111；li.si|@所有人、13900002222 +852-51234567 12345");
        assert!(people.everyone);
        assert_eq!(people.ids, ["zhangsan", "li.si", "12345"]);
        assert_eq!(people.phones, ["13800001111", "13900002222", "+852-51234567"]);
    }

    #[test]
    fn what_is_stored_reads_the_same() {
        let given = Settings::from([("mention".to_owned(), "@a; ALL, 13800001111".to_owned())]);
        let mut stored = Settings::new();
        People::store(&given, &mut stored, "unknown", |_| true).unwrap();
        assert_eq!(stored["mention"], "@all 13800001111 a");
        assert_eq!(People::read(&stored["mention"]), People::read(&given["mention"]));
        let wrong = People::store(&given, &mut stored, "unknown", |id| id != "a").unwrap_err();
        assert_eq!(wrong.field, "mention");
    }
}
