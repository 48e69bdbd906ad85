//! Names of headers, parameters and JSON keys that hold secrets, personal data, or what changes from run to run.

/// What becomes of the value under a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Treatment {
    /// Secret or personal: only `<redacted Name>` stays.
    Redact,
    /// Neither, but never the same twice: `<Name>` stays, and the value goes to the volatile fields.
    Volatile,
}

/// Compared in lower case. Sources: the parameter and field tables of the protocol survey.
const REDACTED: &[&str] = &[
    // credentials and what is derived from them
    "signature",
    "securitytoken",
    "x-acs-security-token",
    "accesskeysecret",
    "secret",
    "token",
    "key",
    "cookie",
    "set-cookie",
    "proxy-authorization",
    "x-acs-content-sha256",
    "content-md5",
    "enctoken",
    "callbacktoken",
    "callbackseed",
    "devicetoken",
    "apdidtoken",
    "verifytoken",
    "clientcfg",
    "bearertoken",
    // the person
    "certname",
    "certno",
    "name",
    "number",
    "idcardname",
    "idcardnumber",
    "docname",
    "docno",
    "documentnumber",
    "mobile",
    "email",
    "userphonenumber",
    "phonenumber",
    "phone",
    "birthday",
    "birth",
    "birthdate",
    "dateofbirth",
    "address",
    "authority",
    "sex",
    "nationality",
    "idnumber",
    "idnum",
    "otheridnum",
    "othername",
    "enname",
    "englishname",
    "firstname",
    "lastname",
    "fullname",
    "machinereadcode",
    "ip",
    "userip",
    "idno",
    "username",
    // pictures, videos, and links that open one or stand for the person
    "facecontrastpicture",
    "facecontrastpictureurl",
    "facepicturebase64",
    "facepictureurl",
    "facepicturefile",
    "targetfacepicture",
    "targetfacepictureurl",
    "targetfacepicturefile",
    "faceimg",
    "extrafaceimg",
    "idimage",
    "idbackimage",
    "faceimageurl",
    "faceretainedimageurl",
    "faceglobalurl",
    "idcardfrontimageurl",
    "idcardbackimageurl",
    "frontimageurl",
    "backimageurl",
    "pictureurl",
    "verifyvideourl",
    "docvideourl",
    "videourls",
    "osspassportfaceurl",
    "certifyurl",
    "transactionurl",
    "verifypageurl",
];

const VOLATILE: &[&str] = &[
    "timestamp",
    "signaturenonce",
    "x-acs-date",
    "x-acs-signature-nonce",
    "date",
    "host",
    "hostid",
    "content-length",
    "requestid",
    "x-acs-request-id",
    "x-acs-trace-id",
    "eagleeye-traceid",
    "etag",
    "certifyid",
    "transactionid",
    "expires",
    "expired",
    "x-acs-retry-after",
];

/// Returns what becomes of the value under a name, in any letter case.
pub(super) fn treatment(name: &str) -> Option<Treatment> {
    const LONGEST: usize = 24;
    if name.is_empty() || name.len() > LONGEST {
        return None;
    }
    let lower = name.to_ascii_lowercase();
    if REDACTED.contains(&lower.as_str()) {
        Some(Treatment::Redact)
    } else if VOLATILE.contains(&lower.as_str()) {
        Some(Treatment::Volatile)
    } else {
        None
    }
}

/// Returns the text that stands for a value.
pub(super) fn placeholder(name: &str, treatment: Treatment) -> String {
    match treatment {
        Treatment::Redact => format!("<redacted {name}>"),
        Treatment::Volatile => format!("<{name}>"),
    }
}

/// Returns all names, longest first, for patterns.
pub(super) fn all() -> Vec<&'static str> {
    let mut names: Vec<&str> = REDACTED.iter().chain(VOLATILE).copied().collect();
    names.sort_by_key(|name| std::cmp::Reverse(name.len()));
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_lower_case_and_within_the_longest() {
        for name in all() {
            assert_eq!(name, name.to_ascii_lowercase());
            assert!(treatment(name).is_some(), "{name}");
        }
    }
}
