//! Bodies of calls, read whole and with an end.
use axum::body::Body;
use http_body_util::BodyExt as _;

/// Longest body of a call, in bytes.
const MAX_BODY: usize = 1024 * 1024;
/// How much of a longer one is read and thrown away, so that its sender gets to see the answer.
const MAX_DRAINED: usize = 256 * 1024 * 1024;

/// Why there is no body to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyFault {
    /// It did not arrive as it was announced.
    Broken,
    TooLong,
}

/// All bytes of a body of at most 1 MiB.
pub(super) async fn collect(mut body: Body) -> Result<Vec<u8>, BodyFault> {
    let mut bytes = Vec::new();
    let mut total = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| BodyFault::Broken)?;
        let Some(chunk) = frame.data_ref() else { continue };
        total += chunk.len();
        if total <= MAX_BODY {
            bytes.extend_from_slice(chunk);
        } else if total > MAX_DRAINED {
            break;
        }
    }
    if total > MAX_BODY { Err(BodyFault::TooLong) } else { Ok(bytes) }
}
