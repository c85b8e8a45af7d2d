//! The columns of a table, in parts that have nothing to do with each other: what a check or a foreign key ties
//! together is chosen together.

use super::{
    facts::{Condition, Relation},
    mentions::Mentions,
};

/// Columns whose values depend on each other. The numbers are places in the lists of the relation.
#[derive(Debug, Default)]
pub(super) struct Part {
    pub(super) columns: Vec<usize>,
    /// Columns that PostgreSQL computes from these.
    pub(super) generated: Vec<usize>,
    pub(super) checks: Vec<Condition>,
    pub(super) references: Vec<usize>,
}

/// In the order of their first columns.
pub(super) fn parts(relation: &Relation) -> Vec<Part> {
    let place = |name: &String| relation.columns.iter().position(|column| column.name == *name);
    let mut groups = Groups((0..relation.columns.len()).collect());
    for condition in &relation.conditions {
        groups.tie(&condition.mentions.columns.iter().filter_map(place).collect::<Vec<_>>());
    }
    for reference in &relation.references {
        groups.tie(&reference.columns.iter().filter_map(place).collect::<Vec<_>>());
    }
    for (at, column) in relation.columns.iter().enumerate().filter(|(_, column)| column.is_generated) {
        let from = column.default.as_deref().map(Mentions::of).unwrap_or_default().columns;
        groups.tie(&from.iter().filter_map(place).chain([at]).collect::<Vec<_>>());
    }
    let mut parts: Vec<Part> = (0..relation.columns.len()).map(|_| Part::default()).collect();
    for (at, column) in relation.columns.iter().enumerate() {
        let part = &mut parts[groups.of(at)];
        if column.is_generated { part.generated.push(at) } else { part.columns.push(at) }
    }
    for condition in &relation.conditions {
        if let Some(first) = condition.mentions.columns.iter().find_map(place) {
            parts[groups.of(first)].checks.push(condition.clone());
        }
    }
    for (at, reference) in relation.references.iter().enumerate() {
        if let Some(first) = reference.columns.iter().find_map(place) {
            parts[groups.of(first)].references.push(at);
        }
    }
    parts.retain(|part| !part.columns.is_empty());
    parts
}

/// Which column leads the group of each column.
struct Groups(Vec<usize>);

impl Groups {
    fn of(&self, at: usize) -> usize {
        self.0[at]
    }
    fn tie(&mut self, columns: &[usize]) {
        let Some(lead) = columns.iter().map(|&at| self.of(at)).min() else { return };
        let tied: Vec<usize> = columns.iter().map(|&at| self.of(at)).collect();
        for group in &mut self.0 {
            if tied.contains(group) {
                *group = lead;
            }
        }
    }
}
