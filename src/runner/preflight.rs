//! Looks, before anything is judged, whether the target can be reached at all.

use super::RunError;
use super::shared::Shared;

/// Connects once to every endpoint that the plan uses.
pub(super) async fn preflight(shared: &Shared) -> Result<(), RunError> {
    let mut tried = Vec::new();
    for endpoint in shared.endpoints.values().chain(&shared.control_endpoint) {
        if tried.contains(endpoint) {
            continue;
        }
        if let Err(error) = shared.transport.probe(endpoint).await {
            let scheme = if endpoint.tls { "https" } else { "http" };
            return Err(RunError::Unreachable {
                address: format!("{scheme}://{}", endpoint.authority),
                reason: error.to_string(),
            });
        }
        tried.push(endpoint.clone());
    }
    Ok(())
}
