//! One flag for each setting, made from the table.

use std::ffi::OsStr;

use clap::{
    Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches,
    builder::{PossibleValue, StringValueParser, TypedValueParser},
};
use presync::settings::{
    self, ValueKind,
    table::{Group, Place, Setting, table},
};

/// The settings on the command line.
#[derive(Debug, Clone, Default)]
pub(crate) struct Flags(settings::Flags);

impl Flags {
    /// Returns the texts after each flag, by the setting's name.
    pub(crate) fn values(&self) -> settings::Flags {
        self.0.clone()
    }
}

impl Args for Flags {
    /// Deferred: to make the flags of every command takes longer than all else at the start, and one command runs.
    fn augment_args(command: Command) -> Command {
        command.defer(|command| command.args(settings().map(arg)))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for Flags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let given = |setting: &Setting| {
            let texts = matches.get_many::<String>(setting.name)?;
            Some((setting.name.to_owned(), texts.cloned().collect()))
        };
        Ok(Self(settings().filter_map(given).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        self.0.extend(Self::from_arg_matches(matches)?.0);
        Ok(())
    }
}

fn settings() -> impl Iterator<Item = &'static Setting> {
    table().iter().filter(|setting| setting.allows(Place::Flag))
}

fn arg(setting: &'static Setting) -> Arg {
    let default = setting.default_text().map(|default| format!(" [default: {default}]"));
    let help = format!("{}{}", setting.tooltip.trim_end_matches('.'), default.unwrap_or_default());
    let arg = Arg::new(setting.name)
        .long(setting.flag_name())
        .help(help.replace('`', ""))
        .help_heading(setting.group.title())
        .hide_short_help(matches!(setting.group, Group::Renderer(_)));
    match &setting.kind {
        ValueKind::Boolean => arg
            .value_name("BOOL")
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("true")
            .value_parser(Names(vec![("true", ""), ("false", "")])),
        ValueKind::Choice(names) => arg.value_name("NAME").value_parser(Names(names.clone())),
        ValueKind::List(item) => {
            arg.action(ArgAction::Append).value_name(item.to_uppercase().replace(' ', "_"))
        }
        ValueKind::Map | ValueKind::Numbers => arg.action(ArgAction::Append).value_name("NAME=VALUE"),
        ValueKind::Number | ValueKind::Integer => arg.value_name("NUMBER"),
        ValueKind::Duration => arg.value_name("TIME"),
        ValueKind::Ttl => arg.value_name("keep|TIME"),
        ValueKind::Text => arg.value_name("TEXT"),
        ValueKind::Object | ValueKind::Objects | ValueKind::Environments | ValueKind::Jobs => {
            arg.value_name("YAML")
        }
    }
}

/// Names for help and completions. A wrong one is left to the settings, whose errors are the same in every layer.
#[derive(Debug, Clone)]
struct Names(Vec<(&'static str, &'static str)>);

impl TypedValueParser for Names {
    type Value = String;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let value = |(name, meaning): &(&'static str, &'static str)| match *meaning {
            "" => PossibleValue::new(*name),
            meaning => PossibleValue::new(*name).help(meaning),
        };
        Some(Box::new(self.0.iter().map(value)))
    }
}

#[cfg(test)]
mod tests {
    use presync::settings::table::find;

    use super::*;

    fn parse(arguments: &[&str]) -> Result<settings::Flags, clap::Error> {
        let command = Flags::augment_args(Command::new("presync"));
        let matches = command.try_get_matches_from([&["presync"], arguments].concat())?;
        Flags::from_arg_matches(&matches).map(|flags| flags.values())
    }

    #[test]
    fn every_setting_of_the_app_is_a_flag() {
        let mut command = Flags::augment_args(Command::new("presync"));
        command.build();
        command.clone().debug_assert();
        let flags: Vec<_> = command.get_arguments().filter_map(Arg::get_long).collect();
        for setting in table() {
            assert_eq!(
                flags.contains(&setting.flag_name().as_str()),
                setting.allows(Place::Flag),
                "{}",
                setting.name
            );
        }
    }

    #[test]
    fn flags_give_texts_by_the_settings_name() {
        for (arguments, name, texts) in [
            (&["--environment", "dev"][..], "environment", &["dev"][..]),
            (&["--environment="], "environment", &[""]),
            (&["--allow-empty"], "allowEmpty", &["true"]),
            (&["--allow-empty=false"], "allowEmpty", &["false"]),
            (&["--helm-value-files", "a", "--helm-value-files=b,c"], "helm.valueFiles", &["a", "b,c"]),
            (&["--helm-parameters", "a=1", "--helm-parameters", "b=2"], "helm.parameters", &["a=1", "b=2"]),
            (&["--guards-active-deadline-seconds", "5m"], "guards.activeDeadlineSeconds", &["5m"]),
            (&["--strategy", "hok"], "strategy", &["hok"]),
        ] {
            let flags = parse(arguments).unwrap();
            assert!(find(name).is_some());
            assert_eq!(
                flags.into_iter().collect::<Vec<_>>(),
                [(name.to_owned(), texts.iter().map(|t| (*t).to_owned()).collect())]
            );
        }
        assert!(parse(&[]).unwrap().is_empty());
    }

    #[test]
    fn clap_refuses_unknown_flags_and_a_second_text() {
        for arguments in [
            &["--enviroment", "dev"][..],
            &["--ttl", "1", "--ttl", "2"],
            &["--migration", "true"],
            &["--ttl"],
        ] {
            assert!(parse(arguments).is_err(), "{arguments:?}");
        }
    }
}
