//! `idvet sdk --listen`: an SDK's own tests, or a debugger session, are the driver.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::SdkArgs;
use crate::cli::output::Output;
use crate::cli::settings::load;
use crate::cli::signals::stop_signal;
use crate::cli::{Failure, World};
use crate::judge::suite::load_sdk;
use crate::judge::{AttachInput, Offer, attend};
use crate::runner::redactor;
use crate::target;

/// The file with the variables; it holds the secret of a made-up account.
const ENV_FILE: &str = "attach.env";

pub(super) fn run(args: &SdkArgs, world: &mut World<'_>) -> Result<u8, Failure> {
    let loaded = load(&args.suites, world)?;
    let suites = load_sdk(&loaded.files, &loaded.contracts)?;
    let target = target::load(&loaded.files, "mock")?;
    let redactor = redactor(&target);
    let mut output = Output::open(&args.output, &redactor, &CancellationToken::new(), world)?;
    let folder = world.path(&args.output.out);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::usage(format!("start threads: {error}")))?;
    let input = AttachInput {
        suites: Arc::new(suites),
        contracts: Arc::new(loaded.contracts),
        target: Arc::new(target),
        folder: folder.clone(),
        redactor,
        clock: Arc::clone(&world.clock),
        subject: if args.sample { "the vendor's sample".to_owned() } else { "an attached program".to_owned() },
        is_sample: args.sample,
        strict: args.strict,
    };
    let seconds = args.seconds;
    let path = folder.join(ENV_FILE);
    let mut failed = None;
    let result = runtime.block_on(async {
        let signal = stop_signal().map_err(|error| Failure::usage(format!("listen to signals: {error}")))?;
        let stop = async {
            match seconds {
                Some(seconds) => {
                    let _ = tokio::time::timeout(Duration::from_secs(seconds), signal).await;
                }
                None => signal.await,
            }
        };
        let ready = |offer: &Offer| {
            failed = std::fs::write(&path, offer.to_env()).err();
            world.tell(&format!(
                "calls go to {} or {} (CA {}), with the key {}; `{}` holds all of it, the secret too",
                offer.http,
                offer.https,
                offer.ca_file.display(),
                offer.access_key_id,
                path.display()
            ));
        };
        attend(input, ready, stop, |event| output.hear(event)).await.map_err(Failure::no_basis)
    });
    let _ = std::fs::remove_file(&path);
    result?;
    if let Some(error) = failed {
        return Err(Failure::usage(format!("write {}: {error}", path.display())));
    }
    output.finish(&args.output, world)
}
