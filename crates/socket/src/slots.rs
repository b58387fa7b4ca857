//! A table whose handles never mistake one entry for another.

/// The handle of a socket. That of a closed socket never names a later one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SocketId {
    index: usize,
    /// How many sockets had this index before, modulo 2^32.
    generation: u32,
}

/// Entries under handles. Each operation takes constant time.
#[derive(Debug)]
pub struct Slots<T> {
    slots: Vec<Slot<T>>,
    /// The indices without an entry.
    free: Vec<usize>,
}

#[derive(Debug)]
struct Slot<T> {
    generation: u32,
    entry: Option<T>,
}

impl<T> Slots<T> {
    /// A table without entries.
    #[must_use]
    pub const fn new() -> Self {
        Self { slots: Vec::new(), free: Vec::new() }
    }

    /// How many entries there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Puts an entry under a handle of its own.
    pub fn insert(&mut self, entry: T) -> SocketId {
        if let Some(index) = self.free.pop()
            && let Some(slot) = self.slots.get_mut(index)
        {
            slot.entry = Some(entry);
            return SocketId { index, generation: slot.generation };
        }
        self.slots.push(Slot { generation: 0, entry: Some(entry) });
        SocketId { index: self.slots.len() - 1, generation: 0 }
    }

    /// Takes an entry out. `None` if it was taken out before.
    pub fn remove(&mut self, id: SocketId) -> Option<T> {
        let slot = self.slots.get_mut(id.index).filter(|slot| slot.generation == id.generation)?;
        let entry = slot.entry.take()?;
        slot.generation = slot.generation.wrapping_add(1);
        self.free.push(id.index);
        Some(entry)
    }

    /// The entry under a handle.
    #[must_use]
    pub fn get(&self, id: SocketId) -> Option<&T> {
        let slot = self.slots.get(id.index).filter(|slot| slot.generation == id.generation)?;
        slot.entry.as_ref()
    }

    /// The entry under a handle, to be changed.
    pub fn get_mut(&mut self, id: SocketId) -> Option<&mut T> {
        let slot = self.slots.get_mut(id.index).filter(|slot| slot.generation == id.generation)?;
        slot.entry.as_mut()
    }

    /// Whoever is under `index` now.
    #[must_use]
    pub fn at(&self, index: usize) -> Option<(SocketId, &T)> {
        let slot = self.slots.get(index)?;
        let entry = slot.entry.as_ref()?;
        Some((SocketId { index, generation: slot.generation }, entry))
    }
}

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl SocketId {
    /// The place in its table; two open sockets never share one.
    #[must_use]
    pub const fn index(self) -> usize {
        self.index
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_removed_entry_s_handle_names_nobody_though_the_slot_is_used_again() {
        let mut slots = Slots::new();
        let old = slots.insert("old");
        let other = slots.insert("other");
        assert_eq!(slots.remove(old), Some("old"));
        let new = slots.insert("new");
        assert_eq!(new.index(), old.index());
        assert_eq!(slots.get(old), None);
        assert_eq!(slots.get_mut(old), None);
        assert_eq!(slots.remove(old), None);
        assert_eq!(slots.get(new), Some(&"new"));
        assert_eq!(slots.get_mut(other), Some(&mut "other"));
        assert_eq!(slots.at(old.index()), Some((new, &"new")));
        assert_eq!(slots.len(), 2);
    }

    #[test]
    fn an_empty_slot_has_nobody() {
        let mut slots = Slots::new();
        assert!(slots.is_empty());
        let id = slots.insert(());
        assert!(!slots.is_empty());
        slots.remove(id);
        assert_eq!((slots.at(id.index()), slots.at(7), slots.len()), (None, None, 0));
    }
}
