//! Which colour says what. Never the only thing that says it.

use anstyle::AnsiColor;
use dissect::{Line, Role};

/// Whether text is coloured. Whoever knows the terminal and `NO_COLOR` decides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Style {
    /// Text alone.
    #[default]
    Plain,
    /// With ANSI escape sequences.
    Coloured,
}

/// What a stretch of a line is, beside what `dissect` names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Accent {
    Inward,
    Outward,
    Trouble,
    Aside,
}

impl Style {
    /// `text` as it is to be shown.
    pub(crate) fn accent(self, accent: Accent, text: &str) -> String {
        let style = match accent {
            Accent::Inward => AnsiColor::Green.on_default(),
            Accent::Outward => AnsiColor::Cyan.on_default(),
            Accent::Trouble => AnsiColor::Red.on_default().bold(),
            Accent::Aside => anstyle::Style::new().dimmed(),
        };
        self.paint(style, text)
    }

    /// A line of a dissection as it is to be shown.
    pub(crate) fn line(self, line: &Line) -> String {
        line.iter().map(|span| self.paint(role(span.role), &span.text)).collect()
    }

    fn paint(self, style: anstyle::Style, text: &str) -> String {
        match self {
            Self::Coloured if style != anstyle::Style::new() => format!("{style}{text}{style:#}"),
            Self::Plain | Self::Coloured => text.to_owned(),
        }
    }
}

const fn role(role: Role) -> anstyle::Style {
    match role {
        Role::Plain | Role::Address | Role::Hex | Role::Value => anstyle::Style::new(),
        Role::What | Role::LayerName => anstyle::Style::new().bold(),
        Role::Trouble => AnsiColor::Red.on_default().bold(),
        Role::FieldName => AnsiColor::Cyan.on_default(),
        Role::Length | Role::Note | Role::Offset | Role::Meaning | Role::Ascii => {
            anstyle::Style::new().dimmed()
        }
    }
}
