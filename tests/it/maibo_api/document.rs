//! The OpenAPI document: where it is, and that nothing is missing from it.
use crate::support::Maibo;

#[test]
fn the_document_is_there_for_everybody() {
    let maibo = Maibo::serving();
    let reply = maibo.call("GET", "/api/openapi.json");
    assert_eq!((reply.status, reply.header("content-type")), (200, Some("application/json")));
    let document = reply.json();
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["servers"][0]["url"], "http://maibo.test");
}
