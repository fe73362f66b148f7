//! The suites that every store must pass.

use chatplug_store::SqliteStore;
use std::ops::Deref;
use tempfile::TempDir;

/// A store in a folder that goes with it.
struct Fresh {
    store: SqliteStore,
    _folder: TempDir,
}

impl Deref for Fresh {
    type Target = SqliteStore;
    fn deref(&self) -> &SqliteStore {
        &self.store
    }
}

async fn fresh() -> Fresh {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(folder.path().join("chatplug.db")).await.unwrap();
    Fresh { store, _folder: folder }
}

mod store {
    use super::fresh;
    chatplug_core::store_contract!(fresh());
}

mod limiter {
    use super::fresh;
    chatplug_core::limiter_contract!(fresh());
}

mod calendar {
    use super::fresh;
    chatplug_core::calendar_store_contract!(fresh());
}

mod connections {
    use super::fresh;
    chatplug_core::connections_contract!(fresh());
}

mod installs {
    use super::fresh;
    chatplug_core::installs_contract!(fresh());
}

mod records {
    use super::fresh;
    chatplug_core::records_contract!(fresh());
}

mod secrets {
    use super::fresh;
    chatplug_core::secrets_contract!(fresh());
}

mod postgres {
    use chatplug_core::vault::{MasterKeys, Vault};
    use chatplug_store::{PostgresOptions, PostgresStore, testing::TestDatabase};
    use std::{ops::Deref, sync::Arc};

    /// A store in a database that goes with it.
    pub(super) struct Fresh {
        store: PostgresStore,
        _database: TestDatabase,
    }

    impl Deref for Fresh {
        type Target = PostgresStore;
        fn deref(&self) -> &PostgresStore {
            &self.store
        }
    }

    pub(super) async fn fresh() -> Fresh {
        let database = TestDatabase::fresh().await;
        let vault = Vault::new(Arc::new(MasterKeys::ephemeral().unwrap()));
        let store = PostgresStore::open(&database.url(), PostgresOptions::new(vault)).await.unwrap();
        Fresh { store, _database: database }
    }

    mod store {
        use super::fresh;
        chatplug_core::store_contract!(fresh());
    }

    mod limiter {
        use super::fresh;
        chatplug_core::limiter_contract!(fresh());
    }

    mod connections {
        use super::fresh;
        chatplug_core::connections_contract!(fresh());
    }

    mod installs {
        use super::fresh;
        chatplug_core::installs_contract!(fresh());
    }

    mod records {
        use super::fresh;
        chatplug_core::records_contract!(fresh());
    }

    mod secrets {
        use super::fresh;
        chatplug_core::secrets_contract!(fresh());
    }

    mod calendar {
        use super::fresh;
        chatplug_core::calendar_store_contract!(fresh());
    }
}
