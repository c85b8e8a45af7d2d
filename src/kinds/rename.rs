//! `ALTER … RENAME`, `ALTER … SET SCHEMA`.

use crate::{
    ddl::{Action, Lock},
    kinds::Renamed,
    model::{Literal, ObjectId},
};

/// The statements that give an object another name, or another schema; nothing where there are none.
pub fn rename(id: &ObjectId, to: &ObjectId) -> Vec<Action> {
    let mut actions = Vec::new();
    let moved = ObjectId { parent: to.parent.clone(), ..id.clone() };
    let lock = match id.kind.renamed() {
        Renamed::No => return Vec::new(),
        Renamed::ByItself(lock) => lock,
        Renamed::AsPart(_) => Lock::AccessExclusive,
    };
    if moved != *id {
        actions.push(Action::alter(id, format!("ALTER {id} SET SCHEMA {}", to.container().name)));
    }
    if moved.name != to.name {
        let sql = match id.kind.renamed() {
            Renamed::AsPart(word) => format!("ALTER {} RENAME {word} {} TO {}", to.container(), id.name, to.name),
            Renamed::ByItself(_) | Renamed::No => format!("ALTER {moved} RENAME TO {}", to.name),
        };
        actions.push(Action::alter(id, sql));
    }
    actions.into_iter().map(|action| action.locks(lock)).collect()
}

/// The statement that gives a value of an enum another name (PostgreSQL manual, `ALTER TYPE`).
pub fn rename_label(id: &ObjectId, from: &str, to: &str) -> Action {
    Action::alter(id, format!("ALTER {id} RENAME VALUE {} TO {}", Literal(from), Literal(to)))
}
