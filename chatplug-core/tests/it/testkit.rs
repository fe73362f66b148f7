//! The testkit keeps its own promises: every suite on the implementations in memory.

use chatplug_core::{
    ports::{Clock as _, Store as _},
    testkit::{MemoryStore, TenantBuilder, VirtualClock},
};

#[tokio::test]
async fn a_store_in_memory_works_from_the_first_call() {
    let store = MemoryStore::new();
    let tenant = store.tenant(&"bella".parse().unwrap());
    tenant.register(&TenantBuilder::new("bella").setup(&[])).await.unwrap();
    assert_eq!(store.due(VirtualClock::default().now(), 10).await.unwrap(), []);
    assert_eq!(store.next_due().await.unwrap(), None);
}
