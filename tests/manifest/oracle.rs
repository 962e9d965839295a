//! Judges that know nothing of the engine: Argo CD's own decoder, and edits applied to plain values.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use presync::manifest::{Edit, Step};
use serde_json::{Map, Value};

use crate::common::tool;

/// A running `decode --batch`.
pub(crate) struct Decoder {
    child: Child,
    requests: Option<ChildStdin>,
    replies: BufReader<ChildStdout>,
}

impl Decoder {
    pub(crate) fn start() -> Option<Self> {
        let mut child = Command::new(tool("decode")?)
            .arg("--batch")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let requests = child.stdin.take();
        let replies = BufReader::new(child.stdout.take().unwrap());
        Some(Self { child, requests, replies })
    }

    /// The objects that Argo CD reads from its plugin's stdout, or its error.
    pub(crate) fn decode(&mut self, stream: &[u8]) -> Result<Vec<Value>, String> {
        let requests = self.requests.as_mut().unwrap();
        writeln!(requests, "{}", stream.len()).unwrap();
        requests.write_all(stream).unwrap();
        requests.flush().unwrap();
        let mut reply = String::new();
        self.replies.read_line(&mut reply).unwrap();
        let mut reply: Map<String, Value> = serde_json::from_str(&reply).unwrap();
        match reply.remove("objects") {
            Some(Value::Array(objects)) => Ok(objects.into_iter().map(go_numbers).collect()),
            _ => Err(reply["error"].as_str().unwrap().to_owned()),
        }
    }
}

/// Go prints a large float as if it were an integer.
fn go_numbers(value: Value) -> Value {
    match value {
        Value::Number(number) if number.is_u64() && !number.is_i64() => Value::from(number.as_f64()),
        Value::Array(items) => items.into_iter().map(go_numbers).collect(),
        Value::Object(map) => {
            Value::Object(map.into_iter().map(|(key, value)| (key, go_numbers(value))).collect())
        }
        value => value,
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        drop(self.requests.take());
        self.child.wait().unwrap();
    }
}

/// What an edit means; `None` when it does not fit the object.
pub(crate) fn applied(mut value: Value, edits: &[Edit]) -> Option<Value> {
    for edit in edits {
        match edit {
            Edit::Set { path, value: new } => set(&mut value, path, new)?,
            Edit::Remove { path } => remove(&mut value, path),
        }
    }
    Some(value)
}

fn set(at: &mut Value, path: &[Step], new: &Value) -> Option<()> {
    match path {
        [] => *at = new.clone(),
        [Step::Key(key), rest @ ..] => {
            if at.is_null() {
                *at = Value::Object(Map::new());
            }
            let Value::Object(map) = at else { return None };
            if !map.contains_key(key) {
                map.insert(key.clone(), Value::Null);
            }
            set(&mut map[key.as_str()], rest, new)?;
        }
        [Step::Index(index), rest @ ..] => match at {
            Value::Array(items) if *index < items.len() => set(&mut items[*index], rest, new)?,
            _ => return None,
        },
    }
    Some(())
}

fn remove(at: &mut Value, path: &[Step]) {
    match (path, at) {
        ([Step::Key(key)], Value::Object(map)) => drop(map.shift_remove(key)),
        ([Step::Index(index)], Value::Array(items)) if *index < items.len() => drop(items.remove(*index)),
        ([Step::Key(key), rest @ ..], Value::Object(map)) if map.contains_key(key) => {
            remove(&mut map[key.as_str()], rest);
        }
        ([Step::Index(index), rest @ ..], Value::Array(items)) if *index < items.len() => {
            remove(&mut items[*index], rest);
        }
        _ => {}
    }
}
