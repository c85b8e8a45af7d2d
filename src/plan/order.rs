//! Puts actions in an order in which each finds what it needs.
//!
//! The given order is kept wherever it can be: an action moves only to come after what it needs. A definition and what
//! it contains stand as one, so that a table reads as one `CREATE TABLE`, unless that would tie a knot.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use petgraph::{algo::tarjan_scc, graph::DiGraph};

use crate::{
    ddl::{Action, Inline, Verb},
    model::{ObjectId, Sql},
    plan::edges::Edge,
};

/// An action with those that are written inside it.
#[derive(Clone, Debug)]
pub(crate) struct Ordered {
    /// Which of the actions it is, as they came.
    pub at: usize,
    pub action: Action,
    pub contents: Vec<Ordered>,
}

/// Orders actions, which come in reading order.
///
/// # Errors
/// The members of a cycle that nothing can break.
pub(crate) fn order(actions: Vec<Action>, edges: &[Edge]) -> Result<Vec<Ordered>, Vec<Action>> {
    let mut knots = Clusters::new(&actions, edges);
    while let Some(cycle) = knots.cycle() {
        if !knots.loosen(&cycle) {
            return Err(cycle.into_iter().map(|root| actions[root].clone()).collect());
        }
    }
    let sorted = knots.sort();
    Ok(knots.assemble(&sorted))
}

/// Actions grouped by the definition that they are written in. A group goes by its first member, its root.
struct Clusters<'a> {
    actions: &'a [Action],
    edges: Vec<Edge>,
    /// What each action would be written inside.
    hosts: Vec<Option<usize>>,
}

impl<'a> Clusters<'a> {
    fn new(actions: &'a [Action], edges: &[Edge]) -> Clusters<'a> {
        let mut makers: HashMap<&ObjectId, usize> = HashMap::new();
        for (at, action) in actions.iter().enumerate().filter(|(_, action)| action.verb == Verb::Create) {
            makers.entry(&action.subject).or_insert(at);
        }
        let is_item = |at: usize| {
            let whole = actions[at].subject.parent().and_then(|id| makers.get(id));
            let is_defined = whole.is_some_and(|&whole| matches!(actions[whole].sql, Sql::Definition { .. }));
            is_defined && actions[at].inline.is_some()
        };
        let host = |action: &Action| {
            let host = makers.get(action.subject.parent()?).copied()?;
            let accepts = match (&action.inline, &actions[host].sql) {
                (Some(_), Sql::Definition { .. }) => true,
                (Some(Inline::Suffix(_)), _) => actions[host].inline.is_some(),
                (Some(Inline::Within(_)), _) => is_item(host),
                (Some(Inline::Item(_)) | None, _) => false,
            };
            accepts.then_some(host)
        };
        Clusters { actions, edges: edges.to_vec(), hosts: actions.iter().map(host).collect() }
    }

    fn root(&self, at: usize) -> usize {
        std::iter::successors(Some(at), |&it| self.hosts[it]).last().unwrap_or(at)
    }

    fn graph(&self) -> DiGraph<(), ()> {
        let pairs = self.edges.iter().map(|edge| (self.root(edge.before), self.root(edge.after)));
        let pairs: BTreeSet<(usize, usize)> = pairs.filter(|(before, after)| before != after).collect();
        let mut graph = DiGraph::with_capacity(self.actions.len(), pairs.len());
        let nodes: Vec<_> = self.actions.iter().map(|_| graph.add_node(())).collect();
        for (before, after) in pairs {
            graph.add_edge(nodes[before], nodes[after], ());
        }
        graph
    }

    /// Every root that is in some cycle; nothing where there is none.
    fn cycle(&self) -> Option<BTreeSet<usize>> {
        let components = tarjan_scc(&self.graph());
        let component = components.into_iter().filter(|it| 1 < it.len()).min_by_key(|it| it.iter().min().copied())?;
        Some(component.into_iter().map(|node| node.index()).collect())
    }

    /// Gives up a wish, or writes something by itself that could have been written inside a definition.
    fn loosen(&mut self, cycle: &BTreeSet<usize>) -> bool {
        let roots: Vec<usize> = (0..self.actions.len()).map(|at| self.root(at)).collect();
        let inside = |edge: &Edge| {
            let (before, after) = (roots[edge.before], roots[edge.after]);
            before != after && cycle.contains(&before) && cycle.contains(&after)
        };
        let edges = self.edges.len();
        self.edges.retain(|edge| !(edge.soft && inside(edge)));
        if self.edges.len() < edges {
            return true;
        }
        let needy: Vec<usize> = self
            .edges
            .iter()
            .filter(|edge| inside(edge))
            .map(|edge| edge.after)
            .filter(|&at| self.hosts[at].is_some())
            .collect();
        // What others in the definition need stays in it if anything else can go.
        let needed = |at: usize| self.edges.iter().any(|edge| edge.before == at && roots[edge.after] == roots[at]);
        let (kept, loose): (Vec<usize>, Vec<usize>) = needy.into_iter().partition(|&at| needed(at));
        let going = if loose.is_empty() { kept } else { loose };
        for &at in &going {
            self.hosts[at] = None;
        }
        for (at, action) in self.actions.iter().enumerate() {
            let is_orphan = self.hosts[at].is_some_and(|host| self.hosts[host].is_none());
            if is_orphan && matches!(action.inline, Some(Inline::Within(_))) {
                self.hosts[at] = None;
            }
        }
        !going.is_empty()
    }

    /// Roots in order: each preceded by what it needs, and otherwise as they came.
    fn sort(&self) -> Vec<usize> {
        let mut needs: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        for edge in &self.edges {
            let (before, after) = (self.root(edge.before), self.root(edge.after));
            if before != after {
                needs.entry(after).or_default().insert(before);
            }
        }
        let mut sorted = Vec::new();
        let mut state = vec![Visit::Not; self.actions.len()];
        for start in (0..self.actions.len()).filter(|&at| self.hosts[at].is_none()) {
            let mut stack = vec![start];
            while let Some(&at) = stack.last() {
                match state[at] {
                    Visit::Done => {
                        stack.pop();
                    }
                    Visit::Begun => {
                        state[at] = Visit::Done;
                        sorted.push(at);
                        stack.pop();
                    }
                    Visit::Not => {
                        state[at] = Visit::Begun;
                        let before = needs.get(&at).into_iter().flatten().rev();
                        stack.extend(before.copied().filter(|&it| state[it] == Visit::Not));
                    }
                }
            }
        }
        sorted
    }

    fn assemble(&self, sorted: &[usize]) -> Vec<Ordered> {
        let mut contents: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (at, host) in self.hosts.iter().enumerate() {
            if let Some(host) = host {
                contents.entry(*host).or_default().push(at);
            }
        }
        sorted.iter().map(|&at| self.gather(at, &contents)).collect()
    }

    fn gather(&self, at: usize, contents: &BTreeMap<usize, Vec<usize>>) -> Ordered {
        let inside = contents.get(&at).into_iter().flatten().map(|&it| self.gather(it, contents));
        Ordered { at, action: self.actions[at].clone(), contents: inside.collect() }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Visit {
    Not,
    Begun,
    Done,
}
