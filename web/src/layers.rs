//! Where the nodes of a graph of calls stand: callers left of what they call, few crossings, the same each time. Pure.
//!
//! The usual way for layered graphs (Sugiyama): loops are cut where a walk from the callers meets itself, each node stands one
//! column right of its farthest caller, and columns are sorted by where their neighbours stand.

/// Rounds of sorting; more change little.
const ROUNDS: usize = 6;

/// Where a node stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spot {
    /// Column, from the left.
    pub column: usize,
    /// Place in its column.
    pub line: usize,
}

/// Places `count` nodes with calls between them; a column with more than `tallest` nodes becomes several.
#[must_use]
pub fn place(count: usize, edges: &[(usize, usize)], tallest: usize) -> Vec<Spot> {
    let edges: Vec<(usize, usize)> =
        edges.iter().copied().filter(|(from, to)| from != to && *from < count && *to < count).collect();
    let (order, kept) = without_loops(count, &edges);
    let mut column = vec![0_usize; count];
    // In this order every caller comes before what it calls.
    for at in &order {
        let next = column.get(*at).copied().unwrap_or_default() + 1;
        for (from, to) in &kept {
            if from == at
                && let Some(place) = column.get_mut(*to)
            {
                *place = (*place).max(next);
            }
        }
    }
    let width = column.iter().max().map_or(0, |most| most + 1);
    let mut columns: Vec<Vec<usize>> = vec![Vec::new(); width];
    for at in order {
        if let Some(list) = column.get(at).and_then(|column| columns.get_mut(*column)) {
            list.push(at);
        }
    }
    sort(&mut columns, &column, &edges, count);
    spots(&columns, count, tallest.max(1))
}

/// Returns the nodes, callers first, and the edges that close no loop.
fn without_loops(count: usize, edges: &[(usize, usize)]) -> (Vec<usize>, Vec<(usize, usize)>) {
    let called: Vec<Vec<usize>> =
        (0..count).map(|at| edges.iter().filter(|(from, _)| *from == at).map(|(_, to)| *to).collect()).collect();
    let is_first = |at: &usize| !edges.iter().any(|(_, to)| to == at);
    let firsts = (0..count).filter(is_first);
    let others = (0..count).filter(|at| !is_first(at));
    let mut state = vec![Walk::New; count];
    let (mut done, mut kept) = (Vec::new(), Vec::new());
    for start in firsts.chain(others) {
        if state.get(start) != Some(&Walk::New) {
            continue;
        }
        let mut way = vec![(start, 0_usize)];
        set(&mut state, start, Walk::OnTheWay);
        while let Some((at, next)) = way.last_mut() {
            let at = *at;
            let Some(to) = called.get(at).and_then(|called| called.get(*next)).copied() else {
                set(&mut state, at, Walk::Done);
                done.push(at);
                way.pop();
                continue;
            };
            *next += 1;
            match state.get(to) {
                Some(Walk::OnTheWay) | None => {}
                Some(Walk::Done) => kept.push((at, to)),
                Some(Walk::New) => {
                    kept.push((at, to));
                    set(&mut state, to, Walk::OnTheWay);
                    way.push((to, 0));
                }
            }
        }
    }
    done.reverse();
    (done, kept)
}

/// How far a walk has come at a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Walk {
    New,
    OnTheWay,
    Done,
}

fn set(state: &mut [Walk], at: usize, walk: Walk) {
    if let Some(place) = state.get_mut(at) {
        *place = walk;
    }
}

/// Sorts each column by the mean place of its neighbours, to and fro.
#[expect(clippy::cast_precision_loss, clippy::as_conversions, reason = "places on a screen")]
fn sort(columns: &mut [Vec<usize>], column: &[usize], edges: &[(usize, usize)], count: usize) {
    let mut height = vec![0.0_f64; count];
    let note = |height: &mut Vec<f64>, list: &[usize]| {
        for (line, at) in list.iter().enumerate() {
            if let Some(place) = height.get_mut(*at) {
                // Columns are centred.
                *place = line as f64 - list.len() as f64 / 2.0;
            }
        }
    };
    for list in columns.iter() {
        note(&mut height, list);
    }
    let width = columns.len();
    for round in 0..ROUNDS {
        let to_the_right = round % 2 == 0;
        for step in 0..width {
            let here = if to_the_right { step } else { width - 1 - step };
            let Some(list) = columns.get_mut(here) else { continue };
            let mean = |at: usize| {
                let neighbours = edges.iter().filter_map(|(from, to)| match (*from == at, *to == at) {
                    (true, _) => Some(*to),
                    (_, true) => Some(*from),
                    _ => None,
                });
                let seen = neighbours.filter(|other| {
                    let there = column.get(*other).copied().unwrap_or_default();
                    if to_the_right { there < here } else { there > here }
                });
                let places: Vec<f64> = seen.filter_map(|other| height.get(other).copied()).collect();
                let own = height.get(at).copied().unwrap_or_default();
                if places.is_empty() { own } else { places.iter().sum::<f64>() / places.len() as f64 }
            };
            let mut keyed: Vec<(f64, usize)> = list.iter().map(|at| (mean(*at), *at)).collect();
            keyed.sort_by(|one, other| one.0.total_cmp(&other.0));
            *list = keyed.into_iter().map(|(_, at)| at).collect();
            note(&mut height, list);
        }
    }
}

fn spots(columns: &[Vec<usize>], count: usize, tallest: usize) -> Vec<Spot> {
    let mut spots = vec![Spot::default(); count];
    let mut first = 0;
    for list in columns {
        let parts = list.len().div_ceil(tallest).max(1);
        let each = list.len().div_ceil(parts).max(1);
        for (line, at) in list.iter().enumerate() {
            if let Some(spot) = spots.get_mut(*at) {
                *spot = Spot { column: first + line / each, line: line % each };
            }
        }
        first += parts;
    }
    spots
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn columns(count: usize, edges: &[(usize, usize)]) -> Vec<usize> {
        place(count, edges, usize::MAX).iter().map(|spot| spot.column).collect()
    }

    #[test]
    fn callers_stand_left_and_loops_end() {
        assert_eq!(columns(3, &[(0, 1), (1, 2), (0, 2)]), [0, 1, 2], "the farthest caller decides");
        assert_eq!(columns(3, &[(0, 1), (1, 2), (2, 1)]), [0, 1, 2], "an answer back moves nobody");
        assert_eq!(columns(2, &[(0, 1), (1, 0), (0, 0)]), [0, 1]);
        assert_eq!(place(0, &[], 3), []);
        assert_eq!(columns(2, &[(0, 9)]), [0, 0], "an edge to nowhere is none");
    }

    #[test]
    fn lines_that_need_not_cross_do_not() {
        // Two callers, each with its own two; given crosswise.
        let spots = place(6, &[(0, 3), (0, 5), (1, 2), (1, 4)], usize::MAX);
        let line = |at: usize| spots[at].line;
        let below =
            |upper: [usize; 2], lower: [usize; 2]| upper.iter().all(|u| lower.iter().all(|l| line(*u) < line(*l)));
        assert!(if line(0) < line(1) { below([3, 5], [2, 4]) } else { below([2, 4], [3, 5]) }, "{spots:?}");
    }

    #[test]
    fn a_tall_column_becomes_several_of_one_height() {
        let edges: Vec<(usize, usize)> = (1..31).map(|to| (0, to)).collect();
        let spots = place(31, &edges, 12);
        let most = |of: fn(&Spot) -> usize| spots.iter().map(of).max().unwrap() + 1;
        assert_eq!((most(|spot| spot.column), most(|spot| spot.line)), (4, 10), "{spots:?}");
    }

    proptest! {
        /// Whatever calls whom: every node has a spot of its own, heights are bounded, and where there is no loop every call goes right.
        #[test]
        fn no_two_nodes_share_a_spot_and_calls_go_right(
            edges in prop::collection::vec((0_usize..40, 0_usize..40), 0..120), tallest in 1_usize..15, is_tree in any::<bool>()
        ) {
            let edges: Vec<_> = edges.into_iter().filter(|(from, to)| !is_tree || from < to).collect();
            let spots = place(40, &edges, tallest);
            let mut seen = std::collections::HashSet::new();
            prop_assert!(spots.iter().all(|spot| seen.insert((spot.column, spot.line)) && spot.line < tallest));
            prop_assert_eq!(&spots, &place(40, &edges, tallest));
            if is_tree {
                for (from, to) in edges {
                    prop_assert!(spots[from].column < spots[to].column);
                }
            }
        }
    }
}
