//! Agents of attune in a Python process: told what to do line by line.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::peer::attune_python;

/// Reads `[method, {arguments}]` lines and answers each with one line of JSON.
const SCRIPT: &str = r#"
import json, logging, sys, threading, time
logging.disable(logging.CRITICAL)
import redis
from attune.telemetry import ApprovalGate, CoordinationSignals, EventStreamer, HeartbeatCoordinator

class Holder:
    pass

memory = Holder()
memory._client = redis.Redis.from_url(sys.argv[1])
hearts, gates, asked = {}, {}, {}

def plain(thing):
    return thing.to_dict() if hasattr(thing, "to_dict") else thing

def signals(agent):
    return CoordinationSignals(memory=memory, agent_id=agent)

class Methods:
    def start(self, agent, name=None, metadata=None):
        hearts[agent] = HeartbeatCoordinator(memory=memory)
        return hearts[agent].start_heartbeat(agent, metadata=metadata or {}, display_name=name)
    def beat(self, agent, status="running", progress=0.0, task=""):
        return hearts[agent].beat(status, progress, task)
    def stop(self, agent, status="completed"):
        return hearts[agent].stop_heartbeat(status)
    def active(self):
        return [plain(one) for one in HeartbeatCoordinator(memory=memory).get_active_agents()]
    def alive(self, agent):
        return HeartbeatCoordinator(memory=memory).is_agent_alive(agent)
    def signal(self, source, target, type, payload=None, ttl=60):
        return signals(source).signal(type, target_agent=target, payload=payload or {}, ttl_seconds=ttl)
    def broadcast(self, source, type, payload=None, ttl=60):
        return signals(source).broadcast(type, payload=payload or {}, ttl_seconds=ttl)
    def check(self, agent, type, source=None):
        return plain(signals(agent).check_signal(type, source_agent=source))
    def wait(self, agent, type, timeout=10):
        return plain(signals(agent).wait_for_signal(type, timeout=timeout))
    def ask(self, agent, type, timeout, context=None):
        gate = ApprovalGate(memory=memory, agent_id=agent)
        def work():
            asked[agent] = plain(gate.request_approval(type, context=context or {}, timeout=timeout))
        gates[agent] = threading.Thread(target=work, daemon=True)
        gates[agent].start()
    def asked(self, agent):
        gates[agent].join()
        return asked[agent]
    def pending(self):
        return [plain(one) for one in ApprovalGate(memory=memory).get_pending_approvals()]
    def respond(self, id, approved, responder="py", reason=""):
        return ApprovalGate(memory=memory).respond_to_approval(id, approved, responder, reason)
    def publish(self, type, data, source="attune"):
        return EventStreamer(memory=memory).publish_event(type, data, source=source)
    def recent(self, type, count=100):
        return [plain(one) for one in EventStreamer(memory=memory).get_recent_events(type, count=count)]
    def consume(self, types, count):
        found = []
        for event in EventStreamer(memory=memory).consume_events(event_types=types, start_id="0", block_ms=2000):
            found.append(plain(event))
            if len(found) == count:
                return found
        return found
    def rates(self, n):
        heart = HeartbeatCoordinator(memory=memory)
        heart.start_heartbeat("rate")
        began = time.perf_counter()
        for i in range(n):
            heart.beat("running", 0.5, "work")
        beats = n / (time.perf_counter() - began)
        streamer = EventStreamer(memory=memory)
        began = time.perf_counter()
        for i in range(n):
            streamer.publish_event("rate_theirs", {"n": i, "workflow": "code-review", "stage": "analysis"})
        publishes = n / (time.perf_counter() - began)
        one = signals("rate")
        began = time.perf_counter()
        for i in range(n):
            one.signal("ready", target_agent="nobody", payload={"n": i})
        sends = n / (time.perf_counter() - began)
        return {"beats": beats, "publishes": publishes, "sends": sends}
    def check_ms(self, agent, n):
        one = signals(agent)
        times = []
        for i in range(n):
            began = time.perf_counter()
            one.check_signal("absent")
            times.append((time.perf_counter() - began) * 1000)
        return times

methods = Methods()
for line in sys.stdin:
    name, arguments = json.loads(line)
    try:
        answer = {"ok": getattr(methods, name)(**arguments)}
    except Exception as error:
        answer = {"error": repr(error)}
    print(json.dumps(answer, default=str), flush=True)
"#;

/// A Python process with agents of attune on one Redis server.
#[derive(Debug)]
pub struct PeerAgents {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl PeerAgents {
    /// Starts it; `None` where attune cannot be had.
    ///
    /// # Errors
    ///
    /// Python does not start.
    pub fn start(url: &str) -> Result<Option<Self>> {
        let Some(python) = attune_python() else {
            return Ok(None);
        };
        let mut child = Command::new(python)
            .args(["-c", SCRIPT, url])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let input = child.stdin.take().context("no input")?;
        let output = child.stdout.take().context("no output")?;
        let mut agents = Self {
            child,
            input,
            output: BufReader::new(output),
        };
        // Importing attune takes its time.
        agents.call("pending", &json!({}))?;
        Ok(Some(agents))
    }

    /// Calls a method and gives its answer.
    ///
    /// # Errors
    ///
    /// The method raised, or the process has ended.
    pub fn call(&mut self, method: &str, arguments: &Value) -> Result<Value> {
        writeln!(self.input, "{}", json!([method, arguments]))?;
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        let mut answer: Value = serde_json::from_str(&line)
            .with_context(|| format!("{method} was answered by {line:?}"))?;
        ensure!(answer.get("error").is_none(), "{method}: {answer}");
        Ok(answer["ok"].take())
    }
}

impl Drop for PeerAgents {
    fn drop(&mut self) {
        // An error says that it has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
