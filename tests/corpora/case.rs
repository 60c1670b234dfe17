//! One case of a corpus: a line, and what a peer reads from it.
//!
//! Does not: judge.

use serde_json::Value;

use pxtail::model::time::UnixMicros;

/// A line of a corpus file.
pub struct Case {
    /// The corpus file, and the line in it.
    pub place: String,
    pub format: String,
    /// Without its end.
    pub line: Vec<u8>,
    json: Value,
}

impl Case {
    /// `None`: it has no line of its own (whole inputs with sums, records of several lines).
    pub fn read(place: String, text: &str) -> Option<Self> {
        let json: Value = serde_json::from_str(text).ok()?;
        let mut line = match json["line_b64"].as_str() {
            Some(encoded) => base64(encoded),
            None => json["line"].as_str()?.as_bytes().to_vec(),
        };
        if line.last() == Some(&b'\n') {
            line.pop();
        }
        let format = json["format"].as_str().unwrap_or("no format").to_owned();
        Some(Self { place, format, line, json })
    }

    pub fn source(&self) -> &str {
        self.text("source").unwrap_or_default()
    }

    /// A fingerprint of the line, so that nothing of it need be written down elsewhere.
    pub fn hash(&self) -> String {
        format!("{:016x}", xxhash_rust::xxh3::xxh3_64(&self.line))
    }

    pub fn text(&self, key: &str) -> Option<&str> {
        self.json[key].as_str()
    }

    pub fn peer_argument(&self, key: &str) -> Option<&str> {
        self.json["peer_args"][key].as_str()
    }

    pub fn list(&self, key: &str) -> Vec<&str> {
        self.json[key].as_array().map(|items| items.iter().filter_map(Value::as_str).collect()).unwrap_or_default()
    }

    pub fn must_be_refused(&self) -> bool {
        self.json["should_match"] == Value::Bool(false)
    }

    pub fn flag(&self, key: &str) -> bool {
        self.json[key] == Value::Bool(true)
    }

    pub fn names(&self, list: &str, key: &str) -> bool {
        self.list(list).contains(&key)
    }

    /// What the peer states under the common names. A `null` is nothing.
    pub fn stated(&self) -> impl Iterator<Item = (&str, &Value)> {
        let stated = self.json["expected"].as_object().into_iter().flatten();
        stated.map(|(key, value)| (key.as_str(), value)).filter(|(_, value)| !value.is_null())
    }

    /// What the peer states under a name of its own.
    pub fn stated_by_peer(&self, key: &str) -> &Value {
        &self.json["peer_expected"][key]
    }

    /// The stated time, and whether its fraction of a second counts.
    pub fn time(&self) -> Option<UnixMicros> {
        self.json["expected"]["time_unix_ms"].as_i64().map(|millis| UnixMicros(millis * 1_000))
    }
}

/// Bytes written in base64; what is no digit of it is passed over.
pub fn base64(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let (mut bits, mut held) = (0_u32, 0);
    for digit in text.bytes() {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => continue,
        };
        bits = bits << 6 | u32::from(value);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
            bits &= (1 << held) - 1;
        }
    }
    bytes
}
