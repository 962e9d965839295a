//! The fuzz targets on their corpus and on changed copies of it, for `PRESYNC_FUZZ_ROUNDS` rounds (1 where unset).
//!
//! `make fuzz` runs the same targets under libFuzzer, which looks for inputs that reach new code. Here nothing is built for
//! them alone, and the cases are the same on each machine.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr, reason = "a test")]
#![allow(missing_docs, unreachable_pub, reason = "the crate in `fuzz` has its own lints")]

use std::{
    env, fs,
    panic::{self, AssertUnwindSafe},
    path::Path,
};

mod common;
#[path = "../fuzz/src/lib.rs"]
mod targets;

/// How many changes a copy gets at most.
const CHANGES: usize = 6;

/// What is put in between, beside bytes of the corpus.
const WORDS: &[&str] = &[
    "---\n",
    "\n",
    "\r\n",
    "\t",
    "  ",
    ": ",
    "- ",
    "{",
    "}",
    "[",
    "]",
    "\"",
    "'",
    "|",
    ">",
    "#",
    "&a ",
    "*a",
    "!!str ",
    "? ",
    "<<: ",
    "\u{1e}",
    "\u{feff}",
    "\u{2028}",
    "{{",
    "}}",
    "{{#each ",
    "{{/each}}",
    "(",
    ")",
    "=",
    ",",
    "\\",
    "\0",
    "0",
    "~",
    "true",
    "null",
];

#[test]
fn edit() {
    common::tool("decode");
    run("edit", 2_000, targets::edit::run);
}

#[test]
fn settings() {
    run("settings", 500, targets::settings::run);
}

#[test]
fn parameters() {
    run("parameters", 3_000, targets::parameters::run);
}

#[test]
fn handlebars() {
    run("handlebars", 300, targets::handlebars::run);
}

#[test]
fn plan() {
    common::tool("decode");
    run("plan", 250, targets::plan::run);
}

/// Runs the corpus, and `cases` changed copies in each round.
fn run(name: &str, cases: usize, target: fn(&[u8])) {
    let rounds: usize = env::var("PRESYNC_FUZZ_ROUNDS").map_or(1, |rounds| rounds.parse().unwrap());
    let corpus = corpus(name);
    for input in &corpus {
        one(name, target, input);
    }
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for _ in 0..rounds * cases {
        one(name, target, &changed(&corpus, &mut random));
    }
    eprintln!("fuzz {name}: {} cases", corpus.len() + rounds * cases);
}

fn one(name: &str, target: fn(&[u8]), input: &[u8]) {
    if let Err(panic) = panic::catch_unwind(AssertUnwindSafe(|| target(input))) {
        eprintln!("fuzz {name}: failed for the input \"{}\"", input.escape_ascii());
        panic::resume_unwind(panic);
    }
}

/// The inputs in the target's folder, in the order of their names.
fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// A copy of one of the inputs, with parts replaced, repeated, taken from another one, or left out.
fn changed(corpus: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut input = corpus[random.below(corpus.len())].clone();
    for _ in 0..=random.below(CHANGES) {
        let range = range(input.len(), random);
        let part = match random.below(4) {
            0 => Vec::new(),
            1 => WORDS[random.below(WORDS.len())].as_bytes().to_vec(),
            2 => vec![u8::try_from(random.below(256)).unwrap(); 1 + random.below(3)],
            _ => {
                let other = &corpus[random.below(corpus.len())];
                other[self::range(other.len(), random)].to_vec()
            }
        };
        input.splice(range, part);
    }
    input.truncate(2048);
    input
}

/// A short range, empty in half of the cases.
fn range(length: usize, random: &mut Random) -> std::ops::Range<usize> {
    let start = random.below(length + 1);
    let end = if random.below(2) == 0 { start } else { length.min(start + random.below(24)) };
    start..end
}

/// Marsaglia's xorshift.
struct Random(u64);

impl Random {
    fn below(&mut self, count: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % count.max(1)
    }
}
