//! What Prisma writes under one heading, and how that becomes a plan.

use std::collections::BTreeSet;

use crate::{
    ddl::{Verb, When},
    model::ObjectId,
    plan::{Frame, Plan, Step},
};

/// The sorts of things that Prisma does, in its order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rank {
    /// What goes on under another name, of which Prisma knows nothing.
    Renamed,
    CreateSchema,
    CreateExtension,
    CreateEnum,
    AlterEnum,
    DropForeignKey,
    DropIndex,
    AlterTable,
    DropTable,
    DropEnum,
    CreateTable,
    CreateIndex,
    RenameForeignKey,
    AddForeignKey,
    RenameIndex,
    /// Without a text of its own: another piece does it.
    Silent,
}

impl Rank {
    fn title(self) -> &'static str {
        match self {
            Rank::Renamed | Rank::AlterTable | Rank::Silent => "AlterTable",
            Rank::CreateSchema => "CreateSchema",
            Rank::CreateExtension => "CreateExtension",
            Rank::CreateEnum => "CreateEnum",
            Rank::AlterEnum => "AlterEnum",
            Rank::DropForeignKey => "DropForeignKey",
            Rank::DropIndex => "DropIndex",
            Rank::DropTable => "DropTable",
            Rank::DropEnum => "DropEnum",
            Rank::CreateTable => "CreateTable",
            Rank::CreateIndex => "CreateIndex",
            Rank::RenameForeignKey => "RenameForeignKey",
            Rank::AddForeignKey => "AddForeignKey",
            Rank::RenameIndex => "RenameIndex",
        }
    }
}

/// A statement, with what stands around it that is none of the plan's.
#[derive(Clone, Debug)]
pub(super) struct Sentence {
    pub(super) before: String,
    pub(super) sql: String,
    pub(super) after: String,
}

impl From<String> for Sentence {
    fn from(sql: String) -> Sentence {
        Sentence { before: String::new(), sql, after: String::new() }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub(super) rank: Rank,
    /// The heading.
    pub(super) title: String,
    /// Where it stands among those of its rank.
    pub(super) place: [usize; 3],
    pub(super) sentences: Vec<Sentence>,
    /// The sentence that may fail, or lose something.
    pub(super) main: usize,
    /// What it creates, changes and drops.
    pub(super) takes: BTreeSet<ObjectId>,
}

impl Piece {
    pub(super) fn new(rank: Rank, place: [usize; 3], sql: String, takes: impl IntoIterator<Item = ObjectId>) -> Piece {
        Piece::of(rank, place, vec![sql.into()], takes.into_iter().collect())
    }

    pub(super) fn of(rank: Rank, place: [usize; 3], sentences: Vec<Sentence>, takes: BTreeSet<ObjectId>) -> Piece {
        Piece { rank, title: rank.title().to_owned(), place, sentences, main: 0, takes }
    }

    /// Where the second of two is done, the first is done too.
    pub(super) fn silent([id, with]: [ObjectId; 2]) -> Piece {
        Piece::of(Rank::Silent, [0; 3], Vec::new(), BTreeSet::from([id, with]))
    }
}

/// A plan of these pieces, and of those steps that none of them does: where these stand, they know themselves.
pub(super) fn arrange(plan: &Plan, pieces: Vec<Piece>) -> Vec<Plan> {
    let pieces = with_silent(pieces);
    let taken: BTreeSet<&ObjectId> = pieces.iter().flat_map(|it| &it.takes).collect();
    let own = &plan.steps[plan.carried_out..];
    let of = |step: &Step| step.subjects.iter().filter(|it| taken.contains(it)).count();
    // Of what is done in one breath with something else, the rest comes after all.
    let is_covered = |step: &&Step| 0 < of(step);
    let places: Vec<usize> = own.iter().enumerate().filter(|(_, it)| is_covered(it)).map(|(at, _)| at).collect();
    // What was renamed before all else, and has been in the shadow.
    let carried_out = pieces.iter().filter(|it| it.rank == Rank::Renamed).count();
    let mut written: Vec<Step> = pieces.iter().flat_map(|piece| steps(piece, plan)).collect();
    let written_after = written.split_off(carried_out);
    let around = |place: usize| {
        let others =
            |steps: &[Step]| steps.iter().filter(|it| !is_covered(it)).map(|it| framed(it.clone())).collect::<Vec<_>>();
        let (first, last) = own.split_at(place);
        let steps = [written.clone(), others(first), written_after.clone(), others(last)].concat();
        Plan { steps, carried_out, order: Vec::new(), ..plan.clone() }
    };
    let ends = BTreeSet::from([places.first().copied().unwrap_or_default(), places.last().map_or(0, |it| it + 1)]);
    match places.len() == own.len() {
        true => vec![around(0)],
        false => ends.into_iter().map(around).collect(),
    }
}

/// What has no text of its own goes to the piece that does it.
fn with_silent(pieces: Vec<Piece>) -> Vec<Piece> {
    let (silent, mut spoken): (Vec<Piece>, Vec<Piece>) = pieces.into_iter().partition(|it| it.rank == Rank::Silent);
    for piece in silent {
        let does = |it: &&mut Piece| {
            matches!(it.rank, Rank::CreateTable | Rank::DropTable) && !it.takes.is_disjoint(&piece.takes)
        };
        if let Some(by) = spoken.iter_mut().find(does) {
            by.takes.extend(piece.takes);
        }
    }
    spoken
}

/// The steps of a piece, with what the plan knows of them.
fn steps(piece: &Piece, plan: &Plan) -> Vec<Step> {
    let is_origin = |step: &&Step| step.subjects.iter().any(|id| piece.takes.contains(id));
    let origins: Vec<&Step> = plan.steps.iter().filter(is_origin).collect();
    let group = origins.first().map_or_else(|| piece.title.clone(), |it| it.group.clone());
    let step = |(at, sentence): (usize, &Sentence)| {
        let title = (at == 0).then(|| piece.title.clone());
        let frame = Frame { title, before: sentence.before.clone(), after: sentence.after.clone() };
        let mut step = Step { group: group.clone(), frame: Some(frame), ..Step::new(&sentence.sql) };
        for origin in &origins {
            let subjects = origin.subjects.iter().zip(&origin.verbs).filter(|(id, _)| piece.takes.contains(id));
            for (id, verb) in subjects {
                step.subjects.push(id.clone());
                step.verbs.push(*verb);
            }
            step.because.extend(origin.because.iter().cloned());
            if origin.when != When::InTransaction {
                step.when = origin.when;
            }
            step.lock_at_most = step.lock_at_most.max(origin.lock_at_most);
            if at == piece.main {
                step.rewrites = step.rewrites.max(origin.rewrites);
                step.loses.extend(origin.loses.iter().filter(|(id, _)| piece.takes.contains(id)).cloned());
                step.fails_if.extend(origin.fails_if.iter().cloned());
            }
        }
        step
    };
    piece.sentences.iter().enumerate().map(step).collect()
}

/// A step as it is, under a heading.
pub(super) fn framed(step: Step) -> Step {
    let verb = match step.verbs.first() {
        Some(Verb::Create) => "Create",
        Some(Verb::Drop) => "Drop",
        Some(Verb::Alter) | None => "Alter",
    };
    let kind = step.subjects.first().map_or("Database", |it| it.kind.name());
    let frame = Frame { title: Some(format!("{verb}{kind}")), ..Frame::default() };
    Step { frame: Some(frame), ..step }
}
