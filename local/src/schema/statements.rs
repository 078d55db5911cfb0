//! The schemas as text: their statements, and what each creates.
//!
//! A function is taken from here and not from the database, which keeps neither the comments around it nor, for a body
//! that begins with `return`, its spelling. A body in `begin atomic` would be cut at its first semicolon: the schemas
//! have none, and a migration of one would fail where it is tried.
use super::layout::SourceFile;
use std::collections::BTreeMap;

/// One statement of a file.
#[derive(Debug)]
pub struct Statement {
    /// The file it stands in, such as `supabase/schemas/00_schema.sql`.
    pub file: String,
    /// Its text to the semicolon, with the comment directly above it.
    pub text: String,
    /// Where in `text` the comment ends and the statement begins.
    begins: usize,
    /// The statement in lower case, without comments, one space between words, and with `''` for every quoted text.
    pub code: String,
}

impl Statement {
    /// What it creates, as `function gateway.now` or `table gateway.roles`; of other things nothing.
    #[must_use]
    pub fn creates(&self) -> Option<String> {
        let rest = self.code.strip_prefix("create ")?;
        let rest = rest.strip_prefix("or replace ").unwrap_or(rest);
        let rest = rest.strip_prefix("unlogged ").unwrap_or(rest);
        let kind = ["function", "table"].into_iter().find(|kind| rest.starts_with(&format!("{kind} ")))?;
        let rest = rest.get(kind.len() + 1..)?;
        let rest = rest.strip_prefix("if not exists ").unwrap_or(rest);
        let name = rest.split([' ', '(']).next()?.replace('"', "");
        Some(format!("{kind} {name}"))
    }

    /// Whether it gives or takes a privilege on a function of this name.
    #[must_use]
    pub fn is_about_privileges_of(&self, function: &str) -> bool {
        let grants = ["grant ", "revoke "].iter().any(|verb| self.code.starts_with(verb));
        let mut names = self.code.split([' ', ',']).map(|word| word.split('(').next().unwrap_or_default());
        grants && self.code.contains(" on function ") && names.any(|name| name.replace('"', "") == function)
    }

    /// What it comments on, without the kind of thing and without a function's arguments.
    #[must_use]
    pub fn comments_on(&self) -> Option<String> {
        let (target, _) = self.code.strip_prefix("comment on ")?.split_once(" is ")?;
        let (_kind, name) = target.split_once(' ')?;
        Some(name.split('(').next()?.trim().replace('"', ""))
    }

    /// The text of a `create function`, so that it also runs where the function is there already.
    #[must_use]
    pub fn replacing(&self) -> String {
        let (comment, statement) = self.text.split_at(self.begins);
        const CREATE: &str = "create function";
        match statement.get(..CREATE.len()) {
            Some(head) if head.eq_ignore_ascii_case(CREATE) => {
                format!("{comment}create or replace function{}", &statement[CREATE.len()..])
            }
            _ => self.text.clone(),
        }
    }
}

/// The statements of a file in order.
#[must_use]
pub fn statements(file: &SourceFile) -> Vec<Statement> {
    let mut found = Vec::new();
    let mut rest = file.text.as_str();
    loop {
        let (begins, ends, code) = next_statement(rest);
        let Some(begins) = begins else { return found };
        // Only the comment that no blank line parts from the statement is about it.
        let above = rest[..begins].rfind("\n\n").map_or(0, |blank| blank + 2);
        let text = rest[above..ends].trim_start_matches('\n');
        let begins = text.len() - (ends - begins);
        found.push(Statement { file: file.path.clone(), text: text.to_owned(), begins, code });
        rest = &rest[ends..];
        // What stands behind the semicolon is about what stands before it.
        rest = rest.find('\n').filter(|end| is_comment(&rest[..*end])).map_or(rest, |end| &rest[end..]);
    }
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with("--")
}

/// Where the first statement of this text begins, if there is one, where it ends, and its code.
fn next_statement(sql: &str) -> (Option<usize>, usize, String) {
    let (mut begins, mut at, mut code) = (None, 0, String::new());
    while let Some(c) = sql[at..].chars().next() {
        let here = &sql[at..];
        let comment = if here.starts_with("--") {
            Some(here.find('\n').unwrap_or(here.len()))
        } else if here.starts_with("/*") {
            Some(block_comment(here))
        } else {
            None
        };
        if let Some(length) = comment {
            at += length;
            space(&mut code);
            continue;
        }
        if c.is_whitespace() {
            at += c.len_utf8();
            space(&mut code);
            continue;
        }
        begins.get_or_insert(at);
        if c == ';' {
            return (begins, at + 1, code.trim_end().to_owned());
        }
        if let Some(length) = quoted(here) {
            code.push_str("''");
            at += length;
            continue;
        }
        code.extend(c.to_lowercase());
        at += c.len_utf8();
    }
    (begins, at, code.trim_end().to_owned())
}

fn space(code: &mut String) {
    if !code.is_empty() && !code.ends_with(' ') {
        code.push(' ');
    }
}

/// The length of the comment that a text begins with; these nest.
fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < text.len() {
        let here = &text.as_bytes()[at..];
        if here.starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if here.starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                break;
            }
        } else {
            at += 1;
        }
    }
    at
}

/// The length of the quoted text that a text begins with, if it does: `'…'` or `$tag$…$tag$`.
fn quoted(text: &str) -> Option<usize> {
    if let Some(rest) = text.strip_prefix('\'') {
        // A doubled quote is read as the end of one text and the beginning of the next.
        return Some(rest.find('\'').map_or(text.len(), |end| end + 2));
    }
    let (tag, rest) = text.strip_prefix('$')?.split_once('$')?;
    if !tag.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        || tag.starts_with(|c: char| c.is_ascii_digit())
    {
        return None;
    }
    let delimiter = format!("${tag}$");
    Some(rest.find(&delimiter).map_or(text.len(), |end| end + 2 * delimiter.len()))
}

/// What is created more than once, as a sentence each.
#[must_use]
pub fn created_twice(files: &[SourceFile]) -> Vec<String> {
    let mut created: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for statement in files.iter().flat_map(statements) {
        if let Some(what) = statement.creates() {
            created.entry(what).or_default().push(statement.file);
        }
    }
    let twice = created.into_iter().filter(|(_, files)| files.len() > 1);
    twice.map(|(what, files)| format!("{what} is created in {}", files.join(" and in "))).collect()
}
