//! Which colour a service has: the same one in every view of a trace and on every machine.
//!
//! The colour comes from the service's name; where two services of one trace meet on a colour, the one with more spans
//! keeps it and the other takes the next free one. From the thirteenth service on, colours repeat with a hatch. Colour is
//! never alone: every row also has the service's two letters.

use std::collections::HashMap;

/// Colours in the palette; `tokens.css` has one class each, `svc-1` to `svc-12`.
pub const COLOURS: usize = 12;

/// How a service is drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceLook {
    /// The service; empty for spans without `service.name`.
    pub name: String,
    /// Two letters for the chip.
    pub letters: String,
    /// CSS classes of its colour.
    pub class: String,
}

/// The services of a trace.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Palette {
    looks: Vec<ServiceLook>,
    by_name: HashMap<String, usize>,
}

impl Palette {
    /// Assigns colours to services, each given with its number of spans.
    #[must_use]
    pub fn new(span_counts: &HashMap<String, u64>) -> Self {
        let mut services: Vec<(&String, &u64)> = span_counts.iter().collect();
        services.sort_by(|a, b| b.1.cmp(a.1).then_with(|| a.0.cmp(b.0)));
        let mut taken = [false; COLOURS];
        let mut palette = Self::default();
        for (name, _) in services {
            let wanted = preferred(name);
            let free = (0..COLOURS).map(|step| (wanted + step) % COLOURS).find(|slot| taken.get(*slot) == Some(&false));
            let slot = free.unwrap_or(wanted);
            if let Some(place) = taken.get_mut(slot) {
                *place = true;
            }
            let hatch = if free.is_none() { " svc-hatch" } else { "" };
            let look = ServiceLook {
                name: name.clone(),
                letters: letters(name),
                class: format!("svc svc-{}{hatch}", slot + 1),
            };
            palette.by_name.insert(name.clone(), palette.looks.len());
            palette.looks.push(look);
        }
        palette
    }

    /// Returns how a service is drawn, by its name.
    #[must_use]
    pub fn look(&self, service: Option<&str>) -> ServiceLook {
        let name = service.unwrap_or_default();
        let found = self.by_name.get(name).and_then(|index| self.looks.get(*index));
        found.cloned().unwrap_or_else(|| ServiceLook {
            name: name.to_owned(),
            letters: letters(name),
            class: format!("svc svc-{}", preferred(name) + 1),
        })
    }
}

/// The colour of a name when it is free (FNV-1a, 32 bits).
fn preferred(name: &str) -> usize {
    let hash = name.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    usize::try_from(hash).unwrap_or_default() % COLOURS
}

/// The two letters of a chip: the first letters of two words, else the first two of the name.
fn letters(name: &str) -> String {
    let mut words = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let first = words.next().unwrap_or("?");
    let picked: String = match words.next() {
        Some(second) => first.chars().take(1).chain(second.chars().take(1)).collect(),
        None => first.chars().take(2).collect(),
    };
    picked.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(names: &[String]) -> HashMap<String, u64> {
        names.iter().enumerate().map(|(index, name)| (name.clone(), u64::try_from(index).unwrap())).collect()
    }

    #[test]
    fn twelve_services_have_twelve_colours_and_more_are_hatched() {
        let names: Vec<String> = (0..14).map(|index| format!("service-{index}")).collect();
        let twelve = Palette::new(&counts(&names[..12]));
        let classes: std::collections::HashSet<String> =
            names[..12].iter().map(|name| twelve.look(Some(name)).class).collect();
        assert_eq!(classes.len(), 12);
        assert!(classes.iter().all(|class| !class.contains("hatch")));
        let more = Palette::new(&counts(&names));
        let hatched = names.iter().filter(|name| more.look(Some(name)).class.contains("hatch")).count();
        assert_eq!(hatched, 2);
    }

    #[test]
    fn a_service_alone_in_a_trace_always_has_its_own_colour() {
        let alone = Palette::new(&counts(&["payments".to_owned()]));
        assert_eq!(alone.look(Some("payments")), Palette::default().look(Some("payments")));
    }

    #[test]
    fn letters_tell_services_apart() {
        assert_eq!(letters("payments"), "pa");
        assert_eq!(letters("order-db"), "od");
        assert_eq!(letters(""), "?");
        assert_eq!(letters("Übersicht"), "üb");
    }
}
