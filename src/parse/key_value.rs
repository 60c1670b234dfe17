//! `key=value` pairs, logfmt among them.

use super::capture::Capture;
use super::catalogue::{Given, Names};
use super::mismatch::Mismatch;
use super::template::Problem;
use crate::model::spec::KeyValueSpec;

#[derive(Clone, Debug)]
pub(super) struct KeyValue;

impl KeyValue {
    pub(super) fn compile(_spec: &KeyValueSpec) -> Result<Self, Problem> {
        Err(("this engine is not there yet".to_owned(), String::new()))
    }

    pub(super) fn given(&self) -> Given {
        Given { listed: Vec::new(), names: Names::AnyKey }
    }

    /// Key `n` is captured as capture `n`.
    pub(super) fn reader(&self, _keys: &[String]) -> KeyValueReader {
        KeyValueReader
    }
}

#[derive(Clone, Debug)]
pub(super) struct KeyValueReader;

impl KeyValueReader {
    pub(super) fn read(&mut self, _line: &[u8], _captures: &mut [Capture]) -> Result<(), Mismatch> {
        Err(Mismatch::said(0, "nothing"))
    }

    pub(super) fn built(&self) -> &[u8] {
        &[]
    }
}
