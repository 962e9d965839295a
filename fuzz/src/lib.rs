//! The fuzz targets, each a function of bytes that panics where presync does wrong, and what they share: choices made from
//! bytes, and Argo CD's decoder as the judge.
//!
//! libFuzzer runs them (`targets`, `make fuzz`), and so does `tests/fuzz.rs`, which is built with the other tests.

pub mod edit;
pub mod handlebars;
pub mod parameters;
pub mod plan;
pub mod settings;

use std::{
    cell::RefCell,
    env,
    io::{BufRead as _, BufReader, Write as _},
    path::PathBuf,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use serde_json::{Number, Value};

/// Choices, one a byte; zero when there are no more.
pub struct Choices<'a>(pub &'a [u8]);

impl Choices<'_> {
    /// A number below `count`.
    pub fn below(&mut self, count: usize) -> usize {
        let (first, rest) = self.0.split_first().unwrap_or((&0, &[]));
        self.0 = rest;
        usize::from(*first) % count.max(1)
    }

    /// One of several.
    pub fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    /// Whether there are more.
    pub fn any(&self) -> bool {
        !self.0.is_empty()
    }
}

/// The input in two: its first line, for choices, and the rest.
pub fn split(data: &[u8]) -> (&[u8], &[u8]) {
    match data.iter().position(|byte| *byte == b'\n') {
        Some(at) => (&data[..at], &data[at + 1..]),
        None => (&[], data),
    }
}

/// What Argo CD reads from its plugin's stdout, or its error; `None` where `tests/tools/build` has not built the decoder.
pub fn decode(stream: &[u8]) -> Option<Result<Vec<Value>, String>> {
    thread_local!(static DECODER: RefCell<Option<Decoder>> = RefCell::new(Decoder::start()));
    DECODER.with_borrow_mut(|decoder| decoder.as_mut().map(|decoder| decoder.decode(stream)))
}

struct Decoder {
    child: Child,
    requests: Option<ChildStdin>,
    replies: BufReader<ChildStdout>,
}

impl Decoder {
    fn start() -> Option<Self> {
        let tools = env::var_os("PRESYNC_TOOLS_DIR").map_or_else(|| "target/tools".into(), PathBuf::from);
        let program = Some(tools.join("decode")).filter(|program| program.is_file())?;
        let mut child = Command::new(program)
            .arg("--batch")
            // It would collect its garbage after every few streams.
            .env("GOGC", "800")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the decoder starts");
        let requests = child.stdin.take();
        let replies = BufReader::new(child.stdout.take().expect("a pipe"));
        Some(Self { child, requests, replies })
    }

    fn decode(&mut self, stream: &[u8]) -> Result<Vec<Value>, String> {
        let requests = self.requests.as_mut().expect("a pipe");
        writeln!(requests, "{}", stream.len()).expect("the decoder runs");
        requests.write_all(stream).expect("the decoder runs");
        requests.flush().expect("the decoder runs");
        let mut reply = String::new();
        self.replies.read_line(&mut reply).expect("the decoder replies");
        let reply: Value = serde_json::from_str(&reply).expect("the decoder replies in JSON");
        match reply.get("objects").and_then(Value::as_array) {
            Some(objects) => Ok(objects.iter().map(plain).collect()),
            None => Err(reply["error"].as_str().unwrap_or_default().to_owned()),
        }
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        drop(self.requests.take());
        let _ = self.child.wait();
    }
}

/// The value with numbers as both sides have them: Go prints a large float as if it were an integer, and `serde_json` reads
/// the last digits of a float only roughly.
pub fn plain(value: &Value) -> Value {
    let float = |number: &Number| number.as_f64().map(|float| format!("{float:.14e}"));
    match value {
        Value::Number(number) => number.as_i64().map_or_else(|| Value::from(float(number)), Value::from),
        Value::Array(items) => items.iter().map(plain).collect(),
        Value::Object(map) => map.iter().map(|(key, value)| (key.clone(), plain(value))).collect(),
        value => value.clone(),
    }
}
