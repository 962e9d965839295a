//! Go templates, as far as ApplicationSets commonly use them: fields, literals, functions and pipes, `if` and `range`.
//!
//! What is beyond that is an error that says so: an Application that Argo CD would not make helps nobody.

use serde_json::Value;

use super::functions::{call, show, truth};

/// A piece of a template.
#[derive(Debug)]
enum Node {
    Text(String),
    Output(Vec<Token>),
    If(Vec<Branch>),
    Range(Vec<Token>, Vec<Node>),
}

/// A condition and what it guards.
type Branch = (Vec<Token>, Vec<Node>);

#[derive(Debug, Clone, PartialEq)]
enum Token {
    /// `.a.b`, from the current value or, with `$`, from the top.
    Field {
        from_top: bool,
        path: Vec<String>,
    },
    Literal(Value),
    Name(String),
    Pipe,
    Open,
    Close,
}

/// Expands a template. The error is a sentence fragment after "the ApplicationSet".
pub(super) fn render(text: &str, params: &Value, strict: bool) -> Result<String, String> {
    let mut pieces = pieces(text)?.into_iter().peekable();
    let nodes = nodes(&mut pieces)?;
    if pieces.next().is_some() {
        return Err("has a template with an `end` that nothing opened".to_owned());
    }
    let mut out = String::new();
    Scope { top: params, strict }.write(&nodes, params, &mut out)?;
    Ok(out)
}

enum Piece {
    Text(String),
    Action(String),
}

/// Texts and actions; `{{-` and `-}}` take the white space beside them away.
fn pieces(text: &str) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    let (mut rest, mut trim) = (text, false);
    while let Some(start) = rest.find("{{") {
        let length = rest[start..].find("}}").ok_or("has a template with a `{{` that is not closed")?;
        let mut action = &rest[start + 2..start + length];
        let mut before = &rest[..start];
        if trim {
            before = before.trim_start();
        }
        if let Some(trimmed) = action.strip_prefix("- ") {
            (action, before) = (trimmed, before.trim_end());
        }
        trim = action.ends_with(" -");
        action = action.strip_suffix(" -").unwrap_or(action);
        pieces.push(Piece::Text(before.to_owned()));
        if !action.trim_start().starts_with("/*") {
            pieces.push(Piece::Action(action.trim().to_owned()));
        }
        rest = &rest[start + length + 2..];
    }
    pieces.push(Piece::Text(if trim { rest.trim_start() } else { rest }.to_owned()));
    Ok(pieces)
}

type Pieces = std::iter::Peekable<std::vec::IntoIter<Piece>>;

/// Nodes up to an `else` or `end`, which stays.
fn nodes(pieces: &mut Pieces) -> Result<Vec<Node>, String> {
    let mut nodes = Vec::new();
    while let Some(piece) = pieces.peek() {
        let action = match piece {
            Piece::Text(text) => {
                nodes.push(Node::Text(text.clone()));
                pieces.next();
                continue;
            }
            Piece::Action(action) => action.clone(),
        };
        let (word, rest) = action.split_once(' ').unwrap_or((&action, ""));
        match word {
            "end" | "else" => return Ok(nodes),
            "if" => {
                pieces.next();
                nodes.push(Node::If(branches(rest, pieces)?));
            }
            "range" => {
                pieces.next();
                let body = self::nodes(pieces)?;
                end(pieces)?;
                nodes.push(Node::Range(tokens(rest)?, body));
            }
            "with" | "define" | "template" | "block" | "break" | "continue" => {
                return Err(format!("has a template with `{word}`, which cannot be expanded here"));
            }
            _ => {
                pieces.next();
                nodes.push(Node::Output(tokens(&action)?));
            }
        }
    }
    Ok(nodes)
}

fn branches(condition: &str, pieces: &mut Pieces) -> Result<Vec<Branch>, String> {
    let mut branches = vec![(tokens(condition)?, nodes(pieces)?)];
    loop {
        let Some(Piece::Action(action)) = pieces.next() else { return Err(unclosed()) };
        match action.strip_prefix("else").map(str::trim) {
            None => return Ok(branches),
            Some("") => branches.push((vec![Token::Literal(true.into())], nodes(pieces)?)),
            Some(other) => {
                let condition = other.strip_prefix("if ").ok_or_else(unclosed)?;
                branches.push((tokens(condition)?, nodes(pieces)?));
            }
        }
    }
}

fn end(pieces: &mut Pieces) -> Result<(), String> {
    match pieces.next() {
        Some(Piece::Action(action)) if action == "end" => Ok(()),
        _ => Err(unclosed()),
    }
}

fn unclosed() -> String {
    "has a template whose `if` or `range` has no `end`".to_owned()
}

fn tokens(action: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = action.trim_start();
    while let Some(first) = rest.chars().next() {
        let word = |from: &str| {
            from.find(|c: char| c.is_whitespace() || "()|\"`,".contains(c)).unwrap_or(from.len())
        };
        let length = match first {
            '(' | ')' | '|' => {
                tokens.push(match first {
                    '(' => Token::Open,
                    ')' => Token::Close,
                    _ => Token::Pipe,
                });
                1
            }
            '"' => {
                let mut stream = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
                let value = stream.next().and_then(Result::ok);
                tokens.push(Token::Literal(value.ok_or("has a template with a text that cannot be read")?));
                stream.byte_offset()
            }
            '`' => {
                let end = rest[1..].find('`').ok_or("has a template with a text that is not closed")?;
                tokens.push(Token::Literal(rest[1..=end].into()));
                end + 2
            }
            _ => {
                let length = word(rest).max(1);
                tokens.push(single(&rest[..length])?);
                length
            }
        };
        rest = rest[length..].trim_start();
    }
    Ok(tokens)
}

fn single(word: &str) -> Result<Token, String> {
    let path = |path: &str| path.split('.').filter(|key| !key.is_empty()).map(str::to_owned).collect();
    if let Some(rest) = word.strip_prefix("$.") {
        return Ok(Token::Field { from_top: true, path: path(rest) });
    }
    if word == "$" {
        return Ok(Token::Field { from_top: true, path: Vec::new() });
    }
    if let Some(rest) = word.strip_prefix('.') {
        return Ok(Token::Field { from_top: false, path: path(rest) });
    }
    if let Ok(value @ (Value::Number(_) | Value::Bool(_))) = serde_json::from_str(word) {
        return Ok(Token::Literal(value));
    }
    if word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return Ok(Token::Name(word.to_owned()));
    }
    Err("has a template with variables, which cannot be expanded here".to_owned())
}

struct Scope<'a> {
    top: &'a Value,
    strict: bool,
}

impl Scope<'_> {
    fn write(&self, nodes: &[Node], dot: &Value, out: &mut String) -> Result<(), String> {
        for node in nodes {
            match node {
                Node::Text(text) => out.push_str(text),
                Node::Output(tokens) => out.push_str(&show(&self.pipeline(&mut &tokens[..], dot)?)),
                Node::If(branches) => {
                    for (condition, body) in branches {
                        if truth(&self.pipeline(&mut &condition[..], dot)?) {
                            self.write(body, dot, out)?;
                            break;
                        }
                    }
                }
                Node::Range(tokens, body) => {
                    let over = self.pipeline(&mut &tokens[..], dot)?;
                    let items: Vec<_> = match over {
                        Value::Array(items) => items,
                        Value::Object(map) => map.into_iter().map(|(_, value)| value).collect(),
                        _ => Vec::new(),
                    };
                    for item in items {
                        self.write(body, &item, out)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Commands joined by pipes: the value of each is the last argument of the next.
    fn pipeline(&self, tokens: &mut &[Token], dot: &Value) -> Result<Value, String> {
        let mut value = self.command(tokens, dot, None)?;
        while let Some(Token::Pipe) = tokens.first() {
            *tokens = &tokens[1..];
            value = self.command(tokens, dot, Some(value))?;
        }
        Ok(value)
    }

    fn command(&self, tokens: &mut &[Token], dot: &Value, piped: Option<Value>) -> Result<Value, String> {
        let Some(first) = tokens.first() else {
            return Err("has a template with an empty action".to_owned());
        };
        let Token::Name(name) = first else {
            let value = self.operand(tokens, dot)?;
            return if piped.is_some() {
                Err("has a template that pipes into a value".to_owned())
            } else {
                Ok(value)
            };
        };
        *tokens = &tokens[1..];
        let mut args = Vec::new();
        while !matches!(tokens.first(), None | Some(Token::Pipe | Token::Close)) {
            args.push(self.operand(tokens, dot)?);
        }
        args.extend(piped);
        call(name, &args)
    }

    fn operand(&self, tokens: &mut &[Token], dot: &Value) -> Result<Value, String> {
        let Some((first, rest)) = tokens.split_first() else {
            return Err("has a template with an argument missing".to_owned());
        };
        *tokens = rest;
        match first {
            Token::Literal(value) => Ok(value.clone()),
            Token::Field { from_top, path } => self.field(if *from_top { self.top } else { dot }, path),
            Token::Name(name) => call(name, &[]),
            Token::Open => {
                let value = self.pipeline(tokens, dot)?;
                match tokens.split_first() {
                    Some((Token::Close, rest)) => *tokens = rest,
                    _ => return Err("has a template with a `(` that is not closed".to_owned()),
                }
                Ok(value)
            }
            Token::Pipe | Token::Close => Err("has a template that cannot be read".to_owned()),
        }
    }

    fn field(&self, from: &Value, path: &[String]) -> Result<Value, String> {
        match path.iter().try_fold(from, |value, key| value.get(key)) {
            Some(value) => Ok(value.clone()),
            None if self.strict => {
                Err(format!("names a parameter `{}` that no generator gives", path.join(".")))
            }
            None => Ok(Value::Null),
        }
    }
}
