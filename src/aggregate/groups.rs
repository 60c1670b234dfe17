//! The groups of one window: keys, states, and which of them changed since the last confirmed commit.
//!
//! Promises: ordinals are dense, in order of arrival, and never change; a group costs its key, its state and about a dozen
//! bytes; growing never copies keys or states. Does not: know what keys and states mean.

use std::hash::{BuildHasher, Hasher};

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::measures::Layout;

/// Longest key with a group of its own; longer ones are counted in the overflow group. More than any header that web
/// servers take by default (8 KiB), and it bounds a page of keys to 16 MiB.
pub(super) const MAX_KEY_BYTES: usize = 16 * 1024;

/// The ordinal of the overflow group.
pub(super) const OVERFLOW: u32 = u32::MAX;

/// Groups of one page: large enough that a page costs nothing beside its groups, small enough that the free space of the
/// last one does not matter.
const PAGE_GROUPS: usize = 1024;

/// A run of groups. A page that is full keeps no free space.
#[derive(Debug, Default)]
struct Page {
    /// Where each key ends in `keys`; it begins where the one before it ends.
    ends: Vec<u32>,
    keys: Vec<u8>,
    states: Vec<u64>,
    /// One bit per group.
    dirty: [u64; PAGE_GROUPS / 64],
}

impl Page {
    #[inline]
    fn key(&self, index: usize) -> &[u8] {
        let start = if index == 0 { 0 } else { self.ends[index - 1] as usize };
        &self.keys[start..self.ends[index] as usize]
    }

    fn push(&mut self, key: &[u8]) {
        self.keys.extend_from_slice(key);
        self.ends.push(self.keys.len() as u32);
    }

    fn shrink(&mut self) {
        self.ends.shrink_to_fit();
        self.keys.shrink_to_fit();
        self.states.shrink_to_fit();
    }
}

/// Where a group is. The start of its key is there too: finding a group touches its slot, its key and its state, and no
/// other memory that may be cold.
#[derive(Clone, Copy, Debug)]
struct Slot {
    ordinal: u32,
    key_start: u32,
}

impl Slot {
    /// Whether this group's key is `key`. No key of a rule is the beginning of another one (each part says where it ends,
    /// and a rule has as many parts in each key), so that the lengths need not be compared.
    #[inline]
    fn has_key(self, pages: &[Page], key: &[u8]) -> bool {
        let keys = &pages[self.ordinal as usize / PAGE_GROUPS].keys;
        let start = self.key_start as usize;
        keys.get(start..start + key.len()) == Some(key)
    }
}

/// All keys that have no group of their own, as one.
#[derive(Debug)]
struct Overflow {
    state: Vec<u64>,
    dirty: bool,
    committed: bool,
}

/// Where a key is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Group {
    Own(u32),
    Overflow,
}

/// One group as its window's events and the ledger see it.
#[derive(Clone, Copy, Debug)]
pub(super) struct GroupView<'a> {
    pub(super) ordinal: u32,
    /// Empty for the overflow group: no other key is, since every key has a user's and an account's part.
    pub(super) key: &'a [u8],
    pub(super) state: &'a [u64],
    pub(super) committed: bool,
}

#[derive(Debug, Default)]
pub(super) struct Groups {
    /// Groups by key.
    table: HashTable<Slot>,
    /// Seeded at random: keys come from logs, which strangers write to.
    hasher: RandomState,
    pages: Vec<Page>,
    len: u32,
    /// Groups below this ordinal are in the ledger, with their keys.
    committed: u32,
    overflow: Option<Overflow>,
}

impl Groups {
    /// Groups with a key of their own.
    pub(super) fn len(&self) -> u32 {
        self.len
    }

    /// Groups with the overflow group.
    pub(super) fn count(&self) -> usize {
        self.len as usize + usize::from(self.overflow.is_some())
    }

    /// Where a key is counted: in its group, in a new one as long as there are fewer than `max_groups`, or in the overflow.
    #[inline]
    pub(super) fn find_or_insert(&mut self, key: &[u8], max_groups: u32, layout: &Layout) -> Group {
        let hash = hash_of(&self.hasher, key);
        let pages = &self.pages;
        if let Some(slot) = self.table.find(hash, |slot| slot.has_key(pages, key)) {
            return Group::Own(slot.ordinal);
        }
        // The last ordinal is the overflow group's.
        if self.len >= max_groups.min(OVERFLOW - 1) || key.len() > MAX_KEY_BYTES {
            self.overflow.get_or_insert_with(|| {
                let mut state = Vec::with_capacity(layout.words());
                layout.push_empty(&mut state);
                Overflow { state, dirty: true, committed: false }
            });
            return Group::Overflow;
        }
        Group::Own(self.insert(hash, key, |words| layout.push_empty(words)))
    }

    /// The group is not marked: whoever counts in it does so through [`Groups::state_mut`].
    fn insert(&mut self, hash: u64, key: &[u8], push_state: impl FnOnce(&mut Vec<u64>)) -> u32 {
        let ordinal = self.len;
        if (ordinal as usize).is_multiple_of(PAGE_GROUPS) {
            if let Some(full) = self.pages.last_mut() {
                full.shrink();
            }
            self.pages.push(Page::default());
        }
        let page = &mut self.pages[ordinal as usize / PAGE_GROUPS];
        let slot = Slot { ordinal, key_start: page.keys.len() as u32 };
        page.push(key);
        push_state(&mut page.states);
        let (hasher, pages) = (&self.hasher, &self.pages);
        self.table.insert_unique(hash, slot, |slot| hash_of(hasher, key_of(pages, slot.ordinal)));
        self.len += 1;
        ordinal
    }

    /// A group's state, to be changed: the group is marked.
    #[inline]
    pub(super) fn state_mut(&mut self, group: Group, layout: &Layout) -> &mut [u64] {
        match group {
            Group::Own(ordinal) => {
                let index = ordinal as usize % PAGE_GROUPS;
                let page = &mut self.pages[ordinal as usize / PAGE_GROUPS];
                page.dirty[index / 64] |= 1 << (index % 64);
                let words = layout.words();
                &mut page.states[index * words..(index + 1) * words]
            }
            Group::Overflow => match &mut self.overflow {
                Some(overflow) => {
                    overflow.dirty = true;
                    &mut overflow.state
                }
                None => &mut [],
            },
        }
    }

    /// Every group in order of ordinals, the overflow group last.
    pub(super) fn all<'a>(&'a self, layout: &'a Layout) -> impl Iterator<Item = GroupView<'a>> {
        let own = (0..self.len).map(|ordinal| self.view(ordinal, layout));
        own.chain(self.overflow.as_ref().map(overflow_view))
    }

    /// Groups that changed since the last confirmed commit, in the same order.
    pub(super) fn dirty<'a>(&'a self, layout: &'a Layout) -> impl Iterator<Item = GroupView<'a>> {
        let marks = self.pages.iter().flat_map(|page| page.dirty).zip(0_u32..);
        let ordinals = marks.flat_map(|(marks, word)| set_bits(marks).map(move |bit| word * 64 + bit));
        let overflow = self.overflow.as_ref().filter(|overflow| overflow.dirty);
        ordinals.map(|ordinal| self.view(ordinal, layout)).chain(overflow.map(overflow_view))
    }

    fn view<'a>(&'a self, ordinal: u32, layout: &Layout) -> GroupView<'a> {
        let page = &self.pages[ordinal as usize / PAGE_GROUPS];
        let index = ordinal as usize % PAGE_GROUPS;
        let words = layout.words();
        GroupView {
            ordinal,
            key: page.key(index),
            state: &page.states[index * words..(index + 1) * words],
            committed: ordinal < self.committed,
        }
    }

    /// Everything is in the ledger as it is now.
    pub(super) fn confirm(&mut self) {
        self.committed = self.len;
        for page in &mut self.pages {
            page.dirty = [0; PAGE_GROUPS / 64];
        }
        if let Some(overflow) = &mut self.overflow {
            overflow.dirty = false;
            overflow.committed = true;
        }
    }

    /// Puts back a group as the ledger has it, and gives its lines. `None` when the key is there already or the state
    /// cannot be read.
    pub(super) fn restore(&mut self, key: &[u8], stored: &[u8], layout: &Layout) -> Option<u64> {
        let hash = hash_of(&self.hasher, key);
        let pages = &self.pages;
        if self.table.find(hash, |slot| slot.has_key(pages, key)).is_some() {
            return None;
        }
        let mut state = Vec::with_capacity(layout.words());
        layout.decode(stored, &mut state)?;
        self.insert(hash, key, |words| words.extend_from_slice(&state));
        Some(Layout::lines(&state))
    }

    /// Puts back the overflow group, and gives its lines. `None` when its state cannot be read.
    pub(super) fn restore_overflow(&mut self, stored: &[u8], layout: &Layout) -> Option<u64> {
        let mut state = Vec::with_capacity(layout.words());
        layout.decode(stored, &mut state)?;
        let lines = Layout::lines(&state);
        self.overflow = Some(Overflow { state, dirty: false, committed: true });
        Some(lines)
    }
}

fn overflow_view(overflow: &Overflow) -> GroupView<'_> {
    GroupView { ordinal: OVERFLOW, key: &[], state: &overflow.state, committed: overflow.committed }
}

#[inline]
fn key_of(pages: &[Page], ordinal: u32) -> &[u8] {
    pages[ordinal as usize / PAGE_GROUPS].key(ordinal as usize % PAGE_GROUPS)
}

#[inline]
fn hash_of(hasher: &RandomState, key: &[u8]) -> u64 {
    let mut state = hasher.build_hasher();
    state.write(key);
    state.finish()
}

/// The places of the bits that are set, lowest first.
fn set_bits(mut bits: u64) -> impl Iterator<Item = u32> {
    std::iter::from_fn(move || {
        let bit = bits.trailing_zeros();
        bits &= bits.wrapping_sub(1);
        (bit < 64).then_some(bit)
    })
}

#[cfg(test)]
mod tests {
    use super::{Group, Groups, MAX_KEY_BYTES};
    use crate::aggregate::measures::Layout;
    use crate::model::record::{Input, KeyWriter};
    use crate::model::spec::Measure;

    /// What the groups hold of the heap, free space included.
    fn heap_bytes(groups: &Groups) -> usize {
        let page = |page: &super::Page| 4 * page.ends.capacity() + page.keys.capacity() + 8 * page.states.capacity();
        let pages = groups.pages.capacity() * size_of::<super::Page>();
        groups.table.allocation_size() + pages + groups.pages.iter().map(page).sum::<usize>()
    }

    #[test]
    fn a_group_with_three_measures_takes_less_than_a_hundred_bytes() {
        let field = || "bytes".to_owned();
        let measures = [Measure::Count, Measure::Sum { field: field() }, Measure::Max { field: field() }];
        let layout = Layout::new(measures.iter());
        for (count, most) in [(100, 20_000), (100_000, 10_000_000), (150_000, 15_000_000)] {
            let mut groups = Groups::default();
            for user in 0..count {
                let mut key = Vec::new();
                let mut writer = KeyWriter(&mut key);
                writer.text(&format!("user{user:08}"));
                writer.text(&format!("account{:04}", user % 2_000));
                let group = groups.find_or_insert(&key, u32::MAX, &layout);
                layout.add(groups.state_mut(group, &layout), &[Input::One, Input::Absent, Input::Absent]).unwrap();
            }
            let bytes = heap_bytes(&groups);
            assert!(bytes <= most, "{count} groups take {bytes} bytes");
        }
    }

    #[test]
    fn the_longest_key_has_a_group_of_its_own() {
        let layout = Layout::new([Measure::Count].iter());
        let mut groups = Groups::default();
        assert_eq!(groups.find_or_insert(&vec![1; MAX_KEY_BYTES], 9, &layout), Group::Own(0));
        assert_eq!(groups.find_or_insert(&vec![1; MAX_KEY_BYTES + 1], 9, &layout), Group::Overflow);
        assert_eq!((groups.len(), groups.count()), (1, 2));
    }
}
