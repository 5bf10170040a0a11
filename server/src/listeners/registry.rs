//! Counts the open connections, in all and by address, and picks the one to close when there are too many.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use super::activity::Activity;

/// Every open connection of the process.
#[derive(Debug)]
pub struct Registry {
    room: Arc<Semaphore>,
    per_address_max: usize,
    open: Mutex<Open>,
    /// Rings when a connection ends.
    ended: Notify,
}

#[derive(Debug, Default)]
struct Open {
    next_id: u64,
    connections: HashMap<u64, Entry>,
    by_address: HashMap<IpAddr, usize>,
}

#[derive(Debug)]
struct Entry {
    address: IpAddr,
    activity: Arc<Activity>,
    evict: CancellationToken,
}

/// A place for one connection; dropping it gives the place back.
#[derive(Debug)]
pub struct Place {
    registry: Arc<Registry>,
    id: u64,
    /// Cancelled when the connection has to go because others wait.
    pub evict: CancellationToken,
    _room: OwnedSemaphorePermit,
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoPlace {
    /// The process has too many connections, all of them busy.
    Full,
    /// This address has too many connections.
    AddressFull,
}

impl Registry {
    /// Creates a registry for `max` connections, of which an address that is not loopback may have `per_address_max`.
    #[must_use]
    pub fn new(max: usize, per_address_max: usize) -> Arc<Self> {
        Arc::new(Self {
            room: Arc::new(Semaphore::new(max)),
            per_address_max,
            open: Mutex::default(),
            ended: Notify::new(),
        })
    }

    /// Returns a place for a connection of `address`, or `Err` at once. When the process is full, the connection that
    /// has been idle for longest is asked to go, so that a later call finds room.
    ///
    /// # Errors
    /// See [`NoPlace`].
    pub fn enter(self: &Arc<Self>, address: IpAddr, activity: &Arc<Activity>) -> Result<Place, NoPlace> {
        let mut open = self.lock();
        let from_address = open.by_address.get(&address).copied().unwrap_or(0);
        if !address.to_canonical().is_loopback() && from_address >= self.per_address_max {
            return Err(NoPlace::AddressFull);
        }
        let Ok(room) = Arc::clone(&self.room).try_acquire_owned() else {
            open.evict_one();
            return Err(NoPlace::Full);
        };
        open.next_id += 1;
        let (id, evict) = (open.next_id, CancellationToken::new());
        *open.by_address.entry(address).or_default() += 1;
        open.connections.insert(id, Entry { address, activity: Arc::clone(activity), evict: evict.clone() });
        Ok(Place { registry: Arc::clone(self), id, evict, _room: room })
    }

    /// Waits until some connection ends; a hint to try [`Registry::enter`] again.
    pub async fn ended(&self) {
        self.ended.notified().await;
    }

    /// Counts the open connections.
    #[must_use]
    pub fn open_count(&self) -> usize {
        self.lock().connections.len()
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    /// Asks the connection that has been idle for longest to go.
    fn evict_one(&self) {
        let idle = self.connections.values().filter(|entry| !entry.evict.is_cancelled());
        let idle = idle.filter_map(|entry| entry.activity.idle_since().map(|since| (since, entry)));
        if let Some((_, entry)) = idle.min_by_key(|(since, _)| *since) {
            entry.evict.cancel();
        }
    }

    fn remove(&mut self, id: u64) {
        let Some(entry) = self.connections.remove(&id) else { return };
        if let Some(count) = self.by_address.get_mut(&entry.address) {
            *count -= 1;
            if *count == 0 {
                self.by_address.remove(&entry.address);
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.registry.lock().remove(self.id);
        self.registry.ended.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn a_full_house_asks_the_longest_idle_to_leave_and_busy_ones_stay() {
        let registry = Registry::new(2, 1);
        let start = Instant::now();
        let busy = Arc::new(Activity::new(start));
        busy.begin();
        let idle = Arc::new(Activity::new(start + Duration::from_secs(1)));
        let loopback = IpAddr::from([127, 0, 0, 1]);
        let first = registry.enter(loopback, &busy).unwrap();
        let second = registry.enter(loopback, &idle).unwrap();
        assert_eq!(registry.enter(loopback, &idle).unwrap_err(), NoPlace::Full);
        assert!(second.evict.is_cancelled() && !first.evict.is_cancelled());
        drop(second);
        let third = registry.enter(loopback, &idle).unwrap();
        assert_eq!(registry.open_count(), 2);
        drop((first, third));
        assert_eq!(registry.open_count(), 0);
    }

    #[test]
    fn a_foreign_address_has_its_own_limit_and_loopback_has_not() {
        let registry = Registry::new(10, 1);
        let activity = Arc::new(Activity::new(Instant::now()));
        let foreign = IpAddr::from([192, 0, 2, 1]);
        let place = registry.enter(foreign, &activity).unwrap();
        assert_eq!(registry.enter(foreign, &activity).unwrap_err(), NoPlace::AddressFull);
        drop(place);
        let _again = registry.enter(foreign, &activity).unwrap();
        let mapped: IpAddr = "::ffff:127.0.0.1".parse().unwrap();
        let _one = registry.enter(mapped, &activity).unwrap();
        let _two = registry.enter(mapped, &activity).unwrap();
    }
}
