//! Reads the text of a Prisma schema. Each construct ends with its line, so that what is wrong with one line is told, and
//! reading goes on with the next.

use std::ops::Range;

use super::{
    ast::{
        Argument, Arity, Attribute, Base, Enum, EnumValue, Expression, Field, Model, ModelKind, Name, Schema, Settings,
        Value,
    },
    token::{Token, TokenKind, tokens},
};
use crate::{
    diagnostic::{Diagnostic, Severity},
    model::{FileId, Files, Span},
};

/// Adds what a file says to a schema.
///
/// # Errors
/// A diagnostic for each line that is not understood; the others are in the schema.
pub fn parse(file: FileId, files: &Files, schema: &mut Schema) -> Vec<Diagnostic> {
    let text = files.text(file);
    let mut parser = Parser { file, text, tokens: tokens(text), at: 0, found: Vec::new() };
    parser.schema(schema);
    parser.found
}

struct Parser<'a> {
    file: FileId,
    text: &'a str,
    tokens: Vec<Token>,
    at: usize,
    found: Vec<Diagnostic>,
}

/// A line was not understood, and that was told.
struct Told;

type Parsed<T> = Result<T, Told>;

impl Parser<'_> {
    fn schema(&mut self, schema: &mut Schema) {
        loop {
            self.skip_empty_lines();
            let Some(start) = self.peek().map(|it| it.range.clone()) else { return };
            if self.block(schema).is_err() {
                self.skip_block(start.start);
            }
        }
    }

    fn block(&mut self, schema: &mut Schema) -> Parsed<()> {
        let keyword = self.word("a block begins with `model`, `enum`, `datasource`, `generator`, `view` or `type`")?;
        let kind = match keyword.text.as_str() {
            "model" => Some(ModelKind::Model),
            "view" => Some(ModelKind::View),
            "type" => Some(ModelKind::Composite),
            "enum" | "datasource" | "generator" => None,
            _ => {
                let title = format!("`{}` begins no block", keyword.text);
                let help = "blocks are `model`, `enum`, `datasource`, `generator`, `view` and `type`";
                return Err(self.tell(title, keyword.span.range, help));
            }
        };
        let name = self.word(&format!("the name of the {} is missing", keyword.text))?;
        let open = self.expect('{', "a block begins with `{` on the line of its name")?;
        self.rest_of_opening_line();
        if let Some(kind) = kind {
            let (fields, attributes) = self.members(&open, Parser::field);
            schema.models.push(Model {
                kind,
                span: self.span(keyword.span.range.start..self.end()),
                name,
                fields,
                attributes,
            });
        } else if keyword.text == "enum" {
            let (values, attributes) = self.members(&open, Parser::value);
            schema.enums.push(Enum { span: self.span(keyword.span.range.start..self.end()), name, values, attributes });
        } else {
            let (entries, _) = self.members(&open, Parser::entry);
            let settings = Settings { name, entries };
            let all = if keyword.text == "datasource" { &mut schema.datasources } else { &mut schema.generators };
            all.push(settings);
        }
        Ok(())
    }

    /// Prisma passes over what stands behind the brace.
    fn rest_of_opening_line(&mut self) {
        let start = self.at;
        while self.peek().is_some_and(|it| it.kind != TokenKind::NewLine) {
            self.at += 1;
        }
        if let (Some(first), Some(last)) = (self.tokens.get(start), self.tokens.get(self.at.saturating_sub(1)))
            && start < self.at
        {
            let range = first.range.start..last.range.end;
            self.tell(
                "what stands on the line of the brace is not read".to_owned(),
                range,
                "put it on a line of its own",
            );
            if let Some(told) = self.found.last_mut() {
                told.severity = Severity::Warning;
            }
        }
    }

    /// The lines of a block up to its end, and the attributes of the block.
    fn members<T>(&mut self, open: &Range<usize>, read: impl Fn(&mut Self) -> Parsed<T>) -> (Vec<T>, Vec<Attribute>) {
        let (mut members, mut attributes) = (Vec::new(), Vec::new());
        loop {
            self.skip_empty_lines();
            if self.peek().is_none() {
                self.tell("this block has no end".to_owned(), open.clone(), "close it with `}` on a line of its own");
                return (members, attributes);
            }
            if self.eat('}').is_some() {
                let _ = self.end_of_line();
                return (members, attributes);
            }
            if self.begins_block() {
                let next = self.peek().map_or(open.clone(), |it| it.range.clone());
                let found = Diagnostic::error("prisma-syntax", "this block has no end")
                    .at(self.span(open.clone()), "begins here")
                    .at(self.span(next), "and this is the next one");
                self.found.push(found.with_help("close it with `}` on a line of its own"));
                return (members, attributes);
            }
            let is_attribute = self.is('@');
            let read = match is_attribute {
                true => self.block_attribute().map(|it| attributes.push(it)),
                false => read(self).map(|it| members.push(it)),
            };
            if read.and_then(|()| self.end_of_line()).is_err() {
                self.skip_line();
            }
        }
    }

    fn block_attribute(&mut self) -> Parsed<Attribute> {
        let start = self.expect('@', "an attribute begins with `@@`")?.start;
        self.expect('@', "an attribute of a block begins with `@@`")?;
        self.attribute(start)
    }

    fn field(&mut self) -> Parsed<Field> {
        let name = self.word("a line of this block is a field, or an attribute that begins with `@@`")?;
        if let Some(colon) = self.eat(':') {
            return Err(self.tell("there is no colon between a field and its type".to_owned(), colon, "leave it out"));
        }
        if let Some(bracket) = self.eat('[') {
            return Err(self.tell(
                "the brackets of a list stand behind its type".to_owned(),
                bracket,
                "write `String[]`",
            ));
        }
        let base = self.word(&format!("the type of `{}` is missing", name.text))?;
        let (start, is_unsupported) = (base.span.range.start, base.text == "Unsupported" && self.is('('));
        let base = if is_unsupported {
            self.expect('(', "")?;
            let text = self.expression()?;
            self.expect(')', "`Unsupported` has one argument")?;
            let Some(sql) = text.text() else {
                let help = "write the type as PostgreSQL does: `Unsupported(\"circle\")`";
                return Err(self.tell("`Unsupported` takes a text".to_owned(), text.span.range, help));
            };
            Base::Unsupported(sql.to_owned())
        } else {
            Base::Named(base.text)
        };
        let arity = self.arity()?;
        let written = self.span(start..self.end());
        let attributes = self.attributes()?;
        let span = self.span(name.span.range.start..self.end());
        Ok(Field { name, base, arity, written, attributes, span })
    }

    fn arity(&mut self) -> Parsed<Arity> {
        if let Some(sign) = self.eat('!') {
            return Err(self.tell("a field is required as it is".to_owned(), sign, "leave the `!` out"));
        }
        if self.eat('?').is_some() {
            return Ok(Arity::Optional);
        }
        let Some(open) = self.eat('[') else { return Ok(Arity::Required) };
        self.expect(']', "a list is written `Int[]`")?;
        match self.eat('?') {
            Some(sign) => {
                let help = "leave the `?` out: a list without values is empty";
                Err(self.tell("a list cannot be optional".to_owned(), open.start..sign.end, help))
            }
            None => Ok(Arity::List),
        }
    }

    fn value(&mut self) -> Parsed<EnumValue> {
        let name = self.word("a line of an enum is a value, or an attribute that begins with `@@`")?;
        let attributes = self.attributes()?;
        let span = self.span(name.span.range.start..self.end());
        Ok(EnumValue { name, attributes, span })
    }

    fn entry(&mut self) -> Parsed<(Name, Expression)> {
        let name = self.word("a line of this block is `name = value`")?;
        self.expect('=', "a line of this block is `name = value`")?;
        Ok((name, self.expression()?))
    }

    fn attributes(&mut self) -> Parsed<Vec<Attribute>> {
        let mut found = Vec::new();
        while let Some(sign) = self.eat('@') {
            found.push(self.attribute(sign.start)?);
        }
        Ok(found)
    }

    fn attribute(&mut self, start: usize) -> Parsed<Attribute> {
        let name = self.path("the name of the attribute is missing")?;
        let arguments = if self.eat('(').is_some() { self.arguments()? } else { Vec::new() };
        Ok(Attribute { name, arguments, span: self.span(start..self.end()) })
    }

    /// Up to the parenthesis that ends them.
    fn arguments(&mut self) -> Parsed<Vec<Argument>> {
        self.listed(')', |parser| {
            let is_named = matches!(parser.kinds(), [TokenKind::Word, TokenKind::Sign(':')]);
            let name = if is_named { Some(parser.word("")?) } else { None };
            if is_named {
                parser.expect(':', "")?;
            }
            Ok(Argument { name, value: parser.expression()? })
        })
    }

    /// What stands between commas, up to a sign that ends it.
    fn listed<T>(&mut self, end: char, read: impl Fn(&mut Self) -> Parsed<T>) -> Parsed<Vec<T>> {
        let mut found = Vec::new();
        loop {
            if self.eat(end).is_some() {
                return Ok(found);
            }
            if self.peek().is_some_and(|it| it.kind == TokenKind::NewLine) {
                return Err(self.several_lines(end));
            }
            found.push(read(self)?);
            if self.eat(',').is_none() {
                self.expect(end, &format!("`,` or `{end}` is missing, on the line where this begins"))?;
                return Ok(found);
            }
        }
    }

    /// Goes on behind a list that is written on several lines, which Prisma does not read.
    fn several_lines(&mut self, end: char) -> Told {
        let start = self.end();
        while self.peek().is_some_and(|it| it.kind != TokenKind::Sign(end) && it.kind != TokenKind::Sign('}')) {
            self.at += 1;
        }
        self.tell(
            "a list stands on one line".to_owned(),
            start.saturating_sub(1)..start,
            "write all of it on this line",
        )
    }

    fn expression(&mut self) -> Parsed<Expression> {
        let Some(token) = self.peek().cloned() else { return Err(self.missing("a value is missing")) };
        let text = &self.text[token.range.clone()];
        let value = match token.kind {
            TokenKind::Number => {
                self.at += 1;
                Value::Number(text.to_owned())
            }
            TokenKind::Text => {
                self.at += 1;
                // A text is what JSON calls a string.
                let Ok(read) = serde_json::from_str(text) else {
                    let help = r#"after a backslash comes one of `" \ / b f n r t`, or `u` with four digits"#;
                    return Err(self.tell("this text is not well formed".to_owned(), token.range, help));
                };
                Value::Text(read)
            }
            TokenKind::OpenText => {
                return Err(self.tell(
                    "this text has no end".to_owned(),
                    token.range,
                    "close it with `\"` on its line",
                ));
            }
            TokenKind::Word => {
                let path = self.path("")?;
                match self.eat('(') {
                    Some(_) => Value::Call(path.text, self.arguments()?),
                    None => Value::Word(path.text),
                }
            }
            TokenKind::Sign('[') => {
                self.at += 1;
                Value::List(self.listed(']', Parser::expression)?)
            }
            TokenKind::Sign('{') => {
                self.at += 1;
                Value::Object(self.listed('}', |parser| {
                    let name = parser.word("a condition is written `{ field: value }`")?;
                    parser.expect(':', "a condition is written `{ field: value }`")?;
                    Ok((name, parser.expression()?))
                })?)
            }
            TokenKind::Sign(_) | TokenKind::NewLine => return Err(self.missing("a value is missing")),
        };
        Ok(Expression { value, span: self.span(token.range.start..self.end()) })
    }

    /// Words with dots between them.
    fn path(&mut self, missing: &str) -> Parsed<Name> {
        let mut path = self.word(missing)?;
        while self.eat('.').is_some() {
            let next = self.word("a name ends with a dot")?;
            path.text = format!("{}.{}", path.text, next.text);
            path.span.range.end = next.span.range.end;
        }
        Ok(path)
    }

    fn word(&mut self, missing: &str) -> Parsed<Name> {
        match self.peek() {
            Some(token) if token.kind == TokenKind::Word => {
                let range = token.range.clone();
                self.at += 1;
                Ok(Name { text: self.text[range.clone()].to_owned(), span: self.span(range) })
            }
            Some(_) | None => Err(self.missing(missing)),
        }
    }

    fn expect(&mut self, sign: char, missing: &str) -> Parsed<Range<usize>> {
        self.eat(sign).ok_or(()).map_err(|()| self.missing(missing))
    }

    fn eat(&mut self, sign: char) -> Option<Range<usize>> {
        let range = self.peek().filter(|it| it.kind == TokenKind::Sign(sign))?.range.clone();
        self.at += 1;
        Some(range)
    }

    fn is(&self, sign: char) -> bool {
        self.peek().is_some_and(|it| it.kind == TokenKind::Sign(sign))
    }

    fn end_of_line(&mut self) -> Parsed<()> {
        match self.peek().map(|it| it.kind) {
            None | Some(TokenKind::NewLine) => Ok(()),
            Some(_) => Err(self.missing("this does not belong here")),
        }
    }

    /// Whether a line can only be the first of a block: `model User {`.
    fn begins_block(&self) -> bool {
        let token = |after: usize| self.tokens.get(self.at + after);
        let is_keyword = token(0).is_some_and(|it| {
            ["model", "enum", "datasource", "generator", "view", "type"].contains(&&self.text[it.range.clone()])
        });
        let kind = |after: usize| token(after).map(|it| it.kind);
        is_keyword && kind(1) == Some(TokenKind::Word) && kind(2) == Some(TokenKind::Sign('{'))
    }

    /// The kinds of the next two tokens.
    fn kinds(&self) -> [TokenKind; 2] {
        let kind = |at: usize| self.tokens.get(at).map_or(TokenKind::NewLine, |it| it.kind);
        [kind(self.at), kind(self.at + 1)]
    }

    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    /// Where the last token ended.
    fn end(&self) -> usize {
        self.at.checked_sub(1).and_then(|at| self.tokens.get(at)).map_or(0, |it| it.range.end)
    }

    fn skip_empty_lines(&mut self) {
        while self.peek().is_some_and(|it| it.kind == TokenKind::NewLine) {
            self.at += 1;
        }
    }

    fn skip_line(&mut self) {
        while self.peek().is_some_and(|it| it.kind != TokenKind::NewLine) {
            self.at += 1;
        }
    }

    /// Goes on behind a block that was not understood, or behind the line.
    fn skip_block(&mut self, start: usize) {
        self.skip_line();
        let opens = self.tokens[..self.at].iter().rev().take_while(|it| start <= it.range.start);
        if !opens.into_iter().any(|it| it.kind == TokenKind::Sign('{')) {
            return;
        }
        while self.peek().is_some() {
            self.skip_empty_lines();
            let is_end = self.is('}');
            self.skip_line();
            if is_end {
                return;
            }
        }
    }

    /// Says what should stand here, at what stands here instead.
    fn missing(&mut self, what: &str) -> Told {
        let range = match self.peek() {
            Some(token) if token.kind != TokenKind::NewLine => token.range.clone(),
            // The end of a line has no width.
            Some(_) | None => self.end().saturating_sub(1)..self.end(),
        };
        self.tell(what.to_owned(), range, "")
    }

    fn tell(&mut self, title: String, range: Range<usize>, help: &str) -> Told {
        let found = Diagnostic::error("prisma-syntax", title).at(self.span(range), "here");
        self.found.push(if help.is_empty() { found } else { found.with_help(help) });
        Told
    }

    fn span(&self, range: Range<usize>) -> Span {
        Span { file: self.file, range }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::ast::*, parse};
    use crate::{diagnostic::Diagnostic, model::Files};

    fn read(text: &str) -> (Schema, Vec<String>) {
        let (mut files, mut schema) = (Files::default(), Schema::default());
        let file = files.add("schema.prisma", text);
        let found = parse(file, &files, &mut schema);
        let told = |it: &Diagnostic| {
            let (line, column) = files.line_column(&it.labels[0].span);
            format!("{line}:{column} {} {}", it.severity.word(), it.title)
        };
        (schema, found.iter().map(told).collect())
    }

    #[test]
    fn all_that_can_be_said_is_read() {
        let (schema, told) = read(
            "datasource db {\n  provider = \"postgresql\" // here\n  extensions = [vector, citext(map: \"citext\")]\n}\n\
             /// Who uses it.\nmodel User {\n  id Int @id @default(autoincrement())\n  tags String[] @db.VarChar(20)\n\
             \x20 place Unsupported(\"point\")?\n  posts Post[] @relation(\"wrote\")\n\
             \x20 @@index([id(sort: Desc), tags(ops: raw(\"x_ops\"))], map: \"i\", where: { id: null })\n}\n\
             enum Role {\n  A\n  B @map(\"b\\u00e9\")\n  @@map(\"roles\")\n}\nview V {\n  n Decimal @default(-1.50)\n}\n",
        );
        assert_eq!(told, Vec::<String>::new());
        let user = &schema.models[0];
        let fields: Vec<(&str, Arity)> = user.fields.iter().map(|it| (it.name.text.as_str(), it.arity)).collect();
        let expected =
            [("id", Arity::Required), ("tags", Arity::List), ("place", Arity::Optional), ("posts", Arity::List)];
        assert_eq!(fields, expected);
        assert_eq!(user.fields[2].base, Base::Unsupported("point".to_owned()));
        assert_eq!(user.fields[1].attributes[0].name.text, "db.VarChar");
        let index = &user.attributes[0];
        assert_eq!(index.named("map").and_then(Expression::text), Some("i"));
        let parts = index.first_or_named("fields").and_then(Expression::list).expect("a list");
        let Value::Call(name, arguments) = &parts[0].value else { panic!("{parts:?}") };
        assert_eq!((name.as_str(), arguments[0].value.word()), ("id", Some("Desc")));
        assert_eq!(
            schema.enums[0].values[1].attributes[0].first_or_named("name").and_then(Expression::text),
            Some("bé")
        );
        assert_eq!(
            schema.models[1].fields[0].attributes[0].arguments[0].value.value,
            Value::Number("-1.50".to_owned())
        );
        assert_eq!(schema.datasources[0].entries.len(), 2);
        assert_eq!(schema.models[1].kind, ModelKind::View);
    }

    #[test]
    fn what_is_wrong_is_told_and_the_rest_is_read() {
        let (schema, told) = read(
            "modl A {\n  id Int\n}\nmodel B { id Int\n  a: Int\n  b [Int]\n  c Int[]?\n  d Int!\n  e\n  f Int @\n  g Int @x(1\n\
             \x20 h String @default(\"open)\n  i String @default(\"\\q\") \n  j Unsupported(1)\n  k Int extra\n  ok Int\n}\nmodel C {\n  id Int\n",
        );
        let expected = [
            "1:1 error `modl` begins no block",
            "4:11 warning what stands on the line of the brace is not read",
            "5:4 error there is no colon between a field and its type",
            "6:5 error the brackets of a list stand behind its type",
            "7:8 error a list cannot be optional",
            "8:8 error a field is required as it is",
            "9:3 error the type of `e` is missing",
            "10:9 error the name of the attribute is missing",
            "11:12 error `,` or `)` is missing, on the line where this begins",
            "12:21 error this text has no end",
            "13:21 error this text is not well formed",
            "14:17 error `Unsupported` takes a text",
            "15:9 error this does not belong here",
            "18:9 error this block has no end",
        ];
        assert_eq!(told, expected);
        let names: Vec<&str> = schema.models[0].fields.iter().map(|it| it.name.text.as_str()).collect();
        assert_eq!(names, ["k", "ok"]);
        assert_eq!(schema.models[1].fields.len(), 1);
    }
}
