//! The operations of the world: which run until when, and which have ended.

use crate::emulator::arm::errors::Problem;
use crate::emulator::arm::operations::{Operation, Spoil};
use crate::emulator::clock::Tick;
use crate::emulator::world::World;

/// Operations that have ended and can still be asked for; older ones are forgotten, so that memory follows the world.
const ENDED_KEPT: usize = 20_000;

impl World {
    /// Lets everything happen that is due until `tick`, in order.
    pub(crate) fn advance(&mut self, tick: Tick) {
        while let Some((due, id)) = self.agenda.first().cloned().filter(|(due, _)| *due <= tick) {
            self.agenda.pop_first();
            self.core.tick = self.core.tick.max(due);
            let Some(mut operation) = self.operations.get(&id).cloned() else { continue };
            operation.ended = Some(self.core.tick);
            self.ended.insert((self.core.tick, id.clone()));
            self.changes.operations.insert(id.clone());
            self.operations.insert(id, operation.clone());
            self.complete(&operation);
        }
        while self.ended.len() > ENDED_KEPT {
            if let Some((_, id)) = self.ended.pop_first() {
                self.operations.remove(&id);
                self.changes.operations.insert(id);
            }
        }
        self.core.tick = self.core.tick.max(tick);
    }

    /// Every operation that is remembered, in order of their ids.
    #[cfg(test)]
    pub(crate) fn operations(&self) -> impl Iterator<Item = &Operation> {
        self.operations.values()
    }

    /// The operation of that id.
    pub(crate) fn operation(&self, id: &str) -> Option<&Operation> {
        self.operations.get(id)
    }

    /// True while the operation of that id runs.
    pub(crate) fn is_running(&self, id: Option<&String>) -> bool {
        id.and_then(|id| self.operation(id)).is_some_and(|operation| operation.ended.is_none())
    }

    /// Takes an operation in.
    pub(crate) fn add_operation(&mut self, operation: Operation) {
        match (operation.ended, operation.due) {
            (Some(ended), _) => self.ended.insert((ended, operation.id.clone())),
            (None, Some(due)) => self.agenda.insert((due, operation.id.clone())),
            (None, None) => false,
        };
        self.changes.operations.insert(operation.id.clone());
        self.begun.push(operation.id.clone());
        self.operations.insert(operation.id.clone(), operation);
    }

    /// Lets a running operation end no sooner than `due`.
    pub(crate) fn postpone(&mut self, id: &str, due: Tick) {
        let Some(operation) = self.operations.get_mut(id) else { return };
        if let Some(before) = operation.due.filter(|before| *before < due) {
            operation.due = Some(due);
            self.agenda.remove(&(before, id.to_owned()));
            self.agenda.insert((due, id.to_owned()));
        }
    }

    /// Spoils the operations that the last request began.
    pub(crate) fn spoil(&mut self, how: Spoil) {
        for id in std::mem::take(&mut self.begun) {
            let Some(operation) = self.operations.get_mut(&id) else { continue };
            match how {
                Spoil::Fail => {
                    let message = "An internal execution error occurred. Please retry later.";
                    operation.failure = Some(Problem::new("InternalExecutionError", message));
                }
                Spoil::Hang => {
                    if let Some(due) = operation.due.take() {
                        self.agenda.remove(&(due, id.clone()));
                    }
                }
                Spoil::Vanish => operation.vanished = true,
            }
        }
    }
}
