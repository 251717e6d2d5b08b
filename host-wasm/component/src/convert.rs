//! The core's views as the types of the interface.

use std::collections::BTreeMap;

use muster_core::view;
use muster_core::{Timestamp, Window as CoreWindow};

use crate::bindings::exports::muster::core::types::{
    Provenance, Skipped, SkippedSample, Source, Window,
};
use crate::bindings::exports::muster::core::usage::{
    CostBook, Error, Latency, LatencyReport, OtherLog, ReadOptions, RecentCall, ReportParams,
    Totals, UsageReport,
};

pub(crate) fn read_options(options: &ReadOptions) -> Result<muster_core::ReadOptions, Error> {
    Ok(muster_core::ReadOptions {
        window: core_window(options.window)?,
        against: options.against.map(core_window).transpose()?,
        recent: size(options.recent),
        naive_shift_us: i64::from(options.naive_offset_minutes) * -60_000_000,
    })
}

pub(crate) fn report_params(params: ReportParams) -> muster_core::ReportParams {
    let mut read = muster_core::ReportParams {
        workflow: params.workflow,
        ..muster_core::ReportParams::default()
    };
    if let Some(model) = params.baseline_model {
        read.baseline_model = model;
    }
    if let Some(top) = params.top {
        read.top = size(top);
    }
    read.files = view::FileTestFilter {
        file: params.files.file,
        failed: params.files.failed,
        stale: params.files.stale,
        limit: params.files.limit.map(size),
    };
    read
}

pub(crate) fn usage_report(report: view::UsageReport) -> UsageReport {
    UsageReport {
        window: window(report.window),
        totals: totals(&report.totals),
        by_tier: sums(report.by_tier),
        by_workflow: sums(report.by_workflow),
        by_model: sums(report.by_model),
        by_provider: sums(report.by_provider),
        by_stage: sums(report.by_stage),
        by_day: sums(report.by_day),
        latency: latency_report(report.latency),
        recent: report.recent.into_iter().map(recent_call).collect(),
        cost_books: report
            .cost_books
            .into_iter()
            .map(|(name, book)| (name.to_owned(), cost_book(&book)))
            .collect(),
        other_logs: report
            .other_logs
            .into_iter()
            .map(|(name, log)| (name.to_owned(), other_log(log)))
            .collect(),
        provenance: provenance(report.provenance),
    }
}

fn sums(names: BTreeMap<String, view::TotalsView>) -> Vec<(String, Totals)> {
    names
        .into_iter()
        .map(|(name, of)| (name, totals(&of)))
        .collect()
}

fn totals(totals: &view::TotalsView) -> Totals {
    Totals {
        calls: totals.calls,
        cost: totals.cost_usd.as_nanos(),
        tokens_in: totals.tokens_in,
        tokens_out: totals.tokens_out,
        cache_hits: totals.cache_hits,
        cache_hit_rate: totals.cache_hit_rate,
        prompt_cache_hits: totals.prompt_cache_hits,
        prompt_cache_read_tokens: totals.prompt_cache_read_tokens,
        prompt_cache_creation_tokens: totals.prompt_cache_creation_tokens,
        duration_us: totals.duration_ms.0,
    }
}

fn latency_report(report: view::LatencyReport) -> LatencyReport {
    LatencyReport {
        all: report.all.map(|of| latency(&of)),
        by_tier: latencies(report.by_tier),
        by_workflow: latencies(report.by_workflow),
        by_model: latencies(report.by_model),
        by_provider: latencies(report.by_provider),
        by_stage: latencies(report.by_stage),
        by_day: latencies(report.by_day),
    }
}

fn latencies(names: BTreeMap<String, view::LatencyView>) -> Vec<(String, Latency)> {
    names
        .into_iter()
        .map(|(name, of)| (name, latency(&of)))
        .collect()
}

fn latency(latency: &view::LatencyView) -> Latency {
    Latency {
        calls: latency.calls,
        p50_us: latency.p50_ms.0,
        p95_us: latency.p95_ms.0,
        p99_us: latency.p99_ms.0,
    }
}

fn recent_call(call: view::RecentCall) -> RecentCall {
    RecentCall {
        ts: call.ts.as_micros(),
        workflow: call.workflow,
        stage: call.stage,
        tier: call.tier,
        model: call.model,
        provider: call.provider,
        cost: call.cost_usd.as_nanos(),
        tokens_in: call.tokens_in,
        tokens_out: call.tokens_out,
        cache_hit: call.cache_hit,
        cache_type: call.cache_type,
        duration_us: call.duration_ms.0,
    }
}

fn cost_book(book: &view::CostBook) -> CostBook {
    CostBook {
        records: book.records,
        cost: book.cost_usd.as_nanos(),
        tokens_in: book.tokens_in,
        tokens_out: book.tokens_out,
        baseline: book.baseline_usd.map(muster_core::Usd::as_nanos),
        savings: book.savings_usd.map(muster_core::UsdChange::as_nanos),
        outside_window: book.outside_window,
    }
}

fn other_log(log: view::OtherLog) -> OtherLog {
    OtherLog {
        records: log.records,
        by_event: log.by_event.into_iter().collect(),
        by_status: log.by_status.into_iter().collect(),
        outside_window: log.outside_window,
    }
}

fn provenance(from: view::Provenance) -> Provenance {
    Provenance {
        outside_window: from.outside_window,
        log_versions: from.log_versions.into_iter().collect(),
        sources: from.sources.into_iter().map(source).collect(),
        skipped: Skipped {
            lines: from.skipped.lines,
            by_reason: from
                .skipped
                .by_reason
                .into_iter()
                .map(|(code, lines)| (code.to_owned(), lines))
                .collect(),
            samples: from.skipped.samples.into_iter().map(sample).collect(),
        },
        notes: from.notes,
    }
}

fn source(source: view::SourceView) -> Source {
    Source {
        file: source.file,
        kind: source.kind.name().to_owned(),
        state: source.state.name().to_owned(),
        lines: source.lines,
        records: source.records,
        bytes: source.bytes,
        error: source.error,
    }
}

fn sample(sample: view::SkippedSample) -> SkippedSample {
    SkippedSample {
        file: sample.file,
        line: sample.line,
        offset: sample.offset,
        reason: sample.reason,
    }
}

fn window(window: CoreWindow) -> Window {
    Window {
        from: window.from.map(Timestamp::as_micros),
        to: window.to.map(Timestamp::as_micros),
    }
}

pub(crate) fn size(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn core_window(window: Window) -> Result<CoreWindow, Error> {
    Ok(CoreWindow {
        from: window.from.map(timestamp).transpose()?,
        to: window.to.map(timestamp).transpose()?,
    })
}

pub(crate) fn timestamp(us: i64) -> Result<Timestamp, Error> {
    Timestamp::from_micros(us).map_err(|_| Error::TimeOutOfRange(us))
}
