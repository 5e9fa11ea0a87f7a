//! Whom a table or a job belongs to, as far as two of them can be told apart. It must not know what is
//! allowed to whom.

use std::collections::BTreeSet;

use headsup_lineage::relation::Relation;

use super::Side;
use crate::audience::{self, Job};
use crate::project::OwnerClaim;

/// The people behind a table or a job, under every name that they go by.
#[derive(Debug, Clone, Default)]
pub(super) struct Party {
    /// What to call them.
    pub(super) label: Option<String>,
    names: BTreeSet<String>,
}

/// Whether two parties are one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kinship {
    /// They are.
    Same,
    /// They are not.
    Other,
    /// One of them is nobody.
    Unknown,
}

impl Party {
    /// Whom a relation belongs to.
    pub(super) fn of_relation(relation: &Relation, side: &Side<'_>) -> Self {
        let claim = audience::owner_of(relation, side.settings, side.project, side.codeowners);
        let mut party = Self::default();
        if let Some(claim) = &claim {
            party.take(claim, side);
        }
        let group = side.project.attributes.get(&relation.id).and_then(|said| said.group.as_ref());
        party.names.extend(group.map(|group| group.to_lowercase()));
        party.label = group.cloned().or(party.label);
        party
    }

    /// Whom a job belongs to.
    pub(super) fn of_job(job: &Job, side: &Side<'_>) -> Self {
        let mut party = Self::default();
        if let Some(claim) = &job.owner {
            party.take(claim, side);
        }
        party.names.extend(job.team.as_ref().map(|team| team.to_lowercase()));
        party.label = job.owner_label().map(str::to_owned).or(party.label);
        party
    }

    fn take(&mut self, claim: &OwnerClaim, side: &Side<'_>) {
        let contact = &claim.contact;
        let own = contact.name.iter().chain(&contact.emails).map(|name| name.to_lowercase());
        self.names.extend(own);
        let goes_by = |name: &str, party: &Self| party.names.contains(&name.to_lowercase());
        let team =
            side.settings.teams.iter().find(|(name, team)| {
                goes_by(name, self) || team.owner.as_ref().is_some_and(|owner| goes_by(owner, self))
            });
        self.label = contact.label().map(str::to_owned);
        if let Some((name, team)) = team {
            self.names.insert(name.to_lowercase());
            self.names.extend(team.owner.as_ref().map(|owner| owner.to_lowercase()));
            self.label = Some(name.clone());
        }
    }

    /// Whether they go by a name.
    pub(super) fn is_called(&self, name: &str) -> bool {
        self.names.contains(&name.to_lowercase())
    }

    pub(super) fn is_nobody(&self) -> bool {
        self.names.is_empty()
    }

    pub(super) fn kinship(&self, other: &Self) -> Kinship {
        match (self.is_nobody() || other.is_nobody(), self.names.is_disjoint(&other.names)) {
            (true, _) => Kinship::Unknown,
            (false, true) => Kinship::Other,
            (false, false) => Kinship::Same,
        }
    }
}
