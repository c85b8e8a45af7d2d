//! What a reader must know before a statement runs: opinions on the facts of kinds, and on what was observed. One file a
//! hazard, with what it warns about, why, and the way round; the same is its page in `docs/reference/hazards`. Names no kind.

#![allow(
    clippy::wildcard_enum_match_arm,
    reason = "a hazard is about one risk of many, or one sort of statement, and means that by `_`"
)]

mod access;
mod adds_required_column;
mod adds_unique;
mod batches_by_offset;
mod breaks_callers;
mod breaks_view;
mod builds_index;
mod casts_values;
mod changes_type;
mod course;
mod disables_row_security;
mod drops_column;
mod drops_replica_identity;
mod drops_security_invoker;
mod drops_table;
mod estimate;
mod event;
mod fails_on_rows;
mod grants_to_public;
mod judge;
mod lacks_lock_timeout;
mod leaves_search_path_open;
mod leaves_transaction;
mod locks_table;
mod narrows_type;
mod removes_enum_value;
mod renames_object;
mod resets_sequence;
mod revokes_widely;
mod rewrites_table;
mod scans_table;
mod session;
mod sets_not_null;
mod unforces_row_security;
mod upgrades_extension;
mod validates_constraint;
mod widens_policy;
mod words;

pub use access::access;
pub use course::Course;
pub use event::{Event, Sides};
pub use judge::{Seen, judge};
pub use session::Session;

use crate::{
    diagnostic::{Estimate, Hazard, Severity},
    model::{ObjectId, Span},
};

/// One sort of hazard.
pub struct Rule {
    /// Stable: machines and people's notes go by it.
    pub code: &'static str,
    /// The usual one, and the highest.
    pub severity: Severity,
    /// The way round, where a finding has none of its own.
    instead: &'static str,
    find: fn(&Event<'_>) -> Vec<Found>,
}

/// All of them: what loses data, what fails, what others wait for, what breaks programs, what lets somebody do more, and
/// what only a text shows.
pub const RULES: &[Rule] = &[
    drops_table::RULE,
    drops_column::RULE,
    removes_enum_value::RULE,
    casts_values::RULE,
    narrows_type::RULE,
    resets_sequence::RULE,
    adds_required_column::RULE,
    fails_on_rows::RULE,
    sets_not_null::RULE,
    adds_unique::RULE,
    validates_constraint::RULE,
    rewrites_table::RULE,
    builds_index::RULE,
    scans_table::RULE,
    locks_table::RULE,
    lacks_lock_timeout::RULE,
    leaves_transaction::RULE,
    renames_object::RULE,
    changes_type::RULE,
    breaks_callers::RULE,
    breaks_view::RULE,
    disables_row_security::RULE,
    unforces_row_security::RULE,
    widens_policy::RULE,
    drops_security_invoker::RULE,
    leaves_search_path_open::RULE,
    grants_to_public::RULE,
    revokes_widely::RULE,
    drops_replica_identity::RULE,
    upgrades_extension::RULE,
    batches_by_offset::RULE,
];

/// What a rule has found.
struct Found {
    object: String,
    text: String,
    /// Where it is not the rule's own.
    severity: Option<Severity>,
    instead: Option<String>,
    written: Option<Span>,
    estimate: Option<Estimate>,
}

impl Found {
    /// About an object.
    fn of(event: &Event<'_>, id: &ObjectId, text: String) -> Found {
        Found { written: event.written_at(id), ..Found::about(id.to_string(), text) }
    }
    fn about(object: String, text: String) -> Found {
        Found { object, text, severity: None, instead: None, written: None, estimate: None }
    }
    fn severity(self, severity: Severity) -> Found {
        Found { severity: Some(severity), ..self }
    }
    fn estimated(self, estimate: Option<Estimate>) -> Found {
        Found { estimate, ..self }
    }
    /// What others wait for is only good to know where it is over in a moment.
    fn a_note_where_small(self) -> Found {
        let is_small = self.estimate.as_ref().is_some_and(estimate::is_small);
        if is_small { self.severity(Severity::Note) } else { self }
    }
    fn instead(self, instead: impl Into<String>) -> Found {
        Found { instead: Some(instead.into()), ..self }
    }
}

/// Everything that there is to say of one statement, the worst first.
pub fn find(event: &Event<'_>) -> Vec<Hazard> {
    let each = |rule: &'static Rule| {
        (rule.find)(event).into_iter().map(move |found| Hazard {
            code: rule.code,
            severity: found.severity.unwrap_or(rule.severity),
            object: found.object,
            text: found.text,
            instead: found.instead.unwrap_or_else(|| rule.instead.to_owned()),
            written: found.written,
            estimate: found.estimate,
        })
    };
    let mut hazards: Vec<Hazard> = Vec::new();
    for hazard in RULES.iter().flat_map(each) {
        if !hazards.contains(&hazard) {
            hazards.push(hazard);
        }
    }
    hazards.sort_by_key(|it| std::cmp::Reverse(it.severity));
    hazards
}
