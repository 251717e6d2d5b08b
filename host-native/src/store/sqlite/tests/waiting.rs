//! Waking who waits, in this process and in others. Two stores on one file share
//! nothing but the file, as two processes do.

use std::time::Duration;

use rusqlite::Connection;
use tokio::time::{Instant, timeout};

use super::*;
use crate::store::Wake;
use crate::store::sqlite::bell::Bell;
use crate::store::sqlite::ear::Ear;

const LONG: Duration = Duration::from_secs(30);

async fn is_woken(watch: &mut Box<dyn Watch>) {
    let until = Instant::now() + LONG;
    assert_eq!(watch.changed(Some(until)).await, Ok(Wake::Changed));
}

fn signals_of(agent: &str) -> Interest {
    Interest::Signals {
        agent_id: agent.into(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_process_is_woken_by_the_bell() {
    let (folder, waits) = folder_and_store();
    let writes = SqliteStore::open(&database(&folder), start()).unwrap();
    let mut watch = waits.watch(signals_of("b")).await.unwrap();
    let mut all = waits.watch(Interest::All).await.unwrap();
    for n in 0..20 {
        writes
            .send(start(), &signal(&format!("s{n}"), "b"))
            .await
            .unwrap();
        is_woken(&mut watch).await;
        is_woken(&mut all).await;
        let check = waits.take(start(), &of("b")).await.unwrap();
        assert!(matches!(check, SignalCheck::Delivered(_)), "{check:?}");
    }
    // More often than by looking: the bell was heard.
    assert!(waits.listener.rings() >= 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_one_thing_sleeps_through_the_others() {
    let (_folder, store) = folder_and_store();
    let mut watch = store.watch(signals_of("b")).await.unwrap();
    for n in 0..50 {
        store
            .beat(start(), &beat(&format!("agent {n}")))
            .await
            .unwrap();
        store.publish(start(), &event("progress")).await.unwrap();
    }
    // The look without a bell may wake it once; the hundred calls do not.
    let mut woken = 0;
    let end = Instant::now() + Duration::from_millis(50);
    while watch.changed(Some(end)).await == Ok(Wake::Changed) {
        woken += 1;
    }
    assert!(woken < 10, "woken {woken} times");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_without_a_bell_is_noticed() {
    let (folder, store) = folder_and_store();
    store.send(start(), &signal("s1", "b")).await.unwrap();
    let mut watch = store.watch(signals_of("b")).await.unwrap();
    let killed = Connection::open(database(&folder)).unwrap();
    killed
        .execute("UPDATE signal SET payload = '{\"n\": 1}'", [])
        .unwrap();
    is_woken(&mut watch).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bell_that_is_removed_is_made_again() {
    let (folder, waits) = folder_and_store();
    let writes = SqliteStore::open(&database(&folder), start()).unwrap();
    let mut watch = waits.watch(signals_of("b")).await.unwrap();
    fs::remove_file(folder.path().join("muster.db-bell")).unwrap();
    for n in 0..3 {
        writes
            .send(start(), &signal(&format!("s{n}"), "b"))
            .await
            .unwrap();
        is_woken(&mut watch).await;
    }
    assert!(folder.path().join("muster.db-bell").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_inotify_looking_often_does() {
    let folder = tempfile::tempdir().unwrap();
    let mut bell = Bell::open(&database(&folder)).unwrap();
    for mut ear in [Ear::open(bell.path()), Ear::looking()] {
        bell.ring(3).unwrap();
        timeout(LONG, ear.heard()).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_listens_once_nobody_waits() {
    let (_folder, store) = folder_and_store();
    let watch = store.watch(Interest::Fleet).await.unwrap();
    drop(watch);
    let end = Instant::now() + LONG;
    while store.listener.is_listening() {
        assert!(Instant::now() < end);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // And again, as often as needed.
    let mut watch = store.watch(Interest::Fleet).await.unwrap();
    store.beat(start(), &beat("b")).await.unwrap();
    is_woken(&mut watch).await;
}
