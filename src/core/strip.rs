//! The last runs of a check at a glance: one mark per expected run, missed ones included.

/// How one expected run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// Heard from in time.
    Up,
    /// Heard from between due time and end of grace.
    Late,
    /// Failed, or never heard from.
    Down,
    /// Not heard from while Maibo itself was away.
    Blind,
}

/// Up to 30 marks, oldest first, packed into one integer so that a list of checks needs no history.
///
/// Two bits per mark, the newest in the lowest two, below a single 1 bit that tells how many there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Strip(i64);

impl Default for Strip {
    fn default() -> Self {
        Self(1)
    }
}

impl Strip {
    /// How many runs are remembered.
    pub const LEN: usize = 30;

    /// The strip as stored. Anything that is not one reads as empty.
    #[must_use]
    pub fn from_stored(raw: i64) -> Self {
        if raw > 0 { Self(raw) } else { Self::default() }
    }

    #[must_use]
    pub fn stored(self) -> i64 {
        self.0
    }

    /// Adds the newest run, forgetting the oldest beyond 30.
    #[must_use]
    pub fn push(self, mark: Mark) -> Self {
        let bits = match mark {
            Mark::Up => 0,
            Mark::Late => 1,
            Mark::Down => 2,
            Mark::Blind => 3,
        };
        let full = self.len() == Self::LEN;
        let kept = if full { (self.0 & ((1 << 58) - 1)) | (1 << 58) } else { self.0 };
        Self((kept << 2) | bits)
    }

    /// How many runs there are so far.
    #[must_use]
    pub fn len(self) -> usize {
        let top = 63_u32.saturating_sub(self.0.leading_zeros());
        (top / 2) as usize
    }

    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The runs, oldest first.
    pub fn marks(self) -> impl Iterator<Item = Mark> {
        (0..self.len()).rev().map(move |i| match (self.0 >> (2 * i)) & 3 {
            0 => Mark::Up,
            1 => Mark::Late,
            2 => Mark::Down,
            _ => Mark::Blind,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_remembers_the_last_thirty(codes in prop::collection::vec(0..4_u8, 0..100)) {
            let marks: Vec<Mark> =
                codes.iter().map(|c| [Mark::Up, Mark::Late, Mark::Down, Mark::Blind][usize::from(*c)]).collect();
            let strip = marks.iter().fold(Strip::default(), |strip, mark| strip.push(*mark));
            let last = &marks[marks.len().saturating_sub(Strip::LEN)..];
            prop_assert_eq!(strip.marks().collect::<Vec<_>>(), last);
            prop_assert_eq!(Strip::from_stored(strip.stored()), strip);
        }
    }
}
