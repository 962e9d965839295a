use crate::plan::placement::sync_waves::*;

fn id(document: usize) -> ObjectId {
    ObjectId { document, item: None }
}

fn resource(document: usize, wave: i32) -> Item {
    Item { id: id(document), wave, workload: false, fixed: false, explicit: wave != 0 }
}

fn workload(document: usize, wave: i32) -> Item {
    Item { workload: true, ..resource(document, wave) }
}

fn job(document: usize, level: usize, needs: &[usize]) -> Placed {
    Placed {
        id: id(document),
        level,
        wave: None,
        needs: needs.iter().map(|n| id(*n)).collect(),
        claims: BTreeSet::new(),
    }
}

fn moved(arrangement: &Arrangement) -> Vec<(usize, i32)> {
    arrangement.moved.iter().map(|(id, wave)| (id.document, *wave)).collect()
}

#[test]
fn needs_go_before_the_job_and_the_job_before_the_workloads() {
    let found = arrange(&[resource(1, 0), resource(2, 0), workload(3, 0)], &[job(9, 0, &[1])]).unwrap();
    assert_eq!(found.jobs[&id(9)], -1);
    assert_eq!(moved(&found), [(1, -2)]);
}

#[test]
fn nothing_moves_where_there_is_room() {
    let found = arrange(&[resource(1, 0), workload(2, 5)], &[job(9, 0, &[1])]).unwrap();
    assert_eq!(found.jobs[&id(9)], 4);
    assert_eq!(moved(&found), []);
    let authored = Placed { wave: Some(0), ..job(9, 0, &[1]) };
    let found = arrange(&[resource(1, 0), workload(2, 5)], &[authored]).unwrap();
    assert_eq!(found.jobs[&id(9)], 1, "as near to the author's wave as what it needs allows");
}

#[test]
fn jobs_keep_their_order() {
    let items = [resource(1, 0), resource(2, 0), workload(3, 0)];
    let found = arrange(&items, &[job(8, 0, &[1]), job(9, 1, &[1, 2])]).unwrap();
    assert_eq!((found.jobs[&id(8)], found.jobs[&id(9)]), (-2, -1));
    assert_eq!(moved(&found), [(1, -3), (2, -2)]);
}

#[test]
fn what_was_before_a_need_stays_before_it() {
    let items = [resource(1, -2), resource(2, -1), resource(3, 0), workload(4, 0)];
    let found = arrange(&items, &[job(9, 0, &[3])]).unwrap();
    assert_eq!(moved(&found), [(1, -4), (2, -3), (3, -2)]);
}

#[test]
fn a_claim_shares_the_wave_of_its_job() {
    let mut job = job(9, 0, &[1]);
    job.claims.insert(id(2));
    let found = arrange(&[resource(1, 0), resource(2, 0), workload(3, 0)], &[job]).unwrap();
    assert_eq!(moved(&found), [(1, -2), (2, -1)]);
}

#[test]
fn a_claim_is_never_left_in_an_earlier_wave() {
    let claim = |wave| {
        let mut job = Placed { wave: Some(3), ..job(9, 0, &[]) };
        job.claims.insert(id(1));
        arrange(&[resource(1, wave), workload(2, 5)], &[job]).unwrap()
    };
    assert_eq!(moved(&claim(0)), [(1, 3)], "its binding may wait for the Job's pod");
    assert_eq!(moved(&claim(-1)), [], "unless its author put it there");
}

#[test]
fn a_workload_before_what_the_job_needs_cannot_wait() {
    let items = [workload(1, -5), resource(2, 0), workload(3, 0)];
    let found = arrange(&items, &[job(9, 0, &[2])]).unwrap();
    assert_eq!(found.cannot_wait, [id(1)]);
    assert_eq!((found.jobs[&id(9)], moved(&found)), (-1, vec![(2, -2)]));
}

#[test]
fn without_workloads_everything_else_waits() {
    let found = arrange(&[resource(1, 0), resource(2, 0)], &[job(9, 0, &[1])]).unwrap();
    assert_eq!((found.jobs[&id(9)], moved(&found)), (-1, vec![(1, -2)]));
    let found = arrange(&[resource(1, 0)], &[job(9, 0, &[1])]).unwrap();
    assert_eq!((found.jobs[&id(9)], moved(&found)), (1, vec![]));
}

#[test]
fn a_hook_of_the_authors_is_not_moved() {
    let hook = Item { fixed: true, ..resource(1, 0) };
    assert_eq!(arrange(&[hook, workload(2, 0)], &[job(9, 0, &[1])]), Err(Fixed { id: id(1), wave: -2 }));
}

mod properties {
    use super::*;
    use proptest::prelude::*;

    fn app() -> impl Strategy<Value = (Vec<Item>, Vec<Placed>)> {
        let items = prop::collection::vec((-3..6_i32, any::<bool>()), 1..12).prop_map(|list| {
            list.into_iter()
                .enumerate()
                .map(|(n, (wave, workload))| Item { id: id(n), wave, workload, fixed: false, explicit: true })
                .collect::<Vec<_>>()
        });
        items.prop_flat_map(|items| {
            let count = items.len();
            let drawn = (prop::collection::btree_set(0..count, 0..4), prop::option::of(-3..6_i32));
            (Just(items), prop::collection::vec(drawn, 1..4)).prop_map(|(items, jobs)| {
                let jobs = jobs
                    .into_iter()
                    .enumerate()
                    .map(|(n, (needs, wave))| Placed {
                        wave,
                        ..job(100 + n, n, &needs.into_iter().collect::<Vec<_>>())
                    })
                    .collect();
                (items, jobs)
            })
        })
    }

    proptest! {
        #[test]
        fn order_holds((items, jobs) in app()) {
            let found = arrange(&items, &jobs).unwrap();
            let wave = |id: ObjectId| {
                found.moved.get(&id).copied().or_else(|| items.iter().find(|item| item.id == id).map(|item| item.wave))
            };
            for job in &jobs {
                for need in &job.needs {
                    prop_assert!(wave(*need).unwrap() < found.jobs[&job.id], "a need comes first");
                }
            }
            for pair in jobs.windows(2) {
                prop_assert!(found.jobs[&pair[0].id] < found.jobs[&pair[1].id], "the Jobs keep their order");
            }
            for a in &items {
                for b in &items {
                    if a.wave < b.wave {
                        prop_assert!(wave(a.id) < wave(b.id), "no order is broken");
                    }
                }
                let needed = jobs.iter().any(|job| job.needs.contains(&a.id));
                if a.workload && !needed && !found.cannot_wait.contains(&a.id) {
                    for job in &jobs {
                        prop_assert!(wave(a.id).unwrap() > found.jobs[&job.id], "workloads wait");
                    }
                }
            }
        }
    }
}
