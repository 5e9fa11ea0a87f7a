//! What is kept is found whole or not at all.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use proptest::prelude::*;

use super::{Cache, Key, Question};

fn key(text: &str) -> Key {
    Question::default().with("text", text).key()
}

fn only_file(folder: &Path) -> PathBuf {
    let files = super::files_below(folder);
    assert_eq!(files.len(), 1, "{files:?}");
    files[0].2.clone()
}

#[test]
fn what_is_kept_is_found_under_its_own_key_only() {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::new(folder.path().join("not there yet"));
    assert_eq!(cache.get(&key("a")), None);
    cache.put(&key("a"), b"answer");
    assert_eq!(cache.get(&key("a")).unwrap(), b"answer");
    assert_eq!(cache.get(&key("b")), None);
    cache.put(&key("a"), b"");
    assert_eq!(cache.get(&key("a")).unwrap(), b"");
}

#[test]
fn keys_differ_where_anything_does() {
    let keys = [
        Question::default().key(),
        Question::default().with("a", "b").key(),
        Question::default().with("ab", "").key(),
        Question::default().with("", "ab").key(),
        Question::default().with("a", "b").with("", "").key(),
        Question::default().with("b", "a").key(),
    ];
    for (place, key) in keys.iter().enumerate() {
        assert!(!keys[..place].contains(key), "{place}");
    }
}

#[test]
fn a_folder_that_cannot_be_made_is_no_error() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "no folder").unwrap();
    let cache = Cache::new(file);
    cache.put(&key("a"), b"answer");
    assert_eq!(cache.get(&key("a")), None);
}

#[test]
fn what_was_not_asked_for_the_longest_goes_first() {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache { limit: 3 * 140, ..Cache::new(folder.path().to_owned()) };
    for (age, name) in [(30, "a"), (20, "b"), (10, "c")] {
        cache.put(&key(name), &[0; 100]);
        let file = fs::File::options().append(true).open(cache.path(&key(name))).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(age)).unwrap();
    }
    assert!(cache.get(&key("a")).is_some());
    cache.put(&key("d"), &[0; 100]);
    let left: Vec<&str> = ["a", "b", "c", "d"].into_iter().filter(|name| cache.get(&key(name)).is_some()).collect();
    assert_eq!(left, ["a", "c", "d"]);
}

#[test]
fn many_runs_at_once_see_whole_entries_only() {
    let folder = tempfile::tempdir().unwrap();
    let cache = Cache::new(folder.path().to_owned());
    let long = |byte: u8| vec![byte; 100_000];
    std::thread::scope(|scope| {
        for byte in 0..4 {
            let cache = cache.clone();
            scope.spawn(move || (0..20).for_each(|_| cache.put(&key("a"), &long(byte))));
        }
        for _ in 0..200 {
            let found = cache.get(&key("a"));
            assert!(found.is_none_or(|found| (0..4).any(|byte| found == long(byte))));
        }
    });
    assert!(cache.get(&key("a")).is_some());
}

proptest! {
    #[test]
    fn a_damaged_entry_is_none(value in prop::collection::vec(any::<u8>(), 0..50), place in any::<prop::sample::Index>(), bit in 0..8_u8, cut in any::<bool>()) {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::new(folder.path().to_owned());
        cache.put(&key("a"), &value);
        let file = only_file(folder.path());
        let mut entry = fs::read(&file).unwrap();
        let place = place.index(entry.len());
        if cut {
            entry.truncate(place);
        } else {
            entry[place] ^= 1 << bit;
        }
        fs::write(&file, &entry).unwrap();
        prop_assert_eq!(cache.get(&key("a")), None);
        prop_assert!(!file.exists());
        cache.put(&key("a"), &value);
        prop_assert_eq!(cache.get(&key("a")), Some(value));
    }
}
