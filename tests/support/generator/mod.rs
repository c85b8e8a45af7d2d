//! Random schemas. The same seed gives the same text on every platform.
//!
//! A schema is a list of items, and each item only a number from which its writer takes every decision. What an item
//! refers to is looked up among what was written before it, so whatever is taken out of the list, and in whatever order
//! it stands, the rest is valid SQL. That is what makes edits and shrinking simple: both only change the list.

mod dice;
mod edit;
mod expression;
mod foreign;
mod key;
mod operator;
mod other;
mod privilege;
mod query;
mod rare;
mod relation;
mod routine;
mod shrink;
mod table_parts;
mod types;
mod world;

use dice::{Dice, Node};
use fastrand::Rng;
use world::World;

pub(crate) use edit::pair;
pub(crate) use shrink::shrink;

/// How one sort of object is written, or nothing where what it needs is not there.
type Write = fn(&mut World, &Item) -> Option<()>;

/// A sort of object.
pub(crate) struct Recipe {
    /// Of its name. Sorts with the same prefix share a name space, so that one can become the other.
    prefix: &'static str,
    /// About where in the schema it stands.
    tier: u32,
    /// How often it is made.
    weight: u32,
    write: Write,
}

const fn recipe(prefix: &'static str, tier: u32, weight: u32, write: Write) -> Recipe {
    Recipe { prefix, tier, weight, write }
}

/// Subscriptions, settings of a database and security labels are left out: the first two belong to the server, which all
/// pairs share, and the last need a provider in the server.
const RECIPES: &[Recipe] = &[
    recipe("s", 0, 3, other::schema),
    recipe("l", 5, 1, types::collation),
    recipe("y", 10, 6, types::enumeration),
    recipe("y", 12, 4, types::composite),
    recipe("y", 12, 2, types::range),
    recipe("y", 12, 5, types::domain),
    recipe("q", 10, 4, other::sequence),
    recipe("f", 20, 12, routine::function),
    recipe("f", 20, 7, routine::state_function),
    recipe("g", 20, 4, routine::trigger_function),
    recipe("e", 20, 2, routine::event_function),
    recipe("f", 30, 2, routine::procedure),
    recipe("f", 45, 3, operator::aggregate),
    recipe("o", 40, 3, operator::operator),
    recipe("of", 20, 1, operator::family),
    recipe("oc", 22, 1, operator::class),
    recipe("ca", 45, 4, operator::cast),
    recipe("d", 5, 1, other::dictionary),
    recipe("cf", 8, 2, other::configuration),
    recipe("w", 5, 2, foreign::wrapper),
    recipe("sv", 12, 3, foreign::server),
    recipe("um", 22, 1, foreign::user_mapping),
    recipe("r", 40, 3, foreign::table),
    recipe("r", 30, 16, relation::table),
    recipe("r", 30, 4, relation::partitioned),
    recipe("r", 40, 7, relation::partition),
    recipe("r", 50, 8, query::view),
    recipe("r", 50, 4, query::materialized_view),
    recipe("k", 40, 5, key::primary),
    recipe("k", 40, 4, key::unique),
    recipe("k", 40, 6, key::check),
    recipe("k", 60, 12, key::foreign_key),
    recipe("k", 45, 1, key::exclusion),
    recipe("i", 60, 8, key::index),
    recipe("st", 60, 2, table_parts::statistics),
    recipe("so", 60, 3, table_parts::sequence_owner),
    recipe("ri", 70, 2, table_parts::replica_identity),
    recipe("ru", 70, 2, table_parts::rule),
    recipe("t", 70, 6, table_parts::trigger),
    recipe("p", 70, 3, table_parts::policy),
    recipe("vd", 70, 1, table_parts::view_default),
    recipe("pu", 80, 2, other::publication),
    recipe("et", 80, 2, other::event_trigger),
    recipe("y", 10, 1, rare::shell_type),
    recipe("y", 10, 1, rare::base_type),
    recipe("lg", 10, 1, rare::language),
    recipe("am", 10, 1, rare::access_method),
    recipe("tr", 30, 1, rare::transform),
    recipe("tp", 5, 1, rare::parser),
    recipe("tt", 4, 1, rare::template),
    recipe("cm", 90, 7, privilege::comment),
    recipe("ow", 90, 3, privilege::owner),
    recipe("gr", 90, 7, privilege::grant),
    recipe("dg", 90, 1, privilege::default_grant),
];

/// How far from its tier an item may stand, so that references cross.
const SPREAD: u32 = 30;
/// How many items a schema has.
const ITEMS: std::ops::Range<usize> = 8..50;
/// Parts of one item.
const PARTS: std::ops::Range<usize> = 1..6;
/// Items from here on were added by an edit.
const ADDED: u32 = 1000;

/// An object, or a few that belong together.
#[derive(Clone)]
pub(crate) struct Item {
    recipe: &'static Recipe,
    node: Node,
    rank: u32,
    /// Columns, labels, arguments.
    parts: Vec<Node>,
}

impl Item {
    fn random(rng: &mut Rng, id: u32) -> Item {
        let recipe = draw(rng, |_| true);
        let parts =
            (0..rng.u32(PARTS.start as u32..PARTS.end as u32)).map(|n| Node::random(rng, id * 10 + n)).collect();
        Item { recipe, node: Node::random(rng, id), rank: rank(rng, recipe), parts }
    }

    fn dice(&self) -> Dice<'_> {
        self.node.dice()
    }

    fn name(&self) -> String {
        self.node.name(self.recipe.prefix)
    }
}

fn rank(rng: &mut Rng, recipe: &Recipe) -> u32 {
    (recipe.tier * 100) + rng.u32(0..SPREAD * 100)
}

/// A recipe by weight.
fn draw(rng: &mut Rng, only: impl Fn(&Recipe) -> bool) -> &'static Recipe {
    let all: Vec<&'static Recipe> = RECIPES.iter().filter(|it| only(it)).collect();
    let mut left = rng.u32(0..all.iter().map(|it| it.weight).sum());
    let found = all.iter().find(|it| match left.checked_sub(it.weight) {
        Some(rest) => {
            left = rest;
            false
        }
        None => true,
    });
    found.expect("the weights add up")
}

#[derive(Clone)]
pub(crate) struct Schema {
    items: Vec<Item>,
}

impl Schema {
    fn random(rng: &mut Rng) -> Schema {
        let count = rng.u32(ITEMS.start as u32..ITEMS.end as u32);
        let mut schema = Schema { items: (0..count).map(|n| Item::random(rng, 10 + n)).collect() };
        schema.arrange();
        schema
    }

    fn arrange(&mut self) {
        self.items.sort_by_key(|item| (item.rank, item.node.id));
    }

    pub(crate) fn sql(&self) -> String {
        let mut world = World::new();
        for item in &self.items {
            (item.recipe.write)(&mut world, item);
        }
        world.sql()
    }
}
