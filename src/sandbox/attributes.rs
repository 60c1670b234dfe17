//! The attribute model of users and accounts: which attributes there are and what type each has.
//!
//! Promises: as in PX, a custom attribute exists only when a person defined it (here: [`Catalogue::define`]); a value for
//! an unknown or disabled one has nowhere to go. Does not: keep values.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What an attribute belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Model {
    User,
    Account,
}

/// The contract's types of attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AttributeType {
    String,
    DateTime,
    Boolean,
    Number,
}

/// The contract's states of an attribute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AttributeState {
    #[default]
    Enabled,
    Disabled,
    Deleted,
}

/// Who made an attribute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Origin {
    #[default]
    Custom,
    Default,
}

/// AttributeMetadata of the contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Attribute {
    pub api_name: String,
    /// The name that people see; the `apiName` when left out.
    #[serde(default)]
    pub name: String,
    #[serde(rename = "type")]
    pub kind: AttributeType,
    #[serde(default)]
    pub state: AttributeState,
    #[serde(default)]
    pub origin: Origin,
}

impl Attribute {
    /// An enabled custom attribute.
    #[must_use]
    pub fn custom(api_name: &str, kind: AttributeType) -> Self {
        let name = api_name.to_owned();
        Self { api_name: name.clone(), name, kind, state: AttributeState::Enabled, origin: Origin::Custom }
    }

    /// Whether a value fits the type. A time is ISO 8601 or epoch milliseconds.
    pub(super) fn takes(&self, value: &Value) -> bool {
        match self.kind {
            AttributeType::String => value.is_string(),
            AttributeType::Boolean => value.is_boolean(),
            AttributeType::Number => value.is_number(),
            AttributeType::DateTime => is_time(value),
        }
    }
}

pub(super) fn is_time(value: &Value) -> bool {
    value.is_i64() || value.as_str().is_some_and(|text| text.parse::<jiff::Timestamp>().is_ok())
}

/// Attributes that every subscription has, apart from custom ones: those that the contract's shapes name.
const DEFAULTS: [(Model, &str, AttributeType); 14] = [
    (Model::User, "identifyId", AttributeType::String),
    (Model::User, "email", AttributeType::String),
    (Model::User, "firstName", AttributeType::String),
    (Model::User, "lastName", AttributeType::String),
    (Model::User, "title", AttributeType::String),
    (Model::User, "role", AttributeType::String),
    (Model::User, "accountId", AttributeType::String),
    (Model::User, "signUpDate", AttributeType::DateTime),
    (Model::User, "numberOfVisits", AttributeType::Number),
    (Model::Account, "id", AttributeType::String),
    (Model::Account, "name", AttributeType::String),
    (Model::Account, "plan", AttributeType::String),
    (Model::Account, "industry", AttributeType::String),
    (Model::Account, "website", AttributeType::String),
];

/// All attributes of both models.
#[derive(Clone, Debug)]
pub(super) struct Catalogue {
    user: Vec<Attribute>,
    account: Vec<Attribute>,
}

impl Default for Catalogue {
    fn default() -> Self {
        let of = |wanted: Model| {
            let wanted = DEFAULTS.iter().filter(|(model, _, _)| *model == wanted);
            wanted
                .map(|(_, name, kind)| Attribute { origin: Origin::Default, ..Attribute::custom(name, *kind) })
                .collect()
        };
        Self { user: of(Model::User), account: of(Model::Account) }
    }
}

impl Catalogue {
    pub(super) fn list(&self, model: Model) -> &[Attribute] {
        match model {
            Model::User => &self.user,
            Model::Account => &self.account,
        }
    }

    /// Adds an attribute, or puts it in the place of the one with the same `apiName`.
    pub(super) fn define(&mut self, model: Model, mut attribute: Attribute) {
        if attribute.name.is_empty() {
            attribute.name.clone_from(&attribute.api_name);
        }
        let list = match model {
            Model::User => &mut self.user,
            Model::Account => &mut self.account,
        };
        match list.iter_mut().find(|known| known.api_name == attribute.api_name) {
            Some(known) => *known = attribute,
            None => list.push(attribute),
        }
    }

    /// The enabled custom attribute of this name.
    pub(super) fn open(&self, model: Model, api_name: &str) -> Option<&Attribute> {
        self.list(model).iter().find(|attribute| {
            attribute.api_name == api_name
                && attribute.origin == Origin::Custom
                && attribute.state == AttributeState::Enabled
        })
    }
}
