use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{FileExt, PermissionsExt};
use std::time::{Duration, SystemTime};

use muster_core::{Telemetry, Timestamp, Window, to_json};
use proptest::prelude::*;

use super::*;

fn line(day: u8, hour: u8, n: u32) -> String {
    format!(
        "{{\"v\":\"1.0\",\"ts\":\"2026-11-{day:02}T{hour:02}:00:00.000000Z\",\"workflow\":\"w{}\",\"tier\":\"T\",\"model\":\"m\",\"provider\":\"p\",\"cost\":0.00{n},\"tokens\":{{\"input\":{n},\"output\":2}},\"cache\":{{\"hit\":false}},\"duration_ms\":7,\"user_id\":\"u\",\"seq\":{n}}}\n",
        n % 3
    )
}

fn settings(folder: &Path) -> IndexSettings {
    IndexSettings {
        folder: folder.join("cache/muster/index"),
        block_bytes: 1000,
        min_bytes: 0,
    }
}

fn document(scanned: Scanned, options: ReadOptions) -> String {
    let mut telemetry = Telemetry::new(options);
    telemetry.absorb("usage.jsonl", scanned.bytes, scanned.scan);
    to_json(&telemetry.usage_report()) + &to_json(&telemetry.compare_report())
}

fn with_index(log: &Path, options: ReadOptions) -> (String, IndexUse) {
    let settings = settings(log.parent().unwrap());
    let (scanned, used) = scan_indexed(log, &options, 2, &|_| (), &settings).unwrap();
    (document(scanned, options), used)
}

fn without_index(log: &Path, options: ReadOptions) -> String {
    let scanned = scan_file(log, LogKind::Usage, &options, 1, &|_| ()).unwrap();
    document(scanned, options)
}

fn hour(hours: i64) -> Timestamp {
    let start = Timestamp::parse("2026-11-01").unwrap();
    start.saturating_add_us(hours * 3_600_000_000)
}

/// What may happen to a log.
#[derive(Clone, Debug)]
enum Change {
    Append(Vec<(u8, u8, u32)>),
    AppendText(&'static str),
    Truncate(u64),
    /// Renamed, and a new one begun.
    Rotate,
    /// One byte of a digit, somewhere.
    Edit(u64),
    /// Another file of the same name.
    Replace,
    /// The index is damaged at this byte.
    Damage(u64),
}

fn change() -> impl Strategy<Value = Change> {
    let lines = prop::collection::vec((1..6_u8, 0..24_u8, 0..900_u32), 1..30);
    prop_oneof![
        6 => lines.prop_map(Change::Append),
        1 => prop::sample::select(vec!["null\n", "{\"ts\":", "\n", "\u{e9}", "x\n{}\n"]).prop_map(Change::AppendText),
        1 => (0..8000_u64).prop_map(Change::Truncate),
        1 => Just(Change::Rotate),
        1 => any::<u64>().prop_map(Change::Edit),
        1 => Just(Change::Replace),
        1 => any::<u64>().prop_map(Change::Damage),
    ]
}

fn apply(change: &Change, log: &Path) {
    let append = |text: &str| {
        let mut file = OpenOptions::new()
            .append(true)
            .create(true)
            .open(log)
            .unwrap();
        file.write_all(text.as_bytes()).unwrap();
    };
    let size = fs::metadata(log).map_or(0, |metadata| metadata.len());
    match change {
        Change::Append(lines) => {
            let text: String = lines
                .iter()
                .map(|(day, hour, n)| line(*day, *hour, *n))
                .collect();
            append(&text);
        }
        Change::AppendText(text) => append(text),
        Change::Truncate(to) => {
            let file = OpenOptions::new().write(true).open(log).unwrap();
            file.set_len(size.min(*to)).unwrap();
        }
        Change::Rotate => {
            fs::rename(log, log.with_extension("old")).unwrap();
            append(&line(5, 5, 5));
        }
        Change::Edit(at) if size > 0 => {
            let file = OpenOptions::new().read(true).write(true).open(log).unwrap();
            let at = at % size;
            let mut byte = [0];
            file.read_exact_at(&mut byte, at).unwrap();
            if byte[0].is_ascii_digit() {
                byte[0] = b'0' + (byte[0] - b'0' + 1) % 10;
                file.write_all_at(&byte, at).unwrap();
            }
        }
        Change::Edit(_) => {}
        Change::Replace => {
            let copy = log.with_extension("copy");
            fs::copy(log, &copy).unwrap();
            fs::rename(copy, log).unwrap();
        }
        Change::Damage(at) => {
            let settings = settings(log.parent().unwrap());
            let index = store::place(&settings.folder, &log.canonicalize().unwrap());
            if let Ok(mut bytes) = fs::read(&index) {
                let at = usize::try_from(at % bytes.len() as u64).unwrap();
                bytes[at] ^= 0x10;
                fs::write(index, bytes).unwrap();
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn an_answer_with_index_is_the_answer_without(
        steps in prop::collection::vec((change(), (0..140_i64, 0..140_i64), prop::option::of((0..140_i64, 0..140_i64)), 0..30_usize), 1..12),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("usage.jsonl");
        fs::write(&log, "").unwrap();
        for (change, (from, to), against, recent) in steps {
            apply(&change, &log);
            for window in [Window::ALL, Window { from: Some(hour(from)), to: None }, Window { from: Some(hour(from)), to: Some(hour(to)) }] {
                let options = ReadOptions {
                    window,
                    against: against.map(|(from, to)| Window { from: Some(hour(from)), to: Some(hour(to)) }),
                    recent,
                    ..ReadOptions::default()
                };
                let (indexed, used) = with_index(&log, options);
                prop_assert_eq!(indexed, without_index(&log, options), "{:?} {:?}", change, used);
            }
        }
    }
}

fn long_log(log: &Path) -> String {
    let hours = (1..6).flat_map(|day| (0..40).map(move |n| (day, n % 24)));
    let text: String = hours
        .zip(0..)
        .map(|((day, hour), n)| line(day, hour, n))
        .collect();
    fs::write(log, &text).unwrap();
    text
}

#[test]
fn what_was_read_is_not_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("usage.jsonl");
    long_log(&log);
    let options = ReadOptions::default();
    let (first, _) = with_index(&log, options);
    let (second, used) = with_index(&log, options);
    assert_eq!(first, second);
    let IndexUse::Used {
        kept,
        blocks,
        not_saved,
    } = used
    else {
        panic!("not used")
    };
    assert!(blocks > 30 && kept + 10 > blocks, "{kept} of {blocks}");
    assert_eq!(not_saved, None);
}

#[test]
fn an_unchanged_log_is_trusted_when_its_index_is_older_than_a_tick() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("usage.jsonl");
    let text = long_log(&log);
    let options = ReadOptions {
        recent: 0,
        ..ReadOptions::default()
    };
    let (before, _) = with_index(&log, options);
    let settings = settings(folder.path());
    let canonical = log.canonicalize().unwrap();
    let index = store::place(&settings.folder, &canonical);
    assert!(store::load(&settings.folder, &canonical).unwrap().is_young);
    let later = SystemTime::now() + Duration::from_secs(5);
    OpenOptions::new()
        .write(true)
        .open(&index)
        .unwrap()
        .set_modified(later)
        .unwrap();
    assert!(!store::load(&settings.folder, &canonical).unwrap().is_young);
    assert_eq!(with_index(&log, options).0, before);
    // Same size, another time of change: all of it is read again.
    fs::write(&log, text.replace("\"w1\"", "\"w2\"")).unwrap();
    let modified = SystemTime::now() + Duration::from_secs(9);
    OpenOptions::new()
        .write(true)
        .open(&log)
        .unwrap()
        .set_modified(modified)
        .unwrap();
    let (after, _) = with_index(&log, options);
    assert_ne!(after, before);
    assert_eq!(after, without_index(&log, options));
}

#[test]
fn the_index_of_a_log_that_has_become_still_is_trusted() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("usage.jsonl");
    long_log(&log);
    let settings = settings(folder.path());
    let canonical = log.canonicalize().unwrap();
    let deadline = SystemTime::now() + Duration::from_secs(30);
    loop {
        with_index(&log, ReadOptions::default());
        if !store::load(&settings.folder, &canonical).unwrap().is_young {
            break;
        }
        assert!(SystemTime::now() < deadline, "still young");
    }
}

#[test]
fn a_cache_that_cannot_be_written_costs_no_answer() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("usage.jsonl");
    long_log(&log);
    // A file where the folder should be stops even a superuser.
    fs::write(folder.path().join("cache"), "").unwrap();
    let options = ReadOptions::default();
    let (answer, used) = with_index(&log, options);
    assert_eq!(answer, without_index(&log, options));
    assert!(
        matches!(
            &used,
            IndexUse::Used {
                not_saved: Some(_),
                ..
            }
        ),
        "{used:?}"
    );
    assert!(used.describe().contains("it cannot be kept"));
}

#[test]
fn an_index_is_for_its_owner_only() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("usage.jsonl");
    long_log(&log);
    with_index(&log, ReadOptions::default());
    let settings = settings(folder.path());
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&settings.folder), 0o700);
    let index = store::place(&settings.folder, &log.canonicalize().unwrap());
    assert_eq!(mode(&index), 0o600);
    // Nothing is left beside it.
    assert_eq!(fs::read_dir(&settings.folder).unwrap().count(), 1);
}

fn finding(settings: &IndexSettings) -> Vec<IndexFinding> {
    verify_indexes(settings, 2, &|_| ())
        .unwrap()
        .into_iter()
        .map(|check| check.finding)
        .collect()
}

#[test]
fn a_full_reading_finds_what_the_hashes_cannot_see() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("usage.jsonl");
    let settings = IndexSettings {
        block_bytes: 64 << 10,
        ..settings(folder.path())
    };
    assert_eq!(finding(&settings), []);
    let lines: String = (0..1000).map(|n| line(3, 4, n % 900)).collect();
    fs::write(&log, &lines).unwrap();
    let scan = || scan_indexed(&log, &ReadOptions::default(), 1, &|_| (), &settings).unwrap();
    scan();
    let blocks = lines.len().div_ceil(64 << 10);
    let bytes = lines.len() as u64;
    assert_eq!(finding(&settings), [IndexFinding::Agrees { blocks, bytes }]);

    // In the middle of the second block, and then an append: `docs/index.md` says that
    // the next report does not see it.
    let middle = (64 << 10) + (32 << 10);
    let cost = middle + lines[middle..].find("\"cost\":0.00").unwrap() + "\"cost\":0.0".len();
    let file = OpenOptions::new().write(true).open(&log).unwrap();
    file.write_all_at(b"9", cost as u64).unwrap();
    let mut file = OpenOptions::new().append(true).open(&log).unwrap();
    file.write_all(line(3, 5, 1).as_bytes()).unwrap();
    scan();
    let found = finding(&settings);
    assert!(
        matches!(&found[..], [IndexFinding::Wrong { block }] if block.contains(&(cost as u64))),
        "{found:?}"
    );
    assert_eq!(finding(&settings), [], "the wrong index is gone");
    scan();
    assert!(matches!(
        finding(&settings)[..],
        [IndexFinding::Agrees { .. }]
    ));
}

#[test]
fn an_index_without_its_log_is_removed_and_a_damaged_one_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("usage.jsonl");
    let settings = settings(folder.path());
    long_log(&log);
    with_index(&log, ReadOptions::default());
    fs::write(&log, line(1, 1, 1)).unwrap();
    assert_eq!(finding(&settings), [IndexFinding::Outdated]);
    fs::remove_file(&log).unwrap();
    assert_eq!(finding(&settings), [IndexFinding::LogGone]);
    assert_eq!(finding(&settings), []);
    fs::write(settings.folder.join("0.usage"), "muster usage idx").unwrap();
    assert_eq!(finding(&settings), [IndexFinding::Unreadable]);
}
