//! Names and versions as tokens: the parts between dashes and dots.

/// A part of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token<'n> {
    pub(super) text: &'n str,
    /// Where it begins in the name.
    pub(super) start: usize,
}

impl Token<'_> {
    /// Returns where it ends in the name.
    pub(super) fn end(&self) -> usize {
        self.start + self.text.len()
    }
}

/// Returns the parts of a name. A placeholder of argocd-vault-plugin (`<path:secret/shop#tag>`) is one part.
pub(super) fn tokens(name: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut start = None;
    let mut placeholder = false;
    for (at, c) in name.char_indices() {
        placeholder = (placeholder || c == '<') && c != '>';
        if placeholder || c == '>' || c.is_alphanumeric() {
            start.get_or_insert(at);
        } else if let Some(start) = start.take() {
            tokens.push(Token { text: &name[start..at], start });
        }
    }
    tokens.extend(start.map(|start| Token { text: &name[start..], start }));
    tokens
}

/// `name` without the tokens that are not kept; what stands between two kept ones stays as it is.
pub(super) fn without(name: &str, tokens: &[Token<'_>], removed: impl Fn(usize) -> bool) -> String {
    let mut rest = String::with_capacity(name.len());
    let mut before: Option<usize> = None;
    for (index, token) in tokens.iter().enumerate().filter(|(index, _)| !removed(*index)) {
        match before {
            Some(before) if before + 1 == index => rest.push_str(&name[tokens[before].end()..token.start]),
            Some(_) => rest.push('-'),
            None => {}
        }
        rest.push_str(token.text);
        before = Some(index);
    }
    rest
}

/// Returns how many tokens two names have in common at their beginnings and at their ends.
pub(super) fn common_ends(a: &[Token<'_>], b: &[Token<'_>]) -> (usize, usize) {
    let before = a.iter().zip(b).take_while(|(a, b)| a.text == b.text).count();
    let after =
        a[before..].iter().rev().zip(b[before..].iter().rev()).take_while(|(a, b)| a.text == b.text).count();
    (before, after)
}

/// Returns how many tokens two names have in common at their ends together.
pub(crate) fn common_tokens(a: &str, b: &str) -> usize {
    let (before, after) = common_ends(&tokens(a), &tokens(b));
    before + after
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_without_some_of_its_tokens_is_a_name() {
        for (name, removed, rest) in [
            ("shop-v1.3.3-migrations", 1..4, "shop-migrations"),
            ("shop-migrate-1.4.2", 2..5, "shop-migrate"),
            ("shop.eu-migrate-17", 3..4, "shop.eu-migrate"),
            ("3f9c2ab-shop-migrate", 0..1, "shop-migrate"),
            ("shop-migrate-<path:secret/shop#tag>", 2..3, "shop-migrate"),
            ("3f9c2ab", 0..1, ""),
        ] {
            assert_eq!(without(name, &tokens(name), |index| removed.contains(&index)), rest, "{name}");
        }
    }
}
