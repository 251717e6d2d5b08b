//! The layers of a gateway, in the order in which a failure spreads.

/// One layer: what is looked at together, and what the next ones stand on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Layer {
    /// The virtual machine, its node and its core pods.
    Substrate,
    /// The daemon's process, its service and its heartbeat file.
    Process,
    /// What the gateway says of itself.
    CliStatus,
    /// How full and how old the session is.
    SessionPressure,
    /// Whether a newer message has overtaken the active one.
    Interruptibility,
    /// Whether the configured channels are connected.
    ChannelHealth,
    /// What the gateway does about channels that are not.
    ChannelHealing,
    /// Whether operators' actions are acknowledged and finished.
    OperatorTracing,
    /// The standard error of the daemon.
    ErrorLog,
    /// The standard output of the daemon.
    StdoutLog,
    /// Whether a test event is taken out of the queue.
    EndToEnd,
    /// The record of the model session.
    SessionTranscript,
    /// Telemetry events.
    Otel,
    /// Whether the model's provider answers.
    ModelApi,
    /// What Redis holds.
    RedisState,
}

impl Layer {
    /// All layers, first to last.
    pub const ALL: [Self; 15] = [
        Self::Substrate,
        Self::Process,
        Self::CliStatus,
        Self::SessionPressure,
        Self::Interruptibility,
        Self::ChannelHealth,
        Self::ChannelHealing,
        Self::OperatorTracing,
        Self::ErrorLog,
        Self::StdoutLog,
        Self::EndToEnd,
        Self::SessionTranscript,
        Self::Otel,
        Self::ModelApi,
        Self::RedisState,
    ];

    /// The stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Substrate => "substrate",
            Self::Process => "process",
            Self::CliStatus => "cli-status",
            Self::SessionPressure => "session-pressure",
            Self::Interruptibility => "interruptibility",
            Self::ChannelHealth => "channel-health",
            Self::ChannelHealing => "channel-healing",
            Self::OperatorTracing => "operator-tracing",
            Self::ErrorLog => "error-log",
            Self::StdoutLog => "stdout-log",
            Self::EndToEnd => "e2e-test",
            Self::SessionTranscript => "session-transcript",
            Self::Otel => "otel",
            Self::ModelApi => "model-api",
            Self::RedisState => "redis-state",
        }
    }

    /// The layer of a name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|layer| layer.name() == name)
    }

    /// Whether the layer shows what the running daemon says, so that it says
    /// nothing where none runs.
    pub(crate) const fn needs_daemon(self) -> bool {
        matches!(
            self,
            Self::CliStatus
                | Self::SessionPressure
                | Self::Interruptibility
                | Self::ChannelHealth
                | Self::ChannelHealing
                | Self::OperatorTracing
        )
    }
}
