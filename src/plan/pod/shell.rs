//! Shell text as the simple commands that it runs.
//!
//! A tolerant reading, not a shell: it knows quotes, comments, continuation lines, here-documents and substitutions, takes
//! every branch as run, and expands no variables. What it cannot read gives words that match no tool.

use std::{iter::Peekable, str::Chars};

use crate::plan::pod::program::base_name;

/// The words of one simple command, quotes removed.
pub(crate) type Words = Vec<String>;

/// Substitutions inside substitutions that are followed; deeper ones are left out.
const MAX_DEPTH: usize = 8;

/// The simple commands of `text` in their order; commands in substitutions come before the one they stand in.
///
/// Patterns of `case`, names of defined functions, targets of outputs, comments and the text of here-documents are no
/// commands; a here-document that feeds a shell is.
pub(crate) fn commands(text: &str) -> Vec<Words> {
    commands_at(text, 0)
}

/// Whether a program is a shell that reads commands from `-c` or from its input.
pub(crate) fn is_shell(program: &str) -> bool {
    matches!(program, "sh" | "ash" | "bash" | "dash" | "ksh" | "zsh" | "busybox")
}

fn commands_at(text: &str, depth: usize) -> Vec<Words> {
    if depth > MAX_DEPTH {
        return Vec::new();
    }
    let mut reader = Reader { rest: text.chars().peekable(), depth, ..Reader::default() };
    reader.read();
    reader.commands
}

struct Reader<'a> {
    rest: Peekable<Chars<'a>>,
    depth: usize,
    commands: Vec<Words>,
    /// Where the commands of the current pipeline begin: `a|b)` is a pattern of `case` as a whole.
    pipeline: usize,
    words: Words,
    word: Option<String>,
    /// The next word is the target of an output's redirection.
    redirected: bool,
    documents: Vec<Document>,
    parentheses: usize,
}

/// A here-document whose text comes after the line.
struct Document {
    end: String,
    /// `<<-`: leading tabs do not count.
    indented: bool,
    /// Its text feeds a shell.
    run: bool,
}

impl Default for Reader<'_> {
    fn default() -> Self {
        Self {
            rest: "".chars().peekable(),
            depth: 0,
            commands: Vec::new(),
            pipeline: 0,
            words: Vec::new(),
            word: None,
            redirected: false,
            documents: Vec::new(),
            parentheses: 0,
        }
    }
}

impl Reader<'_> {
    fn read(&mut self) {
        while let Some(c) = self.rest.next() {
            match c {
                ' ' | '\t' | '\r' => self.end_word(),
                '\n' => {
                    self.end_pipeline();
                    self.read_documents();
                }
                '&' if self.rest.peek() == Some(&'>') => self.end_word(),
                ';' | '&' => self.end_pipeline(),
                '|' if self.rest.next_if_eq(&'|').is_some() => self.end_pipeline(),
                '|' => self.end_command(),
                '(' => self.open(),
                ')' => self.close(),
                '#' if self.word.is_none() => while self.rest.next_if(|c| *c != '\n').is_some() {},
                '<' | '>' => self.redirect(c),
                '\\' => self.escaped(),
                '\'' => self.single_quoted(),
                '"' => self.double_quoted(),
                '`' => self.backticks(),
                '$' => self.dollar(),
                c => self.push(c),
            }
        }
        self.end_pipeline();
    }

    fn push(&mut self, c: char) {
        self.word.get_or_insert_default().push(c);
    }

    fn end_word(&mut self) {
        if let Some(word) = self.word.take()
            && !std::mem::take(&mut self.redirected)
        {
            self.words.push(word);
        }
    }

    fn end_command(&mut self) {
        self.end_word();
        self.redirected = false;
        if !self.words.is_empty() {
            self.commands.push(std::mem::take(&mut self.words));
        }
    }

    fn end_pipeline(&mut self) {
        self.end_command();
        self.pipeline = self.commands.len();
    }

    fn open(&mut self) {
        let defines = self.word.is_some() && self.rest.next_if_eq(&')').is_some();
        if defines {
            self.word = None;
            return;
        }
        self.end_pipeline();
        self.parentheses += 1;
    }

    fn close(&mut self) {
        self.end_command();
        if self.parentheses == 0 {
            self.commands.truncate(self.pipeline);
        } else {
            self.parentheses -= 1;
        }
        self.pipeline = self.commands.len();
    }

    fn redirect(&mut self, operator: char) {
        // `2>` is one operator, not the word `2`.
        if self.word.as_ref().is_some_and(|word| word.bytes().all(|byte| byte.is_ascii_digit())) {
            self.word = None;
        }
        self.end_word();
        if operator == '<' && self.rest.next_if_eq(&'<').is_some() {
            if self.rest.next_if_eq(&'<').is_none() {
                self.here_document();
            }
            return;
        }
        while self.rest.next_if(|c| matches!(c, '>' | '<' | '&' | '|')).is_some() {}
        // What a command reads is as good as an argument: `psql < schema.sql`.
        self.redirected = operator == '>' && self.rest.peek() != Some(&'(');
    }

    fn here_document(&mut self) {
        let indented = self.rest.next_if_eq(&'-').is_some();
        while self.rest.next_if(|c| matches!(c, ' ' | '\t')).is_some() {}
        let mut end = String::new();
        while let Some(c) = self.rest.next_if(|c| !c.is_whitespace() && !matches!(c, ';' | '|' | '&' | ')')) {
            if !matches!(c, '"' | '\'' | '\\') {
                end.push(c);
            }
        }
        let run = self.words.iter().any(|word| is_shell(base_name(word)));
        self.documents.push(Document { end, indented, run });
    }

    fn read_documents(&mut self) {
        for document in std::mem::take(&mut self.documents) {
            let mut text = String::new();
            while self.rest.peek().is_some() {
                let line = self.line();
                let end = line.trim_end_matches('\r');
                if document.end == if document.indented { end.trim_start_matches('\t') } else { end } {
                    break;
                }
                text.push_str(&line);
                text.push('\n');
            }
            if document.run {
                self.run(&text);
            }
        }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        while let Some(c) = self.rest.next_if(|c| *c != '\n') {
            line.push(c);
        }
        self.rest.next();
        line
    }

    /// Adds the commands of a substitution before the one it stands in.
    fn run(&mut self, text: &str) {
        let inner = commands_at(text, self.depth + 1);
        self.commands.extend(inner);
        self.pipeline = self.commands.len();
    }

    fn escaped(&mut self) {
        match self.rest.next() {
            Some('\r') if self.rest.peek() == Some(&'\n') => {
                self.rest.next();
            }
            Some('\n') | None => {}
            Some(c) => self.push(c),
        }
    }

    fn single_quoted(&mut self) {
        self.word.get_or_insert_default();
        while let Some(c) = self.rest.next_if(|c| *c != '\'') {
            self.push(c);
        }
        self.rest.next();
    }

    fn double_quoted(&mut self) {
        self.word.get_or_insert_default();
        while let Some(c) = self.rest.next() {
            match c {
                '"' => return,
                '\\' => match self.rest.next() {
                    Some('\n') | None => {}
                    Some(c @ ('"' | '\\' | '$' | '`')) => self.push(c),
                    Some(c) => {
                        self.push('\\');
                        self.push(c);
                    }
                },
                '`' => self.backticks(),
                '$' => self.dollar(),
                c => self.push(c),
            }
        }
    }

    fn backticks(&mut self) {
        let mut text = String::new();
        while let Some(c) = self.rest.next() {
            match c {
                '`' => break,
                '\\' => text.extend(self.rest.next()),
                c => text.push(c),
            }
        }
        self.run(&text);
        self.push('`');
    }

    fn dollar(&mut self) {
        match self.rest.peek() {
            Some('(') => {
                self.rest.next();
                let text = self.balanced('(', ')');
                // `$((1 + 2))` is arithmetic.
                if !text.starts_with('(') {
                    self.run(&text);
                }
                self.push('$');
            }
            Some('{') => {
                self.rest.next();
                let text = self.balanced('{', '}');
                let word = self.word.get_or_insert_default();
                word.extend(["${", &text, "}"]);
            }
            _ => self.push('$'),
        }
    }

    /// The text up to the closing character, quotes respected; the closing one is taken, not returned.
    fn balanced(&mut self, open: char, close: char) -> String {
        let (mut text, mut depth, mut quote) = (String::new(), 1_usize, None);
        while let Some(c) = self.rest.next() {
            if c == '\\' && quote != Some('\'') {
                text.push(c);
                text.extend(self.rest.next());
                continue;
            }
            if quote == Some(c) {
                quote = None;
            } else if quote.is_none() && matches!(c, '"' | '\'') {
                quote = Some(c);
            } else if quote.is_none() && c == open {
                depth += 1;
            } else if quote.is_none() && c == close {
                depth -= 1;
                if depth == 0 {
                    break;
                }
            }
            text.push(c);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Vec<String> {
        commands(text).into_iter().map(|words| words.join("|")).collect()
    }

    #[test]
    fn splits_at_operators_and_lines() {
        assert_eq!(
            read("set -e\ncd /app && bundle exec rake db:migrate || exit 1; true & wait\n"),
            ["set|-e", "cd|/app", "bundle|exec|rake|db:migrate", "exit|1", "true", "wait"]
        );
        assert_eq!(read("cat a | (grep b; sort)"), ["cat|a", "grep|b", "sort"]);
        assert_eq!(read("alembic \\\n  upgrade \\\r\n head"), ["alembic|upgrade|head"]);
    }

    #[test]
    fn quotes_keep_a_word_together() {
        assert_eq!(
            read(r#"echo "run rake db:migrate" 'and $(more)' it\ em"#),
            ["echo|run rake db:migrate|and $(more)|it em"]
        );
        assert_eq!(read(r#"a "" b"c"'d'"#), ["a||bcd"]);
        assert_eq!(read(r#"echo "a \"b\" \d""#), [r#"echo|a "b" \d"#]);
    }

    #[test]
    fn comments_are_no_commands() {
        assert_eq!(read("# rake db:migrate\ntrue # alembic upgrade head\necho a#b"), ["true", "echo|a#b"]);
    }

    #[test]
    fn substitutions_run() {
        assert_eq!(read("out=$(rake db:migrate 2>&1)"), ["rake|db:migrate", "out=$"]);
        assert_eq!(read(r#"echo "got $(a "$(b)")""#), ["b", "a|$", "echo|got $"]);
        assert_eq!(read("echo `alembic current`"), ["alembic|current", "echo|`"]);
        assert_eq!(read("echo $((1 + 2)) ${A:-x y}"), ["echo|$|${A:-x y}"]);
        assert_eq!(read("diff <(a b) x"), ["diff", "a|b", "x"]);
    }

    #[test]
    fn redirections_are_no_words() {
        assert_eq!(read("rake db:migrate > /log/migrate 2>&1 && next"), ["rake|db:migrate", "next"]);
        assert_eq!(read("a &>b c <d"), ["a|c|d"]);
    }

    #[test]
    fn a_here_document_is_data_unless_a_shell_reads_it() {
        assert_eq!(read("cat > x.sh <<'EOF'\nrake db:migrate\nEOF\nnext"), ["cat", "next"]);
        assert_eq!(read("bash <<-EOF\n\tgoose up\n\tEOF\nnext"), ["bash", "goose|up", "next"]);
        assert_eq!(read("psql <<SQL\nALTER TABLE a"), ["psql"]);
    }

    #[test]
    fn definitions_and_patterns_are_no_commands() {
        assert_eq!(read("migrate() {\n rake db:migrate\n}\n"), ["{", "rake|db:migrate", "}"]);
        assert_eq!(
            read("case $1 in\n migrate|up) goose up;;\n *) exit;;\nesac"),
            ["case|$1|in", "goose|up", "exit", "esac"]
        );
    }

    proptest! {
        #[test]
        fn any_text_can_be_read(text in "[a-z \\\\\"'`$(){}<>|&;#\n-]{0,200}") {
            let _ = commands(&text);
        }

        #[test]
        fn plain_words_stay_as_they_are(words in prop::collection::vec("[a-z:./_-]{1,8}", 1..6)) {
            prop_assert_eq!(commands(&words.join(" ")), vec![words]);
        }
    }
}
