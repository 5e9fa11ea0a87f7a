//! What `headsup approve` noted, as plain values.

use serde::Serialize;

/// What `headsup approve` noted.
#[derive(Debug, Clone, Serialize)]
pub struct ApproveReport {
    /// [`super::VERSION`].
    pub version: u32,
    /// What base is called.
    pub base: String,
    /// What head is called.
    pub head: String,
    /// What was approved, by job.
    pub approvals: Vec<ApprovalEntry>,
}

/// One approval.
#[derive(Debug, Clone, Serialize)]
pub struct ApprovalEntry {
    /// The job.
    pub job: String,
    /// Who approves.
    pub approved_by: String,
    /// Until when the job is frozen, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frozen: Option<String>,
    /// What the approval is bound to.
    pub fingerprint: String,
}
