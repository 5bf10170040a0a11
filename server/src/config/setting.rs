//! The table of settings, and the command-line flags made from it.

use std::collections::BTreeMap;

use clap::{Arg, ArgAction, ArgMatches, Command};

/// What a setting's value looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One text.
    Text,
    /// `true` or `false`; as a flag also without a value.
    Flag,
    /// One whole number.
    Number,
    /// Any number of texts: a repeated flag, commas in the environment, an array in the file.
    List,
}

/// One setting: its flag is `--name`, its environment variable `TELLTALE_NAME`, its file key `name` with underscores.
#[derive(Debug)]
pub struct Setting {
    /// The flag without its dashes.
    pub name: &'static str,
    /// Shape of the value.
    pub kind: Kind,
    /// What the value stands for in the help.
    pub value_name: &'static str,
    /// The default; none where there is no fixed one.
    pub default: &'static [&'static str],
    /// One sentence.
    pub help: &'static str,
}

/// Every setting of `telltale serve`, in the order of the help.
pub const SETTINGS: &[Setting] = &[
    Setting {
        name: "listen",
        kind: Kind::Text,
        value_name: "ADDRESS",
        default: &["localhost:3000"],
        help: "User interface and API: PORT, HOST:PORT or localhost:PORT (both loopback families); port 0 takes a free one",
    },
    Setting {
        name: "otlp-grpc",
        kind: Kind::Text,
        value_name: "ADDRESS",
        default: &["localhost:4317"],
        help: "OTLP/gRPC; OTLP/HTTP is understood here too",
    },
    Setting {
        name: "otlp-http",
        kind: Kind::Text,
        value_name: "ADDRESS",
        default: &["localhost:4318"],
        help: "OTLP/HTTP; OTLP/gRPC is understood here too",
    },
    Setting {
        name: "data-dir",
        kind: Kind::Text,
        value_name: "FOLDER",
        default: &[],
        help: "Where data is kept [default: the platform's data folder]",
    },
    Setting {
        name: "ephemeral",
        kind: Kind::Flag,
        value_name: "BOOL",
        default: &["false"],
        help: "Keep data in a temporary folder that is removed at exit",
    },
    Setting {
        name: "ack",
        kind: Kind::Text,
        value_name: "MODE",
        default: &["fsync"],
        help: "Acknowledge a request when it is on the disk (fsync) or with the operating system (write)",
    },
    Setting {
        name: "keep-traces-days",
        kind: Kind::Number,
        value_name: "DAYS",
        default: &["7"],
        help: "How long traces are kept, counted from their arrival; 0 for ever",
    },
    Setting {
        name: "keep-logs-days",
        kind: Kind::Number,
        value_name: "DAYS",
        default: &["7"],
        help: "How long logs are kept; 0 for ever",
    },
    Setting {
        name: "keep-metrics-days",
        kind: Kind::Number,
        value_name: "DAYS",
        default: &["30"],
        help: "How long metrics are kept; 0 for ever",
    },
    Setting {
        name: "keep-mib",
        kind: Kind::Number,
        value_name: "MIB",
        default: &[],
        help: "Most disk for data, the oldest goes first; the log takes up to 320 more; 0 without limit [default: a fifth of the disk, at most 20480; with --store without limit, and the store counts too]",
    },
    Setting {
        name: "store",
        kind: Kind::Text,
        value_name: "URL",
        default: &[],
        help: "Object store that sealed data moves to, such as s3://bucket/folder; the disk keeps what is new and what is read",
    },
    Setting {
        name: "store-upload",
        kind: Kind::Text,
        value_name: "WHAT",
        default: &["sealed"],
        help: "What is uploaded: days that are over (sealed), or everything as soon as it is in segments (all)",
    },
    Setting {
        name: "store-cache-mib",
        kind: Kind::Number,
        value_name: "MIB",
        default: &["4096"],
        help: "Most disk for files that the object store has too; the least recently used go",
    },
    Setting {
        name: "store-endpoint",
        kind: Kind::Text,
        value_name: "URL",
        default: &[],
        help: "Address of an S3 server that is not Amazon's, such as http://127.0.0.1:9000 [default: AWS_ENDPOINT_URL]",
    },
    Setting {
        name: "min-free-mib",
        kind: Kind::Number,
        value_name: "MIB",
        default: &["256"],
        help: "Free disk below which senders are told to try again later; reading goes on",
    },
    Setting {
        name: "token",
        kind: Kind::Text,
        value_name: "TOKEN",
        default: &[],
        help: "Every request must carry this: `Authorization: Bearer TOKEN`, or the cookie of the login link",
    },
    Setting {
        name: "insecure",
        kind: Kind::Flag,
        value_name: "BOOL",
        default: &["false"],
        help: "Allow addresses that are not loopback without a token",
    },
    Setting {
        name: "public-host",
        kind: Kind::List,
        value_name: "HOST",
        default: &[],
        help: "Host name under which people open the user interface, beyond localhost and the bound addresses",
    },
    Setting {
        name: "cors-origin",
        kind: Kind::List,
        value_name: "ORIGIN",
        default: &[],
        help: "Origin, beyond localhost, whose pages may send OTLP, such as https://app.example.com",
    },
    Setting {
        name: "max-request-mib",
        kind: Kind::Number,
        value_name: "MIB",
        default: &["64"],
        help: "Largest export request after decompression",
    },
    Setting {
        name: "forward",
        kind: Kind::Text,
        value_name: "URL",
        default: &[],
        help: "Send every acknowledged request on to this OTLP/HTTP receiver, such as http://127.0.0.1:14318",
    },
    Setting {
        name: "dashboards",
        kind: Kind::Text,
        value_name: "FOLDER",
        default: &[],
        help: "Folder of dashboards, TOML or Grafana's JSON [default: ./telltale-dashboards when it is there]",
    },
    Setting {
        name: "signals",
        kind: Kind::Text,
        value_name: "FILE",
        default: &["signals.toml"],
        help: "Signals file of the board under /signals; read anew when it changes",
    },
    Setting {
        name: "log",
        kind: Kind::Text,
        value_name: "FILTER",
        default: &["info"],
        help: "Log lines on stderr: error, warn, info, debug, trace, or target=level pairs",
    },
    Setting {
        name: "config",
        kind: Kind::Text,
        value_name: "FILE",
        default: &[],
        help: "Configuration file [default: ./telltale.toml when it is there]",
    },
];

/// Returns the environment variable of a setting's name.
#[must_use]
pub fn env_name(name: &str) -> String {
    format!("TELLTALE_{}", name.replace('-', "_").to_ascii_uppercase())
}

impl Setting {
    /// Returns the environment variable.
    #[must_use]
    pub fn env(&self) -> String {
        env_name(self.name)
    }

    /// Returns the key in a configuration file; `config` itself has none.
    #[must_use]
    pub fn file_key(&self) -> Option<String> {
        (self.name != "config").then(|| self.name.replace('-', "_"))
    }

    /// Splits one text of the environment: lists are separated by commas.
    #[must_use]
    pub fn split(&self, text: &str) -> Vec<String> {
        match self.kind {
            Kind::List => text.split(',').map(|part| part.trim().to_owned()).filter(|part| !part.is_empty()).collect(),
            Kind::Text | Kind::Flag | Kind::Number => vec![text.to_owned()],
        }
    }

    /// Returns the flag.
    fn arg(&self) -> Arg {
        let mut notes = vec![format!("env: {}", self.env())];
        notes.extend(self.file_key().map(|key| format!("file: {key}")));
        if let [default] = self.default
            && self.kind != Kind::Flag
        {
            notes.push(format!("default: {default}"));
        }
        let arg = Arg::new(self.name).long(self.name).value_name(self.value_name).action(ArgAction::Append);
        let arg = arg.help(format!("{} [{}]", self.help, notes.join("; ")));
        match self.kind {
            Kind::Flag => arg.num_args(0..=1).require_equals(true).default_missing_value("true"),
            Kind::Text | Kind::Number | Kind::List => arg.num_args(1),
        }
    }
}

/// The flags that were given: setting name to texts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flags(BTreeMap<&'static str, Vec<String>>);

impl Flags {
    /// Returns the texts of a setting, if its flag was given.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Vec<String>> {
        self.0.get(name)
    }

    /// Adds one flag; for callers that start a server without a command line. Unknown names are ignored.
    #[must_use]
    pub fn with(mut self, name: &str, text: &str) -> Self {
        if let Some(setting) = SETTINGS.iter().find(|setting| setting.name == name) {
            self.0.entry(setting.name).or_default().push(text.to_owned());
        }
        self
    }
}

impl clap::FromArgMatches for Flags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut flags = Self::default();
        flags.update_from_arg_matches(matches)?;
        Ok(flags)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        for setting in SETTINGS {
            if let Ok(Some(texts)) = matches.try_get_many::<String>(setting.name) {
                self.0.insert(setting.name, texts.cloned().collect());
            }
        }
        Ok(())
    }
}

impl clap::Args for Flags {
    fn augment_args(command: Command) -> Command {
        SETTINGS.iter().fold(command, |command, setting| command.arg(setting.arg()))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}
