//! How much may be done for one statement before it is given up to tell what depends on what. Nobody
//! writes such a statement, but somebody may send one. It must not know what is done.

/// What is left of the effort that something may take.
#[derive(Debug)]
pub(crate) struct Effort {
    left: usize,
}

impl Effort {
    /// So much.
    pub(crate) const fn new(most: usize) -> Self {
        Self { left: most }
    }

    /// Takes some of it.
    pub(crate) fn spend(&mut self, amount: usize) {
        self.left = self.left.saturating_sub(amount);
    }

    /// Whether nothing is left.
    pub(crate) const fn is_spent(&self) -> bool {
        self.left == 0
    }
}
