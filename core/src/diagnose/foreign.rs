//! Rules that a program of somebody else holds: what they ask for, what they are given,
//! and what they find. The host runs that program; here its answers are judged.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::case::Case;
use super::evidence::{Collected, Document, Evidence, NOT_COLLECTED};
use super::layer::Layer;
use super::pack::{Cause, LogRule, NO_ID, Pack, PackError, PackStep, Remedy, Rulebook, is_id};
use super::timeline::{Timeline, excerpt};
use super::verdict::{Exhibit, Finding, Judgement, Severity};
use crate::time::Timestamp;

/// A rule finds no more than this at once.
pub const MAX_FINDINGS: usize = 50;
/// A program has no more rules, each of which may take its time.
const MAX_RULES: usize = 100;
/// Nor more causes and remedies, and a rule names no more.
const MAX_CAUSES: usize = 1000;
/// Its rules together ask for no more sorts of records, each of which a log is searched for.
const MAX_QUERIES: usize = 500;
/// Of what a rule says of its failure, so many characters are told.
const MAX_WHY_CHARS: usize = 300;

/// What a program with rules says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ForeignPack {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// What can be done about its causes.
    pub remedies: Vec<Remedy>,
    /// The causes that it adds.
    pub causes: Vec<Cause>,
    /// Its rules.
    pub rules: Vec<ForeignRule>,
}

/// A rule of such a program, and what it asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ForeignRule {
    /// Its id, which no other rule of the program has.
    pub id: String,
    /// Ids of the causes that it may find.
    pub causes: Vec<String>,
    /// Records of logs.
    pub logs: Vec<LogQuery>,
    /// Actions of telemetry events.
    pub events: Vec<String>,
    /// Names of documents, as in a bundle.
    pub documents: Vec<String>,
    /// Keys of Redis.
    pub redis_keys: Vec<String>,
}

/// Records of a log that a rule asks for, as `[[log]]` of a pack does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogQuery {
    /// `err_log`, `out_log` or the name of another log.
    pub log: String,
    /// What stands before the text; may be empty.
    pub tag: String,
    /// The pattern of the text.
    pub text: String,
    /// Names of the fields that make up the time.
    pub time: Vec<String>,
}

/// What a rule is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// The time that ages are counted to.
    pub now: Timestamp,
    /// Older things are history.
    pub from: Timestamp,
    /// When the process started, where anything says so.
    pub started: Option<Timestamp>,
    /// Records, in the order of the queries and then of the log.
    pub records: Vec<GivenRecord>,
    /// Events, oldest first.
    pub events: Vec<GivenEvent>,
    /// Documents by name, as JSON.
    pub documents: Vec<(String, String)>,
    /// Values of Redis by key, as JSON; `null` where there is none.
    pub redis: Vec<(String, String)>,
    /// What was asked for and is not there, and why.
    pub missing: Vec<(String, String)>,
}

/// A record of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenRecord {
    /// Number of the query that it answers.
    pub query: usize,
    /// Its line, from 1.
    pub line: u64,
    /// Its time, where one is known.
    pub at: Option<Timestamp>,
    /// It lies in the window and in the life of the process that runs now.
    pub current: bool,
    /// Its first line.
    pub text: String,
    /// The fields of its object and of the pattern.
    pub fields: Vec<(String, String)>,
}

/// A telemetry event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GivenEvent {
    /// When.
    pub at: Timestamp,
    /// It lies in the window and in the life of the process that runs now.
    pub current: bool,
    /// What wrote it.
    pub component: String,
    /// What happened.
    pub action: String,
    /// The error.
    pub error: Option<String>,
    /// Its metadata, as JSON.
    pub metadata: String,
}

/// What a rule found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ForeignFinding {
    /// Id of the cause.
    pub cause: String,
    /// How bad it is, where it differs from the cause's.
    pub severity: Option<Severity>,
    /// The layer of the evidence, where it differs from the cause's.
    pub layer: Option<Layer>,
    /// Ids of what to do, where it differs from the cause's.
    pub remedies: Vec<String>,
    /// What shows it.
    pub evidence: Vec<Proof>,
}

/// A piece of what the rule was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proof {
    /// A record, by its number.
    Record(usize),
    /// An event, by its number.
    Event(usize),
    /// A document by name, and what it says.
    Document(String, String),
    /// A key of Redis, and what its value says.
    Redis(String, String),
}

/// Why a rule found nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ForeignFault {
    /// It cannot tell from what it was given.
    CannotTell(String),
    /// The program broke.
    Broke(String),
}

/// A program with rules, that the host runs.
pub trait ForeignRules {
    /// What it says of itself.
    fn pack(&self) -> &ForeignPack;
    /// What one of its rules finds. An error costs that rule.
    fn judge(&mut self, rule: &str, given: &Given) -> Result<Vec<ForeignFinding>, ForeignFault>;
}

/// No program.
pub(super) enum Nobody {}

impl ForeignRules for Nobody {
    fn pack(&self) -> &ForeignPack {
        match *self {}
    }

    fn judge(&mut self, _rule: &str, _given: &Given) -> Result<Vec<ForeignFinding>, ForeignFault> {
        match *self {}
    }
}

/// A rule with the name of its pack, as a rulebook keeps it.
#[derive(Clone, Debug)]
pub(crate) struct NamedRule {
    pub(crate) pack: String,
    pub(crate) rule: ForeignRule,
}

impl NamedRule {
    /// What it asks for, in a sentence.
    pub(crate) fn asks(&self) -> String {
        let rule = &self.rule;
        let mut parts: Vec<String> = rule
            .logs
            .iter()
            .map(|query| {
                let tag = if query.tag.is_empty() {
                    String::new()
                } else {
                    format!("[{}] ", query.tag)
                };
                format!("{}: {tag}{}", query.log, query.text)
            })
            .collect();
        parts.extend(rule.events.iter().map(|action| format!("otel: {action}")));
        parts.extend(rule.documents.iter().cloned());
        parts.extend(rule.redis_keys.iter().map(|key| format!("redis: {key}")));
        let of = if parts.is_empty() { "" } else { " of " };
        format!(
            "judged by {}/{}{of}{}",
            self.pack,
            rule.id,
            parts.join("; ")
        )
    }
}

/// The id under which a rulebook keeps the records of a query.
fn query_id(pack: &str, rule: &str, number: usize) -> String {
    format!("{pack}/{rule}/{number}")
}

impl Rulebook {
    /// Adds what a program with rules says of itself. Fails as [`Self::add`] does, and
    /// where a rule may find a cause that no pack has.
    pub fn add_foreign(&mut self, foreign: &ForeignPack) -> Result<(), PackError> {
        if !is_id(&foreign.name) {
            return Err(PackError {
                path: alloc::vec![PackStep::Key("name".to_string())],
                message: NO_ID.to_string(),
            });
        }
        let fail = |table: &str, most: usize| PackError {
            path: alloc::vec![PackStep::Key(table.to_string())],
            message: format!("more than {most}"),
        };
        if foreign.rules.len() > MAX_RULES {
            return Err(fail("rule", MAX_RULES));
        }
        if foreign.causes.len() > MAX_CAUSES {
            return Err(fail("cause", MAX_CAUSES));
        }
        if foreign.remedies.len() > MAX_CAUSES {
            return Err(fail("remedy", MAX_CAUSES));
        }
        if foreign
            .rules
            .iter()
            .any(|rule| rule.causes.len() > MAX_CAUSES)
        {
            return Err(fail("causes", MAX_CAUSES));
        }
        let queries = foreign.rules.iter().map(|rule| rule.logs.len());
        if queries.sum::<usize>() > MAX_QUERIES {
            return Err(fail("logs", MAX_QUERIES));
        }
        let mut logs = Vec::new();
        for (at, rule) in foreign.rules.iter().enumerate() {
            PackError::check_id("rule", at, &rule.id)?;
            if foreign.rules[..at].iter().any(|other| other.id == rule.id) {
                let message = format!("the rule `{}` is there already", rule.id);
                return Err(PackError::at("rule", at, "id", message));
            }
            let known = |id: &String| {
                self.cause(id).is_some() || foreign.causes.iter().any(|cause| cause.id == *id)
            };
            if let Some(id) = rule.causes.iter().find(|id| !known(id)) {
                let message = format!("no pack has a cause `{id}`");
                return Err(PackError::at("rule", at, "causes", message));
            }
            for (number, query) in rule.logs.iter().enumerate() {
                let id = query_id(&foreign.name, &rule.id, number);
                let log = LogRule::asked(id, &query.log, &query.tag, &query.text, &query.time);
                logs.push(log.map_err(|why| PackError::at("rule", at, "logs", why))?);
            }
        }
        for (at, remedy) in foreign.remedies.iter().enumerate() {
            PackError::check_id("remedy", at, &remedy.id)?;
        }
        for (at, cause) in foreign.causes.iter().enumerate() {
            PackError::check_id("cause", at, &cause.id)?;
        }
        self.add(Pack {
            name: foreign.name.clone(),
            version: foreign.version.clone(),
            thresholds: BTreeMap::new(),
            remedies: foreign.remedies.clone(),
            causes: foreign.causes.clone(),
            logs,
            events: Vec::new(),
            values: Vec::new(),
            files: Vec::new(),
            processes: Vec::new(),
            ports: Vec::new(),
        })?;
        self.foreign
            .extend(foreign.rules.iter().map(|rule| NamedRule {
                pack: foreign.name.clone(),
                rule: rule.clone(),
            }));
        Ok(())
    }
}

/// What all rules of a program say of a case, and what became of those that say nothing.
pub(super) fn judge(
    case: &Case<'_>,
    foreign: &mut impl ForeignRules,
) -> (Vec<Judgement>, Vec<String>) {
    let pack = foreign.pack().clone();
    let (mut found, mut notes) = (Vec::new(), Vec::new());
    let mut timelines = BTreeMap::new();
    for rule in &pack.rules {
        let name = format!("{}/{}", pack.name, rule.id);
        if !applies(case.evidence, rule) {
            notes.push(format!(
                "the rule {name} was not asked: nothing that it looks at was collected"
            ));
            continue;
        }
        let (given, exhibits) = given(case, &pack.name, rule, &mut timelines);
        let answer = foreign.judge(&rule.id, &given).and_then(|findings| {
            let found = accept(case, findings, &given, &exhibits);
            found.map_err(ForeignFault::Broke)
        });
        let why = match answer {
            Ok(findings) => {
                found.extend(findings.into_iter().map(Judgement::Finding));
                continue;
            }
            Err(ForeignFault::CannotTell(why)) => {
                format!("the rule {name} cannot tell: {}", shortened(&why))
            }
            Err(ForeignFault::Broke(why)) => {
                let why = format!("the rule {name} broke: {}", shortened(&why));
                notes.push(format!("{why}; what it looks for is not known"));
                why
            }
        };
        // What it would have found lies in these.
        let mut layers: Vec<Layer> = rule
            .causes
            .iter()
            .filter_map(|id| Some(case.rules.cause(id)?.layer))
            .collect();
        layers.sort_unstable();
        layers.dedup();
        found.extend(layers.into_iter().map(|layer| Judgement::CannotTell {
            layer,
            why: why.clone(),
        }));
    }
    (found, notes)
}

fn shortened(why: &str) -> String {
    let mut short: String = why
        .chars()
        .take(MAX_WHY_CHARS)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if short.len() < why.len() {
        short.push_str("...");
    }
    short
}

/// How records and events are shown, in the order in which they are given.
struct Shown {
    records: Vec<Exhibit>,
    events: Vec<Exhibit>,
}

/// `timelines`: of the logs that were asked for before.
fn given<'a>(
    case: &Case<'a>,
    pack: &str,
    rule: &ForeignRule,
    timelines: &mut BTreeMap<String, Timeline<'a>>,
) -> (Given, Shown) {
    let mut given = Given {
        now: case.now,
        from: case.span.from,
        started: case.span.started,
        records: Vec::new(),
        events: Vec::new(),
        documents: Vec::new(),
        redis: Vec::new(),
        missing: Vec::new(),
    };
    let mut shown = Shown {
        records: Vec::new(),
        events: Vec::new(),
    };
    for (number, query) in rule.logs.iter().enumerate() {
        let id = query_id(pack, &rule.id, number);
        let timeline = match query.log.as_str() {
            "err_log" if case.evidence.err_log.is_present() => &case.err,
            "out_log" if case.evidence.out_log.is_present() => &case.out,
            name => {
                let Some(log) = case.evidence.logs.get(name) else {
                    given.miss(name, why_no_log(case.evidence, name));
                    continue;
                };
                timelines
                    .entry(name.to_string())
                    .or_insert_with(|| Timeline::new(name, log, case.rules, None, case.span))
            }
        };
        for placed in timeline.of(&id) {
            let record = placed.record;
            shown.records.push(timeline.exhibit(placed));
            given.records.push(GivenRecord {
                query: number,
                line: record.line,
                at: placed.at,
                current: placed.current,
                text: record.head.clone(),
                fields: record.fields.clone(),
            });
        }
    }
    give_events(case, rule, &mut given, &mut shown);
    for name in &rule.documents {
        match document(case.evidence, name) {
            Ok(document) => {
                let text = document.root().to_string();
                given.documents.push((name.clone(), text));
            }
            Err(why) => given.miss(name, why),
        }
    }
    for key in &rule.redis_keys {
        match (case.redis_value(key), case.evidence.redis.why_missing()) {
            (Some(value), _) => given.redis.push((key.clone(), value.to_string())),
            (None, why) => given.miss(&format!("redis: {key}"), why.unwrap_or(NOT_COLLECTED)),
        }
    }
    (given, shown)
}

/// Whether anything of what a rule asks for was at least looked for. In a set-up that has
/// none of it the rule has nothing to say.
pub(super) fn applies(evidence: &Evidence, rule: &ForeignRule) -> bool {
    let looked_for = |why: Option<&str>| why != Some(NOT_COLLECTED);
    let logs = rule.logs.iter().any(|query| {
        let has = evidence.logs.contains_key(&query.log);
        let named = matches!(query.log.as_str(), "err_log" | "out_log");
        has || evidence.missing_logs.contains_key(&query.log)
            || (named && looked_for(why_no_named_log(evidence, &query.log)))
    });
    let documents = rule.documents.iter().any(|name| {
        let found = document(evidence, name);
        looked_for(found.err())
    });
    let asks_nothing = rule.logs.is_empty()
        && rule.documents.is_empty()
        && rule.events.is_empty()
        && rule.redis_keys.is_empty();
    logs || documents
        || (!rule.events.is_empty() && looked_for(evidence.otel.why_missing()))
        || (!rule.redis_keys.is_empty() && looked_for(evidence.redis.why_missing()))
        || asks_nothing
}

/// Why one of the gateway's own logs is not there; `None` where it is.
fn why_no_named_log<'e>(evidence: &'e Evidence, name: &str) -> Option<&'e str> {
    match name {
        "err_log" => evidence.err_log.why_missing(),
        _ => evidence.out_log.why_missing(),
    }
}

fn why_no_log<'e>(evidence: &'e Evidence, name: &str) -> &'e str {
    let why = match name {
        "err_log" | "out_log" => why_no_named_log(evidence, name),
        _ => evidence.missing_logs.get(name).map(String::as_str),
    };
    why.unwrap_or(NOT_COLLECTED)
}

fn give_events(case: &Case<'_>, rule: &ForeignRule, given: &mut Given, shown: &mut Shown) {
    if rule.events.is_empty() {
        return;
    }
    if let Some(why) = case.evidence.otel.why_missing() {
        given.miss("otel", why);
        return;
    }
    for event in case.all_events() {
        if rule.events.contains(&event.action) {
            shown.events.push(Case::event_exhibit(event));
            given.events.push(GivenEvent {
                at: event.at,
                current: case.span.holds(event.at),
                component: event.component.clone(),
                action: event.action.clone(),
                error: event.error.clone(),
                metadata: event.metadata.to_string(),
            });
        }
    }
}

impl Given {
    fn miss(&mut self, name: &str, why: &str) {
        self.missing.push((name.to_string(), why.to_string()));
    }
}

/// A document by its name in a bundle, or why it is not there.
fn document<'e>(evidence: &'e Evidence, name: &str) -> Result<&'e Document, &'e str> {
    let collected = match name {
        "substrate" => &evidence.substrate,
        "launchd" => &evidence.launchd,
        "systemd" => &evidence.systemd,
        "process" => &evidence.process,
        "status" => &evidence.status,
        "model_api" => &evidence.model_api,
        "redis" => &evidence.redis,
        "e2e" => &evidence.e2e,
        "tripwire" => &evidence.tripwire,
        "config" => &evidence.config,
        "versions" => &evidence.versions,
        "listeners" => &evidence.listeners,
        "files" => &evidence.files,
        "processes" => &evidence.processes,
        other => return evidence.documents.get(other).ok_or(NOT_COLLECTED),
    };
    match collected {
        Collected::Present(document) => Ok(document),
        missing => Err(missing.why_missing().unwrap_or(NOT_COLLECTED)),
    }
}

/// The findings as the rest of the diagnosis has them, or why they cannot be taken.
fn accept(
    case: &Case<'_>,
    findings: Vec<ForeignFinding>,
    given: &Given,
    shown: &Shown,
) -> Result<Vec<Finding>, String> {
    if findings.len() > MAX_FINDINGS {
        let count = findings.len();
        return Err(format!(
            "it finds {count} things at once, at most {MAX_FINDINGS} are taken"
        ));
    }
    findings
        .into_iter()
        .map(|found| {
            if case.rules.cause(&found.cause).is_none() {
                let cause = shortened(&found.cause);
                return Err(format!("it finds `{cause}`, a cause that no pack has"));
            }
            if let Some(id) = found
                .remedies
                .iter()
                .find(|id| case.rules.remedy(id).is_none())
            {
                let id = shortened(id);
                return Err(format!("it names `{id}`, a remedy that no pack has"));
            }
            let exhibits: Result<Vec<Exhibit>, String> = found
                .evidence
                .iter()
                .map(|proof| exhibit(proof, given, shown))
                .collect();
            let mut finding = case.finding(&found.cause, exhibits?);
            if let Some(severity) = found.severity.filter(|said| *said != finding.severity) {
                finding.severity = severity;
                finding.delivery = severity.usual_delivery();
            }
            finding.layer = found.layer.unwrap_or(finding.layer);
            finding.remedies = found.remedies;
            Ok(finding)
        })
        .collect()
}

fn exhibit(proof: &Proof, given: &Given, shown: &Shown) -> Result<Exhibit, String> {
    let not_given = || "it shows evidence that it was not given".to_string();
    let has =
        |pieces: &[(String, String)], name: &String| pieces.iter().any(|(known, _)| known == name);
    match proof {
        Proof::Record(number) => shown.records.get(*number).cloned().ok_or_else(not_given),
        Proof::Event(number) => shown.events.get(*number).cloned().ok_or_else(not_given),
        Proof::Document(name, says) if has(&given.documents, name) => {
            Ok(Exhibit::of(name, excerpt(says)))
        }
        Proof::Redis(key, says) if has(&given.redis, key) => {
            Ok(Exhibit::of("redis", excerpt(&format!("{key}: {says}"))))
        }
        Proof::Document(..) | Proof::Redis(..) => Err(not_given()),
    }
}

#[cfg(test)]
mod tests;
