//! Expressions over what there is.

use super::{
    dice::Dice,
    world::{Column, Of, Operator, Routine, Type, World},
};

impl World {
    /// An expression of a type.
    pub(super) fn value(&self, dice: Dice<'_>, label: &str, of: &Type, scope: &[Column], immutable: bool) -> String {
        self.deep_value(dice, label, of, scope, immutable, 2)
    }

    fn deep_value(
        &self,
        dice: Dice<'_>,
        label: &str,
        of: &Type,
        scope: &[Column],
        immutable: bool,
        depth: u32,
    ) -> String {
        let known = scope.iter().filter(|it| it.of.sql == of.sql);
        let column = dice.pick(&format!("{label} column"), known).map(|it| it.name.clone());
        let plain = column.clone().unwrap_or_else(|| of.literal.clone());
        if depth == 0 || of.sort == Of::Row {
            return plain;
        }
        match dice.below(&format!("{label} way"), 7) {
            0 | 1 => plain,
            2 => of.literal.clone(),
            3 => format!("COALESCE({plain}, {})", of.literal),
            4 => self.operation(dice, label, of, scope, immutable, depth).unwrap_or(plain),
            _ => self.call(dice, label, of, scope, immutable, depth).unwrap_or(plain),
        }
    }

    fn call(
        &self,
        dice: Dice<'_>,
        label: &str,
        of: &Type,
        scope: &[Column],
        immutable: bool,
        depth: u32,
    ) -> Option<String> {
        let fits = |it: &&Routine| it.result.sql == of.sql && !it.is_set && (it.is_immutable || !immutable);
        let found = dice.pick(&format!("{label} call"), self.routines.iter().filter(fits))?;
        let argument =
            |(n, of): (usize, &Type)| self.deep_value(dice, &format!("{label} {n}"), of, scope, immutable, depth - 1);
        let arguments: Vec<String> = found.arguments.iter().enumerate().map(argument).collect();
        Some(format!("{}({})", found.name, arguments.join(", ")))
    }

    fn operation(
        &self,
        dice: Dice<'_>,
        label: &str,
        of: &Type,
        scope: &[Column],
        immutable: bool,
        depth: u32,
    ) -> Option<String> {
        let fits = |it: &&Operator| it.result.sql == of.sql && (it.is_immutable || !immutable);
        let found = dice.pick(&format!("{label} operator"), self.operators.iter().filter(fits))?;
        let left = self.deep_value(dice, &format!("{label} left"), &found.left, scope, immutable, depth - 1);
        let right = self.deep_value(dice, &format!("{label} right"), &found.right, scope, immutable, depth - 1);
        Some(format!("({left}) {} ({right})", found.name))
    }

    /// An expression that is true or false, and may be either.
    pub(super) fn condition(&self, dice: Dice<'_>, label: &str, scope: &[Column], immutable: bool) -> String {
        let Some(column) = dice.pick(&format!("{label} on"), scope) else { return "true".to_owned() };
        let boolean = self.types.iter().find(|it| it.sql == "boolean").expect("a built-in type");
        let name = &column.name;
        match dice.below(&format!("{label} how"), 6) {
            1 | 2 if column.of.is_ordered => {
                let other = self.value(dice, label, &column.of, scope, immutable);
                format!("{name} {} {other}", dice.of(&format!("{label} sign"), &["=", "<>", ">", "<="]))
            }
            3 => self.value(dice, label, boolean, scope, immutable),
            // PostgreSQL prints others in a way that it reads as something else.
            4 if matches!(column.of.sql.as_str(), "integer" | "text" | "date") => {
                format!("{name} IN ({}, {})", column.of.literal, column.of.literal)
            }
            5 => format!(
                "{name} IS NOT NULL AND NOT {}",
                self.call(dice, label, boolean, scope, immutable, 1).unwrap_or_else(|| "false".to_owned())
            ),
            _ => format!("{name} IS NOT NULL"),
        }
    }

    /// A condition that the literals of every type meet.
    pub(super) fn tautology(&self, dice: Dice<'_>, column: &Column) -> String {
        let fits = |it: &&Routine| {
            it.result.sql == "boolean"
                && !it.is_set
                && matches!(it.arguments.as_slice(), [only] if only.sql == column.of.sql)
        };
        let name = &column.name;
        match dice.below("tautology", 4) {
            1 => format!("{name}::text <> 'k{}'", dice.below("limit", 9)),
            2 if column.of.is_ordered => format!("{name} >= {0} OR {name} < {0}", column.of.literal),
            3 => match dice.pick("judge", self.routines.iter().filter(fits)) {
                Some(judge) => format!("{}({name}) OR true", judge.name),
                None => format!("{name} IS NOT NULL"),
            },
            _ => format!("{name} IS NOT NULL OR {}::boolean", dice.below("limit", 2)),
        }
    }
}
