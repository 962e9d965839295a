//! Edits applied to a [`Value`]: what the edited text must read as.

use serde_json::{Map, Value};

use super::changes::{DisplayPath, Edit, Step};

/// Applies one edit; the error is a sentence fragment that names the path.
pub(super) fn apply(value: &mut Value, edit: &Edit) -> Result<(), String> {
    match edit {
        Edit::Set { path, value: new } => set(value, path, new.clone()),
        Edit::Remove { path } => {
            remove(value, path);
            Ok(())
        }
    }
}

fn set(root: &mut Value, path: &[Step], new: Value) -> Result<(), String> {
    let mut place = root;
    for (depth, step) in path.iter().enumerate() {
        place = enter(place, step).ok_or_else(|| {
            let (parent, here) = (DisplayPath(&path[..depth]), DisplayPath(&path[..=depth]));
            match step {
                Step::Key(_) => format!("cannot set {here}: {parent} is not a map"),
                Step::Index(_) => format!("cannot set {here}: there is no such item"),
            }
        })?;
    }
    *place = new;
    Ok(())
}

/// One step down, with the map or key made where it is missing.
fn enter<'v>(place: &'v mut Value, step: &Step) -> Option<&'v mut Value> {
    match step {
        Step::Key(key) => {
            if place.is_null() {
                *place = Value::Object(Map::new());
            }
            Some(place.as_object_mut()?.entry(key.as_str()).or_insert(Value::Null))
        }
        Step::Index(index) => place.as_array_mut()?.get_mut(*index),
    }
}

fn remove(root: &mut Value, path: &[Step]) {
    let Some((last, parents)) = path.split_last() else { return };
    let parent = parents.iter().try_fold(root, |place, step| match step {
        Step::Key(key) => place.get_mut(key),
        Step::Index(index) => place.get_mut(*index),
    });
    match (parent, last) {
        (Some(Value::Object(map)), Step::Key(key)) => {
            map.shift_remove(key);
        }
        (Some(Value::Array(items)), Step::Index(index)) if *index < items.len() => {
            items.remove(*index);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn set_makes_maps_on_the_way_and_null_counts_as_missing() {
        let mut value = json!({"metadata": null});
        apply(&mut value, &Edit::set(["metadata", "annotations", "a"], "b")).unwrap();
        assert_eq!(value, json!({"metadata": {"annotations": {"a": "b"}}}));
    }

    #[test]
    fn set_does_not_overwrite_what_is_not_a_map() {
        let mut value = json!({"metadata": "x", "items": []});
        let error = apply(&mut value, &Edit::set(["metadata", "name"], "b")).unwrap_err();
        assert_eq!(error, "cannot set metadata.name: metadata is not a map");
        let edit = Edit::Set { path: vec!["items".into(), 0.into()], value: json!(1) };
        assert_eq!(apply(&mut value, &edit).unwrap_err(), "cannot set items[0]: there is no such item");
    }

    #[test]
    fn remove_keeps_the_order_and_the_emptied_map() {
        let mut value = json!({"a": 1, "b": {"x": 1}, "c": [1, 2, 3]});
        apply(&mut value, &Edit::remove(["b", "x"])).unwrap();
        apply(&mut value, &Edit::remove(["b", "y", "z"])).unwrap();
        apply(&mut value, &Edit::Remove { path: vec!["c".into(), 1.into()] }).unwrap();
        assert_eq!(serde_json::to_string(&value).unwrap(), r#"{"a":1,"b":{},"c":[1,3]}"#);
        apply(&mut value, &Edit::remove(["a"])).unwrap();
        assert_eq!(serde_json::to_string(&value).unwrap(), r#"{"b":{},"c":[1,3]}"#);
    }
}
