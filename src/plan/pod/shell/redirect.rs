//! Redirections and here-documents.

use super::Reader;
use crate::plan::pod::program::{base_name, is_shell};

/// A here-document whose text comes after the line.
pub(super) struct Document {
    end: String,
    /// `<<-`: leading tabs do not count.
    indented: bool,
    /// Its text feeds a shell.
    run: bool,
}

impl Reader<'_, '_> {
    /// Reads what follows `<` or `>`.
    pub(super) fn redirect(&mut self, operator: char) {
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
        while let Some(c) =
            self.rest.next_if(|c| !c.is_whitespace() && !matches!(c, ';' | '|' | '&' | ')' | '>'))
        {
            if !matches!(c, '"' | '\'' | '\\') {
                end.push(c);
            }
        }
        let run = self.words.iter().any(|word| is_shell(base_name(word)));
        self.documents.push(Document { end, indented, run });
    }

    /// Reads the here-documents of the line that has ended.
    pub(super) fn read_documents(&mut self) {
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
            } else if let Some(command) = self.commands.last_mut() {
                command.input = Some(text);
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
}
