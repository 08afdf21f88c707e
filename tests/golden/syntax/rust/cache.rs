//! A cache, as a sample of Rust.
use std::collections::{hash_map::Entry as Slot, HashMap, self};
use crate::store::{Store, disk::Disk};
use super::*;
use serde as codec;

pub mod keys {
    pub fn hash(text: &str) -> u64 {
        0
    }
}

mod tests;

const LIMIT: usize = 10;
static NAME: &str = "cache";
type Map<V> = HashMap<String, V>;

/// Keeps values.
///
/// For a while.
#[derive(Debug, Clone)]
pub struct Cache<'a, V> {
    pub entries: Map<V>,
    store: &'a dyn Store,
}

struct Pair(i32, String);
struct Unit;

#[derive(Debug)]
pub enum Event {
    Hit,
    Miss(String),
    Evicted { key: String },
}

pub trait Source: Send + Loader<String> {
    type Key;
    const SIZE: usize;
    fn get(&self, key: &str) -> Option<String>;
    fn len(&self) -> usize {
        0
    }
}

impl<'a, V: Clone> Source for Cache<'a, V> {
    fn get(&self, key: &str) -> Option<String> {
        let disk = Disk::open(key)?;
        let found: Entry = disk.find(key);
        self.entries.get(key).map(|value| value.text())
    }
}

impl<V> Cache<'_, V> {
    pub const EMPTY: i32 = 0;

    pub async fn new(store: &dyn Store) -> Self
    where
        V: Clone,
    {
        Cache { entries: Map::new(), store }
    }
}

macro_rules! key {
    ($a:expr) => {
        $a.to_string()
    };
}

pub fn open<T: Source>(path: &Path, mut cache: Cache<T>) -> Result<T, Error> {
    cache.store.open(path)
}

extern "C" {
    fn free(pointer: *mut u8);
}
