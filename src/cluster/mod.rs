//! Doctor, repair and watch: for apps that are already stuck.
