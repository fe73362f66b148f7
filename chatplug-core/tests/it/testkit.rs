//! The testkit keeps its own promises: every suite on the implementations in memory.

mod store {
    use chatplug_core::testkit::MemoryStore;

    async fn store() -> Box<MemoryStore> {
        Box::new(MemoryStore::new())
    }

    chatplug_core::store_contract!(store());
}

/// A promise that stands in no macro is a promise that nobody checks.
#[test]
fn every_promise_of_every_suite_is_run() {
    let contract = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/testkit/contract");
    let mut folders = vec![contract];
    let (mut promises, mut run) = (Vec::new(), std::collections::BTreeSet::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let source = std::fs::read_to_string(&path).unwrap();
            let named = source.lines().filter_map(|line| line.strip_prefix("pub async fn ")?.split(['(', '<']).next());
            promises.extend(named.map(str::to_owned));
            if source.contains("macro_rules!") {
                run.extend(source.split_whitespace().map(str::to_owned));
            }
        }
    }
    let forgotten: Vec<_> = promises.iter().filter(|promise| !run.contains(*promise)).collect();
    assert!(promises.len() > 100, "only {} promises were found", promises.len());
    assert!(forgotten.is_empty(), "in no macro: {forgotten:?}");
}

mod calendar_store {
    use chatplug_core::testkit::MemoryCalendarStore;

    async fn calendars() -> Box<MemoryCalendarStore> {
        Box::new(MemoryCalendarStore::new())
    }

    chatplug_core::calendar_store_contract!(calendars());
}
