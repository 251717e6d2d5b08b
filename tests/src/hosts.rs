//! The same reading in three hosts: native, component and browser module.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use muster_core::{LogKind, ReportKind, Telemetry, Timestamp, Window};
use muster_sandbox as sandbox;
use serde_json::{Value, json};

/// What to read and what to ask.
#[derive(Clone, Debug)]
pub struct Job {
    /// What is tried.
    pub name: String,
    /// First moment inside the window.
    pub from: Option<&'static str>,
    /// First moment after the window.
    pub to: Option<&'static str>,
    /// How many recent calls to keep.
    pub recent: u16,
    /// Minutes east of UTC of local times.
    pub offset_minutes: i32,
    /// Names and contents.
    pub files: Vec<(String, Vec<u8>)>,
    /// How many bytes go in at a time.
    pub chunk: usize,
}

/// How chunks reach the component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// As text cut between characters; only for files that are text.
    Text,
    /// As bytes cut anywhere.
    Bytes,
}

/// The second window of every job, so that reports can compare.
const AGAINST: (&str, &str) = ("2026-10-01T00:00:00Z", "2026-11-10T12:00:00Z");

impl Job {
    /// A job over everything in the files, with the usual options.
    pub fn of(name: impl Into<String>, files: Vec<(String, Vec<u8>)>, chunk: usize) -> Self {
        Self {
            name: name.into(),
            from: None,
            to: None,
            recent: 20,
            offset_minutes: 0,
            files,
            chunk,
        }
    }

    /// Whether all files are text.
    pub fn is_text(&self) -> bool {
        self.files
            .iter()
            .all(|(_, bytes)| std::str::from_utf8(bytes).is_ok())
    }

    /// The JSON documents of all reports, from the core itself.
    pub fn native(&self) -> Result<Vec<String>> {
        let telemetry = self.telemetry()?;
        ReportKind::ALL
            .into_iter()
            .map(|kind| {
                telemetry
                    .report_json(kind, &muster_core::ReportParams::default())
                    .with_context(|| format!("no report {}", kind.name()))
            })
            .collect()
    }

    /// Everything read by the core itself.
    pub fn telemetry(&self) -> Result<Telemetry> {
        let mut telemetry = Telemetry::new(muster_core::ReadOptions {
            window: window(self.from, self.to)?,
            against: Some(window(Some(AGAINST.0), Some(AGAINST.1))?),
            recent: usize::from(self.recent),
            naive_shift_us: i64::from(self.offset_minutes) * -60_000_000,
        });
        for (name, bytes) in &self.files {
            let kind = LogKind::of_path(name).with_context(|| format!("{name}: no log"))?;
            let mut scan = telemetry.scan(kind, 0);
            for chunk in bytes.chunks(self.chunk) {
                scan.push(chunk);
            }
            scan.finish();
            telemetry.absorb(name, bytes.len() as u64, scan);
        }
        Ok(telemetry)
    }

    /// The same documents from the component, and its typed usage report.
    pub fn component(
        &self,
        sandbox: &sandbox::Sandbox,
        channel: Channel,
    ) -> Result<(Vec<String>, sandbox::UsageReport)> {
        let micros = |window: Window| sandbox::Window {
            from: window.from.map(Timestamp::as_micros),
            to: window.to.map(Timestamp::as_micros),
        };
        let mut ingest = sandbox.ingest(sandbox::ReadOptions {
            window: micros(window(self.from, self.to)?),
            against: Some(micros(window(Some(AGAINST.0), Some(AGAINST.1))?)),
            recent: u32::from(self.recent),
            naive_offset_minutes: self.offset_minutes,
        })?;
        for (name, bytes) in &self.files {
            ingest.open(name)?;
            match channel {
                Channel::Bytes => {
                    for chunk in bytes.chunks(self.chunk) {
                        ingest.push_bytes(chunk)?;
                    }
                }
                Channel::Text => {
                    let mut rest = std::str::from_utf8(bytes)?;
                    while !rest.is_empty() {
                        // A character is at most four bytes: the cut moves on at least one.
                        let cut = rest.floor_char_boundary(self.chunk.max(4));
                        ingest.push(&rest[..cut])?;
                        rest = &rest[cut..];
                    }
                }
            }
            ingest.close()?;
        }
        let params = sandbox::ReportParams {
            baseline_model: None,
            workflow: None,
            top: None,
            files: sandbox::FileTestFilter {
                file: None,
                failed: false,
                stale: false,
                limit: None,
            },
        };
        let documents = ReportKind::ALL
            .into_iter()
            .map(|kind| ingest.report_json(kind.name(), &params))
            .collect::<Result<_, _>>()?;
        Ok((documents, ingest.report()?))
    }

    fn for_node(&self, folder: &Path, number: usize) -> Result<Value> {
        let mut files = Vec::new();
        for (at, (name, bytes)) in self.files.iter().enumerate() {
            let path = folder.join(format!("{number}-{at}"));
            std::fs::write(&path, bytes)?;
            files.push(json!({"name": name, "path": path}));
        }
        let reports = ReportKind::ALL.map(|kind| json!({"name": kind.name()}));
        Ok(json!({
            "options": {
                "from": self.from,
                "to": self.to,
                "against": {"from": AGAINST.0, "to": AGAINST.1},
                "recent": self.recent,
                "naiveOffsetMinutes": self.offset_minutes,
            },
            "files": files,
            "chunk": self.chunk,
            "reports": reports,
        }))
    }
}

/// The same documents from the browser module in Node, for all jobs in one process.
pub fn browser(jobs: &[Job], node: &Path, module: &Path) -> Result<Vec<Vec<String>>> {
    let folder = tempfile::tempdir()?;
    let jobs = jobs
        .iter()
        .enumerate()
        .map(|(number, job)| job.for_node(folder.path(), number))
        .collect::<Result<Vec<_>>>()?;
    node_answers(&jobs, node, module)?
        .into_iter()
        .map(|answer| {
            let reports = answer.get("reports").and_then(Value::as_array);
            let reports = reports.with_context(|| format!("no reports: {answer}"))?;
            reports
                .iter()
                .map(|text| text.as_str().map(str::to_owned).context("no text"))
                .collect()
        })
        .collect()
}

/// What `tests/web/read.mjs` answers to jobs.
pub fn node_answers(jobs: &[Value], node: &Path, module: &Path) -> Result<Vec<Value>> {
    script_answers("read.mjs", jobs, node, module)
}

/// What a script of `tests/web` answers to jobs.
pub fn script_answers(
    script: &str,
    jobs: &[Value],
    node: &Path,
    module: &Path,
) -> Result<Vec<Value>> {
    let mut child = Command::new(node)
        .arg(crate::artefacts::tests("web").join(script))
        .arg(module)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    // The script reads all of its input before it writes.
    child
        .stdin
        .take()
        .context("no standard input")?
        .write_all(serde_json::to_string(jobs)?.as_bytes())?;
    let output = child.wait_with_output()?;
    ensure!(output.status.success(), "{}", output.status);
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// The typed report of the component in the form of the JSON document.
pub fn usage_document(report: &sandbox::UsageReport) -> Result<Value> {
    let time = |us: Option<i64>| us.map(timestamp).transpose();
    let sums = |names: &[(String, sandbox::Totals)]| {
        names
            .iter()
            .map(|(name, sums)| Ok((name.clone(), totals(sums)?)))
            .collect::<Result<Value>>()
    };
    let provenance = &report.provenance;
    Ok(json!({
        "window": {"from": time(report.window.from)?, "to": time(report.window.to)?},
        "totals": totals(&report.totals)?,
        "by_tier": sums(&report.by_tier)?,
        "by_workflow": sums(&report.by_workflow)?,
        "by_model": sums(&report.by_model)?,
        "by_provider": sums(&report.by_provider)?,
        "by_stage": sums(&report.by_stage)?,
        "by_day": sums(&report.by_day)?,
        "latency": latency_report(&report.latency)?,
        "recent": report.recent.iter().map(recent).collect::<Result<Vec<_>>>()?,
        "cost_books": report
            .cost_books
            .iter()
            .map(|(name, book)| Ok((name.clone(), cost_book(book)?)))
            .collect::<Result<Value>>()?,
        "other_logs": report
            .other_logs
            .iter()
            .map(|(name, log)| (name.clone(), other_log(log)))
            .collect::<Value>(),
        "outside_window": provenance.outside_window,
        "log_versions": counts(&provenance.log_versions),
        "sources": provenance.sources.iter().map(source).collect::<Vec<_>>(),
        "skipped": {
            "lines": provenance.skipped.lines,
            "by_reason": counts(&provenance.skipped.by_reason),
            "samples": provenance.skipped.samples.iter().map(|sample| json!({
                "file": sample.file,
                "line": sample.line,
                "offset": sample.offset,
                "reason": sample.reason,
            })).collect::<Vec<_>>(),
        },
        "notes": provenance.notes,
    }))
}

fn totals(totals: &sandbox::Totals) -> Result<Value> {
    Ok(json!({
        "calls": totals.calls,
        "cost_usd": usd(totals.cost)?,
        "tokens_in": totals.tokens_in,
        "tokens_out": totals.tokens_out,
        "cache_hits": totals.cache_hits,
        "cache_hit_rate": totals.cache_hit_rate,
        "prompt_cache_hits": totals.prompt_cache_hits,
        "prompt_cache_read_tokens": totals.prompt_cache_read_tokens,
        "prompt_cache_creation_tokens": totals.prompt_cache_creation_tokens,
        "duration_ms": millis(totals.duration_us)?,
    }))
}

fn latency_report(report: &sandbox::LatencyReport) -> Result<Value> {
    let by = |names: &[(String, sandbox::Latency)]| {
        names
            .iter()
            .map(|(name, of)| Ok((name.clone(), latency(of)?)))
            .collect::<Result<Value>>()
    };
    Ok(json!({
        "all": report.all.as_ref().map(latency).transpose()?,
        "by_tier": by(&report.by_tier)?,
        "by_workflow": by(&report.by_workflow)?,
        "by_model": by(&report.by_model)?,
        "by_provider": by(&report.by_provider)?,
        "by_stage": by(&report.by_stage)?,
        "by_day": by(&report.by_day)?,
    }))
}

fn latency(latency: &sandbox::Latency) -> Result<Value> {
    Ok(json!({
        "calls": latency.calls,
        "p50_ms": millis(latency.p50_us)?,
        "p95_ms": millis(latency.p95_us)?,
        "p99_ms": millis(latency.p99_us)?,
    }))
}

fn recent(call: &sandbox::RecentCall) -> Result<Value> {
    Ok(json!({
        "ts": timestamp(call.ts)?,
        "workflow": call.workflow,
        "stage": call.stage,
        "tier": call.tier,
        "model": call.model,
        "provider": call.provider,
        "cost_usd": usd(call.cost)?,
        "tokens_in": call.tokens_in,
        "tokens_out": call.tokens_out,
        "cache_hit": call.cache_hit,
        "cache_type": call.cache_type,
        "duration_ms": millis(call.duration_us)?,
    }))
}

fn cost_book(book: &sandbox::CostBook) -> Result<Value> {
    let mut document = json!({
        "records": book.records,
        "cost_usd": usd(book.cost)?,
        "tokens_in": book.tokens_in,
        "tokens_out": book.tokens_out,
        "outside_window": book.outside_window,
    });
    if let Some(baseline) = book.baseline {
        document["baseline_usd"] = usd(baseline)?;
    }
    if let Some(savings) = book.savings {
        let amount = muster_core::Usd::from_nanos(savings.saturating_abs()).to_string();
        let sign = if savings < 0 { "-" } else { "" };
        document["savings_usd"] = serde_json::from_str(&format!("{sign}{amount}"))?;
    }
    Ok(document)
}

fn other_log(log: &sandbox::OtherLog) -> Value {
    let mut document = json!({"records": log.records, "outside_window": log.outside_window});
    if !log.by_event.is_empty() {
        document["by_event"] = counts(&log.by_event);
    }
    if !log.by_status.is_empty() {
        document["by_status"] = counts(&log.by_status);
    }
    document
}

fn counts(names: &[(String, u64)]) -> Value {
    names.iter().cloned().collect()
}

fn source(source: &sandbox::Source) -> Value {
    let mut document = json!({
        "file": source.file,
        "kind": source.kind,
        "state": source.state,
        "lines": source.lines,
        "records": source.records,
        "bytes": source.bytes,
    });
    if let Some(error) = &source.error {
        document["error"] = json!(error);
    }
    document
}

fn usd(nanos: i64) -> Result<Value> {
    Ok(serde_json::from_str(
        &muster_core::Usd::from_nanos(nanos).to_string(),
    )?)
}

fn millis(us: u64) -> Result<Value> {
    Ok(serde_json::from_str(
        &muster_core::view::Millis(us).to_string(),
    )?)
}

fn timestamp(us: i64) -> Result<String> {
    Ok(Timestamp::from_micros(us)?.to_string())
}

fn window(from: Option<&str>, to: Option<&str>) -> Result<Window> {
    Ok(Window {
        from: from.map(Timestamp::parse).transpose()?,
        to: to.map(Timestamp::parse).transpose()?,
    })
}
