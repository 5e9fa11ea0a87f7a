//! Where dbt installs packages, by what a project file says of it. It must not know what is installed there.

use crate::yaml;

/// Where dbt installs packages unless told otherwise, now and before version 1.
const FOLDERS: [&str; 2] = ["dbt_packages", "dbt_modules"];

/// So much may be computed for a path.
const FUEL: u64 = 10_000;

/// The folders, relative to the project, of a project file with this text.
pub(crate) fn of_project_file(text: &str) -> Vec<String> {
    let said = yaml::parse(text).ok().map(|(file, _)| file.content.to_json());
    folders(said.as_ref().and_then(|said| said.get("packages-install-path")).and_then(|path| path.as_str()))
}

/// The folders, relative to the project, where its file says this of them.
pub(crate) fn folders(said: Option<&str>) -> Vec<String> {
    match said.map(|said| rendered(said).unwrap_or_else(|| said.to_owned())) {
        Some(path) if !path.trim().is_empty() => vec![path.trim().trim_end_matches('/').to_owned()],
        _ => FOLDERS.map(ToOwned::to_owned).to_vec(),
    }
}

/// A path with its templates rendered: no variable of the environment is looked at, so each has its default.
fn rendered(path: &str) -> Option<String> {
    if !path.contains("{{") {
        return None;
    }
    let mut environment = minijinja::Environment::new();
    environment.set_fuel(Some(FUEL));
    let default = |_: minijinja::Value, default: Option<minijinja::Value>| default.unwrap_or_default();
    environment.add_function("env_var", default);
    environment.add_function("var", default);
    environment.render_str(path, ()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_may_say_where_packages_are() {
        let says = |text: &str, expected: &[&str]| assert_eq!(of_project_file(text), expected, "{text}");
        says("name: shop", &["dbt_packages", "dbt_modules"]);
        says("packages-install-path: .dbt/packages/", &[".dbt/packages"]);
        says(
            "packages-install-path: \"{{ env_var('HOME' ~ '/x', 'target/dbt_packages') }}\"",
            &["target/dbt_packages"],
        );
        says("packages-install-path: \"{{ env_var('NOWHERE') }}\"", &["dbt_packages", "dbt_modules"]);
        says("packages-install-path: [a, b]", &["dbt_packages", "dbt_modules"]);
        says("packages-install-path: \"{{ 1 + }}\"", &["{{ 1 + }}"]);
        says("a: [", &["dbt_packages", "dbt_modules"]);
    }
}
