//! Which rows of a long list are on the screen.
//!
//! Browsers lose elements higher than some 17 million pixels, so a list's height is capped; above the cap a pixel of
//! scrolling moves more than a pixel of rows. Only the rows in sight and a few around them exist in the page.

use std::ops::Range;

/// Height of a row.
pub const ROW_PX: f64 = 24.0;

/// Greatest height of a list. Firefox drops heights above 17,895,697 px.
pub const SPACER_PX_MAX: f64 = 8_000_000.0;

/// Rows above and below the visible ones that exist too.
const OVERSCAN_ROWS: usize = 10;

/// Rows above and below while the list is scrolled in a hurry: further ones would be gone before they come into sight.
const HURRIED_OVERSCAN_ROWS: usize = 1;

/// Rows come and go in groups of so many: most steps of slow scrolling change none.
const STEP_ROWS: usize = 4;

/// Rows of a list whose height is capped are placed from a row at most so far above: with greater distances browsers,
/// which place with 32 bits, would put them beside their place.
const BASE_ROWS: usize = 1_024;

/// A list, and how much of it is scrolled past.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Viewport {
    /// Rows in the list.
    pub rows: usize,
    /// Pixels of the list above the top of the visible part.
    pub scrolled_px: f64,
    /// Height of the visible part.
    pub visible_px: f64,
    /// Whether the list is scrolled in a hurry: by more in a frame than what exists around the visible part.
    pub is_hurried: bool,
}

/// Returns whether a step of so many pixels is one of a reader in a hurry: what exists around the visible part did not
/// reach so far.
#[must_use]
pub fn is_hurried_step(by_px: f64) -> bool {
    by_px.abs() > as_f64(OVERSCAN_ROWS) * ROW_PX
}

impl Viewport {
    fn rows_px(&self) -> f64 {
        as_f64(self.rows) * ROW_PX
    }

    /// Returns the height that the list takes in the page.
    #[must_use]
    pub fn spacer_px(&self) -> f64 {
        self.rows_px().min(SPACER_PX_MAX)
    }

    /// Returns the pixels of rows that are above the visible part.
    fn rows_above_px(&self) -> f64 {
        let scrolled = self.scrolled_px.clamp(0.0, (self.spacer_px() - self.visible_px).max(0.0));
        let room = self.spacer_px() - self.visible_px;
        if !self.is_capped() || room <= 0.0 {
            return scrolled;
        }
        scrolled * (self.rows_px() - self.visible_px) / room
    }

    /// Returns the rows that must exist.
    #[must_use]
    pub fn window(&self) -> Range<usize> {
        let first = as_row(self.rows_above_px() / ROW_PX);
        let count = as_row(self.visible_px / ROW_PX) + 2;
        let (around, step) = if self.is_hurried { (HURRIED_OVERSCAN_ROWS, 1) } else { (OVERSCAN_ROWS, STEP_ROWS) };
        let start = first.saturating_sub(around).min(self.rows);
        start - start % step..(first + count + around).next_multiple_of(step).min(self.rows)
    }

    /// Returns whether the list would be higher than browsers can bear: then its rows do not stand at their own places.
    #[must_use]
    pub fn is_capped(&self) -> bool {
        self.rows_px() > SPACER_PX_MAX
    }

    /// Returns the row that rows around `row` are placed from: the first of all, unless the list is capped.
    #[must_use]
    pub fn base(&self, row: usize) -> usize {
        if self.is_capped() { row - row % BASE_ROWS } else { 0 }
    }

    /// Returns the distance from the list's top to a row.
    #[must_use]
    pub fn top_of(&self, row: usize) -> f64 {
        let scrolled = self.scrolled_px.clamp(0.0, (self.spacer_px() - self.visible_px).max(0.0));
        as_f64(row) * ROW_PX - self.rows_above_px() + scrolled
    }

    /// Returns how far the list must be scrolled so that a row is in sight, or `None` when it is already. A row that
    /// is far away comes to the middle, a neighbour just into sight. Negative when the list starts below the top of
    /// the visible part and may stay there.
    #[must_use]
    pub fn scroll_to(&self, row: usize) -> Option<f64> {
        let above = if self.scrolled_px < 0.0 { self.scrolled_px } else { self.rows_above_px() };
        let top = as_f64(row) * ROW_PX;
        let past_top = above - top;
        let past_bottom = top + ROW_PX - (above + self.visible_px);
        if past_top <= 0.0 && past_bottom <= 0.0 {
            return None;
        }
        let near = past_top.max(past_bottom) <= self.visible_px / 2.0;
        let wanted_above = match (near, past_top > 0.0) {
            (true, true) => top,
            (true, false) => top + ROW_PX - self.visible_px,
            (false, _) => top - (self.visible_px - ROW_PX) / 2.0,
        };
        let wanted_above = wanted_above.min((self.rows_px() - self.visible_px).max(0.0)).max(above.min(0.0));
        let room = self.spacer_px() - self.visible_px;
        if wanted_above < 0.0 || !self.is_capped() || room <= 0.0 {
            return Some(wanted_above);
        }
        Some(wanted_above * room / (self.rows_px() - self.visible_px))
    }
}

#[expect(clippy::cast_precision_loss, reason = "row counts are far below 2^53")]
fn as_f64(value: usize) -> f64 {
    value as f64
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "never negative, and a count of rows fits; the cast saturates"
)]
fn as_row(value: f64) -> usize {
    value.max(0.0) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn viewport(rows: usize, scrolled_px: f64) -> Viewport {
        Viewport { rows, scrolled_px, visible_px: 600.0, is_hurried: false }
    }

    #[test]
    fn few_rows_all_exist_and_stand_at_their_place() {
        let small = viewport(10, 0.0);
        assert_eq!(small.window(), 0..10);
        assert_eq!(small.spacer_px(), 240.0);
        assert_eq!(small.top_of(3), 72.0);
        assert_eq!(small.scroll_to(9), None);
    }

    #[test]
    fn a_hundred_thousand_rows_have_a_few_dozen_in_the_page() {
        for scrolled in [0.0, 1_000.0, 1_200_000.0, 2_399_400.0] {
            let view = viewport(100_000, scrolled);
            assert!(view.window().len() < 60, "{:?}", view.window());
            let first_visible = as_row(scrolled / ROW_PX);
            assert!(view.window().contains(&first_visible));
        }
        assert!(viewport(100_000, 2_399_400.0).window().contains(&99_999));
    }

    #[test]
    fn in_a_hurry_there_is_little_more_than_what_is_in_sight() {
        for rows in [0, 3, 100_000, 1_000_000] {
            for scrolled in [-300.0, 0.0, 1_001.0, 2_399_400.0, 7_999_400.0] {
                let calm = viewport(rows, scrolled);
                let hurried = Viewport { is_hurried: true, ..calm };
                let (all, few) = (calm.window(), hurried.window());
                assert!(few.len() <= 25 + 1 + 2 + 2 * HURRIED_OVERSCAN_ROWS, "{few:?}");
                assert!(all.start <= few.start && few.end <= all.end, "{few:?} is inside of {all:?}");
                let first = as_row(calm.rows_above_px() / ROW_PX);
                let sight = first..(first + 26).min(rows);
                assert!(sight.is_empty() || (few.start <= sight.start && sight.end <= few.end), "{few:?} {sight:?}");
            }
        }
        assert!(!is_hurried_step(-240.0) && is_hurried_step(241.0) && is_hurried_step(-1_000.0));
    }

    #[test]
    fn above_the_cap_every_row_can_still_be_reached() {
        let rows = 1_000_000;
        for row in [0, 1, 499_999, 777_777, 999_999] {
            let mut view = viewport(rows, 4_000_000.0);
            if let Some(scroll) = view.scroll_to(row) {
                view.scrolled_px = scroll;
            }
            assert!(view.spacer_px() <= SPACER_PX_MAX);
            let in_view = view.top_of(row) - view.scrolled_px;
            assert!((-0.5..=600.5 - ROW_PX).contains(&in_view), "row {row} stands at {in_view}");
            assert!(view.window().contains(&row));
        }
    }

    #[test]
    fn rows_of_a_capped_list_are_placed_from_a_row_near_by() {
        assert_eq!(viewport(100_000, 2_000_000.0).base(83_000), 0);
        let capped = viewport(1_000_000, 4_000_000.0);
        let base = capped.base(capped.window().start);
        assert!(base > 400_000 && capped.window().end - base <= 2 * BASE_ROWS, "{base}");
        let in_place = capped.top_of(base) + as_f64(500_000 - base) * ROW_PX;
        assert!((in_place - capped.top_of(500_000)).abs() < 0.01);
    }

    #[test]
    fn a_list_below_the_fold_scrolls_only_as_far_as_its_row_needs() {
        assert_eq!(viewport(1_000, -300.0).scroll_to(5), None);
        assert_eq!(viewport(1_000, -300.0).scroll_to(13), Some(-264.0));
        assert_eq!(viewport(1_000, -300.0).scroll_to(20), Some(-96.0));
    }

    #[test]
    fn a_neighbour_scrolls_just_into_sight() {
        assert_eq!(viewport(1_000, 240.0).scroll_to(9), Some(216.0));
        assert_eq!(viewport(1_000, 240.0).scroll_to(35), Some(264.0));
    }
}
