//! The store against the model, and what can happen to its file.

mod faults;
mod processes;
mod waiting;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use muster_core::JsonObject;
use muster_core::coordination::{Model, NewSignal, Operation, Position, SignalCheck, SignalFilter};
use proptest::prelude::*;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::*;
use crate::store::apply;
use crate::store::conformance::{
    a_long_queue_is_listed_in_order, a_request_is_decided_once, agrees,
    each_signal_is_received_once, long_runs_are_told, start, steps, who_waits_is_woken,
};

fn folder_and_store() -> (TempDir, SqliteStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&database(&folder), start()).unwrap();
    (folder, store)
}

fn database(folder: &TempDir) -> PathBuf {
    folder.path().join("muster.db")
}

fn signal(id: &str, target: &str) -> NewSignal {
    NewSignal {
        signal_id: id.into(),
        signal_type: "ready".into(),
        source_agent: "sender".into(),
        target_agent: target.into(),
        payload: JsonObject::default(),
        ttl_s: 3600,
    }
}

fn of(agent_id: &str) -> SignalFilter {
    SignalFilter {
        agent_id: agent_id.into(),
        signal_type: None,
        source_agent: None,
    }
}

fn event(event_type: &str) -> NewEvent {
    NewEvent {
        event_type: event_type.into(),
        data: JsonObject::default(),
        source: "test".into(),
        max_len: 10_000,
    }
}

fn beat(agent_id: &str) -> BeatInput {
    BeatInput {
        agent_id: agent_id.into(),
        status: "running".into(),
        progress: muster_core::Decimal::ZERO,
        current_task: "work".into(),
        display_name: None,
        metadata: None,
        ttl_s: 30,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn the_store_agrees_with_the_model(steps in steps()) {
        let runtime = Runtime::new().unwrap();
        let (_folder, store) = folder_and_store();
        runtime.block_on(agrees(&store, start(), &steps))?;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_store_is_fair() {
    for _ in 0..3 {
        let (_folder, store) = folder_and_store();
        each_signal_is_received_once(Arc::new(store), start()).await;
        let (_folder, store) = folder_and_store();
        a_request_is_decided_once(Arc::new(store), start()).await;
        let (_folder, store) = folder_and_store();
        who_waits_is_woken(Arc::new(store), start()).await;
    }
    let (_folder, store) = folder_and_store();
    a_long_queue_is_listed_in_order(Arc::new(store), start()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn long_runs_of_beats_are_told() {
    let (_folder, store) = folder_and_store();
    long_runs_are_told(&store).await;
}

/// Of the format before this one, also where somebody only looks first.
#[tokio::test(flavor = "multi_thread")]
async fn an_older_file_is_brought_to_this_format() {
    for look_first in [false, true] {
        let (folder, store) = folder_and_store();
        store.beat(start(), &beat("a")).await.unwrap();
        drop(store);
        let path = database(&folder);
        rusqlite::Connection::open(&path)
            .unwrap()
            .execute_batch(
                "ALTER TABLE agent DROP COLUMN run_since;
                 ALTER TABLE agent DROP COLUMN run_longest_us;
                 PRAGMA user_version = 1;",
            )
            .unwrap();
        let store = if look_first {
            SqliteStore::open_to_look(&path).unwrap().unwrap()
        } else {
            SqliteStore::open(&path, start()).unwrap()
        };
        let fleet = store.fleet(start()).await.unwrap();
        assert_eq!(fleet.items.len(), 1);
        store.beat(start(), &beat("a")).await.unwrap();
    }
}

/// The clock goes back and forth over the ends of signals, approvals and beats.
#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_is_set_back_changes_nothing_but_the_comparisons() {
    let (_folder, store) = folder_and_store();
    let mut model = Model::new(start());
    let request = NewApproval {
        request_id: "approval_1".into(),
        approval_type: "deploy".into(),
        agent_id: "a".into(),
        context: JsonObject::default(),
        timeout_us: 60_000_000,
    };
    let answer = Answer {
        request_id: "approval_1".into(),
        approved: true,
        responder: "kim".into(),
        reason: String::new(),
        min_left_us: 0,
    };
    let short = |id| NewSignal {
        ttl_s: 30,
        ..signal(id, "b")
    };
    let read = StreamRead {
        from: vec![("progress".into(), Position::Start)],
        count: 10,
    };
    let steps = [
        (0, Operation::Send(short("s1"))),
        (0, Operation::Request(request)),
        (0, Operation::Publish(event("progress"))),
        (0, Operation::Beat(beat("a"))),
        (40, Operation::Check(of("b"))),
        (10, Operation::Check(of("b"))),
        (-3600, Operation::Send(short("s2"))),
        (-3600, Operation::Publish(event("progress"))),
        (-3600, Operation::Beat(beat("a"))),
        (-3600, Operation::Take(of("b"))),
        (-3600, Operation::Take(of("b"))),
        (100, Operation::Sweep),
        (100, Operation::Decide(answer.clone())),
        (20, Operation::Decide(answer)),
        (20, Operation::Publish(event("progress"))),
        (20, Operation::Read(read)),
        (20, Operation::Fleet),
        (20, Operation::SlowestDelivery { signal_type: None }),
        (90_000, Operation::AllSignals { expired: true }),
        (90_000, Operation::Fleet),
    ];
    for (at, operation) in steps {
        let now = start().saturating_add_us(at * muster_core::US_PER_SECOND);
        let answered = apply(&store, now, &operation).await.unwrap();
        let expected = model.apply(now, operation.clone());
        match (answered, expected) {
            (
                muster_core::coordination::Outcome::Check(SignalCheck::NeverSeen {
                    last_delivered_at: ours,
                    ..
                }),
                muster_core::coordination::Outcome::Check(SignalCheck::NeverSeen {
                    last_delivered_at: theirs,
                    ..
                }),
            ) => assert_eq!(ours, theirs),
            (answered, expected) => assert_eq!(answered, expected, "{at} {operation:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_is_for_its_owner_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data/muster/muster.db");
    let store = SqliteStore::open(&path, start()).unwrap();
    store.send(start(), &signal("s", "b")).await.unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    for entry in fs::read_dir(path.parent().unwrap()).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
    let info = store.info(start()).await.unwrap();
    assert_eq!(info.observed_since, Some(start()));
    assert_eq!(info.durability, Durability::Disk);
    assert_eq!(info.notes, Vec::<String>::new());
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let notes = store.info(start()).await.unwrap().notes;
    assert!(notes[0].contains("chmod 600"), "{notes:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_over_goes_and_the_log_stays_small() {
    let (folder, store) = folder_and_store();
    for n in 0..20 {
        let id = format!("s{n}");
        store.send(start(), &signal(&id, "b")).await.unwrap();
        store
            .broadcast(start(), &signal(&format!("all{n}"), ""))
            .await
            .unwrap();
    }
    store.take(start(), &of("b")).await.unwrap();
    store.beat(start(), &beat("b")).await.unwrap();
    store.enrol(start(), "b").await.unwrap();
    let mut connection = connection::open(&database(&folder)).unwrap();
    let rows = |connection: &rusqlite::Connection| -> i64 {
        connection
            .query_row(
                "SELECT (SELECT count(*) FROM signal) + (SELECT count(*) FROM receipt)
                      + (SELECT count(*) FROM route) + (SELECT count(*) FROM agent)
                      + (SELECT count(*) FROM enrolment)",
                [],
                |row| row.get(0),
            )
            .unwrap()
    };
    let before = rows(&connection);
    // Within the grace period tombstones stay.
    let later = start().saturating_add_us(muster_core::US_PER_DAY);
    let mut clean = |now: Timestamp| {
        assert!(retention::is_due(&connection, now).unwrap());
        let transaction = connection.transaction().unwrap();
        retention::clean(&transaction, now).unwrap();
        transaction.commit().unwrap();
        assert!(!retention::is_due(&connection, now).unwrap());
        rows(&connection)
    };
    // Only what was received goes, with what is known of the delivery, and the enrolment.
    assert_eq!(clean(later), before - 3);
    let expired = store.all_signals(later, true).await.unwrap().items;
    assert_eq!(expired.len(), 39);
    assert!(matches!(
        store.check(later, &of("b")).await,
        Ok(SignalCheck::Expired(_))
    ));
    assert_eq!(
        clean(later.saturating_add_us(2 * muster_core::US_PER_DAY)),
        0
    );

    let mut beats = tokio::task::JoinSet::new();
    let store = Arc::new(store);
    for n in 0..6000 {
        let store = Arc::clone(&store);
        beats.spawn(async move { store.beat(start(), &beat(&format!("agent {n}"))).await });
    }
    for outcome in beats.join_all().await {
        outcome.unwrap();
    }
    let wal = fs::metadata(folder.path().join("muster.db-wal"))
        .unwrap()
        .len();
    assert!(wal < 16 << 20, "the log has {wal} bytes");
}
