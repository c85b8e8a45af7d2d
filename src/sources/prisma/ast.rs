//! What a Prisma schema says, as it is written. Names that do not exist and arguments that make no sense are in it too.

use crate::model::Span;

/// All files of one schema.
#[derive(Clone, Debug, Default)]
pub struct Schema {
    pub models: Vec<Model>,
    pub enums: Vec<Enum>,
    pub datasources: Vec<Settings>,
    pub generators: Vec<Settings>,
}

/// A word with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    pub text: String,
    pub span: Span,
}

/// `model`, `view` or `type`.
#[derive(Clone, Debug)]
pub struct Model {
    pub kind: ModelKind,
    pub name: Name,
    pub fields: Vec<Field>,
    pub attributes: Vec<Attribute>,
    /// All of it, up to the brace that ends it.
    pub span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModelKind {
    Model,
    View,
    /// A composite type, which PostgreSQL has none of in Prisma.
    Composite,
}

#[derive(Clone, Debug)]
pub struct Field {
    pub name: Name,
    pub base: Base,
    pub arity: Arity,
    /// Where its type is written.
    pub written: Span,
    pub attributes: Vec<Attribute>,
    /// All of it.
    pub span: Span,
}

/// What a field holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Base {
    /// A scalar type, an enum, or a model.
    Named(String),
    /// `Unsupported("…")`: a type as PostgreSQL writes it.
    Unsupported(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arity {
    Required,
    Optional,
    List,
}

#[derive(Clone, Debug)]
pub struct Enum {
    pub name: Name,
    pub values: Vec<EnumValue>,
    pub attributes: Vec<Attribute>,
    /// All of it, up to the brace that ends it.
    pub span: Span,
}

#[derive(Clone, Debug)]
pub struct EnumValue {
    pub name: Name,
    pub attributes: Vec<Attribute>,
    /// All of it.
    pub span: Span,
}

/// `datasource` or `generator`.
#[derive(Clone, Debug)]
pub struct Settings {
    pub name: Name,
    pub entries: Vec<(Name, Expression)>,
}

/// `@name(…)` of a field or a value, `@@name(…)` of a block.
#[derive(Clone, Debug)]
pub struct Attribute {
    /// With dots: `db.VarChar`.
    pub name: Name,
    pub arguments: Vec<Argument>,
    /// All of it.
    pub span: Span,
}

#[derive(Clone, Debug)]
pub struct Argument {
    pub name: Option<Name>,
    pub value: Expression,
}

#[derive(Clone, Debug)]
pub struct Expression {
    pub value: Value,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// As it is written.
    Number(String),
    /// What the text between the quotes stands for.
    Text(String),
    /// A word, with dots: a field, a value of an enum, `true`.
    Word(String),
    Call(String, Vec<Argument>),
    List(Vec<Expression>),
    /// `{ field: value }`.
    Object(Vec<(Name, Expression)>),
}

impl PartialEq for Argument {
    fn eq(&self, other: &Argument) -> bool {
        self.name == other.name && self.value == other.value
    }
}

impl PartialEq for Expression {
    fn eq(&self, other: &Expression) -> bool {
        self.value == other.value
    }
}

impl Attribute {
    /// The argument of a name.
    pub fn named(&self, name: &str) -> Option<&Expression> {
        self.arguments.iter().find(|it| it.name.as_ref().is_some_and(|it| it.text == name)).map(|it| &it.value)
    }
    /// The argument of a name, or the first that has none.
    pub fn first_or_named(&self, name: &str) -> Option<&Expression> {
        let unnamed = || self.arguments.iter().find(|it| it.name.is_none()).map(|it| &it.value);
        self.named(name).or_else(unnamed)
    }
}

impl Expression {
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            Value::Number(_) | Value::Word(_) | Value::Call(..) | Value::List(_) | Value::Object(_) => None,
        }
    }

    pub fn word(&self) -> Option<&str> {
        match &self.value {
            Value::Word(word) => Some(word),
            Value::Number(_) | Value::Text(_) | Value::Call(..) | Value::List(_) | Value::Object(_) => None,
        }
    }

    /// The items of a list; anything else is a list of itself.
    pub fn items(&self) -> &[Expression] {
        self.list().unwrap_or(std::slice::from_ref(self))
    }

    pub fn list(&self) -> Option<&[Expression]> {
        match &self.value {
            Value::List(list) => Some(list),
            Value::Number(_) | Value::Text(_) | Value::Word(_) | Value::Call(..) | Value::Object(_) => None,
        }
    }
}
