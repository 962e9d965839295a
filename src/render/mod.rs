//! Rendering: from the app's directory to manifests.
