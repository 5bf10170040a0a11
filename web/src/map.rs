//! The service map as it is drawn and walked: where everything stands, and where an arrow key leads. Pure.

use std::collections::HashMap;

use telltale_api::services::{MapEdge, MapNode, ServiceMap};

use crate::layers::{Spot, place};

pub mod drawn;

/// Nodes of the tallest column: what fits on a screen.
const TALLEST: usize = 12;
/// Nodes of a row of those that nobody calls and that call nobody.
const LONE_WIDTH: usize = 5;

/// Everything on the map.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Map {
    /// What stands at the ends of calls; column by column, from top to bottom.
    pub nodes: Vec<Node>,
    /// Calls, most first.
    pub edges: Vec<Edge>,
    /// Columns.
    pub columns: usize,
    /// Height in half lines.
    pub halves: usize,
}

/// A node with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// What it is.
    pub node: MapNode,
    /// Column, from the left.
    pub column: usize,
    /// Half lines from the top: columns are centred.
    pub half: usize,
}

/// A call with the positions of its ends.
#[derive(Debug, Clone, PartialEq)]
pub struct Edge {
    /// Position of the caller.
    pub from: usize,
    /// Position of the called.
    pub to: usize,
    /// Its numbers.
    pub edge: MapEdge,
}

/// What has the focus.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Focus {
    /// A node, by position.
    Node(usize),
    /// A call, by position.
    Edge(usize),
}

/// A step of the focus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Along a call, or to its end.
    Right,
    /// Against it.
    Left,
    /// To the next beside it.
    Down,
    /// To the one before.
    Up,
    /// To the first node.
    First,
    /// To the last.
    Last,
}

impl Map {
    /// Places everything.
    #[must_use]
    pub fn new(map: &ServiceMap) -> Self {
        let numbers: HashMap<&str, usize> =
            map.nodes.iter().enumerate().map(|(at, node)| (node.id.as_str(), at)).collect();
        let ends = |edge: &MapEdge| Some((*numbers.get(edge.from.as_str())?, *numbers.get(edge.to.as_str())?));
        let joined: Vec<(usize, usize)> = map.edges.iter().filter_map(ends).collect();
        let is_joined = |at: usize| joined.iter().any(|(from, to)| from != to && (*from == at || *to == at));
        let (tied, lone): (Vec<usize>, Vec<usize>) = (0..map.nodes.len()).partition(|at| is_joined(*at));
        let small: HashMap<usize, usize> = tied.iter().enumerate().map(|(small, at)| (*at, small)).collect();
        let edges: Vec<(usize, usize)> =
            joined.iter().filter_map(|(from, to)| Some((*small.get(from)?, *small.get(to)?))).collect();
        let spots = place(tied.len(), &edges, TALLEST);
        let mut placed = centred(&tied, &spots);
        let columns = spots.iter().map(|spot| spot.column + 1).max().unwrap_or(0);
        let below = placed.iter().map(|(_, _, half)| half + 2).max().unwrap_or(0);
        let width = columns.max(LONE_WIDTH);
        placed.extend(lone.iter().enumerate().map(|(place, at)| (*at, place % width, below + place / width * 2)));
        placed.sort_by_key(|(_, column, half)| (*half >= below && below > 0, *column, *half));
        Self::put_together(map, &placed)
    }

    fn put_together(map: &ServiceMap, placed: &[(usize, usize, usize)]) -> Self {
        let nodes: Vec<Node> = placed
            .iter()
            .filter_map(|(at, column, half)| {
                Some(Node { node: map.nodes.get(*at)?.clone(), column: *column, half: *half })
            })
            .collect();
        let numbers: HashMap<&str, usize> =
            nodes.iter().enumerate().map(|(at, node)| (node.node.id.as_str(), at)).collect();
        let edges = map.edges.iter().filter_map(|edge| {
            let (from, to) = (*numbers.get(edge.from.as_str())?, *numbers.get(edge.to.as_str())?);
            Some(Edge { from, to, edge: edge.clone() })
        });
        let edges = edges.collect();
        let columns = nodes.iter().map(|node| node.column + 1).max().unwrap_or(0);
        let halves = nodes.iter().map(|node| node.half + 2).max().unwrap_or(0);
        Self { nodes, edges, columns, halves }
    }

    /// Returns what an address names: a node, or the call from it to another.
    #[must_use]
    pub fn find(&self, at: &str, calls: Option<&str>) -> Option<Focus> {
        match calls {
            None => self.nodes.iter().position(|node| node.node.id == at).map(Focus::Node),
            Some(to) => self.edges.iter().position(|edge| edge.edge.from == at && edge.edge.to == to).map(Focus::Edge),
        }
    }

    /// Returns whether something belongs to what has the focus: itself, its ends, its calls and those at their other ends.
    #[must_use]
    pub fn is_near(&self, focus: Focus, other: Focus) -> bool {
        let ends = |at: usize| self.edges.get(at).map(|edge| (edge.from, edge.to));
        let touches = |edge: usize, node: usize| ends(edge).is_some_and(|(from, to)| from == node || to == node);
        match (focus, other) {
            (Focus::Node(a), Focus::Node(b)) => {
                a == b || (0..self.edges.len()).any(|edge| touches(edge, a) && touches(edge, b))
            }
            (Focus::Node(node), Focus::Edge(edge)) | (Focus::Edge(edge), Focus::Node(node)) => touches(edge, node),
            (Focus::Edge(a), Focus::Edge(b)) => a == b,
        }
    }

    /// Returns where a step leads; the same place where there is nothing.
    #[must_use]
    pub fn step(&self, at: Focus, step: Step) -> Focus {
        let last = self.nodes.len().saturating_sub(1);
        let edge_of = |fits: &dyn Fn(&Edge) -> bool| self.edges.iter().position(fits).map(Focus::Edge);
        match (at, step) {
            (_, Step::First) => Focus::Node(0),
            (_, Step::Last) => Focus::Node(last),
            (Focus::Node(node), Step::Right) => edge_of(&|edge| edge.from == node).unwrap_or(at),
            (Focus::Node(node), Step::Left) => edge_of(&|edge| edge.to == node).unwrap_or(at),
            (Focus::Node(node), Step::Down) => Focus::Node((node + 1).min(last)),
            (Focus::Node(node), Step::Up) => Focus::Node(node.saturating_sub(1)),
            (Focus::Edge(edge), Step::Right) => self.edges.get(edge).map_or(at, |edge| Focus::Node(edge.to)),
            (Focus::Edge(edge), Step::Left) => self.edges.get(edge).map_or(at, |edge| Focus::Node(edge.from)),
            (Focus::Edge(edge), Step::Down | Step::Up) => self.beside(edge, step == Step::Down).unwrap_or(at),
        }
    }

    /// Returns the next or previous call of the same caller.
    fn beside(&self, edge: usize, forward: bool) -> Option<Focus> {
        let from = self.edges.get(edge)?.from;
        let mut same = self.edges.iter().enumerate().filter(|(_, other)| other.from == from).map(|(at, _)| at);
        let found = if forward { same.find(|at| *at > edge) } else { same.rfind(|at| *at < edge) };
        found.map(Focus::Edge)
    }
}

/// Centres columns: position, column, half lines from the top.
fn centred(tied: &[usize], spots: &[Spot]) -> Vec<(usize, usize, usize)> {
    let height = |column: usize| spots.iter().filter(|spot| spot.column == column).count();
    let tallest = spots.iter().map(|spot| height(spot.column)).max().unwrap_or(0);
    let half = |spot: &Spot| spot.line * 2 + tallest - height(spot.column);
    tied.iter().zip(spots).map(|(at, spot)| (*at, spot.column, half(spot))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    pub(super) fn map(nodes: &[&str], edges: &[(&str, &str)]) -> Map {
        let node = |name: &&str| MapNode { id: (*name).to_owned(), name: (*name).to_owned(), ..MapNode::default() };
        let edge = |(from, to): &(&str, &str)| MapEdge {
            from: (*from).to_owned(),
            to: (*to).to_owned(),
            ..MapEdge::default()
        };
        Map::new(&ServiceMap {
            nodes: nodes.iter().map(node).collect(),
            edges: edges.iter().map(edge).collect(),
            ..ServiceMap::default()
        })
    }

    fn place_of(map: &Map, name: &str) -> (usize, usize) {
        let node = map.nodes.iter().find(|node| node.node.id == name).unwrap();
        (node.column, node.half)
    }

    #[test]
    fn columns_are_centred_and_lone_services_stand_below() {
        let map = map(&["cron", "db", "shop", "stock", "web"], &[("web", "shop"), ("web", "stock"), ("shop", "db")]);
        assert_eq!((place_of(&map, "web"), place_of(&map, "db")), ((0, 1), (2, 1)));
        assert_eq!((place_of(&map, "shop").0, place_of(&map, "stock").0), (1, 1));
        assert_eq!(place_of(&map, "cron"), (0, 4), "below everything that calls");
        assert_eq!((map.columns, map.halves, map.nodes.len()), (3, 6, 5));
        assert_eq!(map.nodes.last().unwrap().node.id, "cron");
        assert_eq!(Map::new(&ServiceMap::default()), Map::default());
    }

    #[test]
    fn arrow_keys_walk_along_calls_and_beside_them() {
        let map = map(&["db", "shop", "stock", "web"], &[("web", "shop"), ("web", "stock"), ("shop", "db")]);
        let node = |name: &str| map.find(name, None).unwrap();
        let edge = |from: &str, to: &str| map.find(from, Some(to)).unwrap();
        assert_eq!(map.step(node("web"), Step::Right), edge("web", "shop"));
        assert_eq!(map.step(edge("web", "shop"), Step::Down), edge("web", "stock"));
        assert_eq!(map.step(edge("web", "stock"), Step::Down), edge("web", "stock"));
        assert_eq!(map.step(edge("web", "stock"), Step::Up), edge("web", "shop"));
        assert_eq!(map.step(edge("web", "shop"), Step::Right), node("shop"));
        assert_eq!(map.step(node("shop"), Step::Left), edge("web", "shop"));
        assert_eq!(map.step(edge("shop", "db"), Step::Left), node("shop"));
        assert_eq!(map.step(node("db"), Step::Right), node("db"));
        assert!(map.is_near(node("web"), node("stock")) && !map.is_near(node("web"), node("db")));
        assert!(map.is_near(node("shop"), edge("shop", "db")) && !map.is_near(edge("web", "shop"), node("db")));
        assert_eq!(map.find("nobody", None), None);
    }

    proptest! {
        /// Sixty services, whoever calls whom: everything is reached with the keys, and nothing lies on something else.
        #[test]
        fn every_node_is_reached_by_going_down(edges in prop::collection::vec((0_usize..60, 0_usize..60), 0..150)) {
            let names: Vec<String> = (0..60).map(|number| format!("{number:02}")).collect();
            let nodes: Vec<&str> = names.iter().map(String::as_str).collect();
            let edges: Vec<(&str, &str)> = edges.iter().map(|(from, to)| (nodes[*from], nodes[*to])).collect();
            let map = map(&nodes, &edges);
            prop_assert_eq!((map.nodes.len(), map.edges.len()), (60, edges.len()));
            let mut at = map.step(Focus::Node(7), Step::First);
            let mut seen = std::collections::HashSet::from([at]);
            for _ in 0..60 {
                at = map.step(at, Step::Down);
                seen.insert(at);
            }
            prop_assert_eq!(seen.len(), 60);
            let places: std::collections::HashSet<_> = map.nodes.iter().map(|node| (node.column, node.half / 2, node.half)).collect();
            prop_assert_eq!(places.len(), 60);
        }
    }
}
