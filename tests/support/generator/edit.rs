//! Two schemas that share much.

use fastrand::Rng;
use trueup::model::Pair;

use super::{ADDED, Item, Node, Schema, draw, rank};

/// One in so many pairs has two schemas that have nothing to do with each other.
const STRANGERS: u64 = 8;
const EDITS: std::ops::Range<u32> = 1..9;
/// How often an edit that changes nothing is tried again.
const TRIES: u32 = 20;

pub(crate) fn pair(seed: u64) -> Pair<Schema> {
    let mut rng = Rng::with_seed(seed);
    let from = Schema::random(&mut rng);
    if seed % STRANGERS == STRANGERS - 1 {
        let to = Schema::random(&mut rng);
        return Pair::new(from, to);
    }
    let to = derive(&from, &mut rng);
    Pair::new(from, to)
}

fn derive(from: &Schema, rng: &mut Rng) -> Schema {
    let mut schema = from.clone();
    for number in 0..rng.u32(EDITS) {
        let before = schema.sql();
        for attempt in 0..TRIES {
            let mut edited = schema.clone();
            edit(&mut edited, rng, ADDED + number * TRIES + attempt);
            if edited.sql() != before {
                schema = edited;
                break;
            }
        }
    }
    schema
}

/// `id` is what a new object may have.
fn edit(schema: &mut Schema, rng: &mut Rng, id: u32) {
    let way = rng.u32(0..20);
    let chosen = rng.usize(0..schema.items.len().max(1));
    let Some(item) = schema.items.get_mut(chosen) else { return };
    match way {
        0 | 1 => schema.items.push(Item::random(rng, id)),
        2 | 3 => {
            schema.items.remove(chosen);
        }
        4 => item.node.rename(),
        5 => item.rank = rank(rng, item.recipe),
        6 => {
            let prefix = item.recipe.prefix;
            item.recipe = draw(rng, |it| it.prefix == prefix);
        }
        7..12 => edit_parts(&mut item.parts, rng, id),
        _ => item.node.reconsider(rng),
    }
    schema.arrange();
}

fn edit_parts(parts: &mut Vec<Node>, rng: &mut Rng, id: u32) {
    let chosen = rng.usize(0..parts.len().max(1));
    let way = rng.u32(0..8);
    match parts.get_mut(chosen) {
        None => parts.push(Node::random(rng, id * 10)),
        Some(part) => match way {
            0 | 1 => parts.insert(chosen, Node::random(rng, id * 10)),
            2 => {
                parts.remove(chosen);
            }
            3 => parts.rotate_left(1),
            4 => part.rename(),
            _ => part.reconsider(rng),
        },
    }
}
