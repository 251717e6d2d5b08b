//! What leaves Muster: plain structs, one JSON form for every host.
//!
//! The same bytes serve `--json`, HTTP bodies, the browser module and the
//! component. Field names are stable.

mod account;
mod agents;
mod alert;
mod approval;
mod bridge_stats;
mod bridge_summary;
mod command_run;
mod compare;
mod cost_books;
mod diagnosis;
mod doctor;
mod feedback;
mod file_tests;
mod fleet;
mod gateway;
mod glance;
mod heartbeat;
mod help;
mod latency;
mod map;
mod models;
mod now;
mod number;
mod prompt_cache;
mod provenance;
mod rank;
mod report;
mod routing;
mod rules;
mod savings;
mod settings;
mod signal;
mod sonnet_opus;
mod specs;
mod spend;
mod store;
mod stream;
mod task_routing;
mod test_status;
mod tier1;
mod usage;
mod workflow_run;

use alloc::string::{String, ToString};

use serde::Serialize;

pub use account::{
    AccountAnswer, AccountErrorView, AccountModelUsage, AccountUsage, CacheState, CacheView,
    CostShare, CostSummary,
};
pub use agents::{
    AgentPerformanceReport, AgentPerformanceView, AgentTotals, AttuneAgent, AttuneAgentPerformance,
};
pub use alert::{AlertRuleView, AlertState, AlertsView};
pub use approval::{
    AnswerOutcome, AnswerRefusal, AnsweredView, ApprovalOutcome, ApprovalOutcomeView, ApprovalView,
    ContestView, SYSTEM_RESPONDER, SweptView,
};
pub use bridge_stats::{
    BridgeStatsReport, CallStats, DurationStats, FamilyStats, JobStats, StepStats, SwampStats,
};
pub use bridge_summary::BridgeSummary;
pub use command_run::{
    CommandRunView, CommandRunsView, CommandView, CommandsView, OutputGapView, OutputLineView,
    OutputView, RecommendationView,
};
pub use compare::{CompareReport, ComparedTotals, CostChange, TotalsChange};
pub use cost_books::{CostBook, OtherLog};
pub use diagnosis::{
    DiagnosisScheduleView, DiagnosisView, EvidenceView, ExhibitView, FindingView, InformationView,
    LastDiagnosisView, LayerView, RecheckView, RemedyView,
};
pub use doctor::{CheckStatus, CheckView, DoctorReport, DoctorStep, QuietAgent, ReportEnd};
pub use feedback::{
    QualityFeedbackView, QualityReport, QualityStatsView, RatedView, RatingView, RatingsView,
    ScoredView, SkippedRating, StageQuality, TierRecommendationView,
};
pub use file_tests::{
    FailedTestView, FileTestFilter, FileTestReport, FileTestTotals, FileTestView,
};
pub use fleet::{AgentView, AttuneLiveness, WaitingView, WorkKind, WorkView};
pub use gateway::{
    AttributionView, ExchangeView, GatewayEventsFoundView, GatewayQueuesView, GatewayReviewView,
    GatewayStatusView, GatewayTestView, MonitorChannelView, MonitorCheckView, MonitorDoneView,
    OtelEventView, QueueView, StatusFieldView, WaitingEventView, WaitingMessageView,
};
pub use glance::{AgentDetailView, SignalChoice, SignalLifeView, SignalsView, TraceView};
pub use heartbeat::{BeatView, RunView};
pub use help::{HelpGroup, HelpReport, HelpTotals, MissView, TopicView};
pub use latency::{LatencyReport, LatencyView};
pub use models::{ModelView, ModelsReport};
pub use now::{AgentCounts, ChangeView, FleetVerdict, NowView, ProblemView, StoreState, StoreView};
pub use number::{Millis, Seconds};
pub use prompt_cache::{CacheReport, PromptCacheSavings, PromptCacheUse};
pub use provenance::{Provenance, Skipped, SkippedSample, SourceState, SourceView};
pub use report::{DEFAULT_TOP, ReportKind, ReportParams};
pub use routing::{RouteView, RoutingReport, WorkflowRoutes};
pub use rules::{CauseView, PackCheckView, RulesView};
pub use savings::{PerCallSavings, PerTokenSavings, SavingsReport};
pub use settings::{CapabilitiesView, LivenessView, PriceView, SettingsView};
pub use signal::{ClearedView, SentView, SignalCheckView, SignalOutcome, SignalView};
pub use sonnet_opus::{
    AlwaysPremium, AttuneSonnetOpus, FallbackVerdict, FamilyModel, SonnetOpusReport,
};
pub use specs::{CandidateView, SpecRootState, SpecRootView, SpecView, SpecsView, WhyNone};
pub use spend::{AgentCostView, SpendLevel, SpendShare, SpendView};
pub use store::{MalformedView, StoreCheckView, StoreInfoView, StoreWatchView};
pub use stream::{
    ConsumedView, EventView, GapRange, GapView, GroupView, PublishedView, RemovedView,
    StreamInfoView, StreamTailView,
};
pub use task_routing::{AttuneTaskRouting, TaskRoutingReport, TaskRoutingView, TaskTotals};
pub use test_status::{
    CoveragePointView, CoverageTrend, CoverageView, FailingTestView, RunTotals, TestRunsView,
    TestStatusReport,
};
pub use tier1::Tier1Report;
pub use usage::{RecentCall, TotalsView, UsageReport};
pub use workflow_run::{
    BarView, EntryOutcome, RunsOfFilesView, WaterfallView, WorkflowRunView, WorkflowRunsView,
};

/// The JSON text of a view: compact, keys of maps sorted by bytes.
pub fn to_json<T: Serialize>(view: &T) -> String {
    // Views hold no maps with other keys than texts and no number that JSON has
    // not, so this does not fail; if it did, the reader must not take it for data.
    serde_json::to_string(view)
        .unwrap_or_else(|error| serde_json::Value::from(error.to_string()).to_string())
}

#[cfg(test)]
mod log_tests;
#[cfg(test)]
mod tests;
