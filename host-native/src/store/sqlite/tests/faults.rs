//! Files that are damaged, newer, of others, locked, gone or not writable.

use std::process::{Command, Stdio};

use rusqlite::Connection;

use super::processes::{acknowledged, child};
use super::*;
use crate::store::{StoreError, StoreErrorKind};

/// Says what was tried, what happened and what to do.
fn refused(outcome: StoreResult<impl std::fmt::Debug>, kind: StoreErrorKind) -> StoreError {
    let error = outcome.unwrap_err();
    assert_eq!(error.kind, kind, "{error}");
    assert!(error.hint.is_some(), "{error}");
    assert!(error.to_string().contains("muster.db"), "{error}");
    error
}

fn open(folder: &TempDir) -> StoreResult<SqliteStore> {
    SqliteStore::open(&database(folder), start())
}

#[test]
fn what_is_no_store_is_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = database(&folder);

    fs::write(
        &path,
        "no database at all, but a text that is long enough\n".repeat(40),
    )
    .unwrap();
    let before = fs::read(&path).unwrap();
    refused(open(&folder), StoreErrorKind::Malformed);
    assert_eq!(fs::read(&path).unwrap(), before);

    fs::remove_file(&path).unwrap();
    let foreign = Connection::open(&path).unwrap();
    foreign
        .execute_batch("CREATE TABLE mine (x); PRAGMA user_version = 1")
        .unwrap();
    drop(foreign);
    let error = refused(open(&folder), StoreErrorKind::Malformed);
    assert!(error.happened.contains("another program"), "{error}");

    fs::remove_file(&path).unwrap();
    drop(open(&folder).unwrap());
    let newer = Connection::open(&path).unwrap();
    newer
        .pragma_update(None, "user_version", schema::VERSION + 1)
        .unwrap();
    drop(newer);
    let error = refused(open(&folder), StoreErrorKind::Version);
    let newer = format!("format {}", schema::VERSION + 1);
    assert!(error.happened.contains(&newer), "{error}");

    // Who only looks is refused in the same way.
    let error = refused(SqliteStore::open_to_look(&path), StoreErrorKind::Version);
    assert!(error.happened.contains(&newer), "{error}");

    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    refused(open(&folder), StoreErrorKind::Usage);

    let no_folder = SqliteStore::open(Path::new("/proc/muster/muster.db"), start());
    assert!(no_folder.unwrap_err().hint.is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_file_is_said_to_be() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder).unwrap();
    for n in 0..200 {
        store
            .send(start(), &signal(&format!("s{n}"), "b"))
            .await
            .unwrap();
    }
    let connection = connection::open(&database(&folder)).unwrap();
    connection
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .unwrap();
    drop((connection, store));
    let path = database(&folder);
    let mut bytes = fs::read(&path).unwrap();
    let page = 4096;
    for byte in &mut bytes[2 * page..] {
        *byte = 0xA5;
    }
    fs::write(&path, &bytes).unwrap();
    // Opened, the first look at a damaged page tells.
    match open(&folder) {
        Ok(store) => {
            refused(
                store.send(start(), &signal("s", "b")).await,
                StoreErrorKind::Malformed,
            );
            refused(
                store.check(start(), &of("b")).await,
                StoreErrorKind::Malformed,
            );
        }
        refusal => {
            refused(refusal, StoreErrorKind::Malformed);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_of_another_hand_hides_no_other() {
    let (folder, store) = folder_and_store();
    for id in ["s1", "s2"] {
        store.send(start(), &signal(id, "b")).await.unwrap();
    }
    let other = Connection::open(database(&folder)).unwrap();
    other
        .execute(
            "UPDATE signal SET payload = '[1' WHERE signal_id = 's1'",
            [],
        )
        .unwrap();
    let listing = store.signals(start(), &of("b")).await.unwrap();
    assert_eq!(listing.items.len(), 1);
    assert_eq!(listing.malformed[0].key, "the signal s1");
    refused(
        store.take(start(), &of("b")).await,
        StoreErrorKind::Malformed,
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_that_is_kept_is_waited_for_and_then_told() {
    let (folder, store) = folder_and_store();
    let hangs = Connection::open(database(&folder)).unwrap();
    hangs.execute_batch("BEGIN IMMEDIATE").unwrap();
    let sent = store.send(start(), &signal("s1", "b")).await;
    let error = refused(sent, StoreErrorKind::TimedOut);
    assert!(error.happened.contains("locked for 10 s"), "{error}");
    // Readers do not wait for it, and nothing was written.
    assert!(matches!(
        store.check(start(), &of("b")).await,
        Ok(SignalCheck::NeverSeen { .. })
    ));
    hangs.execute_batch("ROLLBACK").unwrap();
    assert!(
        !store
            .send(start(), &signal("s1", "b"))
            .await
            .unwrap()
            .repeated
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_replaced_takes_no_more() {
    let (folder, store) = folder_and_store();
    store.send(start(), &signal("s1", "b")).await.unwrap();
    fs::rename(database(&folder), folder.path().join("old.db")).unwrap();
    refused(
        store.send(start(), &signal("s2", "b")).await,
        StoreErrorKind::Unreachable,
    );
    refused(
        store.check(start(), &of("b")).await,
        StoreErrorKind::Unreachable,
    );
    drop(open(&folder).unwrap());
    refused(
        store.send(start(), &signal("s2", "b")).await,
        StoreErrorKind::Unreachable,
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_muster_stops_an_older_one_that_runs() {
    let (folder, store) = folder_and_store();
    store.send(start(), &signal("s1", "b")).await.unwrap();
    let newer = Connection::open(database(&folder)).unwrap();
    newer
        .pragma_update(None, "user_version", schema::VERSION + 1)
        .unwrap();
    refused(
        store.send(start(), &signal("s2", "b")).await,
        StoreErrorKind::Version,
    );
}

/// The file must not grow beyond a limit, as on a full disk: what was acknowledged
/// is there, and what was not is said to be.
#[test]
fn a_full_disk_costs_nothing_that_was_accepted() {
    let folder = tempfile::tempdir().unwrap();
    drop(open(&folder).unwrap());
    // The signal for too large files is ignored across the exec, so that the write fails.
    let mut sender = child("send", &database(&folder), &["b", "100000"]);
    let program = sender.get_program().to_owned();
    let arguments: Vec<_> = sender.get_args().map(ToOwned::to_owned).collect();
    let mut limited = std::process::Command::new("/bin/sh");
    limited.args(["-c", "trap '' XFSZ; ulimit -f 600; exec \"$0\" \"$@\""]);
    limited.arg(program).args(arguments);
    for (name, value) in sender.get_envs() {
        limited.env(name, value.unwrap_or_default());
    }
    sender = limited;
    let output = sender.stdout(Stdio::piped()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let sent = acknowledged(&text, "sent");
    assert!(!sent.is_empty(), "{text}");
    let failure = text.lines().find_map(|line| line.strip_prefix("failed "));
    let failure = failure.expect("the limit was met");
    assert!(
        failure.contains("writing failed") || failure.contains("no space"),
        "{failure}"
    );

    let runtime = Runtime::new().unwrap();
    let store = open(&folder).unwrap();
    let listing = runtime.block_on(store.signals(start(), &of("b"))).unwrap();
    let kept: Vec<_> = listing
        .items
        .iter()
        .map(|held| held.signal.signal_id.as_str())
        .collect();
    for id in &sent {
        assert!(kept.contains(&id.as_str()), "{id} was accepted and is gone");
    }
    // With space again, it goes on.
    runtime
        .block_on(store.send(start(), &signal("after", "b")))
        .unwrap();
}

/// No page is left in the database, as SQLite itself says it.
#[tokio::test(flavor = "multi_thread")]
async fn no_space_is_told_as_such() {
    let folder = tempfile::tempdir().unwrap();
    let mut connection = connection::open(&{
        connection::make_file(&database(&folder)).unwrap();
        database(&folder)
    })
    .unwrap();
    schema::prepare(&mut connection, start()).unwrap();
    let pages: i64 = connection
        .query_row("PRAGMA page_count", [], |row| row.get(0))
        .unwrap();
    connection
        .pragma_update(None, "max_page_count", pages)
        .unwrap();
    let fault = (0..10_000)
        .find_map(|n| signals::send(&connection, start(), &signal(&format!("s{n}"), "b")).err())
        .unwrap();
    let error = fault.explain("send a signal", &database(&folder));
    assert_eq!(error.kind, StoreErrorKind::Full, "{error}");
    assert!(error.hint.is_some());
}

/// What a process says that may not write: of a user that is not root, which may always.
fn said_by_who_may_not_write(folder: &TempDir, mut command: Command) -> String {
    use std::os::unix::fs::MetadataExt;
    use std::os::unix::process::CommandExt;

    const NOBODY: u32 = 65534;
    let is_root = fs::metadata(folder.path()).unwrap().uid() == 0;
    let chmod = |path: &Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    for entry in fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        chmod(&path, 0o444);
        if is_root {
            std::os::unix::fs::chown(&path, Some(NOBODY), Some(NOBODY)).unwrap();
        }
    }
    if is_root {
        std::os::unix::fs::chown(folder.path(), Some(NOBODY), Some(NOBODY)).unwrap();
        command.uid(NOBODY).gid(NOBODY);
    }
    chmod(folder.path(), 0o555);
    let output = command.output().unwrap();
    chmod(folder.path(), 0o755);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("running 1 test"), "{output:?}");
    text.into_owned()
}

#[test]
fn a_file_that_cannot_be_written_is_said_to_be() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = Runtime::new().unwrap();
    let store = open(&folder).unwrap();
    runtime
        .block_on(store.send(start(), &signal("s1", "b")))
        .unwrap();
    drop((store, runtime));
    let send = child("send", &database(&folder), &["b", "1"]);
    let text = said_by_who_may_not_write(&folder, send);
    let failure = acknowledged(&text, "failed").pop();
    let failure = failure.unwrap_or_else(|| panic!("{text}"));
    assert!(failure.contains("can be read and not written"), "{failure}");
}

#[test]
fn who_may_not_write_can_look() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = Runtime::new().unwrap();
    let store = open(&folder).unwrap();
    runtime
        .block_on(store.send(start(), &signal("s1", "b")))
        .unwrap();
    // A process that writes is there: its log is read along.
    let look = || child("look", &database(&folder), &[]);
    let text = said_by_who_may_not_write(&folder, look());
    assert_eq!(acknowledged(&text, "found"), ["s1"], "{text}");
    // It has ended, and the database is all there is.
    drop((store, runtime));
    let files = || fs::read_dir(folder.path()).unwrap().count();
    let before = files();
    let text = said_by_who_may_not_write(&folder, look());
    assert_eq!(acknowledged(&text, "found"), ["s1"], "{text}");
    assert_eq!(files(), before);
}

#[tokio::test]
async fn looking_makes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = database(&folder);
    assert!(SqliteStore::open_to_look(&path).unwrap().is_none());
    fs::write(&path, "").unwrap();
    assert!(SqliteStore::open_to_look(&path).unwrap().is_none());
    assert_eq!(fs::metadata(&path).unwrap().len(), 0);
    let store = open(&folder).unwrap();
    store.send(start(), &signal("s1", "b")).await.unwrap();
    fs::remove_file(folder.path().join("muster.db-bell")).unwrap();
    let looks = SqliteStore::open_to_look(&path).unwrap().unwrap();
    let found = looks.all_signals(start(), false).await.unwrap();
    assert_eq!(found.items.len(), 1);
    // It is not told of what lies beside the database, and sees what others write.
    let notes = looks.info(start()).await.unwrap().notes;
    assert!(!notes.iter().any(|note| note.contains("bell")), "{notes:?}");
    store.send(start(), &signal("s2", "b")).await.unwrap();
    let found = looks.all_signals(start(), false).await.unwrap();
    assert_eq!(found.items.len(), 2);
}
