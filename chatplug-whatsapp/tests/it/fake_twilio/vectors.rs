//! What the fake signs with, against the contract's vectors.

use crate::contracts;
use chatplug_whatsapp::fake::twilio::{Algorithm, sign, url_of_body};
use serde_json::Value;

#[test]
fn the_fake_signs_as_the_vectors_do() {
    let Some(file) = contracts::read("twilio/signature_vectors.json") else { return };
    let vectors = file["vectors"].as_array().unwrap();
    let mut checked = 0;
    for vector in vectors.iter().filter(|vector| vector["valid"] == true) {
        let text = |key: &str| vector[key].as_str().unwrap();
        let algorithm = match text("algorithm") {
            "HMAC_SHA1" => Algorithm::HmacSha1,
            "HMAC_SHA256" => Algorithm::HmacSha256,
            other => panic!("{other}"),
        };
        let pairs = vector["params"].as_array().into_iter().flatten();
        let pair = |pair: &Value| (pair[0].as_str().unwrap().to_owned(), pair[1].as_str().unwrap().to_owned());
        let form: Vec<_> = pairs.map(pair).collect();
        assert_eq!(sign(algorithm, text("token"), text("signed_url"), &form), text("signature"), "{}", vector["name"]);
        if vector["kind"] == "json" {
            let bare = text("url").split_once("bodySHA256=").unwrap().0.trim_end_matches(['?', '&']);
            assert_eq!(url_of_body(bare, text("body").as_bytes()), text("url"), "{}", vector["name"]);
        }
        checked += 1;
    }
    assert!(checked >= 20, "{checked} of {}", vectors.len());
}
