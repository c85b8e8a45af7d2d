//! Why each statement of a plan is there, and why it stands where it does. Names no kind.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{
    catalog::Catalog,
    diff::Change,
    model::ObjectId,
    plan::{Order, Plan, Why},
};

/// What there is to say of one statement.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explanation {
    /// The differences that asked for it.
    pub reasons: Vec<Reason>,
    /// The statements that must come before it.
    pub comes_after: Vec<Tie>,
    /// The statements that must come after it.
    pub comes_before: Vec<Tie>,
    /// What PostgreSQL says to it where it stands earlier: before which statement, and the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elsewhere: Option<Elsewhere>,
}

/// One difference, in words; where an attribute changes, from which value to which.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    pub object: String,
    pub what: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<(String, String)>,
}

/// Another statement, by its number from 1, and what ties the two.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tie {
    pub statement: usize,
    pub why: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Elsewhere {
    /// By its number from 1.
    pub before: usize,
    /// PostgreSQL's words; nothing where it has no objection.
    pub error: Option<String>,
}

/// An explanation for each step of `plan`, which leads from `from`, as it is after the plan's renames, to `to`.
pub fn explain(plan: &Plan, from: &Catalog, to: &Catalog) -> Vec<Explanation> {
    let changes: BTreeMap<&ObjectId, &Change> = plan.changes.iter().map(|change| (change.id(), change)).collect();
    let mut after: Vec<BTreeMap<usize, &Order>> = vec![BTreeMap::new(); plan.steps.len()];
    let mut before = after.clone();
    // What has to be counts for more than what would be good.
    let mut order: Vec<&Order> = plan.order.iter().collect();
    order.sort_by_key(|it| (it.is_wish, it.before, it.after));
    for it in order {
        after[it.after].entry(it.before).or_insert(it);
        before[it.before].entry(it.after).or_insert(it);
    }
    let tie = |(at, order): (&usize, &&Order)| Tie { statement: at + 1, why: in_words(order) };
    let mut explained: Vec<Explanation> = plan
        .steps
        .iter()
        .zip(after.iter().zip(&before))
        .map(|(step, (after, before))| {
            let mut seen = BTreeSet::new();
            let subjects = step.subjects.iter().filter(|id| seen.insert(*id));
            let mut reasons: Vec<Reason> =
                subjects.filter_map(|id| changes.get(id)).flat_map(|it| reasons(it, from, to)).collect();
            reasons.extend(step.because.iter().map(|why| Reason {
                object: String::new(),
                what: why.clone(),
                values: None,
            }));
            Explanation {
                reasons,
                comes_after: after.iter().map(tie).collect(),
                comes_before: before.iter().map(tie).collect(),
                elsewhere: None,
            }
        })
        .collect();
    for it in explained.iter_mut().take(plan.carried_out) {
        let what = "names change before all else, so that the rest is told in the new ones".to_owned();
        it.reasons.push(Reason { object: String::new(), what, values: None });
    }
    explained
}

fn reasons(change: &Change, from: &Catalog, to: &Catalog) -> Vec<Reason> {
    let object = change.id().to_string();
    let plain = |what: &str| vec![Reason { object: object.clone(), what: what.to_owned(), values: None }];
    match change {
        Change::Add(_) => plain("TO has it, and FROM has not"),
        Change::Remove(_) => plain("FROM has it, and TO has not"),
        Change::Alter(id, attributes) => {
            let values = |catalog: &Catalog| {
                catalog.get(id).map(|it| it.attributes()).unwrap_or_default().into_iter().collect::<BTreeMap<_, _>>()
            };
            let (before, after) = (values(from), values(to));
            let reason = |attribute: &&'static str| Reason {
                object: object.clone(),
                what: attribute.replace('_', " "),
                values: before.get(attribute).cloned().zip(after.get(attribute).cloned()),
            };
            attributes.iter().map(reason).collect()
        }
    }
}

fn in_words(order: &Order) -> String {
    let Order { first, second, .. } = order;
    match order.why {
        Why::OneChange if first == second => format!("both change {first}, one after the other"),
        Why::OneChange => format!("{second} is moved over to, or away from, {first}"),
        Why::InTheWay if first == second => format!("{first} is dropped before it is made anew"),
        Why::InTheWay => format!("{first} has to be out of the way of {second}"),
        Why::Needed if order.is_wish => format!("{second} mentions {first}"),
        Why::Needed => format!("{second} needs {first}"),
        Why::Inherited => format!("{second} is to find {first} as it will be"),
        Why::Name if second.ancestors().any(|up| up == first) => format!("{second} is set on the new {first}"),
        Why::Name if first == second => format!("{first} is dropped before it is made anew"),
        Why::Name => format!("{first} frees the name that {second} takes"),
        Why::Room => format!("{first} makes room for {second}"),
    }
}
