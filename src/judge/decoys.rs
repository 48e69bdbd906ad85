//! Keys of another account where SDKs look for some, so that one that takes them is found out.

/// Names of the key id and the secret that the newer SDKs look for.
pub const AMBIENT_KEY: (&str, &str) = ("ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET");

/// The key id that stands there.
pub(super) const AMBIENT_ID: &str = "idvet-other-4000";

/// What drivers have in their environment. Nothing real is inherited.
const DECOYS: [(&str, &str); 7] = [
    (AMBIENT_KEY.0, AMBIENT_ID),
    (AMBIENT_KEY.1, "idvet-other-secret"),
    ("ALICLOUD_ACCESS_KEY_ID", AMBIENT_ID),
    ("ALICLOUD_ACCESS_KEY_SECRET", "idvet-other-secret"),
    // An empty value takes a variable away.
    ("ALIBABA_CLOUD_SECURITY_TOKEN", ""),
    ("ALIBABA_CLOUD_CREDENTIALS_FILE", ""),
    ("ALIBABA_CLOUD_PROFILE", ""),
];

/// Returns them.
pub(super) fn decoys() -> impl Iterator<Item = (String, String)> {
    DECOYS.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()))
}
