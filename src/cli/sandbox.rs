//! `pxtail sandbox`

use super::arguments::SandboxArguments;
use super::{Failure, TEMPORARY, say};
use crate::sandbox::{ApiKey, Permissions, SandboxSettings, run_foreground};

pub fn run(arguments: &SandboxArguments) -> Result<(), Failure> {
    let mut settings = SandboxSettings { listen: arguments.listen, ..SandboxSettings::default() };
    settings.api_keys.retain(|key| key.permissions == Permissions::Read);
    settings.api_keys.push(ApiKey { key: arguments.api_key.clone(), permissions: Permissions::ReadWrite });
    settings.product_keys.clone_from(&arguments.product_key);
    let product_key = arguments.product_key.first().cloned().unwrap_or_default();
    let ready = |sandbox: &crate::sandbox::Sandbox| {
        say(&format!(
            "a local PX listens at {base}\n  in the configuration: [px] base_url = \"{base}\", product_key = \"{product_key}\"\n  \
             the API key: {key}\n  what arrived: http://{address}/\nstop it with Ctrl-C",
            base = sandbox.base_url(),
            address = sandbox.address(),
            key = arguments.api_key,
        ));
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(run_foreground(settings, ready)).map_err(|err| Failure::new(TEMPORARY, err.to_string()))
}
