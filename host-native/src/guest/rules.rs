//! A guest with rules at work on the evidence of a diagnosis.

use std::fmt;

use muster_core::Timestamp;
use muster_core::diagnose::{
    Cause, ForeignFault, ForeignFinding, ForeignPack, ForeignRule, ForeignRules, Given, Layer,
    LogQuery, Proof, Remedy, Severity,
};

use super::GuestFile;
use super::sandbox::{PluginLimits, RulesGuest, SandboxError, judge};
use crate::error::Failure;

/// A guest with rules.
pub struct RuleGuest {
    guest: RulesGuest,
    pack: ForeignPack,
}

impl fmt::Debug for RuleGuest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RuleGuest").field(&self.pack.name).finish()
    }
}

impl RuleGuest {
    /// Compiles the component and asks which rules it has.
    pub fn open(file: &GuestFile) -> Result<Self, Failure> {
        let refused = |error: SandboxError| file.refused("rules", &error);
        let bytes = file.read("rules", "muster:plugin/rules")?;
        let limits = PluginLimits::default();
        let mut guest = RulesGuest::new(&bytes, limits, file.cache.as_deref()).map_err(refused)?;
        let about = guest.about().map_err(refused)?;
        let pack = pack(about).map_err(|why| {
            Failure::unusable(format!(
                "the rules {} cannot be used: {}",
                file.path.display(),
                crate::render::plain(&why)
            ))
            .hint("docs/embedding.md says what guests have to be")
        })?;
        Ok(Self { guest, pack })
    }
}

impl ForeignRules for RuleGuest {
    fn pack(&self) -> &ForeignPack {
        &self.pack
    }

    fn judge(&mut self, rule: &str, given: &Given) -> Result<Vec<ForeignFinding>, ForeignFault> {
        let broke = |error: SandboxError| ForeignFault::Broke(error.to_string());
        match self.guest.judge(rule, &evidence(given)).map_err(broke)? {
            Ok(findings) => findings
                .into_iter()
                .map(finding)
                .collect::<Result<_, _>>()
                .map_err(ForeignFault::Broke),
            Err(why) => Err(ForeignFault::CannotTell(why)),
        }
    }
}

/// What a guest says of itself, or what of it cannot be.
fn pack(about: judge::Description) -> Result<ForeignPack, String> {
    let causes: Result<Vec<Cause>, String> = about
        .causes
        .into_iter()
        .map(|cause| {
            let severity = severity(cause.verdict);
            Ok(Cause {
                layer: layer(&cause.layer).map_err(|why| format!("cause {}: {why}", cause.id))?,
                id: cause.id,
                severity,
                delivery: severity.usual_delivery(),
                title: cause.title,
                remedies: cause.remedies,
                explains: cause.explains,
                minor: false,
                pack: about.name.clone(),
            })
        })
        .collect();
    let remedies = about.remedies.into_iter().map(|remedy| Remedy {
        id: remedy.id,
        text: remedy.text,
        command: remedy.command,
    });
    let rules = about.rules.into_iter().map(|rule| ForeignRule {
        id: rule.id,
        causes: rule.causes,
        logs: rule
            .logs
            .into_iter()
            .map(|query| LogQuery {
                log: query.log,
                tag: query.tag,
                text: query.text,
                time: query.time,
            })
            .collect(),
        events: rule.events,
        documents: rule.documents,
        redis_keys: rule.redis_keys,
    });
    Ok(ForeignPack {
        remedies: remedies.collect(),
        causes: causes?,
        rules: rules.collect(),
        name: about.name,
        version: about.version,
    })
}

fn severity(verdict: judge::Verdict) -> Severity {
    match verdict {
        judge::Verdict::Ok => Severity::Notice,
        judge::Verdict::Degraded => Severity::Degraded,
        judge::Verdict::Failed => Severity::Failed,
    }
}

fn layer(name: &str) -> Result<Layer, String> {
    Layer::of_name(name).ok_or_else(|| {
        let known = Layer::ALL.map(Layer::name).join(", ");
        format!("its layer `{name}` is none of {known}")
    })
}

fn evidence(given: &Given) -> judge::Evidence {
    let records = given.records.iter().map(|record| judge::LogRecord {
        query: number(record.query),
        line: record.line,
        at: record.at.map(Timestamp::as_micros),
        current: record.current,
        text: record.text.clone(),
        fields: record.fields.clone(),
    });
    let events = given.events.iter().map(|event| judge::Event {
        at: event.at.as_micros(),
        current: event.current,
        component: event.component.clone(),
        action: event.action.clone(),
        error: event.error.clone(),
        metadata: event.metadata.clone(),
    });
    judge::Evidence {
        now: given.now.as_micros(),
        window_from: given.from.as_micros(),
        started: given.started.map(Timestamp::as_micros),
        records: records.collect(),
        events: events.collect(),
        documents: given.documents.clone(),
        redis: given.redis.clone(),
        missing: given.missing.clone(),
    }
}

/// A guest names no more queries than a list of the interface can hold.
fn number(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn finding(found: judge::Finding) -> Result<ForeignFinding, String> {
    let index = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    let evidence = found.evidence.into_iter().map(|proof| match proof {
        judge::Proof::LogRecord(number) => Proof::Record(index(number)),
        judge::Proof::Event(number) => Proof::Event(index(number)),
        judge::Proof::Document((name, says)) => Proof::Document(name, says),
        judge::Proof::Redis((key, says)) => Proof::Redis(key, says),
    });
    Ok(ForeignFinding {
        severity: found.verdict.map(severity),
        layer: found.layer.as_deref().map(layer).transpose()?,
        remedies: found.remedies,
        evidence: evidence.collect(),
        cause: found.cause,
    })
}
