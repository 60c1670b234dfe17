//! Starting again: what the ledger holds, put back into the aggregator.
//!
//! Promises: after it, counting goes on exactly where the last commit left it. Starting for the first time is the same
//! path with nothing to put back.

use std::collections::HashMap;
use std::sync::Arc;

use super::AgentError;
use crate::aggregate::{Aggregator, RestoreError, Rule};
use crate::ledger::{Ledger, StoredWindow, WindowRow};
use crate::model::event::WindowId;
use crate::model::spec::MetricSpec;

/// The aggregator as the last commit left it, and which ledger row each of its windows has.
pub fn aggregator(
    ledger: &Ledger,
    metrics: &[MetricSpec],
) -> Result<(Aggregator, HashMap<WindowId, WindowRow>), AgentError> {
    let rules = metrics.iter().map(|metric| Arc::new(Rule::new(metric))).collect();
    let mut aggregator = Aggregator::new(ledger.identity().agent, rules);
    let mut rows = HashMap::new();
    for sealed in ledger.revisions()? {
        aggregator.restore_sealed(&sealed.metric, sealed.window, sealed.last);
    }
    // Windows that were opened under one configuration share one rule.
    let mut shared: Vec<Arc<Rule>> = Vec::new();
    for stored in ledger.windows()? {
        let rule = share(&mut shared, Rule::new(&stored.rule));
        let id = WindowId { metric: stored.metric.as_str().into(), window: stored.window, revision: stored.revision };
        put_back(ledger, &mut aggregator, &stored, id.clone(), rule)?;
        rows.insert(id, stored.id);
    }
    Ok((aggregator, rows))
}

fn share(shared: &mut Vec<Arc<Rule>>, rule: Rule) -> Arc<Rule> {
    if let Some(known) = shared.iter().find(|known| known.same_as(&rule)) {
        return Arc::clone(known);
    }
    let rule = Arc::new(rule);
    shared.push(Arc::clone(&rule));
    rule
}

fn put_back(
    ledger: &Ledger,
    aggregator: &mut Aggregator,
    stored: &StoredWindow,
    id: WindowId,
    rule: Arc<Rule>,
) -> Result<(), AgentError> {
    let damaged = |source: RestoreError| AgentError::Restore { path: ledger.path().to_owned(), source };
    let groups = ledger.groups(stored.id)?;
    let mut window = aggregator.restore_window(id, rule, stored.opened).map_err(damaged)?;
    for group in groups {
        window.group(group.ordinal, &group.key, &group.state).map_err(damaged)?;
    }
    window.finish();
    Ok(())
}
