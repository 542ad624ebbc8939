//! What was needed last, as much of it as there is room for.
use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

/// Values that can be made again at any time, in this process's memory alone.
#[derive(Debug)]
pub struct Recent<K, V> {
    /// What they may take together, in bytes.
    room: usize,
    held: Mutex<HashMap<K, Held<V>>>,
}

#[derive(Debug)]
struct Held<V> {
    value: V,
    size: usize,
    /// The greatest is that of the value that was needed last.
    turn: u64,
}

impl<K: Clone + Eq + Hash, V: Clone> Recent<K, V> {
    #[must_use]
    pub fn new(room: usize) -> Self {
        Self { room, held: Mutex::default() }
    }

    #[must_use]
    pub fn get(&self, key: &K) -> Option<V> {
        let mut all = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = next_turn(&all);
        let held = all.get_mut(key)?;
        held.turn = turn;
        Some(held.value.clone())
    }

    /// Holds a value that takes `size` bytes; those that were not needed for longest make room. What is larger than
    /// the room is not held.
    pub fn put(&self, key: K, value: V, size: usize) {
        let mut all = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        all.remove(&key);
        if size > self.room {
            return;
        }
        let mut taken = all.values().map(|held| held.size).sum::<usize>() + size;
        while taken > self.room
            && let Some((oldest, _)) = all.iter().min_by_key(|(_, held)| held.turn)
        {
            let oldest = oldest.clone();
            taken -= all.remove(&oldest).map_or(0, |held| held.size);
        }
        let turn = next_turn(&all);
        all.insert(key, Held { value, size, turn });
    }
}

fn next_turn<K, V>(all: &HashMap<K, Held<V>>) -> u64 {
    all.values().map(|held| held.turn + 1).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_needed_last_stays() {
        let recent = Recent::new(10);
        let held = |keys: &str| -> String { keys.chars().filter(|key| recent.get(key).is_some()).collect() };
        recent.put('a', 1, 4);
        recent.put('b', 2, 4);
        assert_eq!(recent.get(&'a'), Some(1));
        recent.put('c', 3, 4);
        assert_eq!(held("abc"), "ac", "b was not needed for longest");
        // In place of itself, it takes nobody's room.
        recent.put('c', 4, 6);
        assert_eq!((held("abc").as_str(), recent.get(&'c')), ("ac", Some(4)));
        recent.put('d', 5, 10);
        assert_eq!(held("abcd"), "d");
        recent.put('e', 6, 11);
        assert_eq!(held("abcde"), "d", "too large, and nobody left for it");
        recent.put('d', 7, 11);
        assert_eq!(held("abcde"), "", "the old value is none any more");
    }

    #[test]
    fn however_many_small_ones_come_the_room_is_kept() {
        let recent = Recent::new(100);
        for n in 0..1_000 {
            recent.put(n, (), n % 7 + 1);
            let taken: usize = recent.held.lock().unwrap().values().map(|held| held.size).sum();
            assert!(taken <= 100, "{taken}");
        }
    }
}
