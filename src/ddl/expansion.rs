//! A part of another type beside the one that is there: expand, change places, contract.

use crate::{
    ddl::{Action, Lock, Verb, When},
    model::ObjectId,
};

/// How a part that holds values gives way to a successor.
#[derive(Clone, Debug)]
pub struct Expansion {
    /// What the successor is called until the two change places.
    pub beside: ObjectId,
    /// Makes the successor, fills it, and keeps it as the old one is, whoever writes.
    pub expand: Vec<Action>,
    /// Once all that stands on it is there.
    pub ready: Vec<Action>,
    /// Statements by which the two change names.
    pub swap: Vec<String>,
    /// Statements that take away what kept the two alike.
    pub part: Vec<String>,
    /// Statements that take the old one away.
    pub contract: Vec<String>,
    /// What stands on it and comes along by these actions already.
    pub brings: Vec<ObjectId>,
}

/// How something that stands on a part comes to stand on the successor.
#[derive(Clone, Debug, Default)]
pub struct Following {
    /// Makes it there, under another name where its own is taken.
    pub build: Vec<Action>,
    /// Statements that take it off the old part. They run in one transaction with those that put it in its place.
    pub leave: Vec<String>,
    /// Statements that put it in its place, by the names that count in the end.
    pub take: Vec<String>,
    /// PL/pgSQL declarations of what is handed on from the one to the other.
    pub hands_on: Vec<&'static str>,
    /// Whether it can take its place before the parts have changed names.
    pub by_itself: bool,
    /// What is done instead of `leave` where the old part stays in use.
    pub kept: Option<Kept>,
    /// The lock under which it leaves and takes its place, where that is not the strongest.
    pub lighter: Option<Lock>,
}

impl Following {
    /// Whether there is anything to do when it takes its place.
    pub fn moves(&self) -> bool {
        !(self.leave.is_empty() && self.take.is_empty())
    }
}

/// What goes on serving a part that stays in use beside its successor. It goes with the part.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    /// Makes what serves it from then on, where it has to give up what served it before.
    pub build: Vec<Action>,
    /// Statements that free the name for what stands on the successor.
    pub leave: Vec<String>,
    /// Whether only one of the two can have it, and the old part does until it goes.
    pub takes_last: bool,
    /// As for what it belongs to.
    pub lighter: Option<Lock>,
}

/// Statements in one transaction, as a block that needs no `BEGIN`. One by itself needs none.
pub fn together(subject: &ObjectId, tag: &str, hands_on: &[&str], statements: &[String]) -> Action {
    if let ([], [only]) = (hands_on, statements) {
        return Action::statement(Verb::Alter, subject, only.clone());
    }
    let text = statements.iter().map(|it| format!("    {};\n", it)).collect::<String>();
    let declare: String = hands_on.iter().map(|it| format!("    {it};\n")).collect();
    let declare = if declare.is_empty() { declare } else { format!("DECLARE\n{declare}") };
    let block = quoted(tag, &format!("\n{declare}BEGIN\n{text}END "));
    Action::statement(Verb::Alter, subject, format!("DO {block}"))
}

/// A text between dollar signs, with a tag that it does not hold itself.
pub fn quoted(tag: &str, text: &str) -> String {
    let tags = std::iter::once(format!("${tag}$")).chain((1..).map(|at| format!("${tag}{at}$")));
    let tag = tags.into_iter().find(|tag| !text.contains(tag.as_str())).unwrap_or_default();
    format!("{tag}{text}{tag}")
}

impl Action {
    /// The same as a part of a change of `subject`, which contains nothing else.
    pub fn about(self, subject: &ObjectId) -> Action {
        let mut gentler = self.gentler;
        for it in gentler.iter_mut().flat_map(|it| it.actions.iter_mut().chain(&mut it.finally)) {
            *it = it.clone().about(subject);
        }
        let when = if self.when == When::BeforeCommit { When::OwnTransaction } else { self.when };
        Action { subject: subject.clone(), verb: Verb::Alter, inline: None, gentler, when, ..self }
    }
}
