//! Logs that no writer should have written.

/// A good line, in the form that attune writes.
pub const GOOD: &str = concat!(
    r#"{"v":"1.0","ts":"2026-11-19T08:15:02.004500Z","workflow":"code-review","#,
    r#""tier":"CAPABLE","model":"claude-sonnet-5","provider":"anthropic","cost":0.0561,"#,
    r#""tokens":{"input":9000,"output":1940},"cache":{"hit":true,"type":"hash"},"#,
    r#""duration_ms":8120,"user_id":"0f3a9c55d2b1e477","stage":"analysis","seq":17}"#,
);

/// Contents of `usage.jsonl` by what is wrong with them.
#[expect(clippy::too_many_lines, reason = "a table")]
#[expect(
    clippy::missing_panics_doc,
    reason = "only a case of the table can be wrong"
)]
pub fn usage_logs() -> Vec<(&'static str, Vec<u8>)> {
    let line = |text: String| [text.as_bytes(), b"\n", GOOD.as_bytes(), b"\n"].concat();
    let with = |from: &str, to: &str| {
        let text = GOOD.replacen(from, to, 1);
        assert_ne!(text, GOOD, "{from}");
        line(text)
    };
    let cost = |cost: &str| with("0.0561", cost);
    let count = |count: &str| with("9000", count);
    let time = |time: &str| with("2026-11-19T08:15:02.004500Z", time);
    vec![
        ("empty", Vec::new()),
        ("one byte", b"x".to_vec()),
        ("one newline", b"\n".to_vec()),
        ("blank lines", b"\n\n \t \r\n\n".to_vec()),
        ("no newline at the end", GOOD.into()),
        ("torn last line", [GOOD, "\n", &GOOD[..77]].concat().into()),
        (
            "torn inside a character",
            [GOOD.as_bytes(), b"\n{\"v\":\"\xc3"].concat(),
        ),
        ("byte-order mark", ["\u{feff}", GOOD, "\n"].concat().into()),
        (
            "mark in the middle",
            [GOOD, "\n\u{feff}", GOOD, "\n"].concat().into(),
        ),
        (
            "carriage returns",
            [GOOD, "\r\n", GOOD, "\r\n"].concat().into(),
        ),
        ("lone carriage returns", [GOOD, "\r", GOOD].concat().into()),
        ("NUL", with("code-review", "code\0review")),
        ("escaped NUL", with("code-review", "code\\u0000review")),
        ("only NUL", vec![0; 4096]),
        (
            "invalid UTF-8",
            [b"\xff\xfe\n", GOOD.as_bytes(), b"\n\xc3\x28\n"].concat(),
        ),
        (
            "overlong UTF-8",
            [b"{\"v\":\"\xc0\xaf\"}\n", GOOD.as_bytes()].concat(),
        ),
        (
            "surrogates as UTF-8",
            [b"{\"v\":\"\xed\xa0\x80\"}\n", GOOD.as_bytes()].concat(),
        ),
        (
            "four-byte characters",
            with("code-review", "\u{1f680}\u{10ffff}"),
        ),
        (
            "arrays and scalars",
            line("[]\n5\nnull\ntrue\n\"x\"\n{}\n1.5\n[1,2]".into()),
        ),
        ("not a number", cost("NaN")),
        ("infinity", cost("Infinity")),
        ("infinity below zero", cost("-Infinity")),
        ("cost too large for a double", cost("1e400")),
        ("cost too small for a double", cost("1e-400")),
        ("cost below zero", cost("-0.01")),
        ("cost of minus zero", cost("-0")),
        (
            "cost of 5000 digits",
            cost(&format!("0.{}", "7".repeat(5000))),
        ),
        ("largest cost", cost("9223372036.854775807")),
        ("cost over the largest", cost("9223372036.854775808")),
        (
            "sum over the largest",
            [cost("9223372036"), cost("9223372036")].concat(),
        ),
        ("cost between two roundings", cost("0.0000000005")),
        ("cost as text", cost("\"0.05\"")),
        ("cost as null", cost("null")),
        ("count as a decimal", count("9000.0")),
        ("count with a fraction", count("9000.5")),
        ("count with an exponent", count("9e3")),
        ("count below zero", count("-9")),
        ("largest count", count("9007199254740991")),
        ("count over the largest", count("9007199254740992")),
        ("count of 5000 digits", count(&"9".repeat(5000))),
        ("count with a leading zero", count("09000")),
        ("negative duration", with("8120", "-8120")),
        ("duration with a fraction", with("8120", "8120.0625")),
        ("year 0", time("0000-01-01T00:00:00Z")),
        ("year 9999", time("9999-12-31T23:59:59.999999Z")),
        ("past year 9999", time("9999-12-31T23:59:59-01:00")),
        ("before year 0", time("0000-01-01T00:00:00+01:00")),
        ("February 30", time("2026-02-30T00:00:00Z")),
        ("naive time", time("2026-11-19T08:15:02")),
        ("time with an offset", time("2026-11-19T08:15:02+05:30")),
        (
            "time of nine digits",
            time("2026-11-19T08:15:02.123456789Z"),
        ),
        ("leap second", time("2026-06-30T23:59:60Z")),
        (
            "time as a number",
            with("\"2026-11-19T08:15:02.004500Z\"", "1795132800"),
        ),
        ("lone high surrogate", with("code-review", "\\ud800")),
        ("lone low surrogate", with("code-review", "\\udc00x")),
        ("pair of surrogates", with("code-review", "\\ud83d\\ude80")),
        ("swapped surrogates", with("code-review", "\\ude80\\ud83d")),
        ("bad escape", with("code-review", "\\x41")),
        ("tab in a text", with("code-review", "code\treview")),
        (
            "key with an escape",
            with("\"workflow\"", "\"work\\u0066low\""),
        ),
        ("duplicate known key", with("\"seq\":17", "\"cost\":1")),
        (
            "duplicate unknown key",
            with("\"seq\":17", "\"x\":1,\"x\":2"),
        ),
        (
            "unknown fields",
            with("\"seq\":17", "\"x\":[1,{\"a\":[null]}],\"y\":1e999"),
        ),
        (
            "deep array",
            with(
                "\"seq\":17",
                &format!("\"x\":{}{}", "[".repeat(10_000), "]".repeat(10_000)),
            ),
        ),
        (
            "deep object",
            with(
                "\"seq\":17",
                &format!("\"x\":{}1{}", "{\"a\":".repeat(10_000), "}".repeat(10_000)),
            ),
        ),
        ("deep without end", line("[".repeat(10_000))),
        (
            "wrong types everywhere",
            line(r#"{"v":1,"ts":5,"workflow":{},"cost":[],"tokens":7}"#.into()),
        ),
        (
            "tokens is null",
            with(r#"{"input":9000,"output":1940}"#, "null"),
        ),
        (
            "nothing but what is needed",
            line(r#"{"ts":"2026-11-19T08:15:02Z","cost":0}"#.into()),
        ),
        (
            "tier in odd case",
            with("CAPABLE", "stra\u{df}e \u{130} \u{149}"),
        ),
        (
            "names like object members",
            with("code-review", "__proto__"),
        ),
        ("empty names", with("code-review", "")),
        (
            "quotes in names",
            with("code-review", "\\\"\\\\\\/\\b\\f\\u2028"),
        ),
        (
            "spaces between tokens",
            line(GOOD.replace(':', " : ").replace(" : 15 : 02.", ":15:02.")),
        ),
        ("two objects on a line", line([GOOD, GOOD].concat())),
        ("text after the object", line([GOOD, " x"].concat())),
        ("comma after the last field", with("17}", "17,}")),
        ("another version", with("\"1.0\"", "\"2.0\"")),
        ("version as a number", with("\"1.0\"", "1.0")),
        (
            "many names",
            (0..5000)
                .map(|i| GOOD.replace("code-review", &format!("w{i}")) + "\n")
                .collect::<String>()
                .into(),
        ),
        (
            "a line over the limit",
            line("x".repeat(muster_core::MAX_LINE_BYTES + 1)),
        ),
        (
            "a line at the limit",
            with(
                "code-review",
                &"w".repeat(muster_core::MAX_LINE_BYTES - GOOD.len() + 11),
            ),
        ),
        ("three megabytes without a newline", vec![b'{'; 3 << 20]),
    ]
}
