//! Several processes on one file, and processes that are killed.
//!
//! The other processes are this test program again, told by the environment what
//! to do. They print a line for each answer that they got.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::io::{self, BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::*;

const TASK: &str = "MUSTER_TEST_TASK";

/// A process that works on a store.
pub(super) fn child(task: &str, database: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command
        .args([
            "--exact",
            "store::sqlite::tests::processes::work",
            "--ignored",
        ])
        .args(["--nocapture", "--test-threads", "1"])
        .env(
            TASK,
            format!("{task} {} {}", database.display(), arguments.join(" ")),
        )
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// What a child said of one kind.
pub(super) fn acknowledged(text: &str, kind: &str) -> Vec<String> {
    text.lines()
        .filter_map(|line| line.strip_prefix(kind)?.strip_prefix(' '))
        .map(str::to_owned)
        .collect()
}

fn say(line: &str) {
    // One write for a line: what a killed process said is whole.
    io::stdout()
        .write_all(format!("{line}\n").as_bytes())
        .unwrap();
}

/// The work of the other processes.
#[test]
#[ignore = "a process of the other tests"]
fn work() {
    let task = env::var(TASK).unwrap();
    let words: Vec<&str> = task.split_whitespace().collect();
    let [task, database, arguments @ ..] = words.as_slice() else {
        panic!("no task: {words:?}");
    };
    // A line of its own: the test harness does not end its own before.
    say("");
    let runtime = Runtime::new().unwrap();
    let worked = runtime.block_on(async {
        if *task == "look" {
            return look(Path::new(database)).await;
        }
        let store = Arc::new(SqliteStore::open(Path::new(database), start())?);
        match *task {
            "send" => send(&store, arguments[0], arguments[1].parse().unwrap()).await,
            "take" => take(&store, arguments[0]).await,
            "mixed" => mixed(store, arguments[0], arguments[1].parse().unwrap()).await,
            "everything" => everything(&store, arguments[0]).await,
            other => panic!("no task {other}"),
        }
    });
    if let Err(error) = worked {
        say(&format!("failed {error}"));
    }
}

/// Lists the signals without writing anything.
async fn look(database: &Path) -> StoreResult<()> {
    let Some(store) = SqliteStore::open_to_look(database)? else {
        say("empty");
        return Ok(());
    };
    let mut watch = store.watch(Interest::All).await?;
    for held in store.all_signals(start(), false).await?.items {
        say(&format!("found {}", held.signal.signal_id));
    }
    watch.changed(Some(tokio::time::Instant::now())).await?;
    Ok(())
}

fn new_id() -> String {
    format!("signal_{:016x}", fastrand::u64(..))
}

async fn send(store: &SqliteStore, target: &str, count: usize) -> StoreResult<()> {
    for _ in 0..count {
        let id = new_id();
        store.send(start(), &signal(&id, target)).await?;
        say(&format!("sent {id}"));
    }
    Ok(())
}

/// Takes until nothing is left.
async fn take(store: &SqliteStore, agent: &str) -> StoreResult<()> {
    while let SignalCheck::Delivered(held) = store.take(start(), &of(agent)).await? {
        let signal = held.signal;
        say(&format!("took {} {}", signal.signal_type, signal.signal_id));
    }
    Ok(())
}

/// Sends and takes at the same time, several of each.
async fn mixed(store: Arc<SqliteStore>, agent: &str, count: usize) -> StoreResult<()> {
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let (store, agent) = (Arc::clone(&store), agent.to_owned());
        tasks.spawn(async move { send(&store, &agent, count).await });
    }
    for _ in 0..2 {
        let (store, agent) = (Arc::clone(&store), agent.to_owned());
        tasks.spawn(async move {
            let mut nothing = 0;
            while nothing < 100 {
                match store.take(start(), &of(&agent)).await? {
                    SignalCheck::Delivered(held) => {
                        say(&format!("took ready {}", held.signal.signal_id));
                    }
                    _ => nothing += 1,
                }
            }
            Ok(())
        });
    }
    tasks.join_all().await.into_iter().collect()
}

/// Some of all that a store does.
async fn everything(store: &SqliteStore, name: &str) -> StoreResult<()> {
    let request = NewApproval {
        request_id: "approval_1".into(),
        approval_type: "deploy".into(),
        agent_id: name.into(),
        context: JsonObject::default(),
        timeout_us: 60_000_000,
    };
    store.request(start(), &request).await?;
    for n in 0..25 {
        let id = new_id();
        store.send(start(), &signal(&id, "pool")).await?;
        say(&format!("sent {id}"));
        store.beat(start(), &beat(name)).await?;
        let id = store.publish(start(), &event("progress")).await?;
        say(&format!("published {id}"));
        let feedback = QualityFeedback {
            feedback_id: format!("feedback_{name}_{n}"),
            workflow_name: "w".into(),
            stage_name: "s".into(),
            tier: "cheap".into(),
            quality_score: muster_core::Decimal::ONE,
            timestamp: None,
            metadata: JsonObject::default(),
        };
        store.feedback(start(), &feedback).await?;
        if let SignalCheck::Delivered(held) = store.take(start(), &of("pool")).await? {
            say(&format!("took ready {}", held.signal.signal_id));
        }
        let answer = Answer {
            request_id: "approval_1".into(),
            approved: n % 2 == 0,
            responder: name.into(),
            reason: String::new(),
            min_left_us: 0,
        };
        if let Decision::Taken(_) = store.decide(start(), &answer).await? {
            say("decided once");
        }
    }
    Ok(())
}

#[test]
fn sixteen_processes_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let runtime = Runtime::new().unwrap();
    // They all meet a file that is not there yet.
    let children: Vec<_> = (0..16)
        .map(|n| {
            child("everything", &database(&folder), &[&format!("p{n}")])
                .spawn()
                .unwrap()
        })
        .collect();
    let mut text = String::new();
    for child in children {
        let output = child.wait_with_output().unwrap();
        text.push_str(&String::from_utf8_lossy(&output.stdout));
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    assert_eq!(acknowledged(&text, "failed"), Vec::<String>::new());
    let sent: BTreeSet<_> = acknowledged(&text, "sent").into_iter().collect();
    assert_eq!(sent.len(), 16 * 25);
    let published: BTreeSet<_> = acknowledged(&text, "published").into_iter().collect();
    assert_eq!(published.len(), 16 * 25, "ids are given once");
    let took = acknowledged(&text, "took ready");
    let store = SqliteStore::open(&database(&folder), start()).unwrap();
    let (left, scores, fleet, streams) = runtime.block_on(async {
        let query = FeedbackQuery {
            workflow: "w".into(),
            stage: None,
            tier: None,
            limit: 10_000,
        };
        (
            store.signals(start(), &of("pool")).await.unwrap().items,
            store.feedback_history(start(), &query).await.unwrap().items,
            store.fleet(start()).await.unwrap().items,
            store.streams(start()).await.unwrap(),
        )
    });
    let left = left.into_iter().map(|held| held.signal.signal_id);
    let seen: Vec<_> = took.into_iter().chain(left).collect();
    assert_eq!(seen.len(), sent.len(), "each is taken once or still there");
    assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), sent);
    assert_eq!(scores.len(), 16 * 25);
    assert_eq!(fleet.len(), 16);
    assert_eq!(streams[0].length, 16 * 25);
    assert_eq!(acknowledged(&text, "decided").len(), 1);
}

#[test]
fn four_consumers_receive_each_signal_once_and_in_order() {
    const SIGNALS: usize = 3000;
    let folder = tempfile::tempdir().unwrap();
    let runtime = Runtime::new().unwrap();
    let store = Arc::new(SqliteStore::open(&database(&folder), start()).unwrap());
    let types = ["ready", "done", "alert"];
    let places = runtime.block_on(async {
        // Sent at the same time: the order is that in which they were accepted.
        let sends = (0..SIGNALS).map(|n| {
            let signal = NewSignal {
                signal_type: types[n % types.len()].into(),
                ..signal(&format!("signal_{n:08}"), "pool")
            };
            let store = Arc::clone(&store);
            async move { store.send(start(), &signal).await }
        });
        for sent in sends.collect::<tokio::task::JoinSet<_>>().join_all().await {
            sent.unwrap();
        }
        let listing = store.signals(start(), &of("pool")).await.unwrap().items;
        listing
            .into_iter()
            .enumerate()
            .map(|(place, held)| (held.signal.signal_id, place))
            .collect::<BTreeMap<_, _>>()
    });
    assert_eq!(places.len(), SIGNALS);
    let consumers: Vec<_> = (0..4)
        .map(|_| {
            child("take", &database(&folder), &["pool"])
                .spawn()
                .unwrap()
        })
        .collect();
    let mut receivers: BTreeMap<String, usize> = BTreeMap::new();
    for consumer in consumers {
        let output = consumer.wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert_eq!(acknowledged(&text, "failed"), Vec::<String>::new());
        for signal_type in types {
            let ids = acknowledged(&text, &format!("took {signal_type}"));
            let order: Vec<_> = ids.iter().map(|id| places[id]).collect();
            assert!(order.is_sorted(), "{signal_type} out of order: {order:?}");
        }
        for line in acknowledged(&text, "took") {
            *receivers.entry(line).or_default() += 1;
        }
    }
    assert_eq!(receivers.len(), SIGNALS);
    assert!(receivers.values().all(|times| *times == 1));
}

/// A process that sends and takes is killed 200 times, each time somewhere else.
#[test]
fn what_a_killed_process_was_told_is_so() {
    const KILLS: usize = 200;
    let folder = tempfile::tempdir().unwrap();
    let runtime = Runtime::new().unwrap();
    drop(SqliteStore::open(&database(&folder), start()).unwrap());
    let (mut sent, mut took) = (BTreeSet::new(), Vec::new());
    for kill in 0..KILLS {
        let mut process = child("mixed", &database(&folder), &["pool", "100000"])
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        // After a number of answers, and then at any moment of the next one.
        let answers = fastrand::usize(1..40);
        let mut text = String::new();
        for line in lines.by_ref() {
            let line = line.unwrap();
            text.push_str(&line);
            text.push('\n');
            if text.matches("sent").count() >= answers {
                break;
            }
        }
        let moment = Instant::now() + Duration::from_micros(fastrand::u64(0..3000));
        while Instant::now() < moment {
            std::hint::spin_loop();
        }
        process.kill().unwrap();
        // What it had said before it was killed counts as well.
        for line in lines {
            let Ok(line) = line else { break };
            text.push_str(&line);
            text.push('\n');
        }
        process.wait().unwrap();
        assert_eq!(acknowledged(&text, "failed"), Vec::<String>::new());
        sent.extend(acknowledged(&text, "sent"));
        took.extend(acknowledged(&text, "took ready"));

        if kill % 50 == 49 {
            let store = SqliteStore::open(&database(&folder), start()).unwrap();
            let (left, all) = runtime.block_on(async {
                let left = store.signals(start(), &of("pool")).await.unwrap().items;
                let connection = connection::open(&database(&folder)).unwrap();
                let mut statement = connection.prepare("SELECT signal_id FROM signal").unwrap();
                let all = statement
                    .query_map([], |row| row.get(0))
                    .unwrap()
                    .collect::<Result<BTreeSet<String>, _>>()
                    .unwrap();
                (left, all)
            });
            let lost: Vec<_> = sent.difference(&all).collect();
            assert!(lost.is_empty(), "accepted and lost: {lost:?}");
            let mut seen = BTreeSet::new();
            for id in &took {
                assert!(seen.insert(id.clone()), "{id} was received twice");
            }
            for held in left {
                let id = held.signal.signal_id;
                assert!(!seen.contains(&id), "{id} was received and is still there");
            }
            let connection = connection::open(&database(&folder)).unwrap();
            let whole: String = connection
                .query_row("PRAGMA integrity_check", [], |row| row.get(0))
                .unwrap();
            assert_eq!(whole, "ok");
        }
    }
    assert!(sent.len() > KILLS);
    assert!(took.len() > KILLS / 4, "{} were taken", took.len());
}
