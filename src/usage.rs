//! Fields to usage records: conditions, templates, measures. Pure.
//!
//! Promises: a line that a condition refuses costs that condition and no more; no allocation per line in the steady state;
//! equal users, accounts and properties have equal keys. Does not: keep anything from line to line but its buffers.

mod compile;
mod condition;
mod explain;
mod id;
mod template;

use std::collections::BTreeSet;

use compile::{Compiler, Missing};
use condition::CompiledCondition;
use id::{Id, read_id};
use template::CompiledTemplate;

pub use explain::refusing;

use crate::model::decimal::Decimal;
use crate::model::fault::Fault;
use crate::model::fields::{FieldType, Fields};
use crate::model::record::{Input, KeyWriter, MetricIndex, UsageRecord};
use crate::model::spec::MetricSpec;

/// Why a line adds nothing to a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Discard {
    /// A condition of `where` does not hold.
    Condition,
    /// The line has no time that can be read.
    NoTime,
    /// The metric counts by user and the line has none.
    NoUser,
    /// The metric counts by account alone and the line has none.
    NoAccount,
    /// The user or account is too long, has control characters, or is not UTF-8.
    BadId,
}

impl Discard {
    pub const ALL: [Self; 5] = [Self::Condition, Self::NoTime, Self::NoUser, Self::NoAccount, Self::BadId];

    /// A stable name for counters.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Condition => "condition",
            Self::NoTime => "no_time",
            Self::NoUser => "no_user",
            Self::NoAccount => "no_account",
            Self::BadId => "bad_id",
        }
    }
}

/// What a measure takes from a line.
#[derive(Clone, Copy, Debug)]
enum Take {
    One,
    Number(usize),
    /// The field is gone from the pattern.
    Nothing,
}

/// The pattern that a rule is compiled against, for what a fault says.
#[derive(Clone, Copy, Debug, Default)]
pub struct Giver<'a> {
    pub pattern: &'a str,
    /// Names that it gives, to find the one that was meant.
    pub fields: &'a [&'a str],
}

/// A metric's rule compiled against one source's slots.
#[derive(Debug)]
pub struct MetricReader {
    metric: MetricIndex,
    /// Cheapest first.
    conditions: Vec<CompiledCondition>,
    user: Option<CompiledTemplate>,
    account: Option<CompiledTemplate>,
    properties: Vec<CompiledTemplate>,
    measures: Vec<Take>,
    key: Vec<u8>,
    inputs: Vec<Input>,
    /// Where templates of several parts are put together.
    joined: Vec<u8>,
}

impl MetricReader {
    /// Every field name that the rule reads, for the parser's wanted list.
    #[must_use]
    pub fn wanted(spec: &MetricSpec) -> BTreeSet<&str> {
        let ids = [&spec.user, &spec.account].into_iter().flatten();
        let templates = ids.chain(spec.properties.values()).flat_map(|template| template.value.fields());
        let conditions = spec.conditions.iter().map(|condition| condition.value.field.as_str());
        let measures = spec.measures.values().filter_map(|measure| measure.value.field());
        templates.chain(conditions).chain(measures).collect()
    }

    /// `slot_of` gives a field's slot and type in this source, `None` when its pattern lacks it. A field with a default in
    /// its template may be lacking: then the default stands.
    pub fn compile(
        spec: &MetricSpec,
        index: MetricIndex,
        giver: Giver<'_>,
        slot_of: impl Fn(&str) -> Option<(usize, FieldType)>,
    ) -> Result<Self, Vec<Fault>> {
        let mut compiler = Compiler::new(&spec.name, giver, Missing::IsAFault, slot_of);
        let reader = Self::compile_with(spec, index, &mut compiler);
        if compiler.faults.is_empty() { Ok(reader) } else { Err(compiler.faults) }
    }

    /// For rules kept from an older configuration: fields that are gone read as absent.
    pub fn compile_lenient(
        spec: &MetricSpec,
        index: MetricIndex,
        slot_of: impl Fn(&str) -> Option<(usize, FieldType)>,
    ) -> Self {
        Self::compile_with(spec, index, &mut Compiler::new(&spec.name, Giver::default(), Missing::IsAbsent, slot_of))
    }

    fn compile_with<S>(spec: &MetricSpec, metric: MetricIndex, compiler: &mut Compiler<'_, S>) -> Self
    where
        S: Fn(&str) -> Option<(usize, FieldType)>,
    {
        let user = spec.user.as_ref().map(|template| compiler.template("takes its user from", template));
        let account = spec.account.as_ref().map(|template| compiler.template("groups by", template));
        let mut properties = Vec::new();
        for (name, template) in &spec.properties {
            properties.push(compiler.template(&format!("makes property `{name}` of"), template));
        }
        let mut conditions: Vec<_> = spec.conditions.iter().map(|condition| compiler.condition(condition)).collect();
        conditions.sort_by_key(CompiledCondition::cost);
        let measures = spec.measures.iter().map(|(name, measure)| compiler.measure(name, measure)).collect();
        Self {
            metric,
            conditions,
            user,
            account,
            properties,
            measures,
            key: Vec::new(),
            inputs: Vec::new(),
            joined: Vec::new(),
        }
    }

    /// Reads one line. The record borrows the reader's own buffers: use it before the next line.
    pub fn read<'a>(&'a mut self, line: &[u8], fields: &Fields) -> Result<UsageRecord<'a>, Discard> {
        if !self.conditions.iter().all(|condition| condition.holds(line, fields)) {
            return Err(Discard::Condition);
        }
        self.key.clear();
        self.read_ids(line, fields)?;
        let time = fields.time.ok_or(Discard::NoTime)?;
        for property in &self.properties {
            property.write_property(line, fields, &mut self.joined, &mut KeyWriter(&mut self.key));
        }
        self.inputs.clear();
        self.inputs.extend(self.measures.iter().map(|take| match *take {
            Take::One => Input::One,
            Take::Number(slot) => fields.get(line, slot).and_then(Decimal::parse).map_or(Input::Absent, Input::Number),
            Take::Nothing => Input::Absent,
        }));
        Ok(UsageRecord { metric: self.metric, time, key: &self.key, inputs: &self.inputs })
    }

    /// Writes the user's and the account's part of the key.
    #[inline]
    fn read_ids(&mut self, line: &[u8], fields: &Fields) -> Result<(), Discard> {
        let mut key = KeyWriter(&mut self.key);
        match &self.user {
            None => key.absent(),
            Some(user) => match read_id(user.bytes(line, fields, &mut self.joined)) {
                Id::Good(user) => key.text(user),
                Id::Absent => return Err(Discard::NoUser),
                Id::Bad => return Err(Discard::BadId),
            },
        }
        match &self.account {
            None => key.absent(),
            Some(account) => match read_id(account.bytes(line, fields, &mut self.joined)) {
                Id::Good(account) => key.text(account),
                Id::Absent if self.user.is_some() => key.absent(),
                Id::Absent => return Err(Discard::NoAccount),
                Id::Bad => return Err(Discard::BadId),
            },
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
