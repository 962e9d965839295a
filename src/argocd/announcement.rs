//! Announcements of parameters, for the form in Argo CD's UI.

use serde::Serialize;

/// An announcement of a parameter, which Argo CD's UI makes a form of (`reposerver/repository/repository.proto`,
/// `ParameterAnnouncement`). The defaults are shown only; Argo CD does not send them when it renders.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Announcement {
    /// The parameter's name.
    pub name: String,
    /// A name to read.
    pub title: String,
    /// A description.
    pub tooltip: String,
    /// `boolean` or `number`; none for a text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item_type: Option<String>,
    /// `array` or `map`; none for a single value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collection_type: Option<String>,
    /// The default of a single value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub string: Option<String>,
    /// The default of an array.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub array: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_announcement_has_only_what_it_needs() {
        let announcement =
            Announcement { name: "ttl".into(), title: "TTL".into(), ..Announcement::default() };
        assert_eq!(
            serde_json::to_string(&announcement).unwrap(),
            r#"{"name":"ttl","title":"TTL","tooltip":""}"#
        );
    }
}
