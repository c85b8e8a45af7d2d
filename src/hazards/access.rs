//! Who can do what from now on, summed up over a whole migration.

use crate::{
    ddl::{Access, Risk},
    hazards::{
        Sides,
        grants_to_public::is_everybody,
        words::{list, path},
    },
    model::{Ident, ObjectId},
    plan::Plan,
};

/// A line for each change of what somebody may do with what is there, and for what everybody may do with what is new.
pub fn access(plan: &Plan, sides: &Sides<'_>) -> Vec<String> {
    let told = |id: &ObjectId| {
        let is_new = id.parent().is_some_and(|parent| !sides.from.contains(parent));
        let lines = sides.risks(id).into_iter().filter_map(|risk| line(id, &risk, is_new));
        lines.collect::<Vec<_>>()
    };
    let mut lines: Vec<String> = plan.changes.iter().flat_map(|change| told(change.id())).collect();
    lines.sort();
    lines.dedup();
    lines
}

fn line(id: &ObjectId, risk: &Risk, is_new: bool) -> Option<String> {
    let who = |role: &str| match role {
        "" => "everybody".to_owned(),
        role => Ident::new(role).to_string(),
    };
    Some(match risk {
        Risk::Granted(Access { role, .. }) if is_new && !is_everybody(role) => return None,
        Risk::Granted(Access { role, privileges, on }) => format!("{} may {} on {on}", who(role), list(privileges)),
        Risk::Revoked(Access { role, privileges, on }) => {
            format!("{} may no longer {} on {on}", who(role), list(privileges))
        }
        Risk::RowSecurityOff => format!("who has privileges on {} reaches all of its rows", path(id)),
        Risk::RowSecurityUnforced => format!("the owner of {} reaches all of its rows", path(id)),
        Risk::PolicyWidened(how) => format!("who {id} is for may reach more rows: it {how}"),
        Risk::SecurityInvokerLost => format!("who may read {} reads with the rights of its owner", path(id)),
        _ => return None,
    })
}
