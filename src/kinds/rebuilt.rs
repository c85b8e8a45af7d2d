//! What is made anew under values that are kept, and how they move over to it.

use crate::model::{Literal, ObjectId};

/// What is dropped and created again, as far as it concerns what needs it.
#[derive(Clone, Debug)]
pub struct Rebuilt<'a> {
    pub id: &'a ObjectId,
    pub makeup: Makeup<'a>,
    /// The values that are listed no more, by it or by what it is made of.
    pub gone: Vec<Gone<'a>>,
}

/// What the values of a type are made of.
#[derive(Clone, Debug)]
pub enum Makeup<'a> {
    /// It lists them.
    Listed,
    /// They are those of another type.
    Of(Part<'a>),
    /// Fields, in their order.
    Fields(Vec<Part<'a>>),
    Unknown,
}

#[derive(Clone, Debug)]
pub struct Part<'a> {
    pub id: &'a ObjectId,
    pub data_type: &'a str,
    /// What of it is made anew too.
    pub rebuilt: Option<Box<Rebuilt<'a>>>,
}

/// A value that is listed no more.
#[derive(Clone, Debug)]
pub struct Gone<'a> {
    pub of: &'a ObjectId,
    pub label: &'a str,
    /// What rows are to hold instead, if somebody has said it.
    pub instead: Option<&'a str>,
}

impl<'a> Rebuilt<'a> {
    /// A value, or an array, as one of the successor. It travels as text: the two types do not know each other.
    pub(crate) fn moved(&self, value: &str, data_type: &str) -> String {
        let way = self.replaced(value, data_type).unwrap_or_else(|| format!("{value}::text"));
        format!("{way}::{data_type}")
    }

    /// The values that rows may hold and the successor cannot.
    pub(crate) fn left(&self, data_type: &str) -> impl Iterator<Item = &Gone<'a>> {
        let is_reached = self.replaced("", data_type).is_some();
        self.gone.iter().filter(move |it| it.instead.is_none() || !is_reached)
    }

    /// True of a row that holds one of them; of one that may hold it, where it is deep inside.
    pub(crate) fn holds(&self, value: &str, data_type: &str, label: &str) -> String {
        let literal = Literal(label);
        match self.depth(data_type) {
            Depth::Itself => format!("{value}::text = {literal}"),
            Depth::Element => format!("{literal} = ANY ({value}::text[])"),
            Depth::Field | Depth::Beyond => format!("0 < strpos({value}::text, {literal})"),
        }
    }

    pub(crate) fn is_reached(&self, data_type: &str) -> bool {
        self.depth(data_type) != Depth::Beyond
    }

    /// What can be cast to the successor. None where something is to be replaced that no expression reaches.
    fn replaced(&self, value: &str, data_type: &str) -> Option<String> {
        let replacements: Vec<(Literal, Literal)> =
            self.gone.iter().filter_map(|it| Some((Literal(it.label), Literal(it.instead?)))).collect();
        if replacements.is_empty() {
            return Some(format!("{value}::text"));
        }
        match self.depth(data_type) {
            Depth::Itself => {
                let cases: String = replacements.iter().map(|(old, new)| format!(" WHEN {old} THEN {new}")).collect();
                Some(format!("(CASE {value}::text{cases} ELSE {value}::text END)"))
            }
            Depth::Element => {
                Some(replacements.iter().fold(format!("{value}::text[]"), |array, (old, new)| {
                    format!("array_replace({array}, {old}, {new})")
                }))
            }
            Depth::Field => self.replaced_fields(value),
            Depth::Beyond => None,
        }
    }

    /// The row put together again; a row of nulls is something else than none.
    fn replaced_fields(&self, value: &str) -> Option<String> {
        let fields = match &self.makeup {
            Makeup::Of(base) => return base.rebuilt.as_ref()?.replaced_fields(value),
            Makeup::Fields(fields) => fields,
            Makeup::Listed | Makeup::Unknown => return None,
        };
        let field = |part: &Part| {
            let value = format!("({value}).{}", part.id.name);
            part.rebuilt.as_ref().map_or(Some(value.clone()), |it| it.replaced(&value, part.data_type))
        };
        let fields: Vec<String> = fields.iter().map(field).collect::<Option<_>>()?;
        let row = format!("ROW({})::{}", fields.join(", "), self.id.qualified());
        Some(format!("(CASE WHEN {value} IS NOT DISTINCT FROM NULL THEN NULL ELSE {row} END)"))
    }

    /// Where in a value the listed ones stand.
    fn depth(&self, data_type: &str) -> Depth {
        let many = is_array(data_type);
        match &self.makeup {
            Makeup::Listed if many => Depth::Element,
            Makeup::Listed => Depth::Itself,
            Makeup::Of(base) => match &base.rebuilt {
                Some(rebuilt) if !many => rebuilt.depth(base.data_type),
                Some(rebuilt) if !is_array(base.data_type) => rebuilt.depth(data_type),
                Some(_) | None => Depth::Beyond,
            },
            Makeup::Fields(fields) if !many => {
                let is_beyond = |part: &Part| part.rebuilt.as_ref().is_some_and(|it| !it.is_reached(part.data_type));
                if fields.iter().any(is_beyond) { Depth::Beyond } else { Depth::Field }
            }
            Makeup::Fields(_) | Makeup::Unknown => Depth::Beyond,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Depth {
    Itself,
    Element,
    Field,
    /// Where no expression without a query of its own reaches: in the rows of an array.
    Beyond,
}

fn is_array(data_type: &str) -> bool {
    data_type.ends_with("[]")
}
