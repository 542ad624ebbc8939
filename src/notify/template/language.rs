//! What a template may be made of: the part of Jinja that cannot grow without bound.
//!
//! Nothing can be assigned, joined, multiplied or put into lists, so no value is larger than those that the message
//! brings; the engine's own limits are on steps and on what is written, and not on what is held. Nor can anything lie
//! deep: the engine reads, compiles and forgets a template by calling itself, and a stack that is full ends the process.
use minijinja::Environment;
use minijinja::machinery::{Token, tokenize};
use minijinja::syntax::SyntaxConfig;

use super::Fault;
use super::values::{FILTERS, NAMES};

/// Statements, and the words that go with them.
const STATEMENTS: &[&str] = &["if", "elif", "else", "endif", "for", "endfor"];

/// Parentheses that may be open at once.
const MAX_OPEN: usize = 12;
/// Branches and loops that may be open at once; an `elif` lies within what it follows.
const MAX_BLOCKS: usize = 20;
/// Dots, filters, calls, signs and words like `not` between one pair of braces: each may hold all the others.
const MAX_LINKS: usize = 60;

/// Reads a template word by word, before the engine does.
pub(super) fn check(source: &str) -> Result<(), Fault> {
    let words = Walk::default().through(source)?;
    let env = Environment::empty();
    let template = env.template_from_str(source).map_err(|error| Fault::of(&error))?;
    // The names of outer things, branches that are not taken included.
    let mut unknown: Vec<(usize, String)> = template
        .undeclared_variables(true)
        .into_iter()
        .filter(|name| !NAMES.contains(&name.as_str()))
        .map(|name| {
            let first = name.split('.').next().unwrap_or_default();
            let line = words.iter().find(|(word, _)| word == first).map_or(1, |(_, line)| *line);
            (line, name)
        })
        .collect();
    unknown.sort();
    match unknown.into_iter().next() {
        Some((line, name)) => Err(Fault::new("template-word", name, line)),
        None => Ok(()),
    }
}

#[derive(Default)]
struct Walk {
    /// Every word and its line.
    words: Vec<(String, usize)>,
    /// For each open parenthesis: whether it holds the arguments of a filter, where commas belong.
    open: Vec<bool>,
    in_for: bool,
    /// For each open branch or loop: how many it counts for.
    blocks: Vec<usize>,
    /// In this pair of braces.
    links: usize,
}

impl Walk {
    fn through(mut self, source: &str) -> Result<Vec<(String, usize)>, Fault> {
        let (mut before, mut last) = (Kind::Other, Kind::Other);
        for token in tokenize(source, false, SyntaxConfig::default()) {
            let (token, span) = token.map_err(|error| Fault::of(&error))?;
            let line = usize::from(span.start_line);
            let kind = self.take(&token, line, before, last)?;
            self.measure(&token, line, last)?;
            (before, last) = (last, kind);
        }
        Ok(self.words)
    }

    /// Refuses what lies too deep.
    fn measure(&mut self, token: &Token<'_>, line: usize, last: Kind) -> Result<(), Fault> {
        match token {
            Token::VariableStart | Token::BlockStart => self.links = 0,
            Token::Ident(word) if last == Kind::Statement => match *word {
                "if" | "for" => self.blocks.push(1),
                "elif" => {
                    if let Some(size) = self.blocks.last_mut() {
                        *size += 1;
                    }
                }
                "endif" | "endfor" => {
                    self.blocks.pop();
                }
                _ => {}
            },
            Token::Ident("and" | "or" | "not" | "in" | "if" | "else")
            | Token::Pipe
            | Token::Dot
            | Token::ParenOpen
            | Token::Minus
            | Token::Eq
            | Token::Ne
            | Token::Gt
            | Token::Gte
            | Token::Lt
            | Token::Lte => self.links += 1,
            _ => {}
        }
        let deep = |most: usize| Err(Fault::new("template-deep", most.to_string(), line));
        if self.open.len() > MAX_OPEN {
            deep(MAX_OPEN)
        } else if self.blocks.iter().sum::<usize>() > MAX_BLOCKS {
            deep(MAX_BLOCKS)
        } else if self.links > MAX_LINKS {
            deep(MAX_LINKS)
        } else {
            Ok(())
        }
    }

    fn take(&mut self, token: &Token<'_>, line: usize, before: Kind, last: Kind) -> Result<Kind, Fault> {
        let sign = || Err(Fault::new("template-sign", token.to_string(), line));
        match token {
            Token::BlockStart => return Ok(Kind::Statement),
            Token::BlockEnd | Token::VariableEnd => self.in_for = false,
            Token::Pipe => return Ok(Kind::Pipe),
            Token::Ident(word) => {
                match last {
                    Kind::Statement if !STATEMENTS.contains(word) => {
                        return Err(Fault::new("template-statement", *word, line));
                    }
                    Kind::Statement => self.in_for = *word == "for",
                    Kind::Pipe if !FILTERS.contains(word) => {
                        return Err(Fault::new("template-filter", *word, line));
                    }
                    _ if matches!(*word, "is" | "recursive") => {
                        return Err(Fault::new("template-statement", *word, line));
                    }
                    _ => {}
                }
                self.words.push(((*word).to_owned(), line));
                return Ok(Kind::Word);
            }
            Token::ParenOpen => self.open.push(before == Kind::Pipe && last == Kind::Word),
            Token::ParenClose => {
                self.open.pop();
            }
            Token::Comma if !self.open.last().copied().unwrap_or(self.in_for) => return sign(),
            Token::TemplateData(_)
            | Token::VariableStart
            | Token::Str(_)
            | Token::String(_)
            | Token::Int(_)
            | Token::Float(_)
            | Token::Minus
            | Token::Dot
            | Token::Comma
            | Token::Eq
            | Token::Ne
            | Token::Gt
            | Token::Gte
            | Token::Lt
            | Token::Lte => {}
            _ => return sign(),
        }
        Ok(Kind::Other)
    }
}

/// What the last word was, as far as the next one depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Statement,
    Pipe,
    Word,
    Other,
}
