//! What tells for certain that a part of a Job's name is generated: the same text stands in an image's tag, a version
//! label, a checksum, or the app's revision.

use std::{ops::Range, slice};

use serde_json::Value;

use super::{
    looks,
    tokens::{Token, tokens},
};
use crate::{
    argocd,
    plan::{app::job::Job, rewrite::digest},
};

/// Length from which a name may have been cut: charts cut at 63 characters and at 52, the limit for a `CronJob`.
const CUT: usize = 50;

/// Length from which Git shortens a hash; no word of seven letters begins one by chance.
const SHORT_HASH: usize = 7;

/// A text that changes with each release.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Mark {
    tokens: Vec<String>,
    /// What it is, such as `the image's tag`.
    pub(super) source: String,
}

impl Mark {
    /// Returns the text as a whole, the parts of it that stand for a release by themselves, the longest first, and its
    /// SHA-256.
    fn all(text: &str, source: &str) -> Vec<Self> {
        Self::among(text, source, |_| true)
    }

    /// Returns those of them whose first token has a key that `may_fit`.
    pub(super) fn among(text: &str, source: &str, may_fit: impl Fn(&str) -> bool) -> Vec<Self> {
        let tokens: Vec<String> = tokens(text).iter().map(|token| token.text.to_lowercase()).collect();
        let runs = [&tokens[..], &tokens[numbers(&tokens)]];
        let joined = runs.map(|run| if run.len() > 1 { run.concat() } else { String::new() });
        let mut marks: Vec<&[String]> = runs.to_vec();
        marks.extend(joined.iter().filter(|run| !run.is_empty()).map(slice::from_ref));
        marks.extend(tokens.iter().map(slice::from_ref));
        let counts = |mark: &[String]| mark.first().is_some_and(|first| may_fit(key(first)));
        marks.retain(|mark| counts(mark) && is_distinctive(mark));
        marks.dedup();
        let mark = |tokens: &[String]| Self { tokens: tokens.to_vec(), source: source.to_owned() };
        let mut marks: Vec<_> = marks.into_iter().map(mark).collect();
        let digest = digest::sha256_of_text(text);
        if may_fit(key(&digest)) {
            marks.push(Self { tokens: vec![digest], source: format!("a digest of {source}") });
        }
        marks
    }

    /// Returns the key of its first token.
    pub(super) fn key(&self) -> &str {
        self.tokens.first().map_or("", |first| key(first))
    }

    /// Returns where the mark stands in a name.
    pub(super) fn find(&self, name: &str, tokens: &[Token<'_>]) -> Option<Range<usize>> {
        let length = self.tokens.len();
        let whole = (0..(tokens.len() + 1).saturating_sub(length))
            .map(|start| start..start + length)
            .find(|range| self.fits(&tokens[range.clone()], false));
        whole.or_else(|| {
            let cut = (1..length).rev().filter(|_| name.len() >= CUT && length > 1);
            let mut tails = cut.filter_map(|count| Some(tokens.len().checked_sub(count)?..tokens.len()));
            tails.find(|range| range.len() > 1 && self.fits(&tokens[range.clone()], true))
        })
    }

    fn fits(&self, part: &[Token<'_>], cut: bool) -> bool {
        let last = part.len() - 1;
        part.iter().zip(&self.tokens).enumerate().all(|(index, (token, mark))| {
            let text = token.text.to_lowercase();
            let (bare, mark_bare) = match index {
                0 => (without_v(&text), without_v(mark)),
                _ => (text.as_str(), mark.as_str()),
            };
            bare == mark_bare
                || (is_hash(mark_bare) && bare.len() >= SHORT_HASH && mark_bare.starts_with(bare))
                || (is_hash(mark_bare) && is_hash(bare) && bare.starts_with(mark_bare))
                || (cut && index == last && mark_bare.starts_with(bare))
        })
    }
}

/// Returns `1.2.3` in `v1.2.3-alpine`: the longest run of numbers.
fn numbers(tokens: &[String]) -> Range<usize> {
    let mut longest = 0..0;
    let mut start = 0;
    for (index, token) in tokens.iter().enumerate() {
        let begins = index == start;
        let digits = if begins { without_v(token) } else { token };
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            start = index + 1;
        } else if index + 1 - start > longest.len() {
            longest = start..index + 1;
        }
    }
    if longest.len() > 1 { longest } else { 0..0 }
}

/// Whether the same tokens in a name can hardly mean something else: `v2`, `1` or `latest` can.
fn is_distinctive(tokens: &[String]) -> bool {
    let digits = |token: &String| token.bytes().filter(u8::is_ascii_digit).count();
    match tokens {
        [] => false,
        [token] => {
            let (digits, length) = (digits(token), token.len());
            digits > 1 && digits + 1 >= length
                || digits > 1 && length >= 8 && looks::changes(token) >= 3
                || is_hash(token)
                || token.starts_with('<')
        }
        tokens => tokens.iter().any(|token| digits(token) > 0),
    }
}

/// Returns what two tokens in lower case have in common where one fits the other.
pub(super) fn key(token: &str) -> &str {
    let bare = without_v(token);
    if is_hash(bare) { &bare[..SHORT_HASH] } else { bare }
}

fn without_v(text: &str) -> &str {
    text.strip_prefix('v').filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit())).unwrap_or(text)
}

/// Whether it is a commit or a digest, perhaps shortened.
fn is_hash(text: &str) -> bool {
    text.len() >= SHORT_HASH
        && text.bytes().all(|byte| byte.is_ascii_hexdigit())
        && text.bytes().any(|byte| byte.is_ascii_digit())
}

/// Returns the marks of a Job: its images, version labels and checksums, and the app's revision.
pub(super) fn of_job(job: &Job<'_>, app: &argocd::App) -> Vec<Mark> {
    let mut marks: Vec<Mark> = of_images(job.pod()).collect();
    let template = &job.spec()["template"]["metadata"];
    for metadata in [&job.object["metadata"], template] {
        marks.extend(
            texts(&metadata["labels"])
                .filter(|(key, _)| names_a_version(key))
                .flat_map(|(_, text)| Mark::all(text, "a version label")),
        );
        marks.extend(
            texts(&metadata["annotations"])
                .filter(|(_, text)| is_hash(text) && text.len() >= 32)
                .flat_map(|(_, text)| Mark::all(text, "a checksum")),
        );
    }
    let revisions = [&app.revision, &app.target_revision];
    marks.extend(revisions.into_iter().flatten().flat_map(|revision| Mark::all(revision, "the revision")));
    marks
}

/// Returns the marks of a pod's images.
fn of_images(pod: &Value) -> impl Iterator<Item = Mark> {
    images(pod).flat_map(texts_of_image).flat_map(|(text, source)| Mark::all(text, source))
}

/// Returns the images of a pod's containers.
pub(super) fn images(pod: &Value) -> impl Iterator<Item = &str> {
    let containers =
        ["initContainers", "containers"].into_iter().filter_map(|key| pod[key].as_array()).flatten();
    containers.filter_map(|container| container["image"].as_str())
}

/// Returns an image, its tag and its digest, each with what it is.
pub(super) fn texts_of_image(image: &str) -> impl Iterator<Item = (&str, &'static str)> {
    let (name, digest) = image.split_once('@').map_or((image, None), |(name, digest)| (name, Some(digest)));
    let tag =
        name.rsplit_once(':').map(|(_, tag)| tag).filter(|tag| tag.starts_with('<') || !tag.contains('/'));
    let digest = digest.and_then(|digest| digest.split_once(':')).map(|(_, hash)| hash);
    [(tag, "the image's tag"), (digest, "the image's digest"), (Some(image), "the image")]
        .into_iter()
        .filter_map(|(text, source)| Some((text?, source)))
}

fn names_a_version(key: &str) -> bool {
    let key = key.rsplit('/').next().unwrap_or(key).to_lowercase();
    ["version", "chart", "tag", "revision", "commit", "sha", "build"].iter().any(|word| key.contains(word))
}

fn texts(map: &Value) -> impl Iterator<Item = (&str, &str)> {
    map.as_object().into_iter().flatten().filter_map(|(key, value)| Some((key.as_str(), value.as_str()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found<'n>(name: &'n str, text: &str) -> Option<&'n str> {
        let tokens = tokens(name);
        let range = Mark::all(text, "the tag").iter().find_map(|mark| mark.find(name, &tokens))?;
        Some(&name[tokens[range.start].start..tokens[range.end - 1].end()])
    }

    #[test]
    fn tags_versions_and_hashes_are_found_anywhere() {
        for (name, tag, part) in [
            ("notes-migration-1-15-0-dev-7", "1-15-0-dev-7", "1-15-0-dev-7"),
            ("shop-v1.3.3-migrations", "v1.3.3", "v1.3.3"),
            ("shop-1.3.3-migrations", "v1.3.3", "1.3.3"),
            ("shop-v1-3-3-migrations", "1.3.3-alpine", "v1-3-3"),
            ("shop-migrate-1.2.3-rc.1", "1.2.3-rc.1", "1.2.3-rc.1"),
            ("shop-3f9c2ab-migrate", "main-3f9c2ab", "3f9c2ab"),
            ("shop-migrate-3f9c2ab", "3f9c2ab81d0e4c", "3f9c2ab"),
            ("shop-migrate-3f9c2ab81d", "sha-3f9c2ab", "3f9c2ab81d"),
            ("shop-migrate-142", "1.4.2", "142"),
            ("shop-migrate-8ec5a17a", "1.4.2", "8ec5a17a"),
            ("shop-migrate-1234", "1234", "1234"),
            ("shop-migrate-b17", "b17", "b17"),
            ("shop-migrate-20251229101500", "20251229101500", "20251229101500"),
            ("a-very-long-name-of-a-release-and-of-its-chart-migrate-1-15-0-d", "1.15.0-dev.7", "1-15-0-d"),
            ("shop-migrate-<path:a/b#tag>", "<path:a/b#tag>", "<path:a/b#tag>"),
        ] {
            assert_eq!(found(name, tag), Some(part), "{name} {tag}");
        }
    }

    #[test]
    fn what_may_mean_something_else_is_not_found() {
        for (name, tag) in [
            ("shop-migrate-1", "1"),
            ("api-v2-migrate", "v2"),
            ("shop-dev-migrate", "dev"),
            ("shop-latest", "latest"),
            ("shop-alpine-migrate", "16-alpine"),
            ("shop-migrate-postgres15", "postgres15"),
            ("shop-migrate", "1.4.2"),
            ("shop-migrate-3f9c2ab", "81d0e4c"),
            ("shop-1-4-3", "1.4.2"),
            ("shop", ""),
        ] {
            assert_eq!(found(name, tag), None, "{name} {tag}");
        }
    }
}
