//! What waits for what, and how long it takes from any action to the end: the longest remaining path.

use std::collections::HashMap;

use super::Plan;

/// The order of a plan's actions; each is known by its index in the plan.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// The actions that wait for each.
    pub dependents: Vec<Vec<usize>>,
    /// For how many each waits.
    pub needs: Vec<usize>,
    /// All of them, each behind what it waits for.
    order: Vec<usize>,
}

impl Schedule {
    /// The order in which a plan's actions can be carried out.
    #[must_use]
    pub fn of(plan: &Plan) -> Self {
        let ids = plan.actions.iter().enumerate().map(|(at, action)| (action.id.as_str(), at));
        let index: HashMap<_, _> = ids.collect();
        let mut dependents = vec![Vec::new(); plan.actions.len()];
        let mut needs = vec![0; plan.actions.len()];
        for (at, action) in plan.actions.iter().enumerate() {
            for need in action.needs.iter().filter_map(|need| index.get(need.as_str())) {
                dependents[*need].push(at);
                needs[at] += 1;
            }
        }
        let mut missing = needs.clone();
        let mut order: Vec<usize> = (0..needs.len()).filter(|&at| needs[at] == 0).collect();
        let mut next = 0;
        while next < order.len() {
            for &dependent in &dependents[order[next]] {
                missing[dependent] -= 1;
                if missing[dependent] == 0 {
                    order.push(dependent);
                }
            }
            next += 1;
        }
        Self { dependents, needs, order }
    }

    /// From the beginning of each action to the end of everything behind it, where each takes `seconds`.
    #[must_use]
    pub fn paths(&self, seconds: impl Fn(usize) -> u64) -> Vec<u64> {
        let mut paths = vec![0; self.needs.len()];
        for &at in self.order.iter().rev() {
            let behind = self.dependents[at].iter().map(|&dependent| paths[dependent]).max().unwrap_or(0);
            paths[at] = seconds(at) + behind;
        }
        paths
    }

    /// How long `workers` take at least, where each action takes as many `seconds` yet: the longest path, or all the work
    /// shared among them.
    #[must_use]
    pub fn at_least(&self, workers: usize, seconds: impl Fn(usize) -> u64) -> u64 {
        let work: u64 = (0..self.needs.len()).map(&seconds).sum();
        let path = self.paths(seconds).into_iter().max().unwrap_or(0);
        path.max(work.div_ceil(workers.max(1) as u64))
    }
}
