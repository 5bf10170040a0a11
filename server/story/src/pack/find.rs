//! Find in a trace: which spans and log records mention a text, in any case.
//!
//! The texts of a block are looked at once each, however many spans share them; the rows only name places.

use super::details::{Details, walk_log, walk_span};
use super::section;
use super::structure::Structure;

/// What mentions a text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// Rows of spans, in order; those whose log records mention it too.
    pub rows: Vec<u32>,
    /// Log records, in order.
    pub logs: Vec<u32>,
}

impl Details {
    /// Finds a text: in ids, names, services, status messages, attributes, events, links, bodies. Nothing for blanks.
    #[must_use]
    pub fn find(&self, structure: &Structure, text: &str) -> Option<Found> {
        let needle = Needle::new(text)?;
        let known: Vec<bool> = structure.texts.iter().map(|text| needle.is_in(text)).collect();
        let has = |place: u32| known.get(usize::try_from(place).unwrap_or(usize::MAX)) == Some(&true);
        let mut hit = vec![false; structure.rows.len()];
        let rows = &structure.rows;
        let columns = rows.name.iter().zip(&rows.service).zip(&rows.status).zip(&rows.id);
        for (hit, (((name, service), status), id)) in hit.iter_mut().zip(columns) {
            let service = service.checked_sub(1).is_some_and(has);
            *hit = has(*name) || service || has(*status) || needle.is_in_id(*id);
        }
        self.find_in_spans(structure, &needle, &mut hit);
        let logs = self.find_in_logs(structure, &needle, has);
        for log in &logs {
            let row = structure.logs.row.get(usize::try_from(*log).unwrap_or(usize::MAX)).copied().unwrap_or_default();
            mark(&mut hit, row.checked_sub(1));
        }
        let rows = (0_u32..).zip(hit).filter(|(_, hit)| *hit).map(|(row, _)| row).collect();
        Some(Found { rows, logs })
    }

    fn find_in_spans(&self, structure: &Structure, needle: &Needle, hit: &mut [bool]) {
        for block in &self.spans {
            let Ok((texts, mut input)) = block.open(section::SPAN_BLOCK) else { return };
            let known: Vec<bool> = texts.iter().map(|text| needle.is_in(text)).collect();
            if !known.contains(&true) {
                continue;
            }
            for row in block.first..block.first.saturating_add(block.count) {
                let Ok(row) = u32::try_from(row) else { return };
                if structure.rows.is_missing(row) {
                    continue;
                }
                let mut found = false;
                let walked = walk_span(&mut input, |place| {
                    found |= known.get(usize::try_from(place).unwrap_or(usize::MAX)) == Some(&true);
                });
                if walked.is_err() {
                    return;
                }
                mark(hit, found.then_some(row));
            }
        }
    }

    fn find_in_logs(&self, structure: &Structure, needle: &Needle, has: impl Fn(u32) -> bool) -> Vec<u32> {
        let mut logs = Vec::new();
        for block in &self.logs {
            let Ok((texts, mut input)) = block.open(section::LOG_BLOCK) else { break };
            let known: Vec<bool> = texts.iter().map(|text| needle.is_in(text)).collect();
            for record in block.first..block.first.saturating_add(block.count) {
                let service = structure.logs.service.get(record).copied().unwrap_or_default();
                let mut found = service.checked_sub(1).is_some_and(&has);
                let walked = walk_log(&mut input, |place| {
                    found |= known.get(usize::try_from(place).unwrap_or(usize::MAX)) == Some(&true);
                });
                match u32::try_from(record) {
                    Ok(record) if walked.is_ok() && found => logs.push(record),
                    Ok(_) if walked.is_ok() => {}
                    _ => return logs,
                }
            }
        }
        logs
    }
}

fn mark(hit: &mut [bool], row: Option<u32>) {
    if let Some(hit) = row.and_then(|row| hit.get_mut(usize::try_from(row).ok()?)) {
        *hit = true;
    }
}

/// A text to look for.
struct Needle {
    lower: String,
}

impl Needle {
    fn new(text: &str) -> Option<Self> {
        let lower = text.trim().to_lowercase();
        if lower.is_empty() { None } else { Some(Self { lower }) }
    }

    fn is_in(&self, text: &str) -> bool {
        if !self.lower.is_ascii() {
            return text.to_lowercase().contains(&self.lower);
        }
        let needle = self.lower.as_bytes();
        let Some(first) = needle.first() else { return false };
        let upper = first.to_ascii_uppercase();
        let bytes = text.as_bytes();
        let last = bytes.len().checked_sub(needle.len());
        last.is_some_and(|last| {
            let starts = bytes.iter().take(last + 1).enumerate().filter(|(_, byte)| *byte == first || **byte == upper);
            starts.filter_map(|(at, _)| bytes.get(at..at + needle.len())).any(|part| part.eq_ignore_ascii_case(needle))
        })
    }

    /// Looks into an id without writing it out for texts that no id contains.
    fn is_in_id(&self, id: u64) -> bool {
        self.lower.len() >= 4
            && self.lower.len() <= 16
            && self.lower.bytes().all(|byte| byte.is_ascii_hexdigit())
            && format!("{id:016x}").contains(&self.lower)
    }
}
